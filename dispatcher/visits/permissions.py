"""Who may do what: by which role, and of which units. Use cases ask here, so every way to them is held to it.

Proof of who somebody is comes with signing in; here a badge stands for its person.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from dispatcher.casework.case_file import CaseFile
from dispatcher.errors import Refused
from dispatcher.store.cases import CaseRow
from dispatcher.store.visits import OfficerRow, StaffRow, UnitRow
from dispatcher.store.work_items import WorkItemRow
from schemas.refusals import RefusalCode
from schemas.vocabulary import Act, Role, Rung


@dataclass(frozen=True)
class Permission:
    """Who may: these roles, of the unit that has it or of one above. Our centre is above all that no unit has.

    `is_for_own_people`: where another centre has it, ours may not act for that one. `is_for_others`: another centre's
    people may, of what that centre has; all else about a case stays ours, wherever its visit went. `is_of_any_unit`:
    whoever is on the roster may, whatever unit has it. `is_of_centre`: no unit has it; our centre's people may.
    """

    roles: tuple[Role, ...]
    is_for_own_people: bool = False
    is_for_others: bool = False
    is_of_any_unit: bool = False
    is_of_centre: bool = False


_ANYBODY = tuple(Role)
_CENTRE = (Role.OPERATOR, Role.SUPERVISOR)
_DESKS = (Role.COUNTY_DESK, *_CENTRE)
_SUPERVISOR = (Role.SUPERVISOR,)
# The steps of a visit are not here: they are of whoever has it. docs/roles.md shows this table.
PERMISSIONS: Mapping[Act, Permission] = {
    Act.CLOSE: Permission(_SUPERVISOR),
    Act.REOPEN: Permission(_SUPERVISOR),
    Act.REVIVE: Permission(_SUPERVISOR),
    Act.PAUSE: Permission(_SUPERVISOR),
    Act.RESUME: Permission(_SUPERVISOR),
    Act.CALL: Permission(_SUPERVISOR),
    Act.PROTECT: Permission(_SUPERVISOR),
    Act.SPLIT: Permission(_SUPERVISOR),
    Act.CORRECT: Permission(_SUPERVISOR, is_for_others=True),  # and whoever reported
    Act.LIFT: Permission(_CENTRE),
    Act.LOCATE: Permission(_DESKS),
    Act.OFFER: Permission(_DESKS),
    Act.ASSIGN: Permission((Role.STATION_LEADER, *_DESKS)),
    Act.HANDLE_ITEM: Permission(_ANYBODY, is_for_others=True),  # from the item's own role up
    Act.REPORT_TRANSFER: Permission(_ANYBODY, is_for_others=True),
    Act.ANSWER_OFFER: Permission(_ANYBODY, is_for_own_people=True, is_for_others=True),
    Act.READ_CARD: Permission(_ANYBODY, is_for_others=True, is_of_any_unit=True),  # masked; whoever has it sees all
    Act.READ_REMARKS: Permission(_ANYBODY, is_for_others=True),
    Act.SEARCH: Permission(_ANYBODY, is_of_any_unit=True),
    Act.HANDLE_PROVIDER: Permission(_CENTRE, is_of_centre=True),
    Act.APPROVE_TEXTS: Permission(_SUPERVISOR, is_of_centre=True),
}
_ROLE_OF: Mapping[Rung, Role] = {
    Rung.OFFICER: Role.OFFICER,
    Rung.STATION_LEADER: Role.STATION_LEADER,
    Rung.COUNTY_DESK: Role.COUNTY_DESK,
    Rung.CENTRE: Role.OPERATOR,
}
_CENTRE_KIND = "centre"


class Post(NamedTuple):
    """What a person is, and where."""

    role: Role
    unit: str


def from_rung_up(rung: Rung) -> tuple[Role, ...]:
    """Whoever may do what waits for somebody on this rung."""
    return _ANYBODY[_ANYBODY.index(_ROLE_OF[rung]) :]


def check(session: Session, by: str, act: Act, unit: str | None, *, roles: tuple[Role, ...] = _ANYBODY) -> None:
    """Whether this person may do this to what this unit has; `roles` narrows who may. Raises Refused."""
    permission = PERMISSIONS[act]
    allowed = [role for role in permission.roles if role in roles]
    held = [post for post in _posts(session, by) if post.role in allowed]
    if not held:
        check_known(session, by)
        raise Refused(RefusalCode.WRONG_ROLE, by=by, act=act, allowed=allowed)
    if permission.is_of_any_unit and any(
        permission.is_for_others or not _is_another_centre(session, post.unit) for post in held
    ):
        return
    above = set(_from_unit_up(session, unit))
    near = [post.unit for post in held if post.unit in above]
    if near and (permission.is_for_others or not _is_another_centre(session, near[0])):
        return
    if not permission.is_for_own_people and _has_our_centre(session, [post.unit for post in held]):
        return
    own = held[0].unit
    if permission.is_of_any_unit or permission.is_of_centre:
        raise Refused(RefusalCode.NOT_OF_CENTRE, by=by, own=own, act=act, allowed=allowed)
    if unit is None:
        raise Refused(RefusalCode.UNIT_UNKNOWN, by=by, own=own, act=act, allowed=allowed)
    raise Refused(RefusalCode.WRONG_UNIT, by=by, own=own, unit=unit, act=act, allowed=allowed)


def check_assignee(session: Session, by: str, officer: OfficerRow) -> None:
    """Whether this person may give a visit to this officer: one of the roster, of their unit or one below.

    Raises Refused.
    """
    if not officer.duty:
        raise Refused(RefusalCode.OFFICER_LEFT, officer=officer.badge)
    check(session, by, Act.ASSIGN, officer.unit)


def check_known(session: Session, by: str) -> None:
    """Whether there is such a badge, also of an officer who is off duty or has left. Raises Refused."""
    if session.get(OfficerRow, by) is not None or session.get(StaffRow, by) is not None:
        return
    is_loaded = session.scalar(select(or_(exists(select(OfficerRow.badge)), exists(select(StaffRow.badge)))))
    if not is_loaded:
        raise Refused(RefusalCode.NO_ROSTER)
    raise Refused(RefusalCode.NOT_ON_ROSTER, by=by)


def check_case(case_file: CaseFile, case: CaseRow, by: str, act: Act) -> None:
    """Whether this person may decide this about a case. Raises Refused."""
    check(case_file.session, by, act, unit_of(case_file, case))


def check_item(session: Session, item: WorkItemRow, by: str, lowest: Rung) -> None:
    """Whether this person may see to a work item that waits for this rung or one above. Raises Refused."""
    check(session, by, Act.HANDLE_ITEM, item.unit, roles=from_rung_up(lowest))


def is_of_centre(session: Session, by: str) -> bool:
    """Whether this person may do what others have in hand: a supervisor, or the centre's duty."""
    return any(post.role in _CENTRE for post in _posts(session, by))


def unit_of(case_file: CaseFile, case: CaseRow) -> str | None:
    """Whose case it is: the unit of its last visit, or of the first address that has one."""
    visits, places = case_file.visits[case.id], case_file.places[case.id]
    units = [visits[-1].precinct_code] if visits else [row.precinct_code for row in places if row.retired_at is None]
    return next((unit for unit in units if unit is not None), None)


def _posts(session: Session, by: str) -> Iterator[Post]:
    """An officer who has left the roster finishes what is in hand, and does nothing else."""
    officer, staff = session.get(OfficerRow, by), session.get(StaffRow, by)
    if officer is not None and officer.duty:
        yield Post(_ROLE_OF[officer.role], officer.unit)
    if staff is not None:
        yield Post(staff.role, staff.unit)


def _from_unit_up(session: Session, unit: str | None) -> Iterator[str]:
    """A unit, and those above it."""
    passed: set[str] = set()
    while unit is not None and unit not in passed:
        yield unit
        passed.add(unit)
        row = session.get(UnitRow, unit)
        unit = row.parent if row is not None else None


def _is_another_centre(session: Session, unit: str) -> bool:
    row = session.get(UnitRow, unit)
    return row is not None and row.kind == _CENTRE_KIND and not _has_our_centre(session, [unit])


def _has_our_centre(session: Session, units: Collection[str]) -> bool:
    """Another centre has neither officers in our roster nor units below it."""
    below = aliased(UnitRow)
    has_officers = exists().where(OfficerRow.unit == UnitRow.code)
    has_units = exists().where(below.parent == UnitRow.code)
    ours = select(UnitRow.code).where(
        UnitRow.code.in_(units), UnitRow.kind == _CENTRE_KIND, or_(has_officers, has_units)
    )
    return session.scalar(ours.limit(1)) is not None
