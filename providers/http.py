"""The one place where HTTP clients are made, and where 'did it leave?' is decided."""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache, partial
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from providers.base import InDoubt, OperationsFault, Transient

# Called with (family, type, proto, canonname, sockaddr).
SocketFactory = Callable[[tuple[Any, ...]], socket.socket]

# Certainly nothing of it left.
Unsent = Transient | OperationsFault

CONNECTIONS = 128
_KEPT_S = 20

# What can go wrong between us and a gateway. aiohttp's own errors are not all mapped by the transport.
ERRORS = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, TimeoutError)
# What else is raised where a request can't be put together: its address, a header, its body.
_UNBUILDABLE = (ValueError, TypeError, LookupError)
# Whether the request of this task has been given a connection.
_is_connected: ContextVar[bool] = ContextVar("is_connected", default=False)


def client(
    base_url: str,
    *,
    timeout_s: float,
    headers: dict[str, str] | None = None,
    socket_factory: SocketFactory | None = None,
) -> httpx.AsyncClient:
    """An httpx client on aiohttp's transport (plain httpx slows down with the number of requests under way).

    Neither redirects nor proxies from the environment are followed: a warning goes where the settings say.
    `socket_factory` is given each address that is to be connected to, and makes its socket or raises OSError.
    """
    return httpx.AsyncClient(
        base_url=base_url,
        timeout=httpx.Timeout(timeout_s, connect=min(3.0, timeout_s)),
        transport=AiohttpTransport(verify=trusted(), client=partial(_session, socket_factory)),
        headers=headers,
        trust_env=False,
    )


def _session(socket_factory: SocketFactory | None) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=CONNECTIONS, keepalive_timeout=_KEPT_S, ssl=trusted(), socket_factory=socket_factory
    )
    return aiohttp.ClientSession(connector=connector, middlewares=[_once], trace_configs=[_watched()])


def _watched() -> aiohttp.TraceConfig:
    async def connected(*_: Any) -> None:
        _is_connected.set(True)

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    trace.on_connection_reuseconn.append(connected)
    return trace


@cache
def trusted() -> ssl.SSLContext:
    """The certificate authorities, the same for every client: to read them takes 40 ms of CPU."""
    return httpx.create_ssl_context(trust_env=False)


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Stops aiohttp from repeating a GET whose connection is lost: at a vendor that is a second message."""
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(type(error).__name__) from None


async def exchange(
    client: httpx.AsyncClient, method: str, url: str, **request: Any
) -> httpx.Response | Unsent | InDoubt:
    """One request, never a second one. An error comes back as what it means for a send."""
    _is_connected.set(False)
    try:
        return await client.request(method, url, **request)
    except ERRORS as error:
        kind = type(error).__name__
        return Transient(f"not connected: {kind}") if never_left(error) else InDoubt(kind)
    except _UNBUILDABLE as error:
        kind = type(error).__name__
        return InDoubt(kind) if _is_connected.get() else OperationsFault(f"request can't be built: {kind}", ours=True)


def json_object(answer: httpx.Response) -> Mapping[str, Any] | None:
    """The body, if it is a JSON object."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def never_left(error: Exception) -> bool:
    """True only where no byte of the request can have reached the other side.

    httpx-aiohttp reports a connection lost in mid-answer as httpx.ConnectTimeout, so httpx's
    own type proves nothing; aiohttp's, the cause, does.
    """
    cause = error.__cause__ or error
    return isinstance(
        cause,
        aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | httpx.UnsupportedProtocol | httpx.InvalidURL,
    )
