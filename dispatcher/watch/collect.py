"""Asks PostgreSQL and Redis for the facts, through connections of its own that never wait long."""

import queue
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import redis
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from dispatcher import clock
from dispatcher.clock import Clock
from dispatcher.store import partitions
from dispatcher.watch.facts import REDIS_FULL, Count, Doubts, Down, Facts, Late, NotTaken, OutOfUse, Silent, Waiting
from dispatcher.watch.limits import Limits
from schemas.vocabulary import Cause, Channel, Health, Urgency, WorkItemKind

_NO_ANSWER = "no answer"
_HOUR = timedelta(hours=1)
_PLANNED_BEFORE = timedelta(hours=12)  # what is sent now was planned at most so long ago, quiet hours among it
Found = TypeVar("Found")
Other = TypeVar("Other")


def collect(engine: Engine, redis_url: str, product_clock: Clock, limits: Limits) -> Facts:
    """Returns all facts but the probe's. A server that hangs counts as one that does not answer."""
    at = clock.real_now()
    away = _within(limits.answer_s, partial(_ask_redis, redis_url), otherwise=_NO_ANSWER)
    ask = partial(_ask_database, engine, product_clock, limits, at, away)
    return _within(limits.answer_s, ask, otherwise=Facts(at, database=_NO_ANSWER, redis=away))


def _within(seconds: float, ask: Callable[[], Found], *, otherwise: Other) -> Found | Other:
    """A thread of its own for each question: a frozen server's would never come back."""
    answers: queue.Queue[Found] = queue.Queue()
    threading.Thread(target=lambda: answers.put(ask()), daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return otherwise


def _ask_redis(url: str) -> str | None:
    try:
        client = redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3)
        client.ping()
        # Written and not only asked: a full one answers all the same.
        client.set("watch", "1", ex=60)
    except redis.OutOfMemoryError:
        return REDIS_FULL
    except redis.exceptions.NoPermissionError:
        return None  # whoever may only read can't tell
    except (redis.RedisError, OSError, ValueError) as error:
        return type(error).__name__
    return None


def _ask_database(engine: Engine, product_clock: Clock, limits: Limits, at: datetime, redis_error: str | None) -> Facts:
    try:
        with Session(engine) as session:
            now = product_clock.now(session)
            return Facts(
                at,
                redis=redis_error,
                swept_s=_swept(session),
                silent=_silent(session, limits, at),
                forgotten=Count(*session.execute(_FORGOTTEN).one()),
                set_aside=Count(*session.execute(_SET_ASIDE).one()),
                early_lines=Count(*session.execute(_EARLY_LINES, {"now": now}).one()),
                unsent=Count(*session.execute(_UNSENT, {"limit": limits.sweep_s}).one()),
                not_taken=tuple(
                    NotTaken(name, Count(*count)) for name, *count in session.execute(_NOT_TAKEN, {"now": now})
                ),
                waiting=_waiting(session, now),
                late=_late(session, product_clock, limits, now),
                doubts=_doubts(session, product_clock, limits, now),
                out_of_use=tuple(
                    OutOfUse(name, Health(h), since, Cause(c)) for name, h, since, c in session.execute(_OUT_OF_USE)
                ),
                down=tuple(
                    Down(Channel(channel), since) for channel, since in session.execute(_DOWN, {"at": at, "now": now})
                ),
            )
    except SQLAlchemyError as error:
        # The kind of error alone: its text may hold the address.
        return Facts(at, database=type(getattr(error, "orig", None) or error).__name__, redis=redis_error)


def _swept(session: Session) -> float | None:
    """By the database's clock, which wrote it too."""
    age = session.scalar(
        text("SELECT extract(epoch FROM clock_timestamp() - beat_at) FROM heartbeats WHERE name = 'sweep'")
    )
    return None if age is None else float(age)


def _silent(session: Session, limits: Limits, at: datetime) -> tuple[Silent, ...]:
    rows = session.execute(_SILENT, {"limit": limits.sweep_s})
    return tuple(Silent(name, at - timedelta(seconds=float(age))) for name, age in rows)


def _waiting(session: Session, now: datetime) -> tuple[Waiting, ...]:
    return tuple(
        Waiting(WorkItemKind(kind), Urgency(urgency), Count(len(told), since), frozenset(map(tuple, told)))
        for kind, urgency, since, told in session.execute(_WAITING, {"now": now})
    )


def _late(session: Session, product_clock: Clock, limits: Limits, now: datetime) -> tuple[Late, ...]:
    before = {each: now - product_clock.product_time(limits.late(each)) for each in Urgency}
    receipts = now - product_clock.product_time(limits.late_receipt_s)
    since = {f"u{each.rank}": at for each, at in before.items()} | {"receipts": receipts}
    return tuple(
        Late(kind, None if rank is None else list(Urgency)[rank], Count(count, oldest))
        for kind, rank, count, oldest in session.execute(_LATE, since | {"now": now})
    )


def _doubts(session: Session, product_clock: Clock, limits: Limits, now: datetime) -> tuple[Doubts, ...]:
    recent = now - product_clock.product_time(limits.doubt_window_s)
    doubted = session.scalars(_DOUBTED, {"recent": recent, "least": limits.doubt_least}).all()
    if not doubted:
        return ()
    first = partitions.first_id(clock.real_now() - _PLANNED_BEFORE)
    hour = recent - product_clock.product_time(_HOUR.total_seconds())
    rows = session.execute(_SHARES, {"recent": recent, "hour": hour, "first": first, "providers": list(doubted)})
    return tuple(Doubts(*row) for row in rows)


_SILENT = text("""
    SELECT substr(name, 8), age FROM heartbeats, extract(epoch FROM clock_timestamp() - beat_at) AS age
    WHERE name LIKE 'worker:%' AND age > :limit ORDER BY 1""")
_FORGOTTEN = text("""
    SELECT count(*), min((SELECT max(j.at) FROM journal j WHERE j.case_id = c.id)) FROM cases c
    WHERE c.state = 'open' AND c.next_look_at IS NULL AND NOT EXISTS (
        SELECT FROM duties d WHERE d.case_id = c.id AND d.done_at IS NULL) AND NOT EXISTS (
        SELECT FROM attempts a WHERE a.case_id = c.id AND (a.action IS NOT NULL OR a.state = 'sending'))""")
_SET_ASIDE = text("SELECT count(*), min(first_at) FROM set_aside WHERE ended_at IS NULL")
_EARLY_LINES = text("""
    SELECT count(*), min(received_at) FROM quarantine
    WHERE awaits IS NOT NULL AND status = 'accepted' AND received_at < :now - interval '1 hour'""")
# Where somebody is to be told, and the process that sends has been silent. Numbered or not: it gives the numbers, too.
_UNSENT = text("""
    SELECT count(*), min(at) FROM (
        SELECT e.at FROM source_events e WHERE e.position IS NULL AND EXISTS (
            SELECT FROM webhook_endpoints w JOIN clients c ON c.id = w.client_id
            WHERE w.removed_at IS NULL AND c.revoked_at IS NULL AND e.system = ANY(c.systems))
        UNION ALL
        SELECT e.at FROM webhook_deliveries d JOIN source_events e ON e.position = d.position
        JOIN webhook_endpoints w ON w.id = d.endpoint_id JOIN clients c ON c.id = w.client_id
        WHERE d.state = 'waiting' AND w.removed_at IS NULL AND c.revoked_at IS NULL
    ) AS e
    WHERE NOT EXISTS (
        SELECT FROM heartbeats WHERE name = 'webhooks' AND beat_at > clock_timestamp() - make_interval(secs => :limit))
    """)
_NOT_TAKEN = text("""
    SELECT w.name, count(*), min(e.at) FROM webhook_deliveries d
    JOIN webhook_endpoints w ON w.id = d.endpoint_id JOIN source_events e ON e.position = d.position
    JOIN clients c ON c.id = w.client_id
    WHERE w.removed_at IS NULL AND c.revoked_at IS NULL AND (
        d.state = 'waiting' AND d.tries > 0 AND e.at < :now - interval '1 hour'
        OR d.state = 'dead' AND d.ended_at > :now - interval '1 day')
    GROUP BY 1 ORDER BY 1""")
_WAITING = text("""
    SELECT d.kind, of.urgency, min(d.planned_at), array_agg(ARRAY[d.number, d.climbs])
    FROM duties d LEFT JOIN cases c ON c.id = d.case_id, LATERAL (SELECT coalesce(c.urgency, d.urgency)) of (urgency)
    WHERE d.done_at IS NULL AND d.taken_at IS NULL
      AND (d.due_at < :now OR d.kind IN ('ladder_exhausted', 'visit_overdue', 'urgent_refused'))
    GROUP BY 1, 2 ORDER BY array_position(ARRAY['critical', 'high', 'medium', 'low'], of.urgency), 1""")
_LIMIT = "(ARRAY[:u0, :u1, :u2, :u3]::timestamptz[])"
_LATE = text(f"""
    SELECT 'attempt', greatest(urgency_rank, 0), count(*), min(due_at) FROM attempts
    WHERE action IS NOT NULL AND due_at <= :now AND (lease_until IS NULL OR lease_until < clock_timestamp())
      AND due_at < {_LIMIT}[greatest(urgency_rank, 0) + 1] GROUP BY 2
    UNION ALL
    SELECT 'case', rank - 1, count(*), min(next_look_at) FROM cases,
        LATERAL array_position(ARRAY['critical', 'high', 'medium', 'low'], urgency) AS rank
    WHERE next_look_at <= :now AND next_look_at < {_LIMIT}[rank] GROUP BY 2
    UNION ALL
    SELECT 'receipt', NULL, count(*), min(stored_at) FROM receipts
    WHERE settled_at IS NULL AND stored_at < :receipts AND (not_before IS NULL OR not_before < clock_timestamp())
    HAVING count(*) > 0
    ORDER BY 1, 2""")  # noqa: S608
# The breaker's words for a provider in use stand here too: with any other it is out of use.
_OUT_OF_USE = text("""
    SELECT p.name, p.health, p.since, h.cause FROM providers p, LATERAL (
        SELECT cause FROM provider_history WHERE provider = p.name ORDER BY id DESC LIMIT 1) h
    WHERE p.health NOT IN ('closed', 'returning') ORDER BY 1""")
_DOWN = text("""
    SELECT channel, max(since) FROM providers p, unnest(p.channels) channel
    GROUP BY 1 HAVING bool_and(p.health NOT IN ('closed', 'returning'))
    UNION ALL
    SELECT DISTINCT a.channel, :at FROM attempts a
    WHERE a.action = 'send' AND a.channel IN ('sms', 'voice')
      AND (EXISTS (SELECT FROM providers) OR a.due_at < :now - interval '10 seconds')
      AND NOT EXISTS (SELECT FROM providers p WHERE a.channel = ANY(p.channels))
    ORDER BY 1""")
_DOUBTED = text("""
    SELECT provider FROM attempts WHERE was_in_doubt AND sent_at > :recent AND provider IS NOT NULL
    GROUP BY 1 HAVING count(*) >= :least ORDER BY 1""")
_SHARES = text("""
    SELECT provider, count(*) FILTER (WHERE sent_at > :recent),
           count(*) FILTER (WHERE sent_at > :recent AND was_in_doubt),
           count(*) FILTER (WHERE sent_at <= :recent),
           count(*) FILTER (WHERE sent_at <= :recent AND was_in_doubt)
    FROM attempts WHERE id >= :first AND sent_at > :hour AND provider = ANY(:providers) GROUP BY 1 ORDER BY 1""")
