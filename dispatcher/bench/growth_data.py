"""Databases of a given size for `bench growth`: copies of cases that really ran, spread over the year before today."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session, sessionmaker

from dispatcher import clock, embedded, policy, texts, vault
from dispatcher.bench import case_copies
from dispatcher.bench.case_copies import Template
from dispatcher.casework.context import Context
from dispatcher.clock import Clock
from dispatcher.errors import OperatorError
from dispatcher.store import engine, migrate, partitions
from dispatcher.wake import Silent

_YEAR = timedelta(days=365)
_TOGETHER = 500  # cases a transaction
# Keys that rise with time. In service they fill their pages one after the other; copied case by case they leave many
# half empty.
_BY_TIME = (
    *("pk_attempts", "pk_receipts", "pk_receipt_keys", "pk_vault_values"),
    *("ix_attempts_send_key", "ix_receipts_send_key"),
)
Tell = Callable[[int, int], None]  # cases written, of how many


@dataclass(frozen=True)
class Prepared:
    """A prepared database that runs, with what casework needs on it. Its clock is real."""

    home: Path
    url: str
    engine: Engine
    sessions: sessionmaker[Session]
    context: Context


def sizes(folder: Path) -> list[int]:
    """How many attempts the prepared databases have, fewest first."""
    return sorted(int(each.name) for each in folder.glob("*/ready") for each in [each.parent] if each.name.isdigit())


def make(
    folder: Path, attempts: int, templates: Sequence[Template], load_roster: Callable[[Session], None], tell: Tell
) -> None:
    """Make a database with about so many attempts; one of this size that is there is made anew."""
    home = folder / str(attempts)
    embedded.end_leftovers(home)
    shutil.rmtree(home, ignore_errors=True)
    with _running(home, durable=False) as prepared:
        migrate.upgrade(prepared.engine, clock.real_now())
        with prepared.sessions.begin() as session:
            prepared.context.vault.check(session)
            load_roster(session)
        write(prepared.engine, attempts, templates, tell)
        with prepared.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM RESET {setting}"))
            connection.execute(text("SELECT pg_reload_conf()"))
            for index in _BY_TIME:
                connection.execute(text(f"REINDEX INDEX {index}"))
            connection.execute(text("VACUUM (ANALYZE)"))
            connection.execute(text("CHECKPOINT"))
    (home / "ready").touch()


@contextmanager
def opened(folder: Path, attempts: int) -> Iterator[Prepared]:
    """A prepared database of this size, for as long as the block lasts. Raises OperatorError."""
    home = folder / str(attempts)
    if not (home / "ready").exists():
        raise OperatorError(
            f"没有 {attempts} 次尝试的数据;请先运行 dispatcher bench prepare --attempts {attempts}",
            f"there are no data of {attempts} attempts; run `dispatcher bench prepare --attempts {attempts}` first",
        )
    embedded.end_leftovers(home)
    with _running(home, durable=True) as prepared:
        yield prepared


@contextmanager
def _running(home: Path, *, durable: bool) -> Iterator[Prepared]:
    home.mkdir(parents=True, exist_ok=True)
    server = embedded.postgres(home, durable=durable)
    context = Context(
        policy=policy.load(),
        vault=vault.load(home / "keys.json", make=True),
        clock=Clock("real"),
        texts=texts.load(),
        wake=Silent(),
    )
    made = engine.engine(server.url)
    try:
        yield Prepared(home, server.url, made, engine.sessions(server.url), context)
    finally:
        made.dispose()
        server.stop()


def write(database: Engine, attempts: int, templates: Sequence[Template], tell: Tell) -> int:
    """Write copies with about so many attempts in all. Returns how many cases they are."""
    per_case = sum(each.attempts for each in templates) / len(templates)
    count = max(1, round(attempts / per_case))
    today = clock.real_now()
    with database.begin() as connection:
        for months in range(13):
            partitions.ensure(connection, today - timedelta(days=30.5 * months))
        names = {table: case_copies.columns(connection, table) for each in templates for table in each.rows}
    copies = _copies(count, templates, today)
    done = 0
    while chunk := list(islice(copies, _TOGETHER)):
        with database.begin() as connection:
            _write(connection, chunk, names)
        done += len(chunk)
        tell(done, count)
    return count


def _copies(count: int, templates: Sequence[Template], today: datetime) -> Iterator[tuple[Template, int, date]]:
    """Template, number and day of each copy, the oldest first. None reaches into the future."""
    first = today.date() - _YEAR
    for number, template in zip(range(count), cycle(templates), strict=False):
        last = today.date() - timedelta(days=2) - template.lasted
        yield template, number, min(first + _YEAR * number / count, last)


def _write(connection: Connection, chunk: list[tuple[Template, int, date]], names: dict[str, str]) -> None:
    rows: dict[str, list[str]] = defaultdict(list)
    for template, number, opened_on in chunk:
        for table, text_ in template.copy(number, opened_on):
            rows[table].append(text_)
    # What a row refers to is written with it; to look each up would take most of the time.
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    cursor: Any = connection.connection.cursor()
    for table, found in rows.items():
        with cursor.copy(f"COPY {table} ({names[table]}) FROM STDIN") as copy:
            copy.write("".join(found))
