"""Before any route: who calls, from where, how often. Without a key nothing but health is told."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from fastapi import Request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatcher.clients import certificates
from dispatcher.clients.authentication import Address, Authentication, Client, Credentials, Network
from dispatcher.web.api.call_journal import Call, CallJournal
from dispatcher.web.api.problems import Problem, away
from dispatcher.web.api.rate import Rate
from schemas.problems import ProblemCode
from schemas.vocabulary import ClientScope

HEALTH = frozenset({"/healthz", "/readyz"})
_CALLS = ("/v1/", "/upload")  # all else is documentation


@dataclass(frozen=True)
class Access:
    """ASGI middleware. `trusted_proxies`: whose `Client-Cert` and `X-Forwarded-For` are believed."""

    app: ASGIApp
    authentication: Authentication
    rate: Rate
    journal: CallJournal
    trusted_proxies: tuple[Network, ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in HEALTH:
            await self.app(scope, receive, send)
            return
        try:
            client = await self._admit(scope)
        except (OperationalError, NoConnectionFree):
            await away().response()(scope, receive, send)
            return
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        scope.setdefault("state", {})["client"] = client
        is_call = scope["path"].startswith(_CALLS)
        await self.app(scope, receive, self._journalled(scope, client, send) if is_call else send)

    async def _admit(self, scope: Scope) -> Client:
        """Raises Problem."""
        headers = Headers(scope=scope)
        address, is_proxy = self._address(scope, headers)
        shown = _credentials(headers, believes_proxy=is_proxy)
        if shown is None:
            raise Problem(ProblemCode.UNAUTHENTICATED)
        is_known, client = self.authentication.remembered(shown)
        if not is_known:
            client = await asyncio.to_thread(self.authentication.find, shown)
        if client is None:
            raise Problem(ProblemCode.UNAUTHENTICATED)
        if not client.may_call_from(address):
            raise Problem(ProblemCode.ADDRESS_NOT_ALLOWED)
        if not await asyncio.to_thread(self.rate.may_call, client):
            raise Problem(ProblemCode.TOO_MANY_CALLS, retry_after_s=self.rate.retry_after_s)
        return client

    def _address(self, scope: Scope, headers: Headers) -> tuple[Address | None, bool]:
        """Who is at the other end, and whether the last hop is a proxy of ours."""
        peer = _parsed(scope["client"][0]) if scope.get("client") else None
        is_proxy = self._is_trusted(peer)
        if not is_proxy:
            return peer, False
        for told in reversed(headers.get("x-forwarded-for", "").split(",")):
            address = _parsed(told.strip())
            if address is None:
                break
            if not self._is_trusted(address):
                return address, True
        return peer, True

    def _is_trusted(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.trusted_proxies)

    def _journalled(self, scope: Scope, client: Client, send: Send) -> Callable[[Message], Awaitable[None]]:
        """Each call is on the record before its answer leaves; without its body."""

        is_dropped = False

        async def send_after_record(message: Message) -> None:
            nonlocal is_dropped
            if is_dropped:
                return
            if message["type"] == "http.response.start":
                call = Call(client.name, scope["method"], _route(scope), message["status"])
                try:
                    await self.journal.add(call)
                except (OperationalError, NoConnectionFree):
                    # Nobody is told what is not on the record. What was taken is answered when it comes again.
                    is_dropped = True
                    await away().response()(scope, _nothing_more, send)
                    return
            await send(message)

        return send_after_record


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}


def _route(scope: Scope) -> str:
    """The route's pattern, so that no id stands in it; what matches none is told as nothing."""
    return getattr(scope.get("route"), "path_format", "") or ""


def _parsed(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _credentials(headers: Headers, *, believes_proxy: bool) -> Credentials | None:
    """What is shown: `Bearer KEY`, the password of `Basic` (for a browser that reads the documents), a certificate."""
    kind, _, told = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and told.strip():
        return Credentials(key=told.strip())
    if kind.lower() == "basic" and (password := _password(told)):
        return Credentials(key=password)
    certificate = certificates.of_header(headers.get("client-cert", "")) if believes_proxy else None
    return Credentials(certificate=certificate) if certificate else None


def _password(told: str) -> str | None:
    try:
        return base64.b64decode(told.strip(), validate=True).decode().partition(":")[2] or None
    except (binascii.Error, ValueError):
        return None


def client_of(request: Request) -> Client:
    """Who makes this call."""
    found: Client = request.state.client
    return found


def may(*scopes: ClientScope) -> Callable[[Request], Client]:
    """A dependency: the client, if it has all of these scopes. Raises Problem."""

    def check(request: Request) -> Client:
        client = client_of(request)
        require(client, scopes)
        return client

    return check


def require(client: Client, scopes: Iterable[ClientScope]) -> None:
    """Raises Problem."""
    lacking = [scope for scope in scopes if scope not in client.scopes]
    if lacking:
        raise Problem(ProblemCode.OUT_OF_SCOPE, scopes=[str(scope) for scope in lacking])
