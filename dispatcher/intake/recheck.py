"""Open cases of an older version, read again by the rules of this one: what they would say, and who was joined to whom.

Nothing is changed by looking. People are joined by a number that identifies somebody, or by a phone; a case that was
joined by `无` or by what a spreadsheet left of a number is for a person to split.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework import closing, personal_data
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine.case import SUBJECT
from dispatcher.engine.merge import MergedFacts
from dispatcher.intake import contact_points, facts, normalised, statements
from dispatcher.intake.normalised import NormalisedInstruction
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.vault import VaultValueRow
from dispatcher.vault import Erased
from schemas import identity_numbers
from schemas.vocabulary import CaseState

_RULE = "rechecked"


@dataclass(frozen=True)
class Rechecked:
    """`changed`: the facts that would be others today. `doubtful`: instructions that nothing of worth joins."""

    case: str
    changed: tuple[str, ...]
    doubtful: tuple[str, ...]


def open_cases(work: UnitOfWork) -> list[UUID]:
    return list(work.session.scalars(select(CaseRow.id).where(CaseRow.state == CaseState.OPEN).order_by(CaseRow.id)))


def look(work: UnitOfWork, case_id: UUID) -> Rechecked:
    """What one open case would say today."""
    case_file = CaseFile(work)
    case_file.open([case_id])
    after = statements.merged(case_file, case_id)
    changed = _changed(case_file, case_id, after) if after is not None else set()
    return Rechecked(str(case_id), tuple(sorted(changed)), tuple(_doubtful(case_file, case_id)))


def _changed(case_file: CaseFile, case_id: UUID, after: MergedFacts) -> set[str]:
    case, found = case_file.cases[case_id], set[str]()
    if contact_points.lacking(case_file, case_id, after):
        found.add("numbers")
    if facts.identity_differs(case_file, case, after):
        found.add("identity")
    if any(_digest(case_file, case, name) != digest for name, (digest, _) in after.texts.items()):
        found.add("texts")
    return found | facts.changed(case, None, after)


def _digest(case_file: CaseFile, case: CaseRow, name: str) -> bytes | None:
    """Blind index of the text that is read of the person: the newest."""
    value = select(VaultValueRow.id).where(VaultValueRow.subject_id == case.subject_id, VaultValueRow.field == name)
    newest = case_file.session.scalar(value.order_by(VaultValueRow.id.desc()).limit(1))
    if newest is None:
        return None
    return normalised.text_digest(case_file.context, name, personal_data.read_value(case_file.work, newest))


def apply(work: UnitOfWork, case_id: UUID) -> None:
    """Let an open case say what its instructions say by today's rules. Urgency never falls, no number is retired."""
    case_file = CaseFile(work)
    case_file.open([case_id])
    if case_file.cases[case_id].state == CaseState.OPEN:
        facts.apply(case_file, case_id, None, rule=_RULE, cause=case_id)
        decide(case_file)


def _doubtful(case_file: CaseFile, case_id: UUID) -> Iterator[str]:
    """Instructions of one case that share neither an identity number of worth nor a phone of the subject."""
    read = [each for each in (_read(case_file, row) for row in closing.standing(case_file, case_id)) if each]
    apart = {
        each.pushed.instruction_id
        for pair in combinations(read, 2)
        if not _belong_together(*pair) and _same_text(*pair)
        for each in pair
    }
    yield from sorted(apart)


def _read(case_file: CaseFile, row: InstructionRow) -> NormalisedInstruction | None:
    try:
        return statements.reread(case_file, row.raw_value_id, row.received_at)
    except Erased:
        return None


def _same_text(one: NormalisedInstruction, other: NormalisedInstruction) -> bool:
    """Their numbers read alike: that is what joined them."""
    written = [identity_numbers.id_number(each.pushed.victim.id_number or "") for each in (one, other)]
    return written[0] == written[1]


def _belong_together(one: NormalisedInstruction, other: NormalisedInstruction) -> bool:
    phones = [{phone.digest for phone in each.phones if phone.party == SUBJECT} for each in (one, other)]
    if phones[0] & phones[1]:
        return True
    if one.id_digest is None or one.id_digest != other.id_digest:
        return False
    return not one.is_id_doubtful or (one.name_digest is not None and one.name_digest == other.name_digest)
