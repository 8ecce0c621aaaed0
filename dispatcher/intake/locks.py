"""Turns: two deliveries of one instruction, or of one person's instructions, wait for each other.

An instruction's turn is always taken before a person's, and cases are locked after both, so nobody waits in a ring.
"""

from sqlalchemy.orm import Session

from dispatcher.casework.context import Context
from dispatcher.intake.normalised import identities
from dispatcher.store import advisory_locks
from schemas.instruction import Instruction


def lock_instruction(session: Session, context: Context, system: str, instruction_id: str) -> None:
    advisory_locks.lock(session, [_instruction(context, system, instruction_id)])


def lock_instruction_and_person(session: Session, context: Context, pushed: Instruction) -> None:
    """The instruction's turn, then the person's."""
    # In order, so that two of them never wait for each other both ways.
    persons = sorted(advisory_locks.intake(each) for each in set(identities(context, pushed)))
    instruction = _instruction(context, pushed.source.system, pushed.instruction_id)
    advisory_locks.lock(session, [instruction, *persons])


def _instruction(context: Context, system: str, instruction_id: str) -> int:
    return advisory_locks.intake(context.vault.digest("instruction", f"{system}\0{instruction_id}"))
