"""What an argument names on record: a case, a unit. Raises OperatorError or Refused."""

from uuid import UUID

from sqlalchemy.orm import Session

from dispatcher.errors import OperatorError, Refused
from dispatcher.reporting.case import case_ids as find_case_ids
from dispatcher.store.cases import CaseRow
from dispatcher.store.visits import UnitRow
from schemas.refusals import RefusalCode
from schemas.vocabulary import CaseState


def unit(session: Session, code: str | None) -> str | None:
    """A unit of the roster: a code mistyped would look like a precinct where nothing happened."""
    if code is not None and session.get(UnitRow, code) is None:
        raise Refused(RefusalCode.NO_UNIT, unit=code)
    return code


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
