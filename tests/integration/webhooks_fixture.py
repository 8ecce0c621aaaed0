"""A receiver of webhooks over real HTTP, endpoints that lead to it, and a sender that is driven by hand."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from casework_fixture import SYSTEM
from sqlalchemy import select
from standardwebhooks import Webhook

from dispatcher.clients import register as clients
from dispatcher.setup import Services
from dispatcher.store.clients import ClientRow
from dispatcher.webhooks import addresses, register
from dispatcher.webhooks.addresses import Allowed
from dispatcher.webhooks.sender import Sender
from schemas.vocabulary import ClientScope

HERE = addresses.read("http://127.0.0.1")


@dataclass(frozen=True)
class Received:
    headers: dict[str, str]
    body: str

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)  # type: ignore[no-any-return]


@dataclass
class Receiver:
    """Answers with `status`; while `hangs` is set, an answer does not come. `closing` ends that."""

    url: str = ""
    status: int = 200
    location: str = ""
    hangs: bool = False
    taken: list[Received] = field(default_factory=list)
    asked: list[Received] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    closing: threading.Event = field(default_factory=threading.Event)

    def events(self) -> list[dict[str, Any]]:
        return [each.event for each in self.taken]

    def wait_for(self, asked: int, timeout_s: float = 60.0) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.asked) >= asked, timeout_s)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            request = Received({name.lower(): value for name, value in self.headers.items()}, body)
            with receiver.changed:
                receiver.asked.append(request)
                hangs, status = receiver.hangs, receiver.status
                if status == 200 and not hangs:
                    receiver.taken.append(request)
                receiver.changed.notify_all()
            if hangs:
                receiver.closing.wait()
                return
            self.send_response(status)
            if receiver.location:
                self.send_header("location", receiver.location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hooks"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def endpoint(services: Services, receiver: Receiver, name: str = "centre", system: str = SYSTEM) -> Webhook:
    """An endpoint at this receiver, of a client for this source; returns what verifies its events."""
    with services.begin() as work:
        if work.session.scalar(select(ClientRow).where(ClientRow.name == name)) is None:
            clients.create(work, clients.Entry(name, {system}, set(ClientScope), calls_per_minute=1000))
    with services.begin() as work:
        return Webhook(register.create(work, name, name, receiver.url, HERE))


def send(services: Services, allowed: Allowed = HERE) -> None:
    """Send until nothing more is due now."""

    async def run() -> None:
        async with Sender(services, allowed) as sender:
            while await sender.send_due():
                await sender.finish()

    asyncio.run(run())
