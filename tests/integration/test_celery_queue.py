"""The intake queue of Celery: nothing in it vanishes, whatever it is and whatever happens while it is taken."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from casework_fixture import PATIENT_REDIS, CaseworkFixture, instruction
from celery import Celery
from redis import Redis
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import sessionmaker

from dispatcher.intake import celery_queue, instructions, lines, quarantine
from dispatcher.intake.celery_queue import QUEUE, IntakeQueue
from dispatcher.store import advisory_locks, journal_changes
from dispatcher.store.instructions import InstructionRow
from tests.celery_envelope import envelope


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def queue(casework: CaseworkFixture, redis: Redis) -> IntakeQueue:
    return IntakeQueue(casework.sessions, casework.context, redis)


@pytest.fixture
def client(redis_url: str) -> Celery:
    """Knows the broker and nothing else."""
    return Celery(broker=redis_url.removesuffix(PATIENT_REDIS), set_as_current=False)


def take_all(queue: IntakeQueue) -> None:
    while queue.redis.llen(QUEUE):
        queue.take_next()


def lines_kept(casework: CaseworkFixture) -> list[tuple[str, str]]:
    """Field and text of each line in quarantine."""
    with casework.begin() as work:
        return [(each.field, quarantine.line(work, each.id) or "") for each in quarantine.listed(work.session)]


def ids_taken(casework: CaseworkFixture) -> set[str]:
    return {row.instruction_id for row in casework.rows(InstructionRow)}


def test_what_celery_says_of_a_task_is_nothing_about_a_warning(
    casework: CaseworkFixture, queue: IntakeQueue, client: Celery
) -> None:
    """Celery would drop the first, keep the second in memory until then, and take the others."""
    past = datetime.now(UTC) - timedelta(hours=1)
    client.send_task("intake", [instruction(1)], expires=past)
    client.send_task("intake", [instruction(2)], countdown=3600)
    client.send_task("intake", [instruction(3)], task_id="revoked before it came")
    client.send_task("intake", kwargs=instruction(4))
    client.send_task("intake", [instruction(5), instruction(6)], compression="gzip")
    client.send_task("intake", [instruction(7)], priority=9)
    for _ in range(7):
        queue.take_next()
    assert ids_taken(casework) == {f"YJ-{number}" for number in range(1, 8)}
    assert casework.quarantined() == []


def test_a_message_of_protocol_1_is_taken(casework: CaseworkFixture, queue: IntakeQueue, redis: Redis) -> None:
    body = {"task": "intake", "id": "1", "args": [instruction(1)], "kwargs": {}, "expires": "2001-01-01T00:00:00"}
    redis.lpush(QUEUE, json.dumps(envelope(json.dumps(body).encode(), headers={})))
    take_all(queue)
    assert ids_taken(casework) == {"YJ-1"}


BODY = json.dumps([[{"note": "MARK"}], {}, {}]).encode()
TYPED = [{"note": "MARK", "at": {"__type__": "datetime", "__value__": "2026-03-02T09:00:00"}}]
# What can't be taken, and the field that its reason names.
BROKEN: list[tuple[bytes | dict[str, Any], str]] = [
    (b"MARK", "message"),
    (b"\xff\x00MARK", "message"),
    (b'["MARK"]', "body"),
    (b'{"note": "MARK", "properties": 7, "headers": []}', "body"),
    (envelope(BODY) | {"body": "MARK!"}, "body"),
    (envelope(b'[[{"note": "MARK"}'), "body"),
    (envelope(b"\xff\xfe\x00MARK"), "body"),
    (envelope(b'"MARK' + b"[" * 100_000), "body"),
    (envelope(b'"MARK"'), "args"),
    (envelope(b'[["MARK"]]'), "args"),
    (envelope(b'["MARK", {}]'), "args"),
    (envelope(b'[[], ["MARK"], {}]'), "args"),
    (envelope(BODY, **{"content-type": "application/x-python-serialize"}), "content-type"),
    (envelope(BODY, **{"content-type": None}), "content-type"),
    (envelope(BODY, headers={"task": "intaek", "id": "1"}), "task"),
    (envelope(BODY, headers={"task": ["intake"]}), "task"),
    (envelope(b"MARK", headers={"task": "intake", "compression": "gzip"}), "compression"),
    (envelope(b"MARK", headers={"task": "intake", "compression": {}}), "compression"),
    (envelope(BODY), "instruction_id"),
    (envelope(json.dumps([TYPED, {}, {}]).encode()), "instruction_id"),
]


def test_what_cant_be_taken_is_kept_with_its_reason_and_the_next_one_taken(
    casework: CaseworkFixture, queue: IntakeQueue, client: Celery, redis: Redis
) -> None:
    for number, (item, _) in enumerate(BROKEN):
        redis.lpush(QUEUE, item if isinstance(item, bytes) else json.dumps(item))
        client.send_task("intake", [instruction(number)])
    take_all(queue)
    kept = lines_kept(casework)
    assert [field for field, _ in kept] == [field for _, field in BROKEN]
    packed = base64.b64encode(b"MARK").decode()  # of what could not be unpacked the whole message is kept
    assert [line for _, line in kept if "MARK" not in line and packed not in line] == []
    assert ids_taken(casework) == {f"YJ-{number}" for number in range(len(BROKEN))}


def test_a_message_stays_until_what_is_in_it_is_committed(
    casework: CaseworkFixture, queue: IntakeQueue, client: Celery, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.send_task("intake", [instruction(1)])
    client.send_task("intake", [{"note": "refused"}])

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(lines, "take_line", die)  # before anything is committed
        with pytest.raises(Killed):
            queue.take_next()
        assert redis.llen(QUEUE) == 2
    with monkeypatch.context() as dying:
        dying.setattr(redis, "lrem", die)  # after the commit, before the message leaves the queue
        with pytest.raises(Killed):
            queue.take_next()
        assert redis.llen(QUEUE) == 2
    queue.take_next()
    assert redis.llen(QUEUE) == 1
    with monkeypatch.context() as dying:
        dying.setattr(redis, "lrem", die)
        with pytest.raises(Killed):
            queue.take_next()
    take_all(queue)
    assert ids_taken(casework) == {"YJ-1"}
    assert len(casework.quarantined()) == 1
    assert [row.event for row in casework.journal(None)] == ["line_refused"]


def test_two_equal_messages_are_two_and_both_are_kept(
    casework: CaseworkFixture, queue: IntakeQueue, client: Celery
) -> None:
    for _ in range(2):
        client.send_task("intake", [{"note": "refused"}, {"note": "refused"}])
    take_all(queue)
    assert len(casework.quarantined()) == 4


def test_while_the_database_is_away_everything_stays_where_it_is(
    casework: CaseworkFixture, client: Celery, redis: Redis
) -> None:
    nobody = sessionmaker(create_engine("postgresql+psycopg://127.0.0.1:9/nobody", connect_args={"connect_timeout": 5}))
    queue = IntakeQueue(nobody, casework.context, redis)
    client.send_task("intake", [instruction(1)])
    before = redis.lrange(QUEUE, 0, -1)
    for _ in range(3):
        with pytest.raises(OperationalError):
            queue.take_next()
    assert redis.lrange(QUEUE, 0, -1) == before


@contextmanager
def impatient(casework: CaseworkFixture, redis: Redis) -> Iterator[IntakeQueue]:
    """A queue whose sessions wait for no lock."""
    engine = create_engine(casework.url, connect_args={"options": "-c lock_timeout=50ms"})
    sessions = journal_changes.install(sessionmaker(engine, expire_on_commit=False))
    yield IntakeQueue(sessions, casework.context, redis)
    engine.dispose()


def test_one_whose_case_is_locked_is_put_behind_the_others_and_taken_once_it_is_free(
    casework: CaseworkFixture, client: Celery, redis: Redis
) -> None:
    case_id = casework.open(1)
    client.send_task("intake", [instruction(1, version=2, urgency="critical")])
    client.send_task("intake", [instruction(2)])
    with impatient(casework, redis) as queue:
        with casework.holding(case_id):
            queue.take_next()
            queue.take_next()
            assert ids_taken(casework) == {"YJ-1", "YJ-2"}
            assert redis.llen(QUEUE) == 1
        take_all(queue)
    assert casework.case(case_id).urgency == "critical"
    assert casework.quarantined() == []


def test_one_that_fails_whenever_it_is_tried_is_kept_in_the_end(
    casework: CaseworkFixture, client: Celery, redis: Redis
) -> None:
    case_id = casework.open(1)
    client.send_task("intake", [instruction(1, version=2)])
    with impatient(casework, redis) as queue, casework.holding(case_id):
        take_all(queue)
    [(field, line)] = lines_kept(casework)
    assert field == "system"
    assert json.loads(line)["instruction_id"] == "YJ-1"


def test_one_that_cant_even_be_kept_stays_and_stops_nothing(
    casework: CaseworkFixture, queue: IntakeQueue, client: Celery, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = quarantine.keep

    def fail(work: Any, raw: bytes, **named: Any) -> Any:
        if b"unlucky" in raw:
            raise RuntimeError
        return keep(work, raw, **named)

    monkeypatch.setattr(instructions.quarantine, "keep", fail)
    client.send_task("intake", [{"note": "unlucky"}])
    client.send_task("intake", [instruction(1)])
    for _ in range(30):
        queue.take_next()
    assert ids_taken(casework) == {"YJ-1"}
    assert redis.llen(QUEUE) == 1
    monkeypatch.undo()
    take_all(queue)
    assert len(casework.quarantined()) == 1


def test_one_worker_reads_at_a_time(
    casework: CaseworkFixture, queue: IntakeQueue, client: Celery, redis: Redis
) -> None:
    client.send_task("intake", [instruction(1)])
    with casework.sessions.begin() as session:
        assert advisory_locks.try_lock(session, advisory_locks.INTAKE_QUEUE)
        assert queue.take_next() == celery_queue._STANDBY_S
        assert redis.llen(QUEUE) == 1
    take_all(queue)
    assert ids_taken(casework) == {"YJ-1"}
