"""Turns: two deliveries of one instruction, or of one person's instructions, wait for each other.

An instruction's turn is always taken before a person's, and cases are locked after both, so nobody waits in a ring.
"""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from dispatcher.casework.incoming import identities
from dispatcher.casework.office import Office
from schemas.instruction import Instruction

_LOCK_EACH = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")


def of_instruction(session: Session, office: Office, system: str, instruction_id: str) -> None:
    _wait(session, [office.vault.digest("instruction", f"{system}\0{instruction_id}")])


def of_person(session: Session, office: Office, pushed: Instruction) -> None:
    _wait(session, set(identities(office, pushed)))


def _wait(session: Session, names: Iterable[bytes]) -> None:
    # In order, so that two of them never wait for each other both ways.
    keys = sorted(int.from_bytes(name[:8], signed=True) for name in names)
    session.execute(_LOCK_EACH, {"keys": keys})
