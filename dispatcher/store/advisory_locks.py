"""Every advisory lock of PostgreSQL that we take. Two users of one number would wait for each other for no reason."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

MIGRATION = 0x44535031
"""One migration at a time. For its transaction."""
CLOCK_DRIVER = 0x44535032
"""Its holder may move a stepped clock: `simulate` for its whole run, else the sweep for one step."""
SWEEP = 0x44535033
"""One sweep sweeps, others stand by. Until its connection ends."""
INTAKE_QUEUE = 0x44535034
"""One worker reads the next message of the intake queue, others stand by. For its transaction."""
ROSTER = 0x44535035
"""One visit at a time is given to an officer. For its transaction."""
SERVICE_ITEMS = 0x44535036
"""One at a time compares the work items without a case with what they are about. For its transaction."""
WEBHOOKS = 0x44535037
"""One process gives events of sources their positions and sends them. Until its connection ends."""

_PROVIDER_LINKS = 0x4C494E4B << 32


def provider_link(name: str) -> int:
    """One worker holds the link of this provider, others stand by. Until its connection ends."""
    return _PROVIDER_LINKS | zlib.crc32(name.encode())


def intake(digest: bytes) -> int:
    """One delivery at a time of this instruction, or of a person with this identity. For its transaction.

    From a keyed digest, so from all 64 bits: meeting another lock is as unlikely as two digests that are alike.
    """
    return _from_digest(digest)


def code_asker(digest: bytes) -> int:
    """One query at a time of a call-back code by this asker, so that the limits are exact. For its transaction."""
    return _from_digest(digest)


def _from_digest(digest: bytes) -> int:
    return int.from_bytes(digest[:8], signed=True)


_LOCK_EACH = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")
_LOCK = text("SELECT pg_advisory_lock(:key)")
_UNLOCK = text("SELECT pg_advisory_unlock(:key)")
_TRY = text("SELECT pg_try_advisory_xact_lock(:key)")
_SILENT_FOR = text("SET idle_session_timeout = '10s'")
_TRY_FOR_CONNECTION = text("SELECT pg_try_advisory_lock(:key)")


def lock(transaction: Session | Connection, keys: Sequence[int]) -> None:
    """Wait for these locks one after the other, and hold them until the transaction ends."""
    transaction.execute(_LOCK_EACH, {"keys": list(keys)})


def try_lock(transaction: Session | Connection, key: int) -> bool:
    """Hold this lock until the transaction ends; False if somebody else holds it."""
    return bool(transaction.scalar(_TRY, {"key": key}))


def try_lock_connection(connection: Connection, key: int) -> bool:
    """Hold this lock until the connection ends, over all its transactions; False if somebody else holds it.

    The holder says something each second. One that stands still loses its session, and with it the lock.
    """
    connection.execute(_SILENT_FOR)
    is_held = bool(connection.scalar(_TRY_FOR_CONNECTION, {"key": key}))
    connection.commit()
    return is_held


@contextmanager
def hold(connection: Connection, key: int, wait_s: int) -> Iterator[None]:
    """Hold this lock inside. Raises OperationalError if somebody else holds it for longer than the wait.

    The lock is the connection's, which must be in AUTOCOMMIT, so that no transaction stays open meanwhile.
    """
    connection.execute(text(f"SET lock_timeout = '{int(wait_s)}s'"))
    connection.execute(_LOCK, {"key": key})
    try:
        yield
    finally:
        connection.execute(_UNLOCK, {"key": key})
        connection.execute(text("RESET lock_timeout"))
