"""The summary of a run, read from the tables: counts, waits, caps, minutes to contact, money. No personal data."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, and_, any_, case, cast, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from dispatcher.engine.caps import NEVER_ARRIVED
from dispatcher.engine.times import local_day
from dispatcher.policy.models import Policy
from dispatcher.reporting.work_items import has_next_step
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow, PhoneRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.visits import VisitRow
from schemas.vocabulary import AttemptState, CaseState, Channel, Urgency, VisitState

NOBODY = "nobody"
_UNDER_WAY = (AttemptState.PLANNED, AttemptState.SENDING, AttemptState.ACCEPTED, AttemptState.IN_DOUBT)
_MONEY = ("amount_at_risk", "transferred", "lost", "stopped", "avoided", "returned")


def read(session: Session, policy: Policy, cases: Iterable[UUID], now: datetime) -> dict[str, Any]:
    """Everything about these cases that the summary shows."""
    ids = literal(list(set(cases)), ARRAY(Uuid))
    open_cases = _open(session, ids, now)
    return {
        "cases": _cases(session, ids),
        "open": dict(Counter(open_cases.values())),
        "waits_for_nobody": sorted(str(each) for each, who in open_cases.items() if who == NOBODY),
        "attempts": _attempts(session, ids),
        "sms_caps": _sms_caps(session, policy, ids),
        "visits": _visits(session, ids),
        "minutes_to_contact": _minutes(session, ids),
        "money": _money(session, ids),
    }


def _in_array(column: InstrumentedAttribute[UUID], ids: Any) -> ColumnElement[bool]:
    return column == any_(ids)


def _cases(session: Session, ids: Any) -> dict[str, dict[str, int]]:
    """By urgency and resolution."""
    end = func.coalesce(cast(CaseRow.resolution, Text), CaseRow.state).label("end")
    found = select(CaseRow.urgency, end, func.count()).where(_in_array(CaseRow.id, ids))
    rows = session.execute(found.group_by(CaseRow.urgency, "end")).tuples()
    counts: dict[str, dict[str, int]] = {urgency.value: {} for urgency in Urgency}
    for urgency, resolution, count in rows:
        counts[urgency][resolution] = count
    return counts


def _open(session: Session, ids: Any, now: datetime) -> dict[UUID, str]:
    """What each open case waits for: a human by role, an attempt under way, a time to come, or nobody."""
    attempt = select(AttemptRow.id).where(AttemptRow.case_id == CaseRow.id, AttemptRow.state.in_(_UNDER_WAY))
    waits = case(
        (has_next_step(CaseRow.id), "person"),
        (attempt.exists(), "attempt"),
        (CaseRow.next_look_at > now, "time"),
        else_=NOBODY,
    )
    found = select(CaseRow.id, waits).where(_in_array(CaseRow.id, ids), CaseRow.state == CaseState.OPEN)
    return dict(session.execute(found).tuples().all())


def _attempts(session: Session, ids: Any) -> dict[str, dict[str, int]]:
    """By channel and result; what has none by its state."""
    outcome = func.coalesce(cast(AttemptRow.result, Text), AttemptRow.state).label("outcome")
    found = select(AttemptRow.channel, outcome, func.count()).where(_in_array(AttemptRow.case_id, ids))
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for channel, name, count in session.execute(found.group_by(AttemptRow.channel, "outcome").order_by("outcome")):
        counts[channel][name] = count
    return dict(counts)


def _sms_caps(session: Session, policy: Policy, ids: Any) -> dict[str, Any]:
    """What left for each number, measured against the caps. A rise permits one more; a doubt may be repeated."""
    for_a_rise = func.bool_or(or_(AttemptRow.rule == "urgency_rose", _was_hastened()))
    sent = (
        select(PhoneRow.digest, AttemptRow.send_key, func.min(AttemptRow.sent_at), for_a_rise)
        .join(PhoneRow, PhoneRow.id == AttemptRow.phone_id)
        .where(_in_array(AttemptRow.case_id, ids), AttemptRow.channel == Channel.SMS)
        .where(AttemptRow.sent_at.is_not(None))
        .where(or_(AttemptRow.result.is_(None), AttemptRow.result.not_in(NEVER_ARRIVED)))
        .group_by(PhoneRow.digest, AttemptRow.send_key)
    )
    by_number: dict[bytes, list[tuple[datetime, bool]]] = defaultdict(list)
    for digest, _, at, rose in session.execute(sent).tuples():
        by_number[digest].append((at, rose))
    cap, most, too_soon, too_many = policy.sms_cap, 0, 0, 0
    for messages in by_number.values():
        days = Counter(local_day(policy, at) for at, rose in messages if not rose)
        most = max(most, *days.values(), 0)
        too_many += sum(count > cap.per_day for count in days.values())
        gaps = pairwise(sorted(messages))
        too_soon += sum(later - at < cap.again_after and not rose for (at, _), (later, rose) in gaps)
    rises = sum(rose for messages in by_number.values() for _, rose in messages)
    return {"numbers": len(by_number), "most_a_day": most, "too_many": too_many, "too_soon": too_soon, "rises": rises}


def _was_hastened() -> ColumnElement[bool]:
    """A rise that found one planned already sends that one sooner, and no other: its rule stays what it was."""
    hastened = select(JournalRow.id).where(
        JournalRow.case_id == AttemptRow.case_id,
        JournalRow.event == "attempt_brought_forward",
        JournalRow.rule == "urgency_rose",
        JournalRow.data["attempt"].astext == cast(AttemptRow.id, Text),
    )
    return hastened.exists()


def _visits(session: Session, ids: Any) -> dict[str, Any]:
    """`met_rate`: of the visits that were reported."""
    mine, reported = _in_array(VisitRow.case_id, ids), VisitRow.state == VisitState.REPORTED
    met = func.count().filter(and_(reported, VisitRow.result.startswith("MET_")))
    row = session.execute(
        select(
            func.count(),
            func.count().filter(reported),
            met,
            func.count().filter(VisitRow.state == VisitState.CANCELLED),
        ).where(mine)
    ).one()
    counts = dict(zip(("opened", "reported", "met", "cancelled"), row, strict=True))
    return counts | {"met_rate": round(counts["met"] / counts["reported"], 3) if counts["reported"] else None}


def _minutes(session: Session, ids: Any) -> dict[str, dict[str, float]]:
    """From the opening to the first true contact."""
    waited = CaseRow.first_contact_at - CaseRow.opened_at
    found = select(
        CaseRow.urgency,
        func.count(),
        *(func.percentile_cont(part).within_group(waited) for part in (0.5, 0.9)),
    )
    rows = session.execute(
        found.where(_in_array(CaseRow.id, ids), CaseRow.first_contact_at.is_not(None)).group_by(CaseRow.urgency)
    ).tuples()
    found_ = {name: {"contacted": n, "p50": _in_minutes(p50), "p90": _in_minutes(p90)} for name, n, p50, p90 in rows}
    return {each.value: found_[each.value] for each in Urgency if each.value in found_}


def _in_minutes(waited: timedelta) -> float:
    return round(waited / timedelta(minutes=1), 1)


def _money(session: Session, ids: Any) -> dict[str, int]:
    """Figures of their own, never added together."""
    columns = [getattr(CaseRow, name if name == "amount_at_risk" else f"money_{name}") for name in _MONEY]
    row = session.execute(select(*map(func.sum, columns)).where(_in_array(CaseRow.id, ids))).one()
    return {name: int(total or 0) for name, total in zip(_MONEY, row, strict=True)}
