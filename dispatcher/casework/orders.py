"""Orders: what a supervisor decides about a case, each with a reason and journalled under its own rule."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.casework import apply, cases, incoming, intake, reaches, related
from dispatcher.casework.files import CaseFiles
from dispatcher.casework.office import Office
from dispatcher.casework.people import new_subject
from dispatcher.engine import orders as engine
from dispatcher.engine.decisions import Close
from dispatcher.errors import OperatorError
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.vault import SubjectRow
from schemas.instruction import Address
from schemas.vocabulary import CaseState, Hook, LinkKind, Relation, Resolution


@dataclass(frozen=True)
class Order:
    """Who orders, and why; the reason is kept in the vault, since it may name people."""

    by: str
    reason: str


def _case(session: Session, office: Office, case_id: UUID, order: Order) -> tuple[CaseFiles, CaseRow]:
    if not order.reason.strip():
        raise OperatorError("请写明理由", "give the reason with --reason")
    if session.scalar(select(CaseRow.id).where(CaseRow.id == case_id)) is None:
        raise OperatorError(f"没有任务 {case_id}", f"no case {case_id}")
    files = CaseFiles(session, office)
    files.open([case_id])
    case = files.cases[case_id]
    if case.state != CaseState.OPEN:
        raise OperatorError("该任务已结案,未作更改", f"case {case_id} has ended; nothing was changed")
    return files, case


def _ordered(files: CaseFiles, case: CaseRow, order: Order, rule: str, **data: Any) -> None:
    reason = files.remark(case.id, order.reason)
    files.note(case.id, "supervisor_ordered", data | {"reason": reason}, actor=order.by, rule=rule)
    case.waiting_for = None


def revive(session: Session, office: Office, case_id: UUID, order: Order) -> set[str]:
    """An instruction that came too late, or after a false alarm, is acted on all the same."""
    files, case = _case(session, office, case_id, order)
    if not (case.expired or case.suppressed):
        raise OperatorError("该任务无需恢复", "this case is neither expired nor suppressed")
    case.expired = case.suppressed = False
    _ordered(files, case, order, "revived")
    files.decide()
    return files.lanes


def close(session: Session, office: Office, case_id: UUID, order: Order, resolution: Resolution) -> set[str]:
    """A supervisor's decision ends the case."""
    files, case = _case(session, office, case_id, order)
    _ordered(files, case, order, "closed_by_supervisor", resolution=resolution)
    apply.carry_out(files, case_id, [Close("closed_by_supervisor", resolution)])
    files.decide()
    return files.lanes


def pause(session: Session, office: Office, case_id: UUID, order: Order) -> set[str]:
    """Stop the clock: nothing happens by itself until it is resumed."""
    files, case = _case(session, office, case_id, order)
    if case.paused_at is not None:
        raise OperatorError("该任务已暂停", "this case is paused already")
    case.paused_at = files.now
    _ordered(files, case, order, "paused")
    for attempt in files.attempts[case_id]:
        if attempt.action == "send":
            attempt.action = None
    case.waiting_for, case.next_look_at = order.by, None
    return files.lanes


def resume(session: Session, office: Office, case_id: UUID, order: Order) -> set[str]:
    """Start the clock again; what was planned and the deadlines move by the length of the pause."""
    files, case = _case(session, office, case_id, order)
    if case.paused_at is None:
        raise OperatorError("该任务未暂停", "this case is not paused")
    stood = files.now - case.paused_at
    case.deadlines = engine.moved(case.deadlines, stood)
    for attempt in files.attempts[case_id]:
        if attempt.state == "planned":
            attempt.action, attempt.due_at = "send", attempt.due_at + stood
    case.paused_at = None
    _ordered(files, case, order, "resumed", stood_s=round(stood.total_seconds()))
    files.decide()
    return files.lanes


def call(session: Session, office: Office, case_id: UUID, order: Order, relation: Relation) -> set[str]:
    """Have a named contact called who is never called by machine: an employer, a community worker."""
    files, case = _case(session, office, case_id, order)
    decisions = engine.call(files.case_value(case_id), relation, files.now)
    if not decisions:
        raise OperatorError(
            f"没有可呼叫的{relation.zh}联系人", f"no {relation} contact that can be called, or one is being called"
        )
    _ordered(files, case, order, f"call_{relation}", relation=relation)
    apply.carry_out(files, case_id, decisions)
    files.decide()
    return files.lanes


def ask_bank(session: Session, office: Office, case_id: UUID, order: Order, hook: Hook) -> set[str]:
    """Ask the bank for a measure, or to lift one, on a human's order."""
    files, case = _case_of_bank(session, office, case_id, order)
    _ordered(files, case, order, hook.value)
    apply.carry_out(files, case_id, [engine.bank(hook, files.now)])
    files.decide()
    return files.lanes


def _case_of_bank(session: Session, office: Office, case_id: UUID, order: Order) -> tuple[CaseFiles, CaseRow]:
    """A measure outlives its case, so the bank is asked about a closed one too."""
    if not order.reason.strip():
        raise OperatorError("请写明理由", "give the reason with --reason")
    files = CaseFiles(session, office)
    if session.scalar(select(CaseRow.id).where(CaseRow.id == case_id)) is None:
        raise OperatorError(f"没有任务 {case_id}", f"no case {case_id}")
    files.open([case_id])
    return files, files.cases[case_id]


def locate(session: Session, office: Office, case_id: UUID, order: Order, address: Address) -> set[str]:
    """The person is found to be somewhere else: an address that holds for a time. The clock stands."""
    files, case = _case(session, office, case_id, order)
    subject = session.get_one(SubjectRow, case.subject_id)
    reaches.add_places(files, case, subject, incoming.places(office, [address], []))
    _ordered(files, case, order, "located")
    files.decide()
    return files.lanes


def split(session: Session, office: Office, case_id: UUID, order: Order, instruction_id: str) -> tuple[UUID, set[str]]:
    """An instruction that joined the wrong person gets a case of its own. Gives its id."""
    files, case = _case(session, office, case_id, order)
    found = select(InstructionRow).where(
        InstructionRow.case_id == case_id, InstructionRow.instruction_id == instruction_id
    )
    rows = list(session.scalars(found.order_by(InstructionRow.version)))
    others = session.scalar(
        select(InstructionRow.id)
        .where(InstructionRow.case_id == case_id, InstructionRow.instruction_id != instruction_id)
        .limit(1)
    )
    if not rows or others is None:
        raise OperatorError(
            "只能从并案任务中拆出其中一条指令", "only one of several joined instructions can be split off"
        )
    read, _ = intake.reread(files, rows[-1])
    own = cases.open_new(files, read, new_subject(session, office, files.now))
    for row in rows:
        row.case_id = own
    _ordered(files, case, order, "split", instruction_id=instruction_id, into=str(own))
    intake.retire_superseded(files, case_id)
    related.link(files, case_id, own, LinkKind.SPLIT)
    files.decide()
    return own, files.lanes


SIMPLE: dict[str, Callable[[Session, Office, UUID, Order], set[str]]] = {
    "revive": revive,
    "pause": pause,
    "resume": resume,
}
