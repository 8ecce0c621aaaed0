"""KPIs with fixed denominators: what counts, out of what, and what is shown beside, so that no rate is flattered.

Cases count by the time they were opened, and stand as they are now. Withdrawn ones leave every rate and stay listed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, RowMapping, Subquery, func, select, text
from sqlalchemy.orm import Session

from dispatcher.reporting import kpi_counts, kpi_groups, kpi_sources, kpi_steps
from dispatcher.reporting.kpi_facts import SENT, Chosen, Facts, Flag, facts, in_rates, is_so
from dispatcher.reporting.kpi_groups import By
from dispatcher.store.cases import CaseRow
from schemas.vocabulary import Resolution

# A year of cases is sorted and hashed in memory; the default of 4 MB sends each step to the disk. What a week has of
# attempts is found by its cases; with the default, meant for turning disks, all that came after them are read instead.
_PLANNED_FOR_MANY = text("SELECT set_config('work_mem', '64MB', true), set_config('random_page_cost', '1.1', true)")


def kpis(
    session: Session,
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    precinct: str | None = None,
    by: By | None = None,
) -> dict[str, Any]:
    """The KPIs of the cases opened in a period; with a precinct, of those that it had a visit of.

    `by`: also those of each county, station or officer, under `groups`.
    """
    session.execute(_PLANNED_FOR_MANY)
    chosen = Chosen(since, until, precinct)
    rows = _per_urgency(session, facts(chosen), now)
    counted = kpi_counts.together(rows)
    withdrawn = select(CaseRow.id).where(chosen.cases(), ~in_rates()).order_by(CaseRow.id)
    return {
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        "as_of": now.isoformat(),
        "precinct": precinct,
        "cases": counted["cases"],
        "withdrawn": [str(each) for each in session.scalars(withdrawn)],
        "rates": kpi_counts.rates(rows),
        "steps": kpi_steps.steps(rows),
        "upstream_delay": kpi_steps.upstream(session, chosen.cases()),
        "sources": (rows[0]["sources"] if rows else None) or {},
        "doubtful": {name: counted[name] for name in SENT},
        "money_yuan": _money(session, chosen.cases()),
        **({"by": by, "groups": kpi_groups.groups(session, chosen, now, by)} if by else {}),
    }


def _per_urgency(session: Session, found: Facts, now: datetime) -> Sequence[RowMapping]:
    """What is counted and timed of the cases and of their visits: one row for each urgency."""
    cases = _grouped(found.cases, kpi_counts.of_cases(found.cases, now), *kpi_steps.of_cases(found.cases, now))
    visits = _grouped(found.visits, kpi_counts.of_visits(found.visits), *kpi_steps.of_visits(found.visits))
    sources = kpi_sources.of_sources(found.cases).label("sources")
    both = select(cases, *(each for each in visits.c if each.name != "urgency"), sources)
    return session.execute(both.outerjoin(visits, visits.c.urgency == cases.c.urgency)).mappings().all()


def _grouped(rows: CTE, counts: Mapping[str, ColumnElement[int]], *figures: ColumnElement[Any]) -> Subquery:
    columns = (count.label(name) for name, count in counts.items())
    return select(rows.c.urgency, *columns, *figures).group_by(rows.c.urgency).subquery()


def _money(session: Session, chosen: Flag) -> dict[str, Any]:
    """Figures of their own, never added together; what was avoided stands under its basis."""
    lost, is_dissuaded = func.sum(CaseRow.money_lost), is_so(CaseRow.resolution == Resolution.DISSUADED_IN_TIME)
    sums: dict[str, Any] = {
        "transferred": func.sum(CaseRow.money_transferred),
        "lost": lost,
        "lost_after_dissuasion": lost.filter(is_dissuaded),
        "lost_without_dissuasion": lost.filter(~is_dissuaded),
        "stopped": func.sum(CaseRow.money_stopped),
        "returned": func.sum(CaseRow.money_returned),
    }
    columns = (func.coalesce(value, 0).label(name) for name, value in sums.items())
    found = session.execute(select(*columns).where(chosen, in_rates())).mappings().one()
    avoided = select(CaseRow.money_avoided_basis, func.sum(CaseRow.money_avoided)).where(chosen, in_rates())
    avoided = avoided.where(CaseRow.money_avoided.is_not(None)).group_by(CaseRow.money_avoided_basis)
    figures: dict[str, Any] = {name: int(value) for name, value in found.items()}
    return figures | {"avoided": {basis: int(yuan or 0) for basis, yuan in session.execute(avoided).tuples()}}
