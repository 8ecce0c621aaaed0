"""What the KPIs count on, a row for each case and for each visit: every large table is read once, not once a row."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, DateTime, Select, Subquery, cast, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from dispatcher.intake import later_losses
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import constant
from dispatcher.store.cases import CaseRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.transfers import TransferRow
from dispatcher.store.visits import UnitRow, VisitRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.visits.transfers import elsewhere
from schemas.vocabulary import Channel, FollowUp, Resolution, Result, TransferState

Flag = ColumnElement[bool]
_LATER = timedelta(days=30)


@dataclass(frozen=True)
class Chosen:
    """The cases opened in a period; with a precinct those that it has, or had, a visit of."""

    since: datetime | None
    until: datetime | None
    precinct: str | None

    def cases(self) -> Flag:
        chosen: Flag = true()
        if self.since is not None:
            chosen &= CaseRow.opened_at >= self.since
        if self.until is not None:
            chosen &= CaseRow.opened_at < self.until
        if self.precinct is not None:
            chosen &= CaseRow.id.in_(select(VisitRow.case_id).where(of_unit(self.precinct)))
        return chosen

    def attempts(self) -> Flag:
        """Those of the cases. None was planned before its case was opened: so the months before are not read."""
        return self.cases() if self.since is None else self.cases() & (AttemptRow.planned_at >= self.since)


def of_unit(precinct: str | None) -> Flag:
    """Visits that this precinct has, or gave away; any visit where none is named."""
    if precinct is None:
        return true()
    gave_away = select(TransferRow.visit_id).where(TransferRow.from_unit == precinct)
    return or_(VisitRow.precinct_code == precinct, VisitRow.id.in_(gave_away))


def in_rates() -> Flag:
    """Withdrawn cases leave every rate."""
    return CaseRow.resolution.is_distinct_from(Resolution.WITHDRAWN)


def of_cases(chosen: Chosen) -> CTE:
    """The chosen cases, each with what its attempts, its visits and its later losses come to."""
    attempts, visits, losses, follow_ups = _attempts(chosen), _visits(chosen), _reported_losses(), _follow_ups(chosen)
    until = CaseRow.closed_at + _LATER
    facts = {
        "in_rates": in_rates(),
        "first_sms": attempts.c.first_sms,
        "first_call": attempts.c.first_call,
        **{name: _is_so(attempts.c[name]) for name in _HEARD},
        "visited": visits.c.case_id.is_not(None),
        "pushed": CaseRow.id.in_(select(VisitRow.case_id).where(VisitRow.id.in_(_pushed(chosen)))),
        "met_at": visits.c.met_at,
        "met": _is_so(visits.c.met),
        "reported_at": visits.c.reported_at,
        "away": or_(ended(Resolution.TRANSFERRED_OUT), CaseRow.id.in_(_taken_over())),
        "defrauded": or_(_is_so(losses.c.lost_at <= until), _is_so(follow_ups.c.found_at <= until)),
        "heard_of_later": or_(losses.c.case_id.is_not(None), _is_so(follow_ups.c.reached)),
    }
    columns = CaseRow.urgency, CaseRow.state, CaseRow.resolution, CaseRow.opened_at, CaseRow.closed_at
    more = CaseRow.first_contact_at, CaseRow.deadlines
    found = select(CaseRow.id, *columns, *more, *(fact.label(name) for name, fact in facts.items()))
    for each in (attempts, visits, losses, follow_ups):
        found = found.outerjoin(each, each.c.case_id == CaseRow.id)
    return found.where(chosen.cases()).cte("of_cases")


def of_visits(chosen: Chosen) -> CTE:
    """Visits of the chosen cases that were given to a precinct's roster, each with when it was accepted."""
    assignments = _assignments(chosen)
    return (
        select(
            CaseRow.urgency,
            VisitRow.first_assigned_at,
            VisitRow.first_accepted_at,
            # Somebody did not accept it, or not in time.
            or_(assignments.c.lapsed, _is_so(VisitRow.accepted_late)).label("missed"),
        )
        .join(CaseRow, CaseRow.id == VisitRow.case_id)
        .join(assignments, assignments.c.visit_id == VisitRow.id)
        .where(
            chosen.cases(),
            in_rates(),
            of_unit(chosen.precinct),
            VisitRow.precinct_code.is_not(None),
            assignments.c.sent,
        )
        .cte("of_visits")
    )


def ended(*resolutions: Resolution, of: Any = CaseRow.resolution) -> Flag:
    """Ended so; a case that has not ended did not."""
    return func.coalesce(of.in_(resolutions), False)


_HEARD = {
    "others_answered": (Result.ANSWERED_NOT_SUBJECT, Result.ANSWERED_FAMILY),
    "forwarded": (Result.SUSPECTED_FORWARDING,),
    "voicemail": (Result.VOICEMAIL,),
}


def _attempts(chosen: Chosen) -> Subquery:
    heard = (func.bool_or(AttemptRow.result.in_(results)).label(name) for name, results in _HEARD.items())
    first_sms, first_call = (
        func.min(AttemptRow.sent_at).filter(AttemptRow.channel == channel) for channel in (Channel.SMS, Channel.VOICE)
    )
    made = select(AttemptRow.case_id, first_sms.label("first_sms"), first_call.label("first_call"), *heard)
    return _each_case(made, AttemptRow.case_id, chosen.attempts())


def _visits(chosen: Chosen) -> Subquery:
    at_the_door = func.coalesce(VisitRow.arrived_at, VisitRow.reported_at)
    is_minor = CaseRow.facts["minor"].as_boolean().is_(True)
    # A child only with a guardian present.
    was_met = VisitRow.result.startswith("MET_") & or_(VisitRow.guardian_present.is_(True), ~is_minor)
    facts = {
        "met": func.bool_or(was_met),
        "met_at": func.min(at_the_door).filter(was_met),
        "reported_at": func.min(VisitRow.reported_at),
    }
    made = select(VisitRow.case_id, *(fact.label(name) for name, fact in facts.items()))
    return _each_case(made, VisitRow.case_id, chosen.cases())


def _follow_ups(chosen: Chosen) -> Subquery:
    """When one found that money had gone, and whether any reached the person."""
    found_at = func.min(WorkItemRow.done_at).filter(WorkItemRow.outcome == FollowUp.DEFRAUDED)
    reached = func.bool_or(WorkItemRow.outcome != FollowUp.NOT_REACHED)
    asked = select(WorkItemRow.case_id, found_at.label("found_at"), reached.label("reached"))
    return _each_case(asked.where(WorkItemRow.outcome.is_not(None)), WorkItemRow.case_id, chosen.cases())


def _reported_losses() -> Subquery:
    """What sources told, by when it happened: it may come late. A loss of nothing is news too."""
    happened_at = cast(JournalRow.data["at"].as_string(), DateTime(timezone=True))
    lost = JournalRow.data["loss_yuan"].as_string().cast(BigInteger) > 0
    told = select(JournalRow.case_id, func.min(happened_at).filter(lost).label("lost_at"))
    is_such = JournalRow.event == constant(JournalRow.event, later_losses.REPORTED)
    return told.where(is_such).group_by(JournalRow.case_id).subquery()


def _taken_over() -> Select[Any]:
    """Cases of which another centre took a visit over, whatever came of it."""
    taken = TransferRow.state.in_((TransferState.ACCEPTED, TransferState.REPORTED))
    units = select(UnitRow.code).where(elsewhere())
    return select(TransferRow.case_id).where(taken, TransferRow.to_unit.in_(units))


def _pushed(chosen: Chosen) -> Select[Any]:
    assignments = _assignments(chosen)
    found = select(VisitRow.id).join(assignments, assignments.c.visit_id == VisitRow.id)
    return found.where(VisitRow.precinct_code.is_not(None), assignments.c.sent)


def _assignments(chosen: Chosen) -> Subquery:
    """Each visit's assignments together: whether one went to the roster, and whether one was not accepted."""
    sent = func.bool_or(AttemptRow.sent_at.is_not(None))
    lapsed = _is_so(func.bool_or(AttemptRow.result == Result.NOT_ACCEPTED))
    made = select(AttemptRow.visit_id, sent.label("sent"), lapsed.label("lapsed"))
    made = made.join(CaseRow, CaseRow.id == AttemptRow.case_id).where(
        chosen.attempts(), AttemptRow.visit_id.is_not(None)
    )
    return made.group_by(AttemptRow.visit_id).subquery()


def _each_case(made: Select[Any], key: InstrumentedAttribute[Any], chosen: Flag) -> Subquery:
    return made.join(CaseRow, CaseRow.id == key).where(chosen).group_by(key).subquery()


def _is_so(flag: Any) -> Flag:
    return func.coalesce(flag, False)
