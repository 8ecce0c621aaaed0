"""500 messages a second for ten seconds over one bind, each with its receipt kept in PostgreSQL and matched."""

import asyncio
import resource
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker

from dispatcher import clock, embedded, policy, texts, vault
from dispatcher.casework.context import Context
from dispatcher.clock import Clock
from dispatcher.delivery.smpp_part_store import SmppPartStore
from dispatcher.store import journal_changes, migrate
from dispatcher.store.receipts import ReceiptRow
from dispatcher.wake import Silent
from providers.base import Message, ProviderSettings
from providers.smpp.adapter import SmppProvider
from schemas.vocabulary import Channel, Person
from tests.peers.smpp import processes

PER_SECOND, SECONDS, WINDOW = 500, 10, 50
_LATE_S = 0.5  # where a queue grows, the messages of the last two seconds wait longer than this
_TEXT = "【反诈中心】您可能正遭遇电信网络诈骗,请立即停止转账。"


@contextmanager
def part_store(home: Path) -> Iterator[tuple[SmppPartStore, sessionmaker[Session]]]:
    """The port of the adapter on a PostgreSQL that keeps what it has confirmed."""
    server = embedded.postgres(home, durable=True)
    engine = create_engine(server.url, pool_size=15)
    try:
        migrate.upgrade(engine, clock.real_now())
        sessions = journal_changes.install(sessionmaker(engine, expire_on_commit=False))
        keys = vault.load(home / "keys.json", make=True)
        context = Context(policy=policy.load(), vault=keys, clock=Clock("real"), texts=texts.load(), wake=Silent())
        yield SmppPartStore(sessions, context), sessions
    finally:
        engine.dispose()
        server.stop()


def run(note: Callable[..., None]) -> dict[str, Any]:
    """Returns what the SMSC has seen."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, processes.smsc(answer_ms=20) as peer:
        home = Path(folder)
        home.chmod(0o755)
        with part_store(home) as (book, sessions):
            cpu = _cpu_s()
            said, waits = asyncio.run(_send(peer.said["port"], book))
            cpu = _cpu_s() - cpu
            keys, outcomes = set(said), Counter(type(each).__name__ for each in said.values())
            matched = _matched(sessions, keys)
            seen = peer.report()
    late, each_ms = median(waits[-2 * PER_SECOND :]), cpu / len(said) * 1e3
    note(outcomes["Accepted"] == len(said), f"{PER_SECOND}/s for {SECONDS} s:", dict(outcomes))
    told = f"accepted {median(waits):.3f} s after it was due (median), {late:.3f} s in the last two seconds"
    note(late < _LATE_S, f"{told}, {max(waits):.2f} s at most; {each_ms:.2f} ms of CPU each here")
    note(
        matched == len(said), f"{matched} receipts matched to their message; {seen['confirmed']} confirmed to the SMSC"
    )
    note(0 < seen["most_open"] <= WINDOW, f"at most {seen['most_open']} unanswered at the SMSC, window {WINDOW}")
    return seen


async def _send(port: int, book: SmppPartStore) -> tuple[dict[UUID, object], list[float]]:
    """What became of each message, and the seconds from its time to its word."""
    options = {"host": "127.0.0.1", "port": port, "system_id": "us", "source": "12381", "window": WINDOW}
    provider = SmppProvider(
        ProviderSettings("peer", "smpp", frozenset({Channel.SMS}), secret="password", options=options), book
    )
    await provider.open()
    await provider.send(_sms(uuid4()))  # bound
    loop = asyncio.get_running_loop()
    keys, start, calls = [uuid4() for _ in range(PER_SECOND * SECONDS)], loop.time(), []
    for number, key in enumerate(keys):
        # By the clock, whether or not the ones before are done: the carrier's customers do not wait either.
        await asyncio.sleep(max(0.0, start + number / PER_SECOND - loop.time()))
        calls.append(asyncio.create_task(_timed(provider, _sms(key), start + number / PER_SECOND)))
    said = await asyncio.gather(*calls)
    await asyncio.sleep(1.0)  # the last receipts
    await provider.close()
    return {key: word for key, (word, _) in zip(keys, said, strict=True)}, [wait for _, wait in said]


async def _timed(provider: SmppProvider, message: Message, due: float) -> tuple[object, float]:
    said = await provider.send(message)
    return said, asyncio.get_running_loop().time() - due


def _sms(key: UUID) -> Message:
    return Message(str(key), Channel.SMS, Person.SUBJECT, to="+8615400000000", text=_TEXT)


def _matched(sessions: sessionmaker[Session], keys: set[UUID]) -> int:
    with sessions() as session:
        return len(keys & set(session.scalars(select(ReceiptRow.send_key))))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
