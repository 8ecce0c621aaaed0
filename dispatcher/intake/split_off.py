"""An instruction that leaves its case: a supervisor says so, or its own update names another person."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework import closing, linked_cases
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.moves import ask_person, end_work_item
from dispatcher.engine.merge import MergedFacts, are_strangers
from dispatcher.intake import conflicts, facts, open_case, statements
from dispatcher.intake.normalised import NormalisedInstruction
from dispatcher.store.base import new_id
from dispatcher.store.instructions import InstructionRow
from schemas.vocabulary import LinkKind, WorkItemKind, WorkItemState

_RULE = "split"


def names_another(case_file: CaseFile, case_id: UUID, received: NormalisedInstruction) -> bool:
    """Whether an update is about somebody else than all others that stand in its case."""
    own = received.pushed.source.system, received.pushed.instruction_id
    rows = [row for row in closing.standing(case_file, case_id) if (row.system, row.instruction_id) != own]
    others = [said for row in rows if (said := statements.of_row(case_file, row)) is not None]
    return bool(others) and all(are_strangers(statements.of(new_id(), received), other) for other in others)


def versions(case_file: CaseFile, case_id: UUID, received: NormalisedInstruction) -> Sequence[InstructionRow]:
    """The versions of this instruction in this case, oldest first."""
    pushed = received.pushed
    found = select(InstructionRow).where(
        InstructionRow.case_id == case_id,
        InstructionRow.system == pushed.source.system,
        InstructionRow.instruction_id == pushed.instruction_id,
    )
    return case_file.session.scalars(found.order_by(InstructionRow.version)).all()


def move(
    case_file: CaseFile, case_id: UUID, own: UUID, rows: Sequence[InstructionRow], before: MergedFacts | None
) -> None:
    """Move all versions of an instruction to a case of their own. `before`: what stood in the case that they leave."""
    for row in rows:
        row.case_id = own
    _take_conflicts(case_file, case_id, own, rows)
    facts.apply(case_file, case_id, before, rule=_RULE, cause=rows[-1].id)
    linked_cases.link(case_file, case_id, own, LinkKind.SPLIT)


def note(case_file: CaseFile, own: UUID, row: InstructionRow, out_of: UUID, *, actor: str, rule: str = _RULE) -> None:
    data = {"instruction": str(row.id), "instruction_id": row.instruction_id, "out_of": str(out_of)}
    case_file.note(own, "instruction_split_off", data, actor=actor, rule=rule)


def _take_conflicts(case_file: CaseFile, case_id: UUID, own: UUID, rows: Sequence[InstructionRow]) -> None:
    """What stands beside the split-off versions stands beside them still, and is decided on there."""
    case_file.session.flush()
    for kept, row in conflicts.undecided(case_file, own, rows):
        read = statements.reread(case_file, kept.value_id, kept.received_at)
        open_case.join(case_file, own, read)
        for item in case_file.work_items[case_id]:
            if item.about == kept.id and item.done_at is None:
                end_work_item(case_file.work, case_file.cases[case_id], item, WorkItemState.CANCELLED, rule=_RULE)
        ask_person(case_file, own, "conflict", WorkItemKind.CONFLICT, f"conflict:{kept.id}", about=kept.id)
        facts.apply(case_file, own, None, rule=_RULE, cause=row.id)
