"""What an argument names on record: a case, a visit, a work item, a unit. Raises OperatorError or Refused."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.cli import arguments
from dispatcher.errors import OperatorError, Refused
from dispatcher.reporting.case import case_ids as find_case_ids
from dispatcher.store.cases import CaseRow
from dispatcher.store.visits import UnitRow, VisitRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.visits import permissions
from schemas.refusals import RefusalCode
from schemas.vocabulary import CaseState, VisitState

_HIGHEST, _DIGITS = 2**31 - 1, 10  # of an integer column


def unit(session: Session, code: str | None) -> str | None:
    """A unit of the roster: a code mistyped would look like a precinct where nothing happened."""
    if code is not None and session.get(UnitRow, code) is None:
        raise Refused(RefusalCode.NO_UNIT, unit=code)
    return code


def badge(session: Session, given: str | None, option: str) -> str | None:
    """Whoever was on the roster or the staff list at any time: a badge mistyped would look like nothing to do."""
    if not given:
        return None
    known = arguments.badge(given, option)
    permissions.check_known(session, known)
    return known


def visit(session: Session, name: str) -> UUID:
    """The visit of this number, or of this id."""
    return _by_number(session, VisitRow, name, "dispatcher visit list")


def work_item(session: Session, name: str) -> UUID:
    """The work item of this number, or of this id."""
    return _by_number(session, WorkItemRow, name, "dispatcher worklist")


def _by_number(session: Session, table: type[VisitRow] | type[WorkItemRow], name: str, see: str) -> UUID:
    if not name.isdecimal():
        return arguments.uuid(name, "NUMBER", see)
    is_possible = len(name) <= _DIGITS and int(name) <= _HIGHEST
    found = session.scalar(select(table.id).where(table.number == int(name))) if is_possible else None
    if found is None:
        raise OperatorError(f"没有编号 {name}(见 {see})", f"nothing has number {name}; see `{see}`")
    return found


def open_visit(session: Session, case_id: UUID) -> int | None:
    """The number of a case's open visit."""
    is_open = VisitRow.state.not_in([VisitState.REPORTED, VisitState.CANCELLED])
    return session.scalar(select(VisitRow.number).where(VisitRow.case_id == case_id, is_open))


def case(session: Session, name: str) -> UUID:
    """The case of this id, or the one open case of this instruction."""
    case_ids = find_case_ids(session, name)
    if not case_ids:
        raise OperatorError(f"没有任务或指令 {name}", f"no case or instruction {name}; see `dispatcher log`")
    if len(case_ids) > 1:
        case_ids = [case_id for case_id in case_ids if session.get_one(CaseRow, case_id).state == CaseState.OPEN]
    if len(case_ids) != 1:
        raise OperatorError(
            f"指令 {name} 对应 {len(case_ids)} 个进行中的任务,请用任务号",
            f"instruction {name} names {len(case_ids)} open cases; give the case id (`dispatcher case {name}`)",
        )
    return case_ids[0]
