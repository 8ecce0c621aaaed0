"""What the standing instructions of a case say, each read once and remembered.

A statement holds codes and blind indexes, no personal data, and never changes: an instruction is immutable.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework import closing, personal_data
from dispatcher.casework.case_file import CaseFile
from dispatcher.engine.merge import MergedFacts, Statement, Transfer, merge
from dispatcher.intake import conflicts, normalised
from dispatcher.intake.normalised import NormalisedInstruction, whose
from dispatcher.store.instructions import InstructionRow, QuarantineRow
from dispatcher.vault import Erased
from schemas import parse
from schemas.instruction import Instruction


def merged(case_file: CaseFile, case_id: UUID) -> MergedFacts | None:
    """What they say together; None where none is left."""
    said = standing(case_file, case_id)
    opened_at = case_file.cases[case_id].opened_at
    return merge(said, case_file.context.policy.grave_types, opened_at) if said else None


def standing(case_file: CaseFile, case_id: UUID) -> list[Statement]:
    """Those of the newest versions that stand; of a conflict that nobody has decided yet, both contents."""
    rows, beside = _rows(case_file, case_id)
    said = [_timed(case_file, row) for row in rows.values()]
    other = [_remembered(case_file, row.id, row.value_id, row.received_at) for row, _ in beside]
    # Whose case it is, the content says that came first: the other may be about somebody else.
    other = [each and replace(each, identity=None, name_digest=None) for each in other]
    return [each for each in (*said, *other) if each is not None]


def read_standing(case_file: CaseFile, case_id: UUID) -> Iterator[NormalisedInstruction]:
    """The same, as they came in, without those whose person was erased."""
    rows, beside = _rows(case_file, case_id)
    kept = [(row.raw_value_id, row.received_at) for row in rows.values()]
    for value_id, received_at in (*kept, *((row.value_id, row.received_at) for row, _ in beside)):
        try:
            yield reread(case_file, value_id, received_at)
        except Erased:
            continue


def _rows(
    case_file: CaseFile, case_id: UUID
) -> tuple[dict[UUID, InstructionRow], list[tuple[QuarantineRow, InstructionRow]]]:
    """The versions that stand, and beside them what conflicts with one."""
    case_file.session.flush()
    rows = {row.id: row for row in closing.standing(case_file, case_id)}
    beside = conflicts.undecided(case_file, case_id, rows.values())
    return rows | {row.id: row for _, row in beside}, beside


def reread(case_file: CaseFile, value_id: UUID, received_at: datetime) -> NormalisedInstruction:
    """A stored instruction as it came in. Raises vault.Erased."""
    found = parse.line(personal_data.read_value(case_file.work, value_id).encode())
    if not isinstance(found, Instruction):
        raise TypeError("a stored instruction is an instruction")
    return normalised.read(case_file.context, found, received_at)


def of_row(case_file: CaseFile, row: InstructionRow) -> Statement | None:
    """What one instruction says; None where its person was erased."""
    return _remembered(case_file, row.id, row.raw_value_id, row.received_at)


def _timed(case_file: CaseFile, row: InstructionRow) -> Statement | None:
    """With a time for money of which its source told none: that of the version that first told of it.

    A source that lists all again, and one amount more, tells of one more, whatever date it gives the update.
    """
    said = of_row(case_file, row)
    if said is None or not said.untimed:
        return said
    wanted, told, found = Counter(said.untimed), Counter[int](), list[Transfer]()
    first, *newer = _versions(case_file, row)
    for version in (first, *newer):
        earlier = of_row(case_file, version)
        if earlier is not None:
            listed = wanted & Counter(earlier.untimed)
            at = min(earlier.issued_at, version.received_at) if version is first else version.received_at
            found += [Transfer(at, yuan) for yuan in (listed - told).elements()]
            told |= listed
    return replace(said, transfers=(*said.transfers, *found), untimed=())


def _versions(case_file: CaseFile, row: InstructionRow) -> Sequence[InstructionRow]:
    """This one and those before it, oldest first."""
    found = select(InstructionRow).where(
        InstructionRow.system == row.system,
        InstructionRow.instruction_id == row.instruction_id,
        InstructionRow.version <= row.version,
    )
    return case_file.session.scalars(found.order_by(InstructionRow.version)).all()


def _remembered(case_file: CaseFile, statement_id: UUID, value_id: UUID, received_at: datetime) -> Statement | None:
    known = case_file.context.statements.get(statement_id)
    if known is None:
        try:
            known = of(statement_id, reread(case_file, value_id, received_at))
        except Erased:
            return None
        case_file.context.statements.put(statement_id, known)
    return known


def of(statement_id: UUID, received: NormalisedInstruction) -> Statement:
    """An instruction as the merge sees it."""
    pushed = received.pushed
    return Statement(
        id=str(statement_id),
        issued_at=received.issued_at,
        urgency=received.urgency,
        fraud_type=received.fraud_type,
        channels=tuple(pushed.channels),
        language=received.language,
        identity=None if received.id_digest is None else (received.id_digest, received.is_id_doubtful),
        name_digest=received.name_digest,
        texts=frozenset(received.text_digests.items()),
        numbers=frozenset((phone.digest, whose(phone.party)) for phone in received.phones),
        guardians=frozenset((phone.digest, whose(phone.party)) for phone in received.phones if phone.is_guardian),
        places=frozenset(place.digest for place in received.addresses),
        facts=received.facts,
        amount_at_risk=pushed.risk.amount_at_risk_yuan,
        transfers=tuple(Transfer(each.at, each.amount_yuan or 0) for each in pushed.risk.transfers if each.at),
        untimed=tuple(each.amount_yuan or 0 for each in pushed.risk.transfers if not each.at),
        payees=received.payees,
        money_moved=received.money_moved,
        expired=received.expired,
    )
