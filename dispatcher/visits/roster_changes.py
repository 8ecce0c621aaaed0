"""What a roster changes: who comes on and who goes off, and on which rungs it leaves nobody."""

from dataclasses import dataclass

from sqlalchemy import not_, select
from sqlalchemy.orm import Session

from dispatcher.store.visits import OfficerRow, StaffRow, UnitRow
from dispatcher.visits.handing_on import has_left
from schemas.roster import Roster
from schemas.vocabulary import Rung


@dataclass(frozen=True)
class RosterChange:
    """Badges, codes of units, and of visits their numbers. `emptied`: where somebody stood, and nobody does now."""

    comes_on: tuple[str, ...]
    goes_off: tuple[str, ...]
    staff_comes: tuple[str, ...]
    staff_goes: tuple[str, ...]
    units_gone: tuple[str, ...]
    emptied: tuple[tuple[str, Rung], ...]
    handed_on: tuple[int, ...] = ()
    on_the_way: tuple[int, ...] = ()


def compare(session: Session, roster: Roster) -> RosterChange:
    """The roster in force beside another; visits are not looked at."""
    had = list(session.execute(select(OfficerRow.badge, OfficerRow.unit, OfficerRow.role).where(not_(has_left()))))
    stand = [each for each in roster.officers if each.duty]
    before, after = {badge for badge, *_ in had}, {each.badge for each in stand}
    staff_before, staff_after = set(session.scalars(select(StaffRow.badge))), {each.badge for each in roster.staff}
    units = set(session.scalars(select(UnitRow.code).where(UnitRow.on_roster)))
    emptied = {(unit, role) for _, unit, role in had} - {(each.unit, each.role) for each in stand}
    return RosterChange(
        comes_on=tuple(sorted(after - before)),
        goes_off=tuple(sorted(before - after)),
        staff_comes=tuple(sorted(staff_after - staff_before)),
        staff_goes=tuple(sorted(staff_before - staff_after)),
        units_gone=tuple(sorted(units - {unit.code for unit in roster.units})),
        emptied=tuple(sorted(emptied, key=lambda post: (post[0], list(Rung).index(post[1])))),
    )
