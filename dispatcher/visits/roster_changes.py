"""What a roster changes: who comes on and who goes off, and on which rungs it leaves nobody."""

from dataclasses import dataclass

from sqlalchemy import not_, select
from sqlalchemy.orm import Session

from dispatcher.store.visits import OfficerRow, StaffRow, UnitRow
from dispatcher.visits.handing_on import has_left
from schemas.roster import Roster
from schemas.vocabulary import Role, Rung

_ORDER: list[Rung | Role] = [*Rung, *Role]


@dataclass(frozen=True)
class RosterChange:
    """Badges, codes of units, and of visits and work items their numbers.

    `emptied`: where somebody stood, and nobody does now. `items_left`: what somebody sees to who is gone.
    """

    comes_on: tuple[str, ...]
    goes_off: tuple[str, ...]
    staff_comes: tuple[str, ...]
    staff_goes: tuple[str, ...]
    units_gone: tuple[str, ...]
    emptied: tuple[tuple[str, Rung | Role], ...]
    handed_on: tuple[int, ...] = ()
    on_the_way: tuple[int, ...] = ()
    items_left: tuple[int, ...] = ()


def compare(session: Session, roster: Roster) -> RosterChange:
    """The roster in force beside another; visits are not looked at."""
    had = list(session.execute(select(OfficerRow.badge, OfficerRow.unit, OfficerRow.role).where(not_(has_left()))))
    stand = [each for each in roster.officers if each.duty]
    before, after = {badge for badge, *_ in had}, {each.badge for each in stand}
    staff = list(session.execute(select(StaffRow.badge, StaffRow.unit, StaffRow.role)).tuples())
    staff_before, staff_after = {badge for badge, *_ in staff}, {each.badge for each in roster.staff}
    units = set(session.scalars(select(UnitRow.code).where(UnitRow.on_roster)))
    posts: set[tuple[str, Rung | Role]] = {(unit, role) for _, unit, role in had}
    posts |= {(unit, role) for _, unit, role in staff}
    emptied = posts - {(each.unit, each.role) for each in stand} - {(each.unit, each.role) for each in roster.staff}
    return RosterChange(
        comes_on=tuple(sorted(after - before)),
        goes_off=tuple(sorted(before - after)),
        staff_comes=tuple(sorted(staff_after - staff_before)),
        staff_goes=tuple(sorted(staff_before - staff_after)),
        units_gone=tuple(sorted(units - {unit.code for unit in roster.units})),
        emptied=tuple(sorted(emptied, key=lambda post: (post[0], _ORDER.index(post[1])))),
    )
