"""Turns: two deliveries of one instruction, or of one person's instructions, wait for each other.

An instruction's turn is always taken before a person's, and cases are locked after both, so nobody waits in a ring.
"""

from sqlalchemy import text

from dispatcher.casework.context import Context
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.intake.normalised import identities
from schemas.instruction import Instruction

_LOCK_EACH = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")


def lock_instruction(work: UnitOfWork, system: str, instruction_id: str) -> None:
    work.session.execute(_LOCK_EACH, {"keys": [_instruction(work.context, system, instruction_id)]})


def lock_instruction_and_person(work: UnitOfWork, pushed: Instruction) -> None:
    """The instruction's turn, then the person's."""
    # In order, so that two of them never wait for each other both ways.
    persons = sorted(_key(each) for each in set(identities(work.context, pushed)))
    instruction = _instruction(work.context, pushed.source.system, pushed.instruction_id)
    work.session.execute(_LOCK_EACH, {"keys": [instruction, *persons]})


def _instruction(context: Context, system: str, instruction_id: str) -> int:
    return _key(context.vault.digest("instruction", f"{system}\0{instruction_id}"))


def _key(name: bytes) -> int:
    return int.from_bytes(name[:8], signed=True)
