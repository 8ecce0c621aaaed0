"""KPIs with fixed denominators: what counts, out of what, and what is shown beside, so that no rate is flattered.

Cases count by the time they were opened, and stand as they are now. Withdrawn ones leave every rate and stay listed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, and_, cast, exists, func, or_, select, true
from sqlalchemy.orm import Session

from dispatcher.intake import later_losses
from dispatcher.reporting.kpi_steps import (
    Flag,
    first,
    in_rates,
    missed,
    of_unit,
    opened,
    pushed,
    steps,
    upstream,
    was_met,
)
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.transfers import TransferRow
from dispatcher.store.visits import UnitRow, VisitRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.visits.transfers import elsewhere
from schemas.vocabulary import CaseState, FollowUp, Resolution, Result, TransferState

_LATER = timedelta(days=30)
_GONE = (Resolution.ALREADY_TRANSFERRED_ALL, Resolution.ALREADY_TRANSFERRED_PARTLY)
# name: numerator, denominator, shown beside
_RATES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "accepted": ("accepted", "pushed", ("withdrawn_before_push",)),
    "accepted_in_time": ("accepted_in_time", "pushed", ("withdrawn_before_push",)),
    "true_contact": ("contacted", "in_rates", ("others_answered", "forwarded", "voicemail", "expired")),
    "met": ("met", "needed_visit", ("visit_withdrawn", "transferred_out")),
    "dissuaded": ("dissuaded", "decided", ("self_aware", "not_a_victim", "unreachable")),
    "defrauded_after_warning": ("defrauded", "closed", ("unknown",)),
}


def kpis(
    session: Session,
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    precinct: str | None = None,
) -> dict[str, Any]:
    """The KPIs of the cases opened in a period; with a precinct, of those that it had a visit of."""
    chosen = opened(since, until, precinct)
    counted = _count(session, _of_cases(), select(CaseRow.id).where(chosen))
    of_visits = select(VisitRow.id).join(CaseRow, CaseRow.id == VisitRow.case_id)
    counted |= _count(session, _of_visits(), of_visits.where(chosen, in_rates(), pushed(), of_unit(precinct)))
    withdrawn = select(CaseRow.id).where(chosen, ~in_rates()).order_by(CaseRow.id)
    return {
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        "as_of": now.isoformat(),
        "precinct": precinct,
        "cases": counted["cases"],
        "withdrawn": [str(each) for each in session.scalars(withdrawn)],
        "rates": {name: _rate(counted, *parts) for name, parts in _RATES.items()},
        "steps": steps(session, chosen, now, precinct),
        "upstream_delay": upstream(session, chosen),
        "doubtful": _doubtful(session, chosen),
        "money_yuan": _money(session, chosen),
    }


def _rate(counted: Mapping[str, int], numerator: str, denominator: str, beside: tuple[str, ...]) -> dict[str, Any]:
    part, whole = counted[numerator], counted[denominator]
    return {
        "numerator": part,
        "denominator": whole,
        "rate": round(part / whole, 4) if whole else None,
        "beside": {name: counted[name] for name in beside},
    }


def _count(session: Session, flags: Mapping[str, Flag], rows: Any) -> dict[str, int]:
    """How many of the rows have each flag, in one pass."""
    each = rows.add_columns(*(flag.label(name) for name, flag in flags.items())).subquery()
    counts = select(*(func.count().filter(each.c[name]).label(name) for name in flags))
    return dict(session.execute(counts).mappings().one())


def _of_cases() -> dict[str, Flag]:
    withdrawn, away, visited = ~in_rates(), _transferred_out(), _visit()
    needed = and_(in_rates(), visited, ~away)
    closed, defrauded = and_(in_rates(), CaseRow.state == CaseState.CLOSED), _defrauded()
    return {
        "cases": true(),
        "in_rates": in_rates(),
        "withdrawn_before_push": and_(withdrawn, ~_visit(pushed())),
        "contacted": and_(in_rates(), CaseRow.first_contact_at.is_not(None)),
        "others_answered": _heard(Result.ANSWERED_NOT_SUBJECT, Result.ANSWERED_FAMILY),
        "forwarded": _heard(Result.SUSPECTED_FORWARDING),
        "voicemail": _heard(Result.VOICEMAIL),
        "expired": _ended(Resolution.EXPIRED),
        "needed_visit": needed,
        "met": and_(needed, _visit(was_met())),
        "visit_withdrawn": and_(withdrawn, visited),
        "transferred_out": and_(in_rates(), away),
        "dissuaded": _ended(Resolution.DISSUADED_IN_TIME),
        "decided": _ended(Resolution.DISSUADED_IN_TIME, Resolution.REFUSED_UNDER_WATCH, *_GONE),
        "self_aware": _ended(Resolution.SELF_AWARE),
        "not_a_victim": _ended(Resolution.NOT_A_VICTIM),
        "unreachable": _ended(Resolution.UNREACHABLE),
        "closed": closed,
        "defrauded": and_(closed, defrauded),
        "unknown": and_(closed, ~defrauded, ~_heard_of_later()),
    }


def _of_visits() -> dict[str, Flag]:
    """Of visits that were pushed."""
    accepted = first("visit_accepted").is_not(None)
    return {"pushed": true(), "accepted": accepted, "accepted_in_time": and_(accepted, ~missed())}


def _ended(*resolutions: Resolution) -> Flag:
    """Ended so; a case that has not ended did not."""
    return func.coalesce(CaseRow.resolution.in_(resolutions), False)


def _visit(*such: Flag) -> Flag:
    """The case has a visit, or such a visit."""
    return exists().where(VisitRow.case_id == CaseRow.id, *such).correlate(CaseRow)


def _transferred_out() -> Flag:
    """Another centre took a visit over, whatever came of it."""
    taken = TransferRow.state.in_((TransferState.ACCEPTED, TransferState.REPORTED))
    gone = exists().where(TransferRow.case_id == CaseRow.id, taken, UnitRow.code == TransferRow.to_unit, elsewhere())
    return or_(_ended(Resolution.TRANSFERRED_OUT), gone.correlate(CaseRow))


def _heard(*results: Result) -> Flag:
    """A case in the rates with a call that came to this."""
    such = exists().where(AttemptRow.case_id == CaseRow.id, AttemptRow.result.in_(results))
    return and_(in_rates(), such.correlate(CaseRow))


def _defrauded() -> Flag:
    """A later loss within 30 days of closing, told by a source or found by a follow-up.

    A source's word counts by when it happened: it may come late.
    """
    happened_at = cast(JournalRow.data["at"].as_string(), DateTime(timezone=True))
    told = JournalRow.data["loss_yuan"].as_string().cast(BigInteger) > 0
    reported = exists().where(
        JournalRow.case_id == CaseRow.id,
        JournalRow.event == later_losses.REPORTED,
        told,
        happened_at <= CaseRow.closed_at + _LATER,
    )
    found = exists().where(
        WorkItemRow.case_id == CaseRow.id,
        WorkItemRow.outcome == FollowUp.DEFRAUDED,
        WorkItemRow.done_at <= CaseRow.closed_at + _LATER,
    )
    return or_(reported.correlate(CaseRow), found.correlate(CaseRow))


def _heard_of_later() -> Flag:
    """Anybody told how it went on: a source (a loss of nothing is news too), or a follow-up that reached the person."""
    told = exists().where(JournalRow.case_id == CaseRow.id, JournalRow.event == later_losses.REPORTED)
    reached = WorkItemRow.outcome != FollowUp.NOT_REACHED
    asked = exists().where(WorkItemRow.case_id == CaseRow.id, reached)
    return or_(told.correlate(CaseRow), asked.correlate(CaseRow))


def _doubtful(session: Session, chosen: Flag) -> dict[str, int]:
    in_doubt, twice = AttemptRow.was_in_doubt.is_(True), AttemptRow.possible_duplicate.is_(True)
    flags: dict[str, Flag] = {"attempts": true(), "ever_in_doubt": in_doubt, "possible_duplicates": twice}
    sent = select(AttemptRow.id).join(CaseRow, CaseRow.id == AttemptRow.case_id).where(AttemptRow.sent_at.is_not(None))
    return _count(session, flags, sent.where(chosen))


def _money(session: Session, chosen: Flag) -> dict[str, Any]:
    """Figures of their own, never added together; what was avoided stands under its basis."""
    names = ("transferred", "lost", "stopped", "returned")
    sums = [func.coalesce(func.sum(getattr(CaseRow, f"money_{name}")), 0) for name in names]
    found = session.execute(select(*sums).where(chosen, in_rates())).one()
    avoided = select(CaseRow.money_avoided_basis, func.sum(CaseRow.money_avoided)).where(chosen, in_rates())
    avoided = avoided.where(CaseRow.money_avoided.is_not(None)).group_by(CaseRow.money_avoided_basis)
    figures: dict[str, Any] = {name: int(value) for name, value in zip(names, found, strict=True)}
    return figures | {"avoided": {basis: int(yuan or 0) for basis, yuan in session.execute(avoided).tuples()}}
