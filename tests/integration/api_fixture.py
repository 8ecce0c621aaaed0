"""The API over real HTTP, in a thread, and clients of it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import uvicorn
from casework_fixture import SYSTEM

from dispatcher.clients import register
from dispatcher.setup import Services
from dispatcher.web import server
from dispatcher.web.api import app
from schemas.vocabulary import ClientScope

PATIENCE_S = 60.0
SMALL = 4096  # bytes


@dataclass(frozen=True)
class Api:
    services: Services
    url: str
    opened: ExitStack

    def new_key(self, name: str = "centre", **entry: Any) -> str:
        """Enter a client that may do all for one source, but for what `entry` says; returns its key."""
        plain: dict[str, Any] = {"systems": {SYSTEM}, "scopes": set(ClientScope), "calls_per_minute": 100_000}
        with self.services.begin() as work:
            return register.create(work, register.Entry(name=name, **plain | entry))

    def client(self, name: str = "centre", **entry: Any) -> httpx.Client:
        return self.with_key(self.new_key(name, **entry))

    def with_key(self, key: str | None, **headers: str) -> httpx.Client:
        shown = {"Authorization": f"Bearer {key}"} if key is not None else {}
        made = httpx.Client(base_url=self.url, headers=shown | headers, timeout=PATIENCE_S, trust_env=False)
        return self.opened.enter_context(made)


@contextmanager
def serving(services: Services, **settings: Any) -> Iterator[Api]:
    """The API of these services on a port of its own."""
    changed = replace(services, settings=services.settings.model_copy(update=settings))
    vars(changed).update({name: value for name, value in vars(services).items() if name == "registry"})
    made = uvicorn.Server(server.configure(app.make(changed), "127.0.0.1", 0, streams=True))
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)  # so that little fills it
    thread = threading.Thread(target=made.run, args=([listening],))
    thread.start()
    until = time.monotonic() + PATIENCE_S
    while not made.started:
        assert time.monotonic() < until
        threading.Event().wait(0.01)
    try:
        with ExitStack() as opened:
            yield Api(changed, f"http://127.0.0.1:{listening.getsockname()[1]}", opened)
    finally:
        made.should_exit = made.force_exit = True
        thread.join()
