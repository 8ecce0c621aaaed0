"""Locks of intake: two deliveries of one instruction, or of one person's instructions, wait for each other.

An instruction's lock is always taken before a person's, and cases are locked after both, so there is no deadlock.
"""

from uuid import UUID

from sqlalchemy import select, union_all

from dispatcher.casework.context import Context
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.intake.normalised import identities
from dispatcher.store import advisory_locks
from dispatcher.store.cases import CaseRow, PhoneRow
from dispatcher.store.vault import SubjectRow
from schemas.instruction import Instruction

ANY_SOURCE = ""
"""Of an event that names no source; whoever brings an instruction takes this lock before its own."""


def lock_instruction(work: UnitOfWork, system: str, instruction_id: str) -> None:
    advisory_locks.lock(work.session, [_instruction(work.context, system, instruction_id)])


def lock_instruction_and_person(work: UnitOfWork, pushed: Instruction) -> None:
    """The instruction's locks, then the person's."""
    # In order, so that two of them never wait for each other both ways.
    persons = sorted(advisory_locks.intake(each) for each in set(identities(work.context, pushed)))
    systems = (ANY_SOURCE, pushed.source.system)
    instruction = [_instruction(work.context, system, pushed.instruction_id) for system in systems]
    advisory_locks.lock(work.session, [*instruction, *persons])


def lock_person_of(work: UnitOfWork, case_id: UUID) -> None:
    """The same for a person whom a case is about: whoever opens a case that had ended takes this before its lock."""
    identity = select(SubjectRow.id_digest).join(CaseRow, CaseRow.subject_id == SubjectRow.id)
    known = work.session.scalars(
        union_all(identity.where(CaseRow.id == case_id), select(PhoneRow.digest).where(PhoneRow.case_id == case_id))
    )
    advisory_locks.lock(work.session, sorted({advisory_locks.intake(each) for each in known if each is not None}))


def _instruction(context: Context, system: str, instruction_id: str) -> int:
    return advisory_locks.intake(context.vault.digest("instruction", f"{system}\0{instruction_id}"))
