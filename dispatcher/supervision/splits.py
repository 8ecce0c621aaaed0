"""Splits: an instruction that joined the wrong person gets a case of its own."""

from uuid import UUID

from sqlalchemy import select

from dispatcher.casework import closing, linked_cases
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.moves import ask_person, end_work_item
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.errors import Refused
from dispatcher.intake import conflicts, contact_points, facts, open_case, same_person, statements
from dispatcher.store.instructions import InstructionRow
from dispatcher.supervision.decisions import SupervisorDecision, lock_open_case, note
from schemas.refusals import RefusalCode
from schemas.vocabulary import LinkKind, WorkItemKind, WorkItemState


def split(work: UnitOfWork, case_id: UUID, order: SupervisorDecision, instruction_id: str) -> UUID:
    """Take one of several joined instructions out of a case. Returns the id of its own case."""
    case_file, case = lock_open_case(work, case_id, order)
    rows = _versions(case_file, case_id, instruction_id)
    before = statements.merged(case_file, case_id)
    read = statements.reread(case_file, rows[-1].raw_value_id, rows[-1].received_at)
    earlier = same_person.warned_before(work, read, case_file.now)
    own = open_case.open_new(case_file, read, open_case.subject_of(case_file, read), earlier)
    for row in rows:
        row.case_id = own
    note(case_file, case, order, "split", instruction_id=instruction_id, into=str(own))
    data = {"instruction": str(rows[-1].id), "instruction_id": instruction_id, "out_of": str(case_id)}
    case_file.note(own, "instruction_split_off", data, actor=order.by, rule="split")
    _take_conflicts(case_file, case_id, own, rows)
    facts.apply(case_file, case_id, before, rule="split", cause=rows[-1].id)
    linked_cases.link(case_file, case_id, own, LinkKind.SPLIT)
    if not closing.standing(case_file, case_id):
        # What others withdrew must not go on for want of the one that kept it open.
        case.withdrawn_at = case_file.now
    decide(case_file)
    return own


def _take_conflicts(case_file: CaseFile, case_id: UUID, own: UUID, rows: list[InstructionRow]) -> None:
    """What stands beside the split-off versions stands beside them still, and is decided on there."""
    case_file.session.flush()
    for kept, row in conflicts.undecided(case_file, own, rows):
        read = statements.reread(case_file, kept.value_id, kept.received_at)
        contact_points.add(case_file, case_file.cases[own], case_file.subject(own), read)
        for item in case_file.work_items[case_id]:
            if item.about == kept.id and item.done_at is None:
                end_work_item(case_file.work, case_file.cases[case_id], item, WorkItemState.CANCELLED, rule="split")
        ask_person(case_file, own, "conflict", WorkItemKind.CONFLICT, f"conflict:{kept.id}", about=kept.id)
        facts.apply(case_file, own, None, rule="split", cause=row.id)


def _versions(case_file: CaseFile, case_id: UUID, instruction_id: str) -> list[InstructionRow]:
    found = select(InstructionRow).where(InstructionRow.case_id == case_id).order_by(InstructionRow.version)
    joined = list(case_file.session.scalars(found))
    rows = [row for row in joined if row.instruction_id == instruction_id]
    if not rows or len(rows) == len(joined):
        raise Refused(RefusalCode.INSTRUCTION_NOT_JOINED)
    if len({row.system for row in rows}) > 1:
        raise Refused(RefusalCode.INSTRUCTION_OF_TWO_SOURCES)
    if rows[-1].withdrawn_at is not None:
        raise Refused(RefusalCode.INSTRUCTION_WITHDRAWN)
    return rows
