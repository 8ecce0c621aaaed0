"""Splits: an instruction that joined the wrong person gets a case of its own."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.casework import cases, endings, intake, related
from dispatcher.casework.files import CaseFiles
from dispatcher.casework.office import Office
from dispatcher.casework.orders import Order, note, open_case
from dispatcher.casework.people import new_subject
from dispatcher.errors import OperatorError
from dispatcher.store.instructions import InstructionRow
from schemas.vocabulary import LinkKind


def split(session: Session, office: Office, case_id: UUID, order: Order, instruction_id: str) -> tuple[UUID, set[str]]:
    """Take one of several joined instructions out of a case. Gives the id of its own case."""
    files, case = open_case(session, office, case_id, order)
    rows = _versions(files, case_id, instruction_id)
    read, _ = intake.reread(files, rows[-1])
    earlier = related.warned_before(session, office, read, files.now)
    own = cases.open_new(files, read, new_subject(session, office, files.now), earlier)
    for row in rows:
        row.case_id = own
    note(files, case, order, "split", instruction_id=instruction_id, into=str(own))
    data = {"instruction": str(rows[-1].id), "instruction_id": instruction_id, "out_of": str(case_id)}
    files.note(own, "instruction_split_off", data, actor=order.by, rule="split")
    intake.retire_superseded(files, case_id)
    related.link(files, case_id, own, LinkKind.SPLIT)
    if not endings.standing(files, case_id):
        # What others withdrew must not go on for want of the one that kept it open.
        case.withdrawn_at = files.now
    files.decide()
    return own, files.lanes


def _versions(files: CaseFiles, case_id: UUID, instruction_id: str) -> list[InstructionRow]:
    found = select(InstructionRow).where(InstructionRow.case_id == case_id).order_by(InstructionRow.version)
    joined = list(files.session.scalars(found))
    rows = [row for row in joined if row.instruction_id == instruction_id]
    if not rows or len(rows) == len(joined):
        raise OperatorError(
            "只能从并案任务中拆出其中一条指令", "only one of several joined instructions can be split off"
        )
    if len({row.system for row in rows}) > 1:
        raise OperatorError("两个来源使用同一指令号,不能拆分", "two sources use this id here; it can't be split off")
    if rows[-1].withdrawn_at is not None:
        raise OperatorError("该指令已撤回,无需拆分", "this instruction was withdrawn; there is nothing to split off")
    return rows
