"""Events on an instruction already taken: withdrawn, feedback, later loss."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatcher.casework import closing, snapshot
from dispatcher.casework.carry_out import carry_out
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.moves import ask_person
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import closing as engine_closing
from dispatcher.intake import early, facts, later_losses, locks, statements
from dispatcher.intake.answer import Answer
from dispatcher.store.base import new_id
from dispatcher.store.instructions import EventRow, FeedbackRow, InstructionRow
from schemas.errors import AmbiguousInstruction, UnknownInstruction
from schemas.instruction import Event, Feedback, LaterLoss, Withdraw
from schemas.vocabulary import CaseState, IntakeStatus, Resolution, WorkItemKind

# What is said after somebody spoke with the person. All else closes a case only where no other source warns.
_MET = frozenset(
    {
        Resolution.DISSUADED_IN_TIME,
        Resolution.SELF_AWARE,
        Resolution.ALREADY_TRANSFERRED_ALL,
        Resolution.ALREADY_TRANSFERRED_PARTLY,
        Resolution.REFUSED_UNDER_WATCH,
    }
)
_OWN_WORD_ENDS = frozenset(
    {Resolution.NOT_A_VICTIM, Resolution.WITHDRAWN, Resolution.EXPIRED, Resolution.DUPLICATE_MERGED}
)


def take(work: UnitOfWork, event: Event, digest: bytes, digest_as_written: bytes) -> Answer:
    """Take one event. Raises BadInstruction where it matches no instruction, or more than one."""
    row = instruction(work, event)
    case_file = CaseFile(work)
    case_file.open([row.case_id])
    was_taken = work.session.get(EventRow, digest_as_written) is not None
    if was_taken or not is_news(work.session, row, digest, _op(event), case_file.now):
        _note(case_file, row, event, "event_repeated")
        return Answer(IntakeStatus.DUPLICATE, event.instruction_id, str(row.case_id))
    status = _TAKE[type(event)](case_file, row, event)
    decide(case_file)
    return Answer(status, event.instruction_id, str(row.case_id))


def is_news(session: Session, row: InstructionRow, digest: bytes, op: str, now: datetime) -> bool:
    """Whether this content was not taken before; taken from now on."""
    known = insert(EventRow).values(digest=digest, instruction=row.id, op=op, received_at=now)
    return session.execute(known.on_conflict_do_nothing().returning(EventRow.digest)).first() is not None


def instruction(work: UnitOfWork, event: Event) -> InstructionRow:
    """The newest version of the instruction that an event is about, at its turn. Raises BadInstruction."""
    locks.lock_instruction(work, _newest(work.session, event).system, event.instruction_id)
    # Read again: a newer version may have come while this one waited.
    return _newest(work.session, event)


def _newest(session: Session, event: Event) -> InstructionRow:
    found = select(InstructionRow).where(InstructionRow.instruction_id == event.instruction_id)
    if event.source is not None:
        found = found.where(InstructionRow.system == event.source.system)
    newest: dict[str, InstructionRow] = {}
    for row in session.scalars(found.order_by(InstructionRow.version).execution_options(populate_existing=True)):
        newest[row.system] = row
    if not newest:
        raise UnknownInstruction
    if len(newest) > 1:
        raise AmbiguousInstruction
    return next(iter(newest.values()))


def _withdraw(case_file: CaseFile, row: InstructionRow, event: Withdraw) -> IntakeStatus:
    case = case_file.cases[row.case_id]
    if row.withdrawn_at is not None and event.version <= (row.withdrawn_version or row.version):
        _note(case_file, row, event, "withdrawal_repeated")
        return IntakeStatus.DUPLICATE
    if event.version < row.version:
        _note(case_file, row, event, "withdrawal_stale", version=event.version, newest=row.version)
        return IntakeStatus.STALE
    before = statements.merged(case_file, row.case_id) if case.state == CaseState.OPEN else None
    row.withdrawn_at, row.withdrawn_version = case_file.now, event.version
    early.withdrawn(case_file.work, event, row.system)
    case_file.session.flush()
    others = len(closing.standing(case_file, row.case_id))
    reason = case_file.remark(row.case_id, event.reason) if event.reason else None
    _note(case_file, row, event, "instruction_withdrawn", version=event.version, others=others, reason=reason)
    if case.state == CaseState.OPEN:
        # A case that another source still warns about goes on, by what that source says.
        if others:
            facts.apply(case_file, case.id, before, rule="withdraw", cause=row.id)
        else:
            case.withdrawn_at = case_file.now
    return IntakeStatus.ACCEPTED


def _feedback(case_file: CaseFile, row: InstructionRow, event: Feedback) -> IntakeStatus:
    """A person says how it stands; that closes an open case. Kept per source."""
    said = FeedbackRow(
        id=new_id(),
        case_id=row.case_id,
        instruction=row.id,
        system=row.system,
        direction="in",
        outcome=event.outcome,
        at=case_file.now,
        by=event.by,
    )
    case_file.session.add(said)
    note = case_file.remark(row.case_id, event.note) if event.note else None
    _note(case_file, row, event, "feedback_received", outcome=event.outcome, note=note)
    case = case_file.cases[row.case_id]
    if case.state != CaseState.OPEN:
        if case.resolution is not None and event.outcome != case.resolution:
            _review(case_file, case.id, said.id)
    elif event.outcome in _MET or not _another_warns(case_file, row):
        end = engine_closing.told("feedback", snapshot.read(case_file, case.id), event.outcome)
        carry_out(case_file, case.id, [end])
    else:
        if event.outcome in _OWN_WORD_ENDS:
            _refute(case_file, row, said.id)
        _review(case_file, case.id, said.id)
    return IntakeStatus.ACCEPTED


def _another_warns(case_file: CaseFile, row: InstructionRow) -> bool:
    return any(each.system != row.system for each in closing.standing(case_file, row.case_id))


def _refute(case_file: CaseFile, row: InstructionRow, said: UUID) -> None:
    """A false alarm ends what its own source said, and no more."""
    before = statements.merged(case_file, row.case_id)
    for each in closing.standing(case_file, row.case_id):
        if each.system == row.system:
            each.refuted_at = case_file.now
    facts.apply(case_file, row.case_id, before, rule="false_alarm", cause=said)


def _review(case_file: CaseFile, case_id: UUID, said: UUID) -> None:
    cause = f"feedback_review:{said}"
    ask_person(case_file, case_id, "feedback_contradicts", WorkItemKind.FEEDBACK_REVIEW, cause)


def _later_loss(case_file: CaseFile, row: InstructionRow, event: LaterLoss) -> IntakeStatus:
    note = case_file.remark(row.case_id, event.note) if event.note else None
    with later_losses.add_increase(case_file, row.case_id, row.system, event.loss_yuan):
        said = {"loss_yuan": event.loss_yuan, "system": row.system, "note": note}
        _note(case_file, row, event, later_losses.REPORTED, **said)
    return IntakeStatus.ACCEPTED


def _note(case_file: CaseFile, row: InstructionRow, event: Event, name: str, **data: Any) -> None:
    said = {"instruction": str(row.id), "system": row.system, "instruction_id": event.instruction_id}
    case_file.note(row.case_id, name, said | {"at": event.at.isoformat()} | data, actor=event.by, rule=_op(event))


def _op(event: Event) -> str:
    return str(getattr(event, "op", ""))


_TAKE: dict[type[Event], Callable[[CaseFile, InstructionRow, Any], IntakeStatus]] = {
    Withdraw: _withdraw,
    Feedback: _feedback,
    LaterLoss: _later_loss,
}
