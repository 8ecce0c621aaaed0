"""What came before its instruction (a withdrawal, a patch, feedback): kept, and taken when the instruction comes."""

from collections.abc import Collection, Iterator
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.context import Context
from dispatcher.casework.moves import end_work_item
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.intake import locks, named_line, quarantine
from dispatcher.intake.locks import ANY_SOURCE
from dispatcher.intake.named_line import NamedLine
from dispatcher.store.base import in_array, in_array_named
from dispatcher.store.instructions import QuarantineRow
from dispatcher.store.work_items import WorkItemRow
from schemas.errors import EARLY
from schemas.instruction import Event, Instruction, Withdraw
from schemas.vocabulary import IntakeStatus, WorkItemState


def lock(work: UnitOfWork, event: Event) -> None:
    """Whoever brings the instruction takes this lock too: it has come by now, or finds what is kept under the lock."""
    locks.lock_instruction(work, event.source.system if event.source else ANY_SOURCE, event.instruction_id)


def keep(work: UnitOfWork, event: Event, raw: bytes, content: bytes, *, door: str) -> bool:
    """Keep a line until its instruction comes. False for a copy of one that waits already, or has been taken."""
    kept_as = UUID(bytes=content[:16])
    if quarantine.holds(work, kept_as):
        return False
    status = IntakeStatus.ACCEPTED
    quarantine.keep(work, raw, door=door, status=status, field="instruction_id", reason=EARLY, kept_as=kept_as)
    row = work.session.get_one(QuarantineRow, kept_as)
    row.awaits = _awaited(work.context, event.source.system if event.source else ANY_SOURCE, event.instruction_id)
    work.note_without_case("line_waits", {"quarantine": str(kept_as)}, actor=door)
    if isinstance(event, Withdraw) and event.source is not None:
        withdrawn(work, event, event.source.system)
    return True


def lines(work: UnitOfWork, pushed: Instruction) -> Iterator[tuple[QuarantineRow, bytes]]:
    """What has waited for this instruction, in the order in which it came; it waits no longer.

    An urgent line that was refused is done with, unless it was of a higher version: this is what its source made of it.
    """
    keys = keys_of(work.context, pushed)
    found = select(QuarantineRow).where(in_array(QuarantineRow.awaits, keys)).order_by(QuarantineRow.value_id)
    for row in work.session.scalars(found.with_for_update()).all():
        is_refused = row.status is IntakeStatus.REFUSED
        if is_refused and _version(work, row) > pushed.version:
            continue
        text = quarantine.line(work, row.id)
        line = text.encode() if text is not None else b""
        row.awaits, row.pushed_again_at = None, work.now
        if line and not is_refused:
            yield row, line


def withdrawn(work: UnitOfWork, event: Withdraw, system: str) -> None:
    """Nobody need mend an urgent line of this instruction that was refused, unless it was of a higher version."""
    key = _awaited(work.context, system, event.instruction_id)
    refused = QuarantineRow.awaits == key, QuarantineRow.status == IntakeStatus.REFUSED
    waits = QuarantineRow.decided_at.is_(None), QuarantineRow.pushed_again_at.is_(None)
    rows = work.session.scalars(select(QuarantineRow).where(*refused, *waits)).all()
    over = [row for row in rows if _version(work, row) <= event.version]
    for row in over:
        row.decided_at = work.now
    if over and len(over) == len(rows):
        _end_items(work, refused_cause(over[0]))


def refused_cause(row: QuarantineRow) -> str:
    """What names the work item of a refused line: of one instruction that is refused often there is one."""
    return f"refused:{row.awaits.hex() if row.awaits is not None else row.id}"


def _end_items(work: UnitOfWork, cause: str) -> None:
    of_these = WorkItemRow.case_id.is_(None), WorkItemRow.cause == cause, WorkItemRow.done_at.is_(None)
    for item in work.session.scalars(select(WorkItemRow).where(*of_these).with_for_update()):
        end_work_item(work, None, item, WorkItemState.CANCELLED, rule="withdraw")


def _version(work: UnitOfWork, row: QuarantineRow) -> int:
    """0 where it named none."""
    text = quarantine.line(work, row.id)
    return named_line.read(text.encode(), work.context).version or 0 if text is not None else 0


def keys_of(context: Context, pushed: Instruction) -> list[bytes]:
    """Under which lines wait for this instruction."""
    return [_awaited(context, each, pushed.instruction_id) for each in (pushed.source.system, ANY_SOURCE)]


def awaited(work: UnitOfWork, keys: Collection[bytes]) -> frozenset[bytes]:
    """Those of these keys under which something waits."""
    return frozenset(each for each in work.session.scalars(_AWAITED, {"keys": list(keys)}) if each is not None)


_AWAITED = select(QuarantineRow.awaits).where(
    in_array_named(QuarantineRow.awaits, "keys"), QuarantineRow.awaits.is_not(None)
)


def mended_by(work: UnitOfWork, kept_id: UUID, named: NamedLine) -> None:
    """Let a refused line be done with as soon as the instruction that it names is taken from its source."""
    if named.instruction_id is not None and named.system is not None:
        row = work.session.get_one(QuarantineRow, kept_id)
        row.awaits = _awaited(work.context, named.system, named.instruction_id)


def _awaited(context: Context, system: str, instruction_id: str) -> bytes:
    return context.vault.digest("awaited", f"{system}\0{instruction_id}")
