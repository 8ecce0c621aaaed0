"""KPIs with fixed denominators: what counts, out of what, and what is shown beside, so that no rate is flattered.

Cases count by the time they were opened, and stand as they are now. Withdrawn ones leave every rate and stay listed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import FromClause, and_, func, select, text, true
from sqlalchemy.orm import Session

from dispatcher.reporting.kpi_facts import Chosen, Flag, ended, in_rates, of_cases, of_visits
from dispatcher.reporting.kpi_steps import steps, upstream
from dispatcher.store.attempts import AttemptRow
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


def kpis(
    session: Session,
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    precinct: str | None = None,
) -> dict[str, Any]:
    """The KPIs of the cases opened in a period; with a precinct, of those that it had a visit of."""
    # A year of cases is sorted and hashed in memory; the default of 4 MB sends each step to the disk.
    session.execute(text("SET LOCAL work_mem = '64MB'"))
    chosen = Chosen(since, until, precinct)
    cases, visits = of_cases(chosen), of_visits(chosen)
    counted = _count(session, cases, _of_cases(cases)) | _count(session, visits, _of_visits(visits))
    withdrawn = select(CaseRow.id).where(chosen.cases(), ~in_rates()).order_by(CaseRow.id)
    return {
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        "as_of": now.isoformat(),
        "precinct": precinct,
        "cases": counted["cases"],
        "withdrawn": [str(each) for each in session.scalars(withdrawn)],
        "rates": {name: _rate(counted, *parts) for name, parts in _RATES.items()},
        "steps": steps(session, cases, visits, now),
        "upstream_delay": upstream(session, chosen.cases()),
        "doubtful": _doubtful(session, chosen),
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


def _count(session: Session, rows: FromClause, flags: Mapping[str, Flag]) -> dict[str, int]:
    """How many of the rows have each flag, in one pass."""
    counts = select(*(func.count().filter(flag).label(name) for name, flag in flags.items())).select_from(rows)
    return dict(session.execute(counts).mappings().one())


def _of_cases(rows: FromClause) -> dict[str, Flag]:
    case = rows.c
    withdrawn, needed = ~case.in_rates, and_(case.in_rates, case.visited, ~case.away)
    closed = and_(case.in_rates, case.state == CaseState.CLOSED)

    def resolved(*resolutions: Resolution) -> Flag:
        return ended(*resolutions, of=case.resolution)

    return {
        "cases": true(),
        "in_rates": case.in_rates,
        "withdrawn_before_push": and_(withdrawn, ~case.pushed),
        "contacted": and_(case.in_rates, case.first_contact_at.is_not(None)),
        "others_answered": and_(case.in_rates, case.others_answered),
        "forwarded": and_(case.in_rates, case.forwarded),
        "voicemail": and_(case.in_rates, case.voicemail),
        "expired": resolved(Resolution.EXPIRED),
        "needed_visit": needed,
        "met": and_(needed, case.met),
        "visit_withdrawn": and_(withdrawn, case.visited),
        "transferred_out": and_(case.in_rates, case.away),
        "dissuaded": resolved(Resolution.DISSUADED_IN_TIME),
        "decided": resolved(Resolution.DISSUADED_IN_TIME, Resolution.REFUSED_UNDER_WATCH, *_GONE),
        "self_aware": resolved(Resolution.SELF_AWARE),
        "not_a_victim": resolved(Resolution.NOT_A_VICTIM),
        "unreachable": resolved(Resolution.UNREACHABLE),
        "closed": closed,
        "defrauded": and_(closed, case.defrauded),
        "unknown": and_(closed, ~case.defrauded, ~case.heard_of_later),
    }


def _of_visits(rows: FromClause) -> dict[str, Flag]:
    """Of visits that were pushed."""
    accepted = rows.c.first_accepted_at.is_not(None)
    return {"pushed": true(), "accepted": accepted, "accepted_in_time": and_(accepted, ~rows.c.missed)}


def _doubtful(session: Session, chosen: Chosen) -> dict[str, int]:
    sent = select(AttemptRow.was_in_doubt, AttemptRow.possible_duplicate).where(AttemptRow.sent_at.is_not(None))
    rows = sent.join(CaseRow, CaseRow.id == AttemptRow.case_id).where(chosen.attempts()).subquery()
    flags: dict[str, Flag] = {
        "attempts": true(),
        "ever_in_doubt": rows.c.was_in_doubt,
        "possible_duplicates": rows.c.possible_duplicate,
    }
    return _count(session, rows, flags)


def _money(session: Session, chosen: Flag) -> dict[str, Any]:
    """Figures of their own, never added together; what was avoided stands under its basis."""
    names = ("transferred", "lost", "stopped", "returned")
    sums = [func.coalesce(func.sum(getattr(CaseRow, f"money_{name}")), 0) for name in names]
    found = session.execute(select(*sums).where(chosen, in_rates())).one()
    avoided = select(CaseRow.money_avoided_basis, func.sum(CaseRow.money_avoided)).where(chosen, in_rates())
    avoided = avoided.where(CaseRow.money_avoided.is_not(None)).group_by(CaseRow.money_avoided_basis)
    figures: dict[str, Any] = {name: int(value) for name, value in zip(names, found, strict=True)}
    return figures | {"avoided": {basis: int(yuan or 0) for basis, yuan in session.execute(avoided).tuples()}}
