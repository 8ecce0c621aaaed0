"""Instructions about people whom nobody knows: most of what is pushed, and taken as many at once as there are.

The database is asked once for all of them, and their rows are written together. A batch of one goes the same way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dispatcher.casework import callback_codes
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.intake import accepted, known, normalised, open_case
from dispatcher.intake.answer import Answer
from dispatcher.intake.normalised import NormalisedInstruction
from dispatcher.store.base import new_id
from schemas.instruction import Instruction
from schemas.vocabulary import IntakeStatus


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line that holds an instruction, and the digest of its content."""

    pushed: Instruction
    raw: bytes
    digest: bytes


def take(work: UnitOfWork, lines: Sequence[ReadLine]) -> list[Answer | None]:
    """Take those of these lines that are about somebody new; None stands for every other.

    Their locks are held, and none touches another.
    """
    answers: list[Answer | None] = [None] * len(lines)
    chosen = dict(_new(work, lines))
    if not chosen:
        return answers
    case_file = CaseFile(work)
    with work.in_bulk():
        received = chosen.values()
        case_file.read_bad_numbers(phone.digest for each in received for phone in each.phones)
        case_file.read_counties(
            place.precinct_code for each in received for place in each.addresses if place.precinct_code is not None
        )
        case_ids = [new_id() for _ in chosen]
        codes = callback_codes.draw(work, case_ids)
        for case_id, (place, read) in zip(case_ids, chosen.items(), strict=True):
            line, subject = lines[place], open_case.subject_of(case_file, read)
            open_case.add_case(case_file, case_id, read, subject, codes.get(case_id))
            row = accepted.record(case_file, case_id, read, line.raw, line.digest)
            accepted.note(case_file, row, joined=False)
            accepted.review_contacts(case_file, case_id, read, row.id)
            accepted.review_precincts(case_file, case_id, read)
            answers[place] = Answer(IntakeStatus.ACCEPTED, line.pushed.instruction_id, str(case_id), row=row)
        decide(case_file)
    return answers


def _new(work: UnitOfWork, lines: Sequence[ReadLine]) -> Iterator[tuple[int, NormalisedInstruction]]:
    """Places of those that open a case which nothing that is known touches, and which does not end at once.

    At its end a case's rows are read, which are not written yet.
    """
    received = [normalised.read(work.context, each.pushed, work.now) for each in lines]
    asked = [known.asked_of(work, each) for each in received]
    found = known.read(work, asked)
    for place, (of_line, read) in enumerate(zip(asked, received, strict=True)):
        if found.is_new(of_line) and not read.expired:
            yield place, read
