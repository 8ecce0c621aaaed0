"""Half-open connections keep no receipt out of the hooks' server: neither many of them nor slow ones.

DISPATCHER_TEST_HALF_OPEN=2000 tries as many as the server is made for, with its own limits; run with -s for the times.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
import uvicorn
from casework_fixture import CaseworkFixture
from fastapi import FastAPI
from receipts_fixture import report, sent, services_with_gateway, signed
from sqlalchemy import text

from dispatcher.store.receipts import ReceiptRow
from dispatcher.web import server
from dispatcher.web.hooks import app
from dispatcher.web.hooks.app import make

HALF_OPEN = int(os.environ.get("DISPATCHER_TEST_HALF_OPEN", "300"))
RECEIPTS = 30
PATIENCE_S = 60.0
NEVER_S = 3600.0

HEAD = b"POST /receipts/city-sms HTTP/1.1\r\nHost: hooks\r\n"
# What one has sent, and what it goes on sending byte by byte.
NOTHING = b"", b""
HALF_A_HEAD = HEAD, b"X-Slow: aaaaaaaaaaaaaaaaaaaaaaaa"
HALF_A_BODY = HEAD + b"Content-Length: 60000\r\n\r\n{", b" "
REFUSED_AND_HALF_A_BODY = HALF_A_BODY[0].replace(b"city-sms", b"nobody"), b" "
AFTER_A_REQUEST = b"GET /healthz HTTP/1.1\r\nHost: hooks\r\n\r\n" + HEAD, b"X-Slow: aaaaaaaaaaaaaaaaaaaaaaaa"
SLOW = {
    "nothing": NOTHING,
    "half_a_head": HALF_A_HEAD,
    "half_a_body": HALF_A_BODY,
    "refused_and_half_a_body": REFUSED_AND_HALF_A_BODY,
    "after_a_request": AFTER_A_REQUEST,
}


@pytest.fixture
def gateway(casework: CaseworkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    return make(services_with_gateway(casework, tmp_path, monkeypatch))


@contextmanager
def serving(gateway: FastAPI) -> Iterator[int]:
    """The hooks' server in a thread; gives its port."""
    server.allow_most_files()
    made = uvicorn.Server(server.configure(gateway, "127.0.0.1", 0))
    thread = threading.Thread(target=made.run)
    thread.start()
    wait_until(lambda: made.started)
    try:
        yield made.servers[0].sockets[0].getsockname()[1]
    finally:
        made.should_exit = made.force_exit = True
        thread.join()


def wait_until(is_so: Callable[[], bool]) -> None:
    until, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not is_so():
        assert time.monotonic() < until
        pause.wait(0.01)


class HalfOpen:
    """A connection that never sends a whole request."""

    def __init__(self, port: int, begins: bytes, goes_on: bytes) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self._goes_on = goes_on
        self.is_closed = False
        self._socket.sendall(begins)
        self._socket.setblocking(False)

    def drip(self) -> None:
        """Send one byte more, and see whether the other side has closed."""
        try:
            self._socket.send(self._goes_on[:1])
            self._goes_on = self._goes_on[1:] + self._goes_on[:1]
            while self._socket.recv(4096):
                pass
            self.is_closed = True
        except BlockingIOError:
            pass
        except OSError:
            self.is_closed = True

    def close(self) -> None:
        with suppress(OSError):
            self._socket.close()


def test_half_open_connections_keep_no_receipt_out(
    casework: CaseworkFixture, gateway: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow they may be: more than the server keeps give way to what brings a receipt."""
    for module, name in ((server, "REQUEST_WITHIN_S"), (server, "IDLE_S"), (app, "READ_WITHIN_S")):
        monkeypatch.setattr(module, name, NEVER_S)
    most = min(server.MOST_CONNECTIONS, HALF_OPEN // 2)
    monkeypatch.setattr(server, "MOST_CONNECTIONS", most)
    bodies = [report(sent(casework, number)) for number in range(1, RECEIPTS + 1)]
    kinds = list(SLOW.values())
    with serving(gateway) as port, ExitStack() as opened:
        url, times = f"http://127.0.0.1:{port}/receipts/city-sms", []
        half_open = [HalfOpen(port, *kinds[number % len(kinds)]) for number in range(HALF_OPEN)]
        for each in half_open:
            opened.callback(each.close)
        for body in bodies:
            for each in half_open:
                each.drip()
            begin = time.monotonic()
            assert httpx.post(url, content=body, headers=signed(body), timeout=PATIENCE_S).status_code == 204
            times.append(time.monotonic() - begin)
        wait_until(lambda: all_closed(half_open) >= HALF_OPEN - most)
        assert all_closed(half_open) < HALF_OPEN
    assert len(casework.rows(ReceiptRow)) == RECEIPTS
    print(
        f"{HALF_OPEN} half-open: answered in {sorted(times)[RECEIPTS // 2]:.3f} s (median), {max(times):.3f} s (most)"
    )


def test_what_is_being_stored_gives_way_to_nobody(
    casework: CaseworkFixture, gateway: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many come after it, and however long PostgreSQL takes."""
    monkeypatch.setattr(server, "REQUEST_WITHIN_S", NEVER_S)
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 20)
    body = report(sent(casework))
    with (
        serving(gateway) as port,
        ExitStack() as opened,
        ThreadPoolExecutor(1) as gateways,
        casework.sessions() as holder,
    ):
        holder.execute(text("LOCK TABLE receipt_keys IN SHARE MODE"))
        url = f"http://127.0.0.1:{port}/receipts/city-sms"
        answer = gateways.submit(httpx.post, url, content=body, headers=signed(body), timeout=PATIENCE_S)
        wait_until(lambda: bool(casework.sql("SELECT 1 FROM pg_locks WHERE NOT granted")))
        half_open = [HalfOpen(port, *NOTHING) for _ in range(60)]
        for each in half_open:
            opened.callback(each.close)
        wait_until(lambda: all_closed(half_open) >= 40)
        holder.rollback()
        assert answer.result().status_code == 204


def all_closed(half_open: list[HalfOpen]) -> int:
    for each in half_open:
        each.drip()
    return sum(each.is_closed for each in half_open)


@pytest.mark.parametrize("kind", SLOW)
def test_a_request_that_is_not_whole_in_time_is_given_up(
    gateway: FastAPI, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Though it sends a byte now and then."""
    monkeypatch.setattr(server, "REQUEST_WITHIN_S", 0.3)
    monkeypatch.setattr(server, "IDLE_S", NEVER_S)
    monkeypatch.setattr(app, "READ_WITHIN_S", NEVER_S)
    with serving(gateway) as port:
        slow = HalfOpen(port, *SLOW[kind])
        wait_until(lambda: all_closed([slow]) == 1)


def test_a_connection_that_is_kept_for_nothing_is_closed(gateway: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_S", 0.2)
    monkeypatch.setattr(server, "REQUEST_WITHIN_S", NEVER_S)
    with serving(gateway) as port:
        idle = HalfOpen(port, b"GET /healthz HTTP/1.1\r\nHost: hooks\r\n\r\n", b"")
        wait_until(lambda: all_closed([idle]) == 1)
