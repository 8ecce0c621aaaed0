"""A real standby, and other ways in which PostgreSQL is not for us: reading goes on, writing is told in one line."""

import io
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, instruction
from receipts_fixture import PROVIDERS, SECRET, answered, report, signed
from server_copy import ServerCopy, copied
from settings_fixture import set_for
from sqlalchemy import create_engine, text
from structlog.testing import capture_logs
from visits_fixture import Load, case_with_visit, visit_of

from dispatcher import sweep
from dispatcher.casework import set_aside
from dispatcher.cli import main
from dispatcher.delivery import receipts
from dispatcher.settings import settings
from dispatcher.setup import Services, build_services
from dispatcher.store import engine
from dispatcher.store.work_items import WorkItemRow
from dispatcher.web.hooks.app import make
from dispatcher.work_loop import WorkLoop

PATIENCE_S = 120
Run = Callable[..., tuple[int, str, str]]
READING = (
    *(("log", "--json"), ("case", "YJ-1", "--json"), ("case", "YJ-1", "--why"), ("kpi", "--json")),
    *(
        ("verify", "--rebuild", "--json"),
        ("worklist", "--json"),
        ("case", "list", "--json"),
        ("visit", "list", "--json"),
    ),
    *(("transfer", "list"), ("feedback", "list"), ("quarantine", "list"), ("roster", "show")),
)


@pytest.fixture
def copy(casework: CaseworkFixture, load: Load) -> Iterator[ServerCopy]:
    """A copy of the server, with a case that has a visit, one whose message was sent, and a line that was refused."""
    load()
    case_with_visit(casework)
    casework.open(2)
    casework.deliver(Scripted(name="city-sms"))
    casework.push({"op": "create"})
    with tempfile.TemporaryDirectory(prefix="dispatcher-pg-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o755)
        with copied(casework.url, home / "copy") as made:
            yield made
            for serving in (False, True):
                engine.engine(made.url, serving=serving).dispose()


@pytest.fixture
def run(
    casework: CaseworkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Runs a command against this database; gives its exit code and what it says."""
    set_for(casework, tmp_path, monkeypatch)
    (tmp_path / "providers.toml").write_text(PROVIDERS)
    monkeypatch.setenv("TEST_GATEWAY_SECRET", SECRET)
    monkeypatch.setenv("DISPATCHER_PROVIDERS_FILE", str(tmp_path / "providers.toml"))

    def run_(url: str, *words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setenv("DISPATCHER_DATABASE_URL", url)
        monkeypatch.setattr(sys, "argv", ["dispatcher", *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        settings.cache_clear()
        capsys.readouterr()  # what a process that waits has logged
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    yield run_
    settings.cache_clear()


def test_a_standby_reads_and_whatever_writes_waits_or_is_told(
    casework: CaseworkFixture, copy: ServerCopy, run: Run
) -> None:
    with copy.running(standby=True) as url:
        for words in READING:
            assert run(url, *words) == (0, run(casework.url, *words)[1], ""), words
        for words, stdin in writing(casework):
            code, out, err = run(url, *words, stdin=stdin)
            assert (code, out, err.count("\n")) == (2, "", 1), (words, err)
            assert err.startswith("dispatcher: 数据库当前只读"), words
        assert run(url, "migrate")[0] == 0  # there is nothing to upgrade

        services = build_services(serving=True)
        key = casework.attempts(case_of(casework, 2))[0].send_key
        body = report(key)
        answer = answered(make(services), body, signed(body))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        with serving(services) as has_waited:
            wait_until(has_waited)
            copy.promote()
            wait_until(lambda: rows(url, "SELECT FROM heartbeats"))
            assert answered(make(services), body, signed(body)).status_code == 204
            wait_until(lambda: rows(url, f"SELECT FROM attempts WHERE send_key = '{key}' AND state = 'settled'"))
        assert rows(url, "SELECT FROM set_aside") == []


def writing(casework: CaseworkFixture) -> list[tuple[tuple[str, ...], str]]:
    """Commands that write, with what they read."""
    case_id = str(case_of(casework, 1))
    visit_id = str(visit_of(casework, UUID(case_id)).id)
    lines = json.dumps(instruction(3)) + "\n" + json.dumps(instruction(4)) + "\n"
    by = ("--by", "S-1", "--reason", "x")
    asked = [
        ("visit", "accept", visit_id, "--officer", "A"),
        ("visit", "card", visit_id, "--officer", "A"),
        ("decide", "pause", case_id, *by),
        ("code", "123456", "--last-four", "0001", "--asker", "OP-1"),
        *(("item", "take", str(row.number), "--by", "S-1") for row in casework.rows(WorkItemRow)),
        ("visit", "assign", visit_id, "B", "--by", "S-1"),
        ("roster", "load", "dispatcher/samples/roster.toml", "--yes"),
    ]
    return [(words, "") for words in asked] + [(("push", "-"), lines)]


def case_of(casework: CaseworkFixture, number: int) -> UUID:
    [(case_id,)] = casework.sql(f"SELECT case_id FROM instructions WHERE instruction_id = 'YJ-{number}'")  # noqa: S608
    return UUID(str(case_id))


@contextmanager
def serving(services: Services) -> Iterator[Callable[[], bool]]:
    """A sweep, and a loop that settles receipts. Returns whether both found that they have to wait."""
    stop = threading.Event()
    sweeping = threading.Thread(target=sweep.run, args=(services, stop))

    def settle() -> None:
        set_aside.run(services.begin, receipts.SETTLING)

    settling = WorkLoop("settle", settle)
    with capture_logs() as logs:
        sweeping.start()
        settling.start()
        try:
            yield lambda: {each.get("loop") for each in logs if each["event"] == "database_away"} == {None, "settle"}
            assert sweeping.is_alive()
        finally:
            stop.set()
            settling.stop()
            sweeping.join(PATIENCE_S)
            settling.join(PATIENCE_S)


def rows(url: str, query: str) -> list[object]:
    reader = create_engine(url)
    try:
        with reader.connect() as connection:
            return list(connection.execute(text(query)))
    finally:
        reader.dispose()


def wait_until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_no_connection_is_told_in_one_line_and_waited_for(copy: ServerCopy, run: Run) -> None:
    def said(url: str) -> str:
        code, out, err = run(url, "log")
        assert (code, out, err.count("\n")) == (2, "", 1), err
        return err

    assert "can't reach the database" in said(copy.url)  # nobody there
    with copy.running(standby=True, hot_standby="off") as url:
        assert "is starting, stopping or recovering" in said(url)
        # A process that serves waits, and goes on once the database is there.
        made: list[Services] = []
        starting = threading.Thread(target=lambda: made.append(build_services(serving=True)))
        with capture_logs() as logs:
            starting.start()
            wait_until(lambda: any(each["event"] == "database_away" for each in logs))
    with copy.running() as url:
        starting.join(PATIENCE_S)
        assert len(made) == 1
        made[0].engine.dispose()
        locked = create_engine(url)
        with locked.begin() as holder:
            holder.execute(text("CREATE ROLE reader LOGIN"))
            holder.execute(text("LOCK attempts"))
            assert "the database ended the statement" in said(f"{url}&options=-c%20statement_timeout%3D200ms")
        locked.dispose()
    few = {"max_connections": 4, "max_wal_senders": 0}
    with copy.running(superuser_reserved_connections=0, **few) as url, connections(url, 4):
        assert "has no connection free" in said(url)
    with copy.running(superuser_reserved_connections=3, **few) as url, connections(url, 1):
        assert "has no connection free" in said(url.replace("postgres@", "reader@"))


@contextmanager
def connections(url: str, count: int) -> Iterator[None]:
    """Somebody else has so many."""
    other = create_engine(url, pool_size=count)
    with ExitStack() as held:
        for _ in range(count):
            held.enter_context(other.connect())
        yield
    other.dispose()
