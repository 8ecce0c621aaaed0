"""Work items 待办: taking one, handing it over, and writing down that it is done; the form of a follow-up 回访."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatcher.casework import personal_data
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.moves import end_work_item, take_work_item
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine.work_items import KINDS
from dispatcher.errors import Refused
from dispatcher.intake import facts, later_losses, statements
from dispatcher.store import money
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import QuarantineRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import service_items
from dispatcher.visits import permissions
from schemas.folding import is_blank
from schemas.refusals import RefusalCode
from schemas.vocabulary import CaseState, FollowUp, Urgency, WorkItemKind, WorkItemState


@dataclass(frozen=True)
class WorkItemResult:
    """What was found; of a follow-up the outcome, and what has gone since the last report, or else the warning."""

    outcome: FollowUp | None = None
    loss_yuan: int | None = None
    note: str | None = None  # kept in the vault


def take(work: UnitOfWork, item_id: UUID, *, by: str) -> WorkItemRow:
    """Say that one sees to it: nobody else is reminded, for as long as the case's urgency gives. Raises Refused."""
    case_file, row = _open(work, item_id)
    _check_may_handle(work, row, by)
    if row.taken_by is not None and row.taken_by != by:
        raise Refused(RefusalCode.WORK_ITEM_TAKEN, taken_by=row.taken_by)
    take_work_item(work, _case(case_file, row), row, _until(case_file, row), by=by)
    return row


def hand_over(work: UnitOfWork, item_id: UUID, to: str, *, by: str) -> WorkItemRow:
    """Somebody else, who may, sees to it from now on. Raises Refused."""
    case_file, row = _open(work, item_id)
    _check_is_free(work, row, by)
    _check_may_handle(work, row, to)
    take_work_item(work, _case(case_file, row), row, _until(case_file, row), by=to, said_by=by)
    return row


def done(work: UnitOfWork, item_id: UUID, form: WorkItemResult, *, by: str) -> WorkItemRow:
    """Write down that it is done, and what a follow-up found. Raises Refused."""
    case_file, row = _open(work, item_id)
    _check_is_free(work, row, by)
    _check(row.kind, form)
    case_id = row.case_id
    if case_id is None:
        if row.kind is WorkItemKind.URGENT_REFUSED:
            service_items.settle_refused(work, row)
        end_work_item(work, None, row, WorkItemState.DONE, rule=row.rule, by=by, note=_remark(work, form.note))
        return row
    with later_losses.add_increase(case_file, case_id):
        row.outcome, row.loss_yuan = form.outcome, form.loss_yuan
        note = case_file.remark(case_id, form.note) if form.note and not is_blank(form.note) else None
        end_work_item(work, case_file.cases[case_id], row, WorkItemState.DONE, rule=row.rule, by=by, note=note)
        if form.outcome is FollowUp.DEFRAUDED:
            case_file.cases[case_id].money_moved = True  # whoever tells it, and though nobody may know how much
            found = {"duty": str(row.id), "loss_yuan": form.loss_yuan}
            case_file.note(case_id, "later_loss_found", found, actor=by, rule=row.rule)
    if row.kind is WorkItemKind.CONFLICT and row.about is not None:
        _end_conflict(case_file, case_id, row)
    if row.kind is WorkItemKind.BANK_NOT_REACHED:
        money.note_rung(case_file.cases[case_id], case_file.attempts[case_id], row.cause)
    decide(case_file)  # also when the case has ended: a bank can be asked still
    return row


def _case(case_file: CaseFile, row: WorkItemRow) -> CaseRow | None:
    return case_file.cases[row.case_id] if row.case_id is not None else None


def _until(case_file: CaseFile, row: WorkItemRow) -> datetime:
    """How long whoever takes it has for it."""
    case = _case(case_file, row)
    urgency = row.urgency if case is None else case.urgency
    return max(row.due_at, case_file.context.policy.answer_by(urgency or Urgency.LOW, case_file.now))


def _remark(work: UnitOfWork, words: str | None) -> str | None:
    """What was written about an item without a case, kept in the vault as that of nobody known."""
    if words is None or is_blank(words):
        return None
    subject = personal_data.new_subject(work, work.now, kind="work_item")
    return str(personal_data.keep_value(work, subject, "remark", words))


def _open(work: UnitOfWork, item_id: UUID) -> tuple[CaseFile, WorkItemRow]:
    """The file of its case, if it has one, and the item, which waits. Raises Refused."""
    found = work.session.get(WorkItemRow, item_id)
    if found is None:
        raise Refused(RefusalCode.NO_WORK_ITEM, work_item=str(item_id))
    case_file = CaseFile(work)
    if found.case_id is not None:
        case_file.open([found.case_id])
    # Read under the case's lock, or one of its own: of two who report it done, one is told.
    own = found.case_id is None
    row = work.session.get_one(WorkItemRow, item_id, populate_existing=True, with_for_update=own)
    if row.done_at is not None:
        raise Refused(RefusalCode.WORK_ITEM_DONE, done_by=str(row.done_by))
    return case_file, row


def _check_may_handle(work: UnitOfWork, row: WorkItemRow, by: str) -> None:
    """Overdue it waits for somebody higher, and those whom it waited for first may still do it."""
    permissions.check_item(work.session, row, by, KINDS[row.kind].role if row.climbs else row.role)


def _check_is_free(work: UnitOfWork, row: WorkItemRow, by: str) -> None:
    """What somebody sees to, only the centre ends or gives to another beside whoever has it."""
    _check_may_handle(work, row, by)
    if row.taken_by not in (None, by) and not permissions.is_of_centre(work.session, by):
        raise Refused(RefusalCode.WORK_ITEM_TAKEN, taken_by=str(row.taken_by))


def _end_conflict(case_file: CaseFile, case_id: UUID, row: WorkItemRow) -> None:
    """The first content stands alone again. Where the other is right, its source pushes it as a newer version."""
    is_open = case_file.cases[case_id].state == CaseState.OPEN
    before = statements.merged(case_file, case_id) if is_open else None
    case_file.session.get_one(QuarantineRow, row.about).decided_at = case_file.now
    if is_open:
        facts.apply(case_file, case_id, before, rule="conflict_decided", cause=row.id)


def _check(kind: WorkItemKind, form: WorkItemResult) -> None:
    if KINDS[kind].needs_act:
        raise Refused(RefusalCode.WORK_ITEM_NEEDS_ACT, kind=kind)
    if kind is WorkItemKind.FOLLOW_UP and form.outcome is None:
        raise Refused(RefusalCode.FOLLOW_UP_OUTCOME_MISSING, allowed=list(FollowUp))
    if kind is not WorkItemKind.FOLLOW_UP and form.outcome is not None:
        raise Refused(RefusalCode.OUTCOME_WITHOUT_FOLLOW_UP, kind=kind)
    if form.loss_yuan is not None and form.outcome is not FollowUp.DEFRAUDED:
        raise Refused(RefusalCode.LOSS_WITHOUT_FRAUD, outcome=FollowUp.DEFRAUDED)
