"""Locks of intake: two deliveries of one instruction, or of one person's instructions, wait for each other.

The locks of instructions are always taken before those of persons, and cases are locked after both, so there is no
deadlock.
"""

from collections.abc import Iterable, Sequence
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
    lock_together(work, [pushed], identities(work.context, pushed))


def lock_together(work: UnitOfWork, pushed: Sequence[Instruction], persons: Iterable[bytes]) -> None:
    """The locks of several instructions, then those of all their people, who are given by their identities."""
    # Each kind in order, so that two who lock never wait for each other both ways.
    any_source = {_instruction(work.context, ANY_SOURCE, each.instruction_id) for each in pushed}
    own = {_instruction(work.context, each.source.system, each.instruction_id) for each in pushed}
    of_persons = {advisory_locks.intake(each) for each in persons}
    advisory_locks.lock(work.session, [*sorted(any_source), *sorted(own), *sorted(of_persons)])


def lock_person_of(work: UnitOfWork, case_id: UUID) -> None:
    """The same for a person whom a case is about: whoever opens a case that had ended takes this before its lock."""
    identity = select(SubjectRow.id_digest).join(CaseRow, CaseRow.subject_id == SubjectRow.id)
    known = work.session.scalars(
        union_all(identity.where(CaseRow.id == case_id), select(PhoneRow.digest).where(PhoneRow.case_id == case_id))
    )
    advisory_locks.lock(work.session, sorted({advisory_locks.intake(each) for each in known if each is not None}))


def _instruction(context: Context, system: str, instruction_id: str) -> int:
    return advisory_locks.intake(context.vault.digest("instruction", f"{system}\0{instruction_id}"))
