"""From whatever message on a process says nothing more, PostgreSQL or the sweep has its locks free in time."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace

import psycopg
import pytest
from casework_fixture import CaseworkFixture, Scripted
from sqlalchemy import Connection, create_engine, make_url, text

from dispatcher.casework import set_aside
from dispatcher.store import engine, silent_sessions

CASES = 3
LIMIT_S = 0.15
PATIENCE_S = 20.0
# After these of the client's messages the server does something: Execute, Sync, Query.
ACTING = b"ESQ"


class Relay:
    """Between one client and PostgreSQL: passes everything on until so many messages have come from the client.

    What the server says goes on to reach the client, its end too.
    """

    def __init__(self, server: str, silent_after: int) -> None:
        self._server, self._left = server, silent_after
        self.is_silent = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets = [self._listener]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _serve(self) -> None:
        with suppress(OSError):
            client, _ = self._listener.accept()
            server = socket.socket(socket.AF_UNIX)
            self._sockets += [client, server]
            server.connect(self._server)
            threading.Thread(target=self._answer, args=(server, client), daemon=True).start()
            self._pass_on(client, server)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while said := server.recv(65536):
                client.sendall(said)
            client.shutdown(socket.SHUT_RDWR)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        said = client.makefile("rb")
        kind = b""  # the first message has none
        while self._left > 0:
            length = said.read(4)
            if not length:
                return  # it has ended before
            server.sendall(kind + length + said.read(int.from_bytes(length) - 4))
            self._left -= bool(kind) and kind in ACTING
            if self._left > 0:
                kind = said.read(1)
        self.is_silent.set()


@contextmanager
def speaking_until(casework: CaseworkFixture, messages: int) -> Iterator[tuple[CaseworkFixture, Relay]]:
    """The same casework by a process of its own, from which no more than so many messages reach PostgreSQL."""
    url = make_url(casework.url)
    relay = Relay(f"{url.query['host']}/.s.PGSQL.{url.port or 5432}", messages)
    limited = f"-c idle_in_transaction_session_timeout={int(LIMIT_S * 1000)}ms"
    plain = {"sslmode": "disable", "gssencmode": "disable", "options": limited}
    through = url.set(host="127.0.0.1", port=relay.port, query=plain).render_as_string(hide_password=False)
    try:
        yield replace(casework, sessions=engine.sessions(through, serving=True)), relay
    finally:
        relay.close()
        engine.engine(through, serving=True).dispose()


def claim(casework: CaseworkFixture) -> Exception | None:
    try:
        casework.claim(Scripted())
    except Exception as error:  # noqa: BLE001 - looked at where it is called
        return error
    return None


def end_until_free(sweep: Connection) -> int:
    """Do the sweep's step until nobody holds a case. Returns how many sessions it ended."""
    ended, until = 0, time.monotonic() + PATIENCE_S
    while len(sweep.execute(text("SELECT FROM cases FOR UPDATE SKIP LOCKED")).all()) < CASES:
        assert time.monotonic() < until, "its locks stay"
        ended += silent_sessions.end(sweep, LIMIT_S)
    return ended


def test_whoever_falls_silent_in_a_claim_loses_its_locks(casework: CaseworkFixture) -> None:
    """Tried after its first message, after its second, and so on, until the claim is committed."""
    for number in range(CASES):
        casework.open(number + 1)
    ended, messages, states = 0, 1, {("planned",)}
    looking = create_engine(casework.url, isolation_level="AUTOCOMMIT")
    with looking.connect() as sweep, ThreadPoolExecutor() as pool:
        while states == {("planned",)}:
            with speaking_until(casework, messages) as (silent, relay):
                claiming = pool.submit(claim, silent)
                while not (relay.is_silent.wait(0.05) or claiming.done()):
                    pass
                ended += end_until_free(sweep)
            # On a busy machine one may be that silent in earnest, and be ended before: then it is tried again.
            messages += relay.is_silent.is_set()
            states = set(casework.sql("SELECT state FROM attempts"))
            # Nothing is half done, and the claim is made once more: no row is at fault.
            error = claiming.result(PATIENCE_S)
            assert states == {("sending",)} or (error is not None and set_aside.is_outage(error))
    looking.dispose()
    assert states == {("sending",)}
    assert ended  # it has fallen silent in the middle of a write too


def test_a_copy_that_stands_still_is_ended_too(casework: CaseworkFixture) -> None:
    """Its statement's own time limit is put off by PostgreSQL until the rows have come."""
    database = make_url(casework.url).set(drivername="postgresql").render_as_string(hide_password=False)
    options = f"-c application_name={engine.APPLICATION} -c statement_timeout=200ms"
    with psycopg.connect(database, options=options) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE slow (n int)")
        with pytest.raises(psycopg.OperationalError), cursor.copy("COPY slow FROM STDIN") as copy:
            copy.write_row((1,))
            until = time.monotonic() + PATIENCE_S
            while not ended(casework):
                assert time.monotonic() < until
            copy.write_row((2,))
            copy.write("3\n" * 100_000)


def ended(casework: CaseworkFixture) -> int:
    made = create_engine(casework.url)
    try:
        with made.connect() as connection:
            return silent_sessions.end(connection, LIMIT_S)
    finally:
        made.dispose()
