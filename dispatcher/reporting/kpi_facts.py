"""What the KPIs count on: a row for each case and for each visit, for which every large table is read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    DateTime,
    Select,
    Subquery,
    and_,
    cast,
    false,
    func,
    or_,
    select,
    true,
)

from dispatcher.intake import later_losses
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import constant
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.transfers import TransferRow
from dispatcher.store.visits import UnitRow, VisitRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.visits.transfers import elsewhere
from schemas.vocabulary import Channel, FollowUp, Person, Resolution, Result, TransferState, VisitState

Flag = ColumnElement[bool]
_LATER = timedelta(days=30)
_DEADLINES = ("first_call_by", "met_by", "report_by")
_TIME = DateTime(timezone=True)
_FIRST_SENT = {"first_sms": Channel.SMS, "first_call": Channel.VOICE}
_HEARD = {
    "others_answered": (Result.ANSWERED_NOT_SUBJECT, Result.ANSWERED_FAMILY),
    "forwarded": (Result.SUSPECTED_FORWARDING,),
    "voicemail": (Result.VOICEMAIL,),
    "nobody": (Result.NOBODY_ON_DUTY,),
    "lapsed": (Result.NOT_ACCEPTED,),
}
# Of a visit that nobody of ours has to accept any more.
_OVER = (VisitState.REPORTED, VisitState.CANCELLED, VisitState.TRANSFERRED)
SENT = ("attempts", "ever_in_doubt", "possible_duplicates")
"""How many attempts were sent, and how many of these."""


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
        """None was planned before its case was opened: so the months before are not read."""
        return true() if self.since is None else AttemptRow.planned_at >= self.since


def of_unit(precinct: str | None) -> Flag:
    """Visits that this precinct has, or gave away; any visit where none is named."""
    if precinct is None:
        return true()
    gave_away = select(TransferRow.visit_id).where(TransferRow.from_unit == precinct)
    return or_(VisitRow.precinct_code == precinct, VisitRow.id.in_(gave_away))


def in_rates() -> Flag:
    """Withdrawn cases leave every rate."""
    return CaseRow.resolution.is_distinct_from(Resolution.WITHDRAWN)


@dataclass(frozen=True)
class Facts:
    """A row for each chosen case, and for each of their visits that was given to a precinct's roster.

    `places`: each unit that has a visit of a case, or gave one away.
    """

    cases: CTE
    visits: CTE
    places: CTE


def facts(chosen: Chosen) -> Facts:
    """For one statement, in which both stand: then what they have in common is read once."""
    cases = _cases(chosen)
    attempts = _attempts(cases, chosen)
    visits = _visits(cases, attempts, chosen)
    is_counted = visits.c.is_pushed, visits.c.in_rates, visits.c.of_unit
    counted = select(visits).where(*is_counted).cte("of_visits")
    return Facts(_with_all(cases, attempts, visits), counted, _places(visits))


def ended(case: CTE, *resolutions: Resolution) -> Flag:
    """Ended so; a case that has not ended did not."""
    return is_so(case.c.resolution.in_(resolutions))


def _cases(chosen: Chosen) -> CTE:
    columns = CaseRow.id, CaseRow.urgency, CaseRow.state, CaseRow.resolution, CaseRow.opened_at, CaseRow.closed_at
    deadlines = (cast(CaseRow.deadlines[name].as_string(), _TIME).label(name) for name in _DEADLINES)
    is_minor = CaseRow.facts["minor"].as_boolean().is_(True).label("is_minor")
    found = select(*columns, CaseRow.first_contact_at, CaseRow.area, in_rates().label("in_rates"), is_minor, *deadlines)
    return found.where(chosen.cases()).cte("chosen")


def _attempts(cases: CTE, chosen: Chosen) -> CTE:
    """The attempts of each visit of a case together, and those of the case that belong to no visit."""
    is_sent = AttemptRow.sent_at.is_not(None)
    found = {
        **{name: func.min(AttemptRow.sent_at).filter(AttemptRow.channel == each) for name, each in _FIRST_SENT.items()},
        **{name: func.bool_or(AttemptRow.result.in_(results)) for name, results in _HEARD.items()},
        "wrong_person": func.bool_or(_is_wrong_person()),
        "attempts": func.count(AttemptRow.sent_at),
        "ever_in_doubt": func.count().filter(is_sent, AttemptRow.was_in_doubt),
        "possible_duplicates": func.count().filter(is_sent, AttemptRow.possible_duplicate),
    }
    key = AttemptRow.case_id, AttemptRow.visit_id
    made = select(*key, *_labelled(found)).join(cases, cases.c.id == AttemptRow.case_id)
    return made.where(chosen.attempts()).group_by(*key).cte("of_attempts")


def _visits(cases: CTE, attempts: CTE, chosen: Chosen) -> CTE:
    at_the_door = func.coalesce(VisitRow.arrived_at, VisitRow.reported_at)
    # A child only with a guardian present.
    is_met = VisitRow.result.startswith("MET_") & or_(VisitRow.guardian_present.is_(True), ~cases.c.is_minor)
    found = {
        "of_unit": of_unit(chosen.precinct),
        "is_pushed": VisitRow.precinct_code.is_not(None) & is_so(attempts.c.attempts > 0),
        # Somebody did not accept it, or not in time.
        "missed": is_so(attempts.c.lapsed) | is_so(VisitRow.accepted_late),
        # The roster had nobody for a rung of its ladder.
        "nobody": is_so(attempts.c.nobody),
        "is_over": VisitRow.state.in_(_OVER),
        "is_met": is_so(is_met),
        "at_the_door": at_the_door,
    }
    columns = VisitRow.id, VisitRow.case_id, VisitRow.precinct_code, VisitRow.reported_at
    firsts = VisitRow.first_assigned_at, VisitRow.first_accepted_at
    made = select(*columns, *firsts, cases.c.urgency, cases.c.in_rates, *_labelled(found))
    made = made.join(cases, cases.c.id == VisitRow.case_id)
    return made.outerjoin(attempts, attempts.c.visit_id == VisitRow.id).cte("visits_of_cases")


def _with_all(cases: CTE, attempts: CTE, visits: CTE) -> CTE:
    """Each case with what all of its attempts, visits and later losses come to."""
    made, visited = _attempts_together(attempts), _visits_together(visits)
    losses, follow_ups, again, lines = _reported_losses(), _follow_ups(cases), _warned_again(), _lines(cases)
    until = cases.c.closed_at + _LATER
    found = {
        **{name: made.c[name] for name in _FIRST_SENT},
        **{name: is_so(made.c[name]) for name in _HEARD},
        **{name: func.coalesce(made.c[name], 0) for name in SENT},
        "wrong_person": is_so(made.c.wrong_person),
        "visited": visited.c.case_id.is_not(None),
        "pushed": is_so(visited.c.pushed),
        "met": is_so(visited.c.met),
        "met_at": visited.c.met_at,
        "reported_at": visited.c.reported_at,
        "first_asked_at": visited.c.first_asked_at,
        "expired_on_arrival": is_so(lines.c.expired_on_arrival),
        "warned_again": is_so(again.c.opened_at <= until),
        "away": or_(ended(cases, Resolution.TRANSFERRED_OUT), cases.c.id.in_(_taken_over())),
        "defrauded": or_(is_so(losses.c.lost_at <= until), is_so(follow_ups.c.found_at <= until)),
        "heard_of_later": or_(losses.c.case_id.is_not(None), is_so(follow_ups.c.reached)),
    }
    rows = select(cases, *_labelled(found))
    for each in (made, visited, losses, follow_ups, again, lines):
        rows = rows.outerjoin(each, each.c.case_id == cases.c.id)
    return rows.cte("of_cases")


def _attempts_together(attempts: CTE) -> Subquery:
    found = {
        **{name: func.min(attempts.c[name]) for name in _FIRST_SENT},
        **{name: func.bool_or(attempts.c[name]) for name in (*_HEARD, "wrong_person")},
        **{name: func.sum(attempts.c[name]) for name in SENT},
    }
    return _each_case(select(attempts.c.case_id, *_labelled(found)), attempts.c.case_id)


def _visits_together(visits: CTE) -> Subquery:
    found = {
        "pushed": func.bool_or(visits.c.is_pushed),
        "met": func.bool_or(visits.c.is_met),
        "met_at": func.min(visits.c.at_the_door).filter(visits.c.is_met),
        "reported_at": func.min(visits.c.reported_at),
        "first_asked_at": func.min(visits.c.first_assigned_at),
    }
    return _each_case(select(visits.c.case_id, *_labelled(found)), visits.c.case_id)


def _follow_ups(cases: CTE) -> Subquery:
    """When one found that money had gone, and whether any reached the person."""
    found = {
        "found_at": func.min(WorkItemRow.done_at).filter(WorkItemRow.outcome == FollowUp.DEFRAUDED),
        "reached": func.bool_or(WorkItemRow.outcome != FollowUp.NOT_REACHED),
    }
    asked = select(WorkItemRow.case_id, *_labelled(found)).join(cases, cases.c.id == WorkItemRow.case_id)
    return _each_case(asked.where(WorkItemRow.outcome.is_not(None)), WorkItemRow.case_id)


def _reported_losses() -> Subquery:
    """What sources told, by when it happened: it may come late. A loss of nothing is news too."""
    happened_at = cast(JournalRow.data["at"].as_string(), _TIME)
    lost = JournalRow.data["loss_yuan"].as_string().cast(BigInteger) > 0
    told = select(JournalRow.case_id, func.min(happened_at).filter(lost).label("lost_at"))
    is_such = JournalRow.event == constant(JournalRow.event, later_losses.REPORTED)
    return _each_case(told.where(is_such), JournalRow.case_id)


def _warned_again() -> Subquery:
    """When the person of a case was first warned again after its end."""
    again = select(CaseRow.warned_before.label("case_id"), func.min(CaseRow.opened_at).label("opened_at"))
    return _each_case(again.where(CaseRow.warned_before.is_not(None)), CaseRow.warned_before)


def _lines(cases: CTE) -> Subquery:
    """Whether the instruction that opened the case came too late to be acted on."""
    opened_it = InstructionRow.received_at <= cases.c.opened_at
    expired = func.bool_or(is_expired()).filter(opened_it).label("expired_on_arrival")
    found = select(InstructionRow.case_id, expired).join(cases, cases.c.id == InstructionRow.case_id)
    return _each_case(found, InstructionRow.case_id)


def is_expired() -> Flag:
    """An instruction came too late to be acted on."""
    return InstructionRow.valid_until <= InstructionRow.received_at


def _is_wrong_person() -> Flag:
    """Somebody else answers the number that the source gave for the person."""
    return and_(AttemptRow.result == Result.ANSWERED_NOT_SUBJECT, AttemptRow.person == Person.SUBJECT)


def _places(visits: CTE) -> CTE:
    """Each unit that has a visit, or gave it away."""
    given_away = select(TransferRow.visit_id, visits.c.case_id, TransferRow.from_unit.label("unit"))
    given_away = given_away.join(visits, visits.c.id == TransferRow.visit_id)
    has_it = select(visits.c.id.label("visit_id"), visits.c.case_id, visits.c.precinct_code.label("unit"))
    return has_it.union(given_away).cte("places")


def _taken_over() -> Select[Any]:
    """Cases of which another centre took a visit over, whatever came of it."""
    taken = TransferRow.state.in_((TransferState.ACCEPTED, TransferState.REPORTED))
    units = select(UnitRow.code).where(elsewhere())
    return select(TransferRow.case_id).where(taken, TransferRow.to_unit.in_(units))


def _each_case(rows: Select[*tuple[Any, ...]], key: Any) -> Subquery:
    return rows.group_by(key).subquery()


def _labelled(columns: Mapping[str, Any]) -> list[ColumnElement[Any]]:
    return [column.label(name) for name, column in columns.items()]


def is_so(flag: Any) -> Flag:
    """True where it is; what is not known is not so."""
    return func.coalesce(flag, false())
