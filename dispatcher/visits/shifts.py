"""Shifts: what an officer has in hand at the end of one goes back; one with nobody on duty is seen before it comes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Select, exists, not_, or_, select
from sqlalchemy.orm import aliased

from dispatcher.casework.decide import decide
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine.orders import ASSIGNED_BY_PERSON
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.visits import AssignmentRow, OfficerRow, UnitRow, VisitRow
from dispatcher.visits import handing_on
from dispatcher.visits.exhausted import exhausted
from dispatcher.visits.handing_on import NOT_DEPARTED, has_left
from dispatcher.visits.open_visit import open_visit
from dispatcher.visits.roster import AT_SHIFT_END
from schemas.roster import gaps, minutes_on, on_duty

_WHOLE_DAY = ("00:00", "24:00")


@dataclass(frozen=True)
class Gap:
    """From when to when of each day, in local time, nobody of a unit is on duty, and when that is next (or is now).

    Without a unit it is nobody of any.
    """

    unit: str | None
    begin: str
    end: str
    starts_at: datetime


def gaps_ahead(work: UnitOfWork) -> Iterator[Gap]:
    """Of each unit of the roster that has to have officers, and of the whole where nobody is on it."""
    local = work.now.astimezone(work.context.policy.timezone)
    shifts: dict[str, set[str]] = {unit: set() for unit in work.session.scalars(_staffed_units())}
    on_roster = select(OfficerRow.unit, OfficerRow.duty).where(not_(has_left()))
    for unit, duty in work.session.execute(on_roster).tuples():
        shifts.setdefault(unit, set()).update(duty)
    if not any(shifts.values()):
        yield Gap(None, *_WHOLE_DAY, local)
        return
    known: dict[frozenset[str], list[tuple[str, str]]] = {}  # most units have the same shifts as many others
    for unit, of_unit in sorted(shifts.items()):
        key = frozenset(of_unit)
        if key not in known:
            known[key] = gaps(key)
        for begin, end in known[key]:
            yield Gap(unit, begin, end, _next(begin, end, local))


def _staffed_units() -> Select[str]:
    """Units of the roster in force; another centre has neither officers in it nor units below it."""
    below = aliased(UnitRow)
    stands_above = exists().where(below.parent == UnitRow.code, below.on_roster)
    return select(UnitRow.code).where(UnitRow.on_roster, or_(UnitRow.kind != "centre", stands_above))


def _next(begin: str, end: str, local: datetime) -> datetime:
    if on_duty([f"{begin}-{end}"], local.time()):
        return local
    starts = datetime.combine(local.date(), time.fromisoformat(begin), local.tzinfo)
    return starts if starts > local else starts + timedelta(days=1)


def left_at_shift_end(work: UnitOfWork) -> list[UUID]:
    """Visits of officers who are no longer on duty, and not on the way: by the roster of now, whatever it was then.

    What was assigned by name stays, on duty or not, as long as the officer is on the roster.
    """
    found = select(VisitRow.id, OfficerRow.duty).join(OfficerRow, OfficerRow.badge == VisitRow.officer)
    found = found.join(AttemptRow, AttemptRow.id == VisitRow.attempt_id).where(VisitRow.state.in_(NOT_DEPARTED))
    found = found.where(or_(AttemptRow.rule != ASSIGNED_BY_PERSON, has_left()))
    now = work.now.astimezone(work.context.policy.timezone).time()
    held = work.session.execute(found.order_by(VisitRow.id)).tuples()
    return [visit_id for visit_id, duty in held if not on_duty(duty, now)]


def begun_since_exhausted(work: UnitOfWork) -> list[UUID]:
    """Cases with a visit that nobody on the ladder took, and somebody of its precinct who came on duty since.

    Whoever was asked before is not asked again, and so counts for nothing here.
    """
    local = work.now.astimezone(work.context.policy.timezone)
    had = select(AssignmentRow.badge).where(AssignmentRow.visit_id == VisitRow.id, not_(AT_SHIFT_END))
    left = exhausted().subquery()
    found = (
        select(left.c.case_id, left.c.since, OfficerRow.duty)
        .select_from(left)
        .join(VisitRow, VisitRow.id == left.c.id)
        .join(OfficerRow, OfficerRow.unit == VisitRow.precinct_code)
        .where(OfficerRow.badge.not_in(had))
    )
    begun: set[UUID] = set()
    for case_id, exhausted_at, duty in work.session.execute(found).tuples():
        on = minutes_on(duty, local.time())
        if on is not None and work.now - timedelta(minutes=on) > exhausted_at:
            begun.add(case_id)
    return sorted(begun)


def hand_back(work: UnitOfWork, visit_id: UUID) -> None:
    """Back to the ladder, as if the officer had returned it; its clock stands."""
    case_file, visit = open_visit(work, visit_id)
    if visit.state not in NOT_DEPARTED or visit_id not in left_at_shift_end(work):
        return
    officer = work.session.get(OfficerRow, visit.officer)
    is_on_roster = officer is not None and bool(officer.duty)
    handing_on.hand_back(case_file, visit, rule="shift_ended" if is_on_roster else "officer_left")
    decide(case_file)
