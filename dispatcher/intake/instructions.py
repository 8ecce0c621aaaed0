"""Intake: validate, de-duplicate, open or join a case, plan the first attempts, journal. One transaction a line."""

import json
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.casework import closing, linked_cases, personal_data
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.moves import ask_person
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.intake import (
    accepted,
    conflicts,
    content,
    early,
    events,
    facts,
    holds,
    locks,
    named_line,
    new_people,
    normalised,
    open_case,
    quarantine,
    repeated,
    same_person,
    split_off,
    statements,
)
from dispatcher.intake.accepted import CENTRE
from dispatcher.intake.answer import Answer
from dispatcher.intake.new_people import ReadLine
from dispatcher.intake.normalised import NormalisedInstruction
from dispatcher.store.instructions import InstructionRow, QuarantineRow
from dispatcher.vault import Erased
from schemas import parse, patch
from schemas.errors import EARLY, OTHER_CONTENT, BadInstruction, ErasedInstruction, UnknownInstruction
from schemas.instruction import Event, Instruction, Patch
from schemas.vocabulary import CaseState, IntakeStatus, LinkKind, WorkItemKind

Digests = tuple[bytes, bytes]
"""Of one line: as it is understood, and as it was written, which older versions have stored."""


def take(work: UnitOfWork, raw: bytes, *, door: str, kept_as: UUID | None = None) -> Answer:
    """Take one line; what can't be taken is kept in quarantine, under `kept_as` if given. Returns the answer."""
    try:
        found = parse.line(raw)
        if isinstance(found, Event):
            return _event(work, found, raw, door)
        line = ReadLine(found, raw, content.digest(work.context, found))
        locks.lock_instruction_and_person(work, found)
        [opened] = new_people.take(work, [line])
        if opened is not None:
            return opened
        digests = line.digest, content.digest_as_written(work.context, raw)
        return _instruction(work, found, raw, digests, door)
    except BadInstruction as refusal:
        return refuse(work, raw, refusal, door=door, kept_as=kept_as)


def _event(work: UnitOfWork, event: Event, raw: bytes, door: str) -> Answer:
    """Take an event, or keep it until its instruction comes."""
    digests = content.digest(work.context, event), content.digest_as_written(work.context, raw)
    try:
        return _known_event(work, event, digests, door)
    except UnknownInstruction:
        early.lock(work, event)
    try:
        return _known_event(work, event, digests, door)
    except UnknownInstruction:
        is_news = early.keep(work, event, raw, digests[0], door=door)
        status = IntakeStatus.ACCEPTED if is_news else IntakeStatus.DUPLICATE
        return Answer(status, event.instruction_id, None, EARLY)


def _known_event(work: UnitOfWork, event: Event, digests: Digests, door: str) -> Answer:
    if isinstance(event, Patch):
        return _patch(work, event, digests, door)
    return events.take(work, event, *digests)


def refuse(work: UnitOfWork, raw: bytes, refusal: BadInstruction, *, door: str, kept_as: UUID | None = None) -> Answer:
    """Keep a line in quarantine; one that is kept under this id already is not kept twice."""
    named = named_line.read(raw, work.context)
    if kept_as is None or not quarantine.holds(work, kept_as):
        field = refusal.field[:100]
        urgency = named.urgency if named.is_urgent else None
        kept = quarantine.keep(
            work,
            raw,
            door=door,
            status=IntakeStatus.REFUSED,
            field=field,
            reason=refusal.reason,
            kept_as=kept_as,
            urgency=urgency,
        )
        if named.is_urgent and refusal.field != "source.system":  # it is not that source's
            early.mended_by(work, kept, named)
        told = {"quarantine": str(kept), "field": field, "urgency": urgency}
        work.note_without_case("line_refused", told, actor=door)
    return Answer(IntakeStatus.REFUSED, named.printable_id, None, refusal.reason)


def _patch(work: UnitOfWork, event: Patch, digests: Digests, door: str) -> Answer:
    """Apply a patch to the newest version, and take what comes out as an update."""
    newest = events.instruction(work, event)
    try:
        line = personal_data.read_value(work, newest.raw_value_id)
    except Erased:
        raise ErasedInstruction from None
    body, _ = parse.decoded(line.encode())
    body = patch.apply(body, event.patch) | {"op": "update", "version": event.version}
    found = parse.body_of(body)
    if not isinstance(found, Instruction):
        raise TypeError("a patched instruction is an instruction")
    locks.lock_instruction_and_person(work, found)
    return _instruction(work, found, json.dumps(body, ensure_ascii=False).encode(), digests, door)


def _instruction(work: UnitOfWork, pushed: Instruction, raw: bytes, digests: Digests, door: str) -> Answer:
    """An instruction whose locks are held, whatever is known of it and of its person."""
    digest = digests[0]
    known = _versions(work.session, pushed)
    same = next((row for row in known if row.version == pushed.version), None)
    if same is not None and same.content_digest in digests:
        return _noted(work, same, content.REPEATED, IntakeStatus.DUPLICATE, pushed)
    is_over = (bool(known) and pushed.version < known[-1].version) or _withdrawn_up_to(known) >= pushed.version
    if same is not None:
        return _conflict(work, same, pushed, raw, digest, door, is_over=is_over)
    if is_over:
        return _noted(work, known[-1], "instruction_stale", IntakeStatus.STALE, pushed)
    answer = _accept(work, pushed, raw, digest, known[-1].case_id if known else None)
    _take_early(work, pushed)
    return answer


def _take_early(work: UnitOfWork, pushed: Instruction) -> None:
    """What came before this instruction is taken now, a lower version first."""
    waiting = list(early.lines(work, pushed))
    for row, raw in sorted(waiting, key=lambda each: getattr(parse.line(each[1]), "version", pushed.version)):
        take(work, raw, door=row.door)


def _accept(work: UnitOfWork, pushed: Instruction, raw: bytes, digest: bytes, case_id: UUID | None) -> Answer:
    case_file = CaseFile(work)
    received = normalised.read(work.context, pushed, case_file.now)
    is_update = case_id is not None
    # Nothing that is read here depends on what was just added: one flush at its end, not one before each question.
    with work.session.no_autoflush:
        case_id, joined = open_case.find_or_open(case_file, received, case_id)
        left = case_id if is_update and joined and split_off.names_another(case_file, case_id, received) else None
        if left is not None:
            case_id, joined = open_case.find_or_open(case_file, received, None, without=left)
        before = statements.merged(case_file, case_id) if joined else None
        systems = {each.system for each in closing.standing(case_file, case_id)} if joined else set()
        row = accepted.record(case_file, case_id, received, raw, digest)
        if joined:
            open_case.join(case_file, case_id, received)
    accepted.note(case_file, row, joined=joined)
    if left is not None:
        _leave(case_file, left, row, received)
    if joined:
        rule = "newer_version" if is_update and left is None else "joined"
        facts.apply(case_file, case_id, before, rule=rule, cause=row.id)
        holds.judge(case_file, case_id, received, before, is_new_source=row.system not in systems, cause=row.id)
        _review_same_person(case_file, case_id)
    accepted.review_contacts(case_file, case_id, received, row.id)
    accepted.review_precincts(case_file, case_id, received)
    decide(case_file)
    return Answer(IntakeStatus.ACCEPTED, pushed.instruction_id, str(case_id), row=row)


def _leave(case_file: CaseFile, left: UUID, row: InstructionRow, received: NormalisedInstruction) -> None:
    """An update that names another person takes its earlier versions along: what they said was not of that person."""
    before = statements.merged(case_file, left)
    older = split_off.versions(case_file, left, received)
    split_off.note(case_file, row.case_id, row, left, actor=CENTRE, rule="another_person")
    split_off.move(case_file, left, row.case_id, older, before)


def _review_same_person(case_file: CaseFile, case_id: UUID) -> None:
    """Two open cases that turn out to be of one person go on, linked; a person decides which of them ends."""
    for other in same_person.other_open_cases(case_file, case_id):
        if linked_cases.link(case_file, case_id, other, LinkKind.SAME_PERSON):
            kind, cause = WorkItemKind.SAME_PERSON, f"same_person:{other}"
            ask_person(case_file, case_id, "same_person", kind, cause)


def _noted(work: UnitOfWork, row: InstructionRow, event: str, status: IntakeStatus, pushed: Instruction) -> Answer:
    """A line that changes nothing, and stands in the journal all the same."""
    case_file = CaseFile(work)
    case_file.open([row.case_id])
    return repeated.note(case_file, row, event, status, pushed)


def _conflict(
    work: UnitOfWork,
    row: InstructionRow,
    pushed: Instruction,
    raw: bytes,
    digest: bytes,
    door: str,
    *,
    is_over: bool,
) -> Answer:
    """Both are kept and shown to a supervisor; until that is decided, dispatch goes on with the union of the two.

    A version that a later one or a withdrawal has overtaken adds nothing any more, as if it had come in time.
    """
    if not events.is_news(work.session, row, digest, "conflict", work.now):
        return Answer(IntakeStatus.CONFLICT, pushed.instruction_id, str(row.case_id), OTHER_CONTENT, row)
    case_file = CaseFile(work)
    received = normalised.read(work.context, pushed, case_file.now)
    open_case.open_with_neighbours(case_file, received, row.case_id)
    stands = case_file.cases[row.case_id].state == CaseState.OPEN and not is_over
    before = statements.merged(case_file, row.case_id) if stands else None
    kept = quarantine.keep(work, raw, door=door, status=IntakeStatus.CONFLICT, field="version", reason=OTHER_CONTENT)
    data = {"instruction": str(row.id), "version": pushed.version, "quarantine": str(kept)}
    case_file.note(row.case_id, conflicts.EVENT, data, actor=CENTRE, rule="conflict")
    if not is_over:
        work.session.get_one(QuarantineRow, kept).instruction = row.id
        if stands:
            open_case.join(case_file, row.case_id, received)
            facts.apply(case_file, row.case_id, before, rule="conflict", cause=kept)
        ask_person(case_file, row.case_id, "conflict", WorkItemKind.CONFLICT, f"conflict:{kept}", about=kept)
        decide(case_file)
    return Answer(IntakeStatus.CONFLICT, pushed.instruction_id, str(row.case_id), OTHER_CONTENT, row)


def _versions(session: Session, pushed: Instruction) -> list[InstructionRow]:
    found = select(InstructionRow).where(
        InstructionRow.system == pushed.source.system, InstructionRow.instruction_id == pushed.instruction_id
    )
    return list(session.scalars(found.order_by(InstructionRow.version)))


def _withdrawn_up_to(known: list[InstructionRow]) -> int:
    """The version that a withdrawal named, 0 where there was none: nothing up to it opens a case again."""
    return max((row.withdrawn_version or 0 for row in known), default=0)
