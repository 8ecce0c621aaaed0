"""The HTTP server of the hooks: connections that send slowly, or nothing, never keep a receipt out."""

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
MOST_CONNECTIONS = 1_000


def configure(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """The server's settings.

    Not uvicorn's own `limit_concurrency`: it counts connections that bring nothing too, and refuses those that do.
    """
    return uvicorn.Config(
        app, host, port, http=BoundedProtocol, timeout_keep_alive=IDLE_S, log_config=None, access_log=False
    )


def allow_most_files() -> None:
    """Raise the limit of open files as far as we may: a burst is accepted before any of it can be closed."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class BoundedProtocol(H11Protocol):
    """Closes a connection whose request is not whole in time; among too many, the one without a request for longest.

    Not bounded by address: behind a proxy all gateways have the same one.
    """

    _by_last_request: ClassVar[dict["BoundedProtocol", None]] = {}  # all of this process, the oldest first
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._by_last_request[self] = None
        self._await_request()
        if len(self._by_last_request) > MOST_CONNECTIONS:
            next(iter(self._by_last_request))._give_up()

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._await_request()
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._has_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._by_last_request.pop(self, None)
        self._end_wait()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_WITHIN_S, self._give_up)

    def _has_request(self) -> None:
        self._end_wait()
        if self in self._by_last_request:
            del self._by_last_request[self]
            self._by_last_request[self] = None

    def _end_wait(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._by_last_request.pop(self, None)
        self.transport.abort()
