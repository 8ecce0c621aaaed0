"""KPIs with fixed denominators: what counts, out of what, and what is shown beside, so that no rate is flattered.

Cases count by the time they were opened, and stand as they are now. Withdrawn ones leave every rate and stay listed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, RowMapping, Subquery, and_, func, select, text, true
from sqlalchemy.orm import Session

from dispatcher.reporting import kpi_steps
from dispatcher.reporting.kpi_facts import SENT, Chosen, Facts, Flag, ended, facts, in_rates
from dispatcher.store.cases import CaseRow
from schemas.vocabulary import CaseState, Resolution

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
# A year of cases is sorted and hashed in memory; the default of 4 MB sends each step to the disk. What a week has of
# attempts is found by its cases; with the default, meant for turning disks, all that came after them are read instead.
_PLANNED_FOR_MANY = text("SELECT set_config('work_mem', '64MB', true), set_config('random_page_cost', '1.1', true)")
_COUNTED = {"cases", *SENT} | {name for of, whole, beside in _RATES.values() for name in (of, whole, *beside)}


def kpis(
    session: Session,
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    precinct: str | None = None,
) -> dict[str, Any]:
    """The KPIs of the cases opened in a period; with a precinct, of those that it had a visit of."""
    session.execute(_PLANNED_FOR_MANY)
    chosen = Chosen(since, until, precinct)
    rows = _per_urgency(session, facts(chosen), now)
    counted = {name: sum(row[name] or 0 for row in rows) for name in _COUNTED}
    withdrawn = select(CaseRow.id).where(chosen.cases(), ~in_rates()).order_by(CaseRow.id)
    return {
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        "as_of": now.isoformat(),
        "precinct": precinct,
        "cases": counted["cases"],
        "withdrawn": [str(each) for each in session.scalars(withdrawn)],
        "rates": {name: _rate(counted, *parts) for name, parts in _RATES.items()},
        "steps": kpi_steps.steps(rows),
        "upstream_delay": kpi_steps.upstream(session, chosen.cases()),
        "doubtful": {name: int(counted[name]) for name in SENT},
        "money_yuan": _money(session, chosen.cases()),
    }


def _rate(counted: Mapping[str, int], numerator: str, denominator: str, beside: tuple[str, ...]) -> dict[str, Any]:
    part, whole = counted[numerator], counted[denominator]
    return {
        "numerator": part,
        "denominator": whole,
        "rate": round(part / whole, 4) if whole else None,
        "beside": {name: counted[name] for name in beside},
    }


def _per_urgency(session: Session, found: Facts, now: datetime) -> Sequence[RowMapping]:
    """What is counted and timed of the cases and of their visits: one row for each urgency."""
    cases = _grouped(found.cases, _of_cases(found.cases), *kpi_steps.of_cases(found.cases, now))
    visits = _grouped(found.visits, _of_visits(found.visits), *kpi_steps.of_visits(found.visits))
    both = select(cases, *(each for each in visits.c if each.name != "urgency"))
    return session.execute(both.outerjoin(visits, visits.c.urgency == cases.c.urgency)).mappings().all()


def _grouped(rows: CTE, counts: Mapping[str, ColumnElement[int]], *figures: ColumnElement[Any]) -> Subquery:
    columns = (count.label(name) for name, count in counts.items())
    return select(rows.c.urgency, *columns, *figures).group_by(rows.c.urgency).subquery()


def _of_cases(of: CTE) -> dict[str, ColumnElement[int]]:
    case = of.c
    withdrawn, needed = ~case.in_rates, and_(case.in_rates, case.visited, ~case.away)
    closed = and_(case.in_rates, case.state == CaseState.CLOSED)
    flags: dict[str, Flag] = {
        "cases": true(),
        "in_rates": case.in_rates,
        "withdrawn_before_push": and_(withdrawn, ~case.pushed),
        "contacted": and_(case.in_rates, case.first_contact_at.is_not(None)),
        "others_answered": and_(case.in_rates, case.others_answered),
        "forwarded": and_(case.in_rates, case.forwarded),
        "voicemail": and_(case.in_rates, case.voicemail),
        "expired": ended(of, Resolution.EXPIRED),
        "needed_visit": needed,
        "met": and_(needed, case.met),
        "visit_withdrawn": and_(withdrawn, case.visited),
        "transferred_out": and_(case.in_rates, case.away),
        "dissuaded": ended(of, Resolution.DISSUADED_IN_TIME),
        "decided": ended(of, Resolution.DISSUADED_IN_TIME, Resolution.REFUSED_UNDER_WATCH, *_GONE),
        "self_aware": ended(of, Resolution.SELF_AWARE),
        "not_a_victim": ended(of, Resolution.NOT_A_VICTIM),
        "unreachable": ended(of, Resolution.UNREACHABLE),
        "closed": closed,
        "defrauded": and_(closed, case.defrauded),
        "unknown": and_(closed, ~case.defrauded, ~case.heard_of_later),
    }
    return _counts(flags) | {name: func.sum(case[name]) for name in SENT}


def _of_visits(of: CTE) -> dict[str, ColumnElement[int]]:
    """Of visits that were pushed."""
    accepted = of.c.first_accepted_at.is_not(None)
    return _counts({"pushed": true(), "accepted": accepted, "accepted_in_time": and_(accepted, ~of.c.missed)})


def _counts(flags: Mapping[str, Flag]) -> dict[str, ColumnElement[int]]:
    return {name: func.count().filter(flag) for name, flag in flags.items()}


def _money(session: Session, chosen: Flag) -> dict[str, Any]:
    """Figures of their own, never added together; what was avoided stands under its basis."""
    names = ("transferred", "lost", "stopped", "returned")
    sums = [func.coalesce(func.sum(getattr(CaseRow, f"money_{name}")), 0) for name in names]
    found = session.execute(select(*sums).where(chosen, in_rates())).one()
    avoided = select(CaseRow.money_avoided_basis, func.sum(CaseRow.money_avoided)).where(chosen, in_rates())
    avoided = avoided.where(CaseRow.money_avoided.is_not(None)).group_by(CaseRow.money_avoided_basis)
    figures: dict[str, Any] = {name: int(value) for name, value in zip(names, found, strict=True)}
    return figures | {"avoided": {basis: int(yuan or 0) for basis, yuan in session.execute(avoided).tuples()}}
