"""Reasons and remarks 理由与备注: what supervisors, officers and sources wrote about a case.

Their words lie in the vault, and each reading is on the record; that there are some may be seen by anybody.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.casework import personal_data
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.errors import Refused
from dispatcher.store.base import in_array
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.vault import VaultValueRow
from dispatcher.vault import Erased
from dispatcher.visits import permissions
from schemas import parse
from schemas.errors import BadInstruction
from schemas.folding import is_blank
from schemas.instruction import Instruction
from schemas.read_models.case import Remark
from schemas.refusals import RefusalCode
from schemas.vocabulary import Act

_NAMES = ("reason", "note")  # under which a journal entry holds the id of what was written


def listed(session: Session, case_id: UUID) -> list[Remark]:
    """Who wrote something about the case, when and on what occasion; without what it says."""
    entries = session.scalars(select(JournalRow).where(JournalRow.case_id == case_id).order_by(JournalRow.seq))
    found = [(value_id, entry) for entry in entries for value_id in _ids(entry)]
    of_these = in_array(VaultValueRow.id, {value_id for value_id, _ in found})
    kept = set(session.scalars(select(VaultValueRow.id).where(of_these, VaultValueRow.field == "remark")))
    return [
        Remark(id=value_id, at=entry.at, by=entry.actor, event=entry.event, text=None)
        for value_id, entry in found
        if value_id in kept
    ]


def read(work: UnitOfWork, case_id: UUID, *, by: str) -> list[Remark]:
    """What they say, and what each instruction says in its own words. `text` is None where the person was erased.

    Raises Refused.
    """
    case_file = CaseFile(work)
    case_file.open([case_id])
    if case_id not in case_file.cases:
        raise Refused(RefusalCode.NO_CASE, case=str(case_id))
    permissions.check_case(case_file, case_file.cases[case_id], by, Act.READ_REMARKS)
    remarks = [*_notes(work, case_id), *_opened(work, listed(work.session, case_id))]
    if remarks:
        data = {"remarks": [str(each.id) for each in remarks]}
        case_file.note(case_id, "remarks_read", data, actor=by, rule="remarks_read")
    return remarks


def _ids(entry: JournalRow) -> Iterator[UUID]:
    for name in _NAMES:
        try:
            yield UUID(str(entry.data.get(name)))
        except ValueError:
            continue  # a code, or nothing


def _opened(work: UnitOfWork, remarks: Iterable[Remark]) -> Iterator[Remark]:
    for each in remarks:
        yield each.model_copy(update={"text": _text(work, each.id)})


def _notes(work: UnitOfWork, case_id: UUID) -> Iterator[Remark]:
    rows = select(InstructionRow).where(InstructionRow.case_id == case_id).order_by(InstructionRow.id)
    for row in work.session.scalars(rows):
        raw = _text(work, row.raw_value_id)
        try:
            pushed = parse.line(raw.encode()) if raw is not None else None
        except BadInstruction:
            continue  # taken by an older version, and not read by this one
        if isinstance(pushed, Instruction) and pushed.note and not is_blank(pushed.note):
            said = {"at": row.received_at, "by": row.system, "event": "instruction_accepted", "text": pushed.note}
            yield Remark(id=row.raw_value_id, **said)


def _text(work: UnitOfWork, value_id: UUID) -> str | None:
    try:
        return personal_data.read_value(work, value_id)
    except Erased:
        return None
    except InvalidTag:
        raise Refused(RefusalCode.PERSONAL_DATA_UNREADABLE) from None
