"""The HTTP server of hooks and API: connections that send slowly, or nothing, keep nobody out."""

import asyncio
import resource
from typing import ClassVar

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

# From the connection, or from the first byte of a later request on it, to the request's last byte.
REQUEST_WITHIN_S = 15.0
IDLE_S = 5  # between two requests of one connection
MOST_CONNECTIONS = 3_000
# Taken at once. A receipt's connection sees two such bursts behind it before its request is read.
_BURST = 1_000


def configure(app: FastAPI, host: str, port: int, *, streams: bool = False) -> uvicorn.Config:
    """The server's settings. `streams`: bodies may take their time, and the app says how long.

    Not uvicorn's own `limit_concurrency`: it counts connections that bring nothing too, and refuses those that do.
    """
    return uvicorn.Config(
        app,
        host,
        port,
        http=HeadBoundedProtocol if streams else BoundedProtocol,
        timeout_keep_alive=IDLE_S,
        backlog=_BURST,
        log_config=None,
        lifespan="off",
        proxy_headers=False,  # by default it believes whoever calls from this machine
        access_log=False,
    )


def allow_most_files() -> None:
    """Raise the limit of open files as far as we may: a burst is accepted before any of it can be closed."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class BoundedProtocol(H11Protocol):
    """Closes a connection whose request is not whole in time; among too many, the one that has kept us waiting longest.

    Not bounded by address: behind a proxy all gateways have the same one.
    """

    _unfinished: ClassVar[tuple[object, ...]] = (h11.IDLE, h11.SEND_BODY)
    # Of this process: those whose request is not whole, the one that began to wait first in front.
    _waiting: ClassVar[dict["BoundedProtocol", None]] = {}
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._waiting[self] = None
        self._await_request()
        if len(self.connections) > MOST_CONNECTIONS:
            next(iter(self._waiting))._give_up()

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._await_request()
        super().data_received(data)
        if self.conn.their_state not in self._unfinished:
            self._end_wait()

    def on_response_complete(self) -> None:
        self._waiting[self] = None
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_wait()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_WITHIN_S, self._give_up)

    def _end_wait(self) -> None:
        self._waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._end_wait()
        self.connections.discard(self)
        self.transport.abort()


class HeadBoundedProtocol(BoundedProtocol):
    """The same for a request's head alone."""

    _unfinished = (h11.IDLE,)
