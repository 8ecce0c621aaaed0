"""What is counted of cases and of visits, and the rates that come of it: numerator, fixed denominator, shown beside."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, RowMapping, and_, func, or_, true

from dispatcher.reporting.kpi_facts import SENT, Flag, ended, is_so
from schemas.vocabulary import CaseState, Resolution

_GONE = (Resolution.ALREADY_TRANSFERRED_ALL, Resolution.ALREADY_TRANSFERRED_PARTLY)


@dataclass(frozen=True)
class Rate:
    """The names of what is counted; `beside` says for each figure shown beside what is counted for it."""

    numerator: str
    denominator: str
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def counted(self) -> set[str]:
        return {self.numerator, self.denominator, *self.beside.values()}

    def of(self, counted: Mapping[str, int] | RowMapping) -> dict[str, Any]:
        part, whole = counted[self.numerator], counted[self.denominator]
        return {
            "numerator": part,
            "denominator": whole,
            "rate": round(part / whole, 4) if whole else None,
            "beside": {name: counted[count] for name, count in self.beside.items()},
        }


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_NOT_DUE = _same("withdrawn_before_push", "not_yet_due", "nobody_on_duty", "ended_before_due")
_NOT_MET = {"not_yet_due": "meeting_not_due", "nobody_on_duty": "nobody_to_meet"}
RATES: Mapping[str, Rate] = {
    "accepted": Rate("accepted", "due", _NOT_DUE),
    "accepted_in_time": Rate("accepted_in_time", "due", _NOT_DUE),
    "true_contact": Rate("contacted", "in_rates", _same("others_answered", "forwarded", "voicemail", "expired")),
    "met": Rate("met", "needed_visit", _NOT_MET | _same("visit_withdrawn", "transferred_out")),
    "dissuaded": Rate("dissuaded", "decided", _same("self_aware", "not_a_victim", "unreachable")),
    "warned_again_after_dissuasion": Rate("warned_again", "dissuaded"),
    "defrauded_after_warning": Rate("defrauded", "closed", _same("unknown")),
    "defrauded_after_dissuasion": Rate("lost_after", "dissuaded", {"unknown": "unknown_after"}),
    "defrauded_without_dissuasion": Rate("lost_without", "not_dissuaded", {"unknown": "unknown_without"}),
}
COUNTED = {"cases", *SENT}.union(*(rate.counted for rate in RATES.values()))


def rates(rows: Iterable[RowMapping]) -> dict[str, dict[str, Any]]:
    """The rates of one row of counts, or of several together."""
    counted = together(rows)
    return {name: rate.of(counted) for name, rate in RATES.items()}


def together(rows: Iterable[RowMapping]) -> dict[str, int]:
    """What several rows count, summed."""
    listed = list(rows)
    return {name: int(sum(row[name] or 0 for row in listed)) for name in COUNTED}


def of_cases(of: CTE, now: datetime) -> dict[str, ColumnElement[int]]:
    """Counts of a group of cases."""
    case = of.c
    withdrawn, needed = ~case.in_rates, and_(case.in_rates, case.visited, ~case.away)
    is_closed = case.state == CaseState.CLOSED
    closed = and_(case.in_rates, is_closed)
    dissuaded = ended(of, Resolution.DISSUADED_IN_TIME)
    has_time = and_(~case.met, ~is_closed, or_(case.met_by.is_(None), case.met_by >= now))
    nobody = and_(~case.met, ~has_time, nobody_until(of, case.met_by))
    flags: dict[str, Flag] = {
        "cases": true(),
        "in_rates": case.in_rates,
        "withdrawn_before_push": and_(withdrawn, ~case.pushed),
        "contacted": and_(case.in_rates, case.first_contact_at.is_not(None)),
        "others_answered": and_(case.in_rates, case.others_answered),
        "forwarded": and_(case.in_rates, case.forwarded),
        "voicemail": and_(case.in_rates, case.voicemail),
        "expired": and_(case.in_rates, case.expired_on_arrival),
        "needed_visit": and_(needed, ~has_time, ~nobody),
        "meeting_not_due": and_(needed, has_time),
        "nobody_to_meet": and_(needed, nobody),
        "met": and_(needed, case.met),
        "visit_withdrawn": and_(withdrawn, case.visited),
        "transferred_out": and_(case.in_rates, case.away),
        "dissuaded": dissuaded,
        "decided": ended(of, Resolution.DISSUADED_IN_TIME, Resolution.REFUSED_UNDER_WATCH, *_GONE),
        "self_aware": ended(of, Resolution.SELF_AWARE),
        "not_a_victim": ended(of, Resolution.NOT_A_VICTIM),
        "unreachable": ended(of, Resolution.UNREACHABLE),
        "warned_again": and_(dissuaded, case.warned_again),
        "closed": closed,
        "not_dissuaded": and_(closed, ~dissuaded),
    }
    is_unknown = and_(~case.defrauded, ~case.heard_of_later)
    for which, group in (("", closed), ("_after", dissuaded), ("_without", and_(closed, ~dissuaded))):
        flags[f"lost{which}" if which else "defrauded"] = and_(group, case.defrauded)
        flags[f"unknown{which}"] = and_(group, is_unknown)
    return _counts(flags) | {name: func.sum(case[name]) for name in SENT}


def nobody_until(of: CTE, by: ColumnElement[datetime]) -> Flag:
    """Until this time nobody was on duty who could have been asked."""
    case = of.c
    return and_(case.nobody, or_(case.first_asked_at.is_(None), is_so(case.first_asked_at > by)))


@dataclass(frozen=True)
class Acceptance:
    """How a visit that was pushed stands with its acceptance: one of four, or withdrawn before anything was pushed."""

    due: Flag
    not_yet_due: Flag
    nobody_on_duty: Flag
    ended_before_due: Flag

    @classmethod
    def of(cls, visits: CTE) -> "Acceptance":
        visit = visits.c
        due = or_(visit.first_accepted_at.is_not(None), visit.missed)
        nobody = and_(~due, visit.nobody, visit.first_assigned_at.is_(None))
        waits = and_(~due, ~nobody)
        return cls(due, and_(waits, ~visit.is_over), nobody, and_(waits, visit.is_over))


def of_visits(of: CTE) -> dict[str, ColumnElement[int]]:
    """Counts of a group of visits that were pushed."""
    acceptance, accepted = Acceptance.of(of), of.c.first_accepted_at.is_not(None)
    return _counts({**vars(acceptance), "accepted": accepted, "accepted_in_time": and_(accepted, ~of.c.missed)})


def _counts(flags: Mapping[str, Flag]) -> dict[str, ColumnElement[int]]:
    return {name: func.count().filter(flag) for name, flag in flags.items()}
