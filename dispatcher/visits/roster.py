"""Who is on duty: loading the roster, and the desk that the roster provider assigns visits through."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, case, delete, exists, func, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.context import Context
from dispatcher.casework.decide import decide
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.errors import Refused
from dispatcher.store import advisory_locks
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import in_array
from dispatcher.store.visits import AssignmentRow, OfficerRow, StaffRow, UnitRow, VisitRow, in_unit
from dispatcher.visits import handing_on, roster_changes
from dispatcher.visits.exhausted import exhausted
from dispatcher.visits.roster_changes import RosterChange
from schemas.refusals import RefusalCode
from schemas.roster import Roster, on_duty
from schemas.vocabulary import Result, ReturnReason, Role, Rung, VisitState

# Nobody has accepted it.
_NOT_TAKEN = (VisitState.WAITING, VisitState.ASSIGNED)
_TOLD = 5  # rungs in a refusal


def load(work: UnitOfWork, roster: Roster, *, may_empty: bool = True) -> RosterChange:
    """Take over a roster: units and officers in it are added or changed, officers not in it go off duty. Its
    staff is the staff from now on. Without `may_empty` it is Refused where it leaves nobody on a rung.

    What an officer who is no longer there has not set out for is handed on. It, a visit that nobody took, and one that
    passed a rung on which nobody was on duty, climb the ladder anew; whoever is being asked is waited for first.
    """
    advisory_locks.lock(work.session, [advisory_locks.ROSTER])  # nobody is given a visit meanwhile
    change = roster_changes.compare(work.session, roster)
    if change.emptied and not may_empty:
        rungs = [f"{unit}/{role}" for unit, role in change.emptied[:_TOLD]]
        raise Refused(RefusalCode.ROSTER_EMPTIES_RUNGS, count=len(change.emptied), rungs=rungs)
    store(work.session, roster)
    counts = {"units": len(roster.units), "officers": len(roster.officers), "staff": len(roster.staff)}
    work.note_without_case("roster_loaded", counts, actor="operator")
    left = list(handing_on.of_those_who_left(work.session))
    undone = select(exhausted().subquery().c.case_id)
    begin_anew(
        work,
        {*work.session.scalars(undone), *work.session.scalars(_passed_an_empty_rung())},
        left={visit.id: visit.case_id for visit in left},
    )
    return replace(
        change,
        handed_on=tuple(sorted({visit.number for visit in left})),
        on_the_way=tuple(handing_on.on_the_way(work.session)),
        items_left=tuple(number for _, number in handing_on.items_left(work.session)),
    )


def begin_anew(
    work: UnitOfWork,
    case_ids: Collection[UUID],
    rule: str = "roster_loaded",
    *,
    left: Mapping[UUID, UUID] = MappingProxyType({}),
) -> None:
    """Have the visits of these cases that nobody took climb the ladder from its bottom.

    `left`: visits to be handed on first, with their cases. Each case is decided on by itself after this: one that
    can't be keeps nobody off duty.
    """
    work.postpones_decisions = True
    case_file = CaseFile(work)
    case_file.open({*case_ids, *left.values()})
    handing_on.hand_on(case_file, left.keys())
    for case_id, visits in case_file.visits.items():
        for visit in visits:
            if visit.state in _NOT_TAKEN:
                made = [each.id for each in case_file.attempts[case_id] if each.visit_id == visit.id]
                visit.ladder_after = max(made, default=None)
                case_file.note(case_id, "ladder_begun_anew", {"visit": visit.id}, rule=rule)
    decide(case_file)


def _passed_an_empty_rung() -> Select[UUID]:
    """Cases with a visit that would have gone to somebody else, had this roster been there before."""
    since_begun = or_(VisitRow.ladder_after.is_(None), AttemptRow.id > VisitRow.ladder_after)
    empty = exists().where(
        AttemptRow.case_id == VisitRow.case_id,
        AttemptRow.visit_id == VisitRow.id,
        AttemptRow.result == Result.NOBODY_ON_DUTY,
        since_begun,
    )
    return select(VisitRow.case_id).where(VisitRow.state.in_(_NOT_TAKEN), empty)


def store(session: Session, roster: Roster) -> None:
    """The rows of a roster, and nothing that follows from it."""
    session.execute(update(UnitRow).values(on_roster=False))
    _upsert(session, UnitRow, "code", [unit.model_dump() | {"on_roster": True} for unit in roster.units])
    kept = in_array(OfficerRow.badge, {officer.badge for officer in roster.officers})
    session.execute(update(OfficerRow).where(not_(kept)).values(duty=[]))
    officers = (officer.model_dump() | {"duty": list(officer.duty)} for officer in roster.officers)
    numbered = [values | {"position": position} for position, values in enumerate(officers)]
    _upsert(session, OfficerRow, "badge", numbered)
    session.execute(delete(StaffRow))
    session.add_all(StaffRow(badge=each.badge, unit=each.unit, role=each.role) for each in roster.staff)


def _upsert(session: Session, table: type[UnitRow] | type[OfficerRow], key: str, rows: list[dict[str, Any]]) -> None:
    """All rows by one statement: a province has thousands."""
    if rows:
        statement = insert(table)
        changed = {name: statement.excluded[name] for name in rows[0] if name != key}
        session.execute(statement.on_conflict_do_update(index_elements=[key], set_=changed), rows)
    session.expire_all()


@dataclass(frozen=True)
class OnRoster:
    """One officer: whether on duty now, and how many visits in hand. Staff has neither shifts nor visits."""

    badge: str
    unit: str
    role: Rung | Role
    duty: list[str]
    on_duty: bool | None
    open_visits: int | None


def listed(work: UnitOfWork, *, unit: str | None = None) -> list[OnRoster]:
    """The roster in its order, and after it the staff. `unit`: a precinct, or a county with its precincts."""
    local = work.now.astimezone(work.context.policy.timezone).time()
    found = select(OfficerRow, _open_visits()).order_by(OfficerRow.position)
    staff = select(StaffRow).order_by(StaffRow.unit, StaffRow.role.desc(), StaffRow.badge)
    if unit is not None:
        found, staff = found.where(in_unit(OfficerRow.unit, unit)), staff.where(in_unit(StaffRow.unit, unit))
    officers = [
        OnRoster(row.badge, row.unit, row.role, row.duty, on_duty(row.duty, local), count)
        for row, count in work.session.execute(found).tuples()
    ]
    return officers + [OnRoster(row.badge, row.unit, row.role, [], None, None) for row in work.session.scalars(staff)]


class RosterAssigner:
    """The port of the roster provider (providers.roster.VisitAssigner)."""

    def __init__(self, sessions: sessionmaker[Session], context: Context) -> None:
        self._sessions = sessions
        self._context = context

    async def assign(self, visit_id: str, rung: int, send_key: str) -> str | None:
        return await asyncio.to_thread(self._assign, UUID(visit_id), rung, UUID(send_key))

    async def assigned(self, send_key: str) -> str | None:
        return await asyncio.to_thread(self._assigned, UUID(send_key))

    def _assigned(self, send_key: UUID) -> str | None:
        with self._sessions() as session:
            return session.scalar(select(AssignmentRow.badge).where(AssignmentRow.send_key == send_key))

    def _assign(self, visit_id: UUID, rung: int, send_key: UUID) -> str | None:
        with self._sessions.begin() as session:
            # One after the other: of two visits at once, each sees whom the other went to, and a roster is whole.
            advisory_locks.lock(session, [advisory_locks.ROSTER])
            known = session.get(AssignmentRow, send_key)
            if known is not None and not _has_left(session, known.badge):
                return known.badge
            if known is not None:  # named by a person, and gone from the roster since
                session.delete(known)
                return None
            badge = self._choose(session, visit_id, self._context.policy.role_at(rung))
            if badge is not None:
                now = self._context.clock.now(session)
                made = AssignmentRow(send_key=send_key, visit_id=visit_id, badge=badge, rung=rung, assigned_at=now)
                session.add(made)
            return badge

    def _choose(self, session: Session, visit_id: UUID, rung: Rung) -> str | None:
        """Of those on duty on this rung who have not had this visit yet, the one with the fewest in hand."""
        visit = session.get_one(VisitRow, visit_id)
        asked = set(session.scalars(_had(visit)))
        local = self._context.clock.now(session).astimezone(self._context.policy.timezone).time()
        standing = select(OfficerRow).where(OfficerRow.role == rung).order_by(_open_visits(), OfficerRow.position)
        if rung is not Rung.CENTRE:
            standing = standing.where(OfficerRow.unit == _unit(session, rung, visit.precinct_code))
        on_shift = (each for each in session.scalars(standing) if on_duty(each.duty, local))
        return next((each.badge for each in on_shift if each.badge not in asked), None)


def _has_left(session: Session, badge: str) -> bool:
    officer = session.get(OfficerRow, badge)
    return officer is not None and not officer.duty


AT_SHIFT_END = exists().where(
    AttemptRow.send_key == AssignmentRow.send_key, AttemptRow.return_reason == ReturnReason.SHIFT_ENDED
)
"""Of an assignment: its shift ended before its officer had set out."""


def _had(visit: VisitRow) -> Select[str]:
    """Who was asked since the ladder began, or gave the visit back; not who had it when the shift ended."""
    had = select(AssignmentRow.badge).where(AssignmentRow.visit_id == visit.id, not_(AT_SHIFT_END))
    if visit.ladder_after is None:
        return had
    gave_back = exists().where(AttemptRow.send_key == AssignmentRow.send_key, AttemptRow.result == Result.RETURNED)
    return had.where(or_(AssignmentRow.send_key > visit.ladder_after, gave_back))


def _open_visits() -> ScalarSelect[int]:
    """How many visits an officer has in hand, or is just being given."""
    mine = AssignmentRow.badge == OfficerRow.badge
    in_hand = exists().where(AttemptRow.send_key == AssignmentRow.send_key, AttemptRow.settled_at.is_(None))
    return select(func.count()).where(mine, in_hand).scalar_subquery()


def _unit(session: Session, rung: Rung, precinct: str | None) -> str | None:
    """Whose officers stand on this rung; a county that has the visit itself is its own desk."""
    if rung is Rung.COUNTY_DESK:
        desk = case((UnitRow.kind == "county", UnitRow.code), else_=UnitRow.parent)
        return session.scalar(select(desk).where(UnitRow.code == precinct))
    return precinct
