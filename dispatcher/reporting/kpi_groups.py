"""The KPIs rolled up: a row for each county, each station, or each officer.

A case that went through two units counts for both. One that no unit had stands under no name, so that nothing is left
out; a county has it all the same where an address of the person lies there.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, Subquery, case, func, select
from sqlalchemy.orm import Session

from dispatcher.reporting import kpi_counts, kpi_officers
from dispatcher.reporting.kpi_facts import Chosen, Facts, facts
from dispatcher.store.visits import UnitRow

_NONE = ""  # of a case that no unit had


class By(StrEnum):
    """What the figures are rolled up by."""

    COUNTY = "county"
    STATION = "station"
    OFFICER = "officer"


def groups(session: Session, chosen: Chosen, now: datetime, by: By) -> list[dict[str, Any]]:
    """A row for each group, by its code."""
    if by is By.OFFICER:
        return kpi_officers.groups(session, chosen)
    names = dict(session.execute(select(UnitRow.code, UnitRow.name)).tuples().all())
    rows = session.execute(_per_unit(facts(chosen), now, by)).mappings().all()
    return [_group(row, names) for row in rows]


def _group(row: RowMapping, names: Mapping[str, str]) -> dict[str, Any]:
    unit = row["unit"] or None
    counted = kpi_counts.rates([row])
    return {"unit": unit, "name": names.get(row["unit"]), "cases": row["cases"], "rates": counted}


def _per_unit(found: Facts, now: datetime, by: By) -> Select[Any]:
    places = _places(found, by)
    of_case = select(places.c.case_id, places.c.unit).distinct().subquery()
    unit = func.coalesce(of_case.c.unit, found.cases.c.area if by is By.COUNTY else None, _NONE)
    in_unit = found.cases.outerjoin(of_case, of_case.c.case_id == found.cases.c.id)
    cases = _grouped(select(unit.label("unit")).select_from(in_unit), unit, kpi_counts.of_cases(found.cases, now))
    unit = func.coalesce(places.c.unit, _NONE)
    of_unit = found.visits.join(places, places.c.visit_id == found.visits.c.id)
    visits = _grouped(select(unit.label("unit")).select_from(of_unit), unit, kpi_counts.of_visits(found.visits))
    both = select(cases, *(each for each in visits.c if each.name != "unit")).order_by(cases.c.unit)
    return both.outerjoin(visits, visits.c.unit == cases.c.unit)


def _grouped(rows: Select[Any], unit: ColumnElement[Any], counts: Mapping[str, ColumnElement[int]]) -> Subquery:
    return rows.add_columns(*(count.label(name) for name, count in counts.items())).group_by(unit).subquery()


def _places(found: Facts, by: By) -> Subquery:
    """Each visit with each unit that has it, or gave it away: its station, or its county."""
    place = found.places.c
    if by is By.STATION:
        return select(found.places).subquery()
    county = case((UnitRow.kind == "precinct", UnitRow.parent), else_=place.unit)
    rows = select(place.visit_id, place.case_id, county.label("unit")).distinct()
    return rows.outerjoin(UnitRow, UnitRow.code == place.unit).subquery()
