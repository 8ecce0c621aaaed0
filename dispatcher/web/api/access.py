"""Before any route: who calls, from where, how often. Without a key nothing but health is told."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatcher.clients import certificates
from dispatcher.clients.authentication import Address, Authentication, Client, Credentials, Network
from dispatcher.logging import logger
from dispatcher.web.api import call_journal
from dispatcher.web.api.call_journal import CallJournal
from dispatcher.web.api.problems import Problem, away
from dispatcher.web.api.rate import Rate
from schemas.problems import ProblemCode
from schemas.vocabulary import ClientScope

HEALTH = frozenset({"/healthz", "/readyz"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_KEY = 400
_CALLS = ("/v1/", "/upload")  # all else is documentation
_log = logger(__name__)


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
            client, shown = await self._admit(scope)
        except (OperationalError, NoConnectionFree):
            await away().response()(scope, receive, send)
            return
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["client"] = client
        state["is_admitted"] = partial(self._is_admitted, shown)
        is_call = scope["path"].startswith(_CALLS)
        await self.app(scope, receive, self._journalled(scope, client, send) if is_call else send)

    async def _admit(self, scope: Scope) -> tuple[Client, Credentials]:
        """Raises Problem."""
        headers = Headers(scope=scope)
        address, is_proxy = self._address(scope, headers)
        if scope["method"] not in _READING and not _is_own_page(headers):
            raise _refused(ProblemCode.OUT_OF_SCOPE, address)
        shown = _credentials(headers, believes_proxy=is_proxy)
        if shown is None:
            raise _refused(ProblemCode.UNAUTHENTICATED, address)
        client = await self._find(shown)
        if client is None:
            raise _refused(ProblemCode.UNAUTHENTICATED, address)
        if not client.may_call_from(address):
            raise _refused(ProblemCode.ADDRESS_NOT_ALLOWED, address, client)
        if not (self.rate.has_granted(client) or await asyncio.to_thread(self.rate.may_call, client)):
            raise _refused(ProblemCode.TOO_MANY_CALLS, address, client, retry_after_s=self.rate.retry_after_s)
        return client, shown

    async def _find(self, shown: Credentials) -> Client | None:
        is_known, client = self.authentication.remembered(shown)
        return client if is_known else await asyncio.to_thread(self.authentication.find, shown)

    async def _is_admitted(self, shown: Credentials) -> bool:
        """Whether the key of a long call is still good."""
        return await self._find(shown) is not None

    def _address(self, scope: Scope, headers: Headers) -> tuple[Address | None, bool]:
        """Who is at the other end, and whether the last hop is a proxy of ours."""
        peer = _parsed(scope["client"][0]) if scope.get("client") else None
        is_proxy = self._is_trusted(peer)
        if not is_proxy:
            return peer, False
        # Of several headers all: a proxy may add its own behind what it was sent.
        hops = [hop.strip() for hop in ",".join(headers.getlist("x-forwarded-for")).split(",") if hop.strip()]
        for hop in reversed(hops):
            address = _parsed(hop)
            if address is None or not self._is_trusted(address):
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
            is_start = message["type"] == "http.response.start"
            if is_start and scope["state"].get(call_journal.RECORDED) != message["status"]:
                try:
                    await self.journal.add(call_journal.of(scope, client, message["status"]))
                except (OperationalError, NoConnectionFree):
                    # Nobody is told what is not on the record. What was taken is answered when it comes again.
                    is_dropped = True
                    await away().response()(scope, _nothing_more, send)
                    return
            await send(message)

        return send_after_record


def _refused(
    code: ProblemCode, address: Address | None, client: Client | None = None, retry_after_s: float | None = None
) -> Problem:
    """Told in the log and not in the journal: anybody may knock as often as they like."""
    _log.warning("api_call_refused", code=str(code), address=str(address), client=client.name if client else None)
    return Problem(code, retry_after_s=retry_after_s)


def _is_own_page(headers: Headers) -> bool:
    """A browser sends a password along wherever the form stands; only our own page may push with it."""
    told, origin = headers.get("sec-fetch-site"), headers.get("origin")
    try:
        is_ours = origin is None or urlsplit(origin).netloc == headers.get("host")
    except ValueError:
        is_ours = False
    return told in (None, "same-origin", "none") and is_ours


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}


def _parsed(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _credentials(headers: Headers, *, believes_proxy: bool) -> Credentials | None:
    """What is shown: `Bearer KEY`, the password of `Basic` (for a browser that reads the documents), a certificate."""
    kind, _, told = headers.get("authorization", "").partition(" ")
    if len(told) > _LONGEST_KEY:
        return None
    if kind.lower() == "bearer" and told.strip():
        return Credentials(key=told.strip())
    if kind.lower() == "basic" and (password := _password(told)):
        return Credentials(key=password)
    passed_on = headers.getlist("client-cert") if believes_proxy else []
    certificate = certificates.of_header(passed_on[0]) if len(passed_on) == 1 else None
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
