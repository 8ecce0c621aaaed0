"""Intake: validate, de-duplicate, open or join a case, plan the first attempts, journal. One transaction a line."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatcher.casework import closing, personal_data
from dispatcher.casework.carry_out import carry_out
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.context import Context
from dispatcher.casework.decide import decide
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine.decisions import OpenWorkItem
from dispatcher.intake import conflicts, contact_points, events, locks, normalised, open_case, quarantine
from dispatcher.intake.answer import Answer
from dispatcher.intake.normalised import NormalisedInstruction
from dispatcher.store.base import new_id
from dispatcher.store.instructions import InstructionRow
from schemas import parse, patch
from schemas.errors import OTHER_CONTENT, BadInstruction
from schemas.instruction import MAX_BODY_BYTES, Event, Instruction, Patch
from schemas.vocabulary import CaseState, IntakeStatus, WorkItemKind

CENTRE = "centre"


def take(work: UnitOfWork, raw: bytes, *, door: str, kept_as: UUID | None = None) -> Answer:
    """Take one line; what can't be taken is kept in quarantine, under `kept_as` if given. Returns the answer."""
    try:
        found = parse.line(raw)
        if isinstance(found, Patch):
            return _patch(work, found, raw, door)
        if isinstance(found, Event):
            return events.take(work, found, _content(work.context, raw))
        return _instruction(work, found, raw, door)
    except BadInstruction as refusal:
        return refuse(work, raw, refusal, door=door, kept_as=kept_as)


def refuse(work: UnitOfWork, raw: bytes, refusal: BadInstruction, *, door: str, kept_as: UUID | None = None) -> Answer:
    """Keep a line in quarantine; one that is kept under this id already is not kept twice."""
    if kept_as is None or not quarantine.holds(work, kept_as):
        field = refusal.field[:100]
        status = IntakeStatus.REFUSED
        kept = quarantine.keep(work, raw, door=door, status=status, field=field, reason=refusal.reason, kept_as=kept_as)
        work.note_without_case("line_refused", {"quarantine": str(kept), "field": field}, actor=door)
    return Answer(IntakeStatus.REFUSED, _readable_id(raw), None, refusal.reason)


def _patch(work: UnitOfWork, event: Patch, line: bytes, door: str) -> Answer:
    """Apply a patch to the newest version, and take what comes out as an update."""
    newest = events.instruction(work, event)
    body = json.loads(personal_data.read_value(work, newest.raw_value_id))
    body = patch.apply(body, event.patch) | {"op": "update", "version": event.version}
    found = parse.body_of(body)
    if not isinstance(found, Instruction):
        raise TypeError("a patched instruction is an instruction")
    return _instruction(work, found, json.dumps(body, ensure_ascii=False).encode(), door, line)


def _instruction(work: UnitOfWork, pushed: Instruction, raw: bytes, door: str, line: bytes | None = None) -> Answer:
    locks.lock_instruction_and_person(work, pushed)
    digest = _content(work.context, line or raw)
    known = _versions(work.session, pushed)
    same = next((row for row in known if row.version == pushed.version), None)
    if same is not None and same.content_digest == digest:
        return _noted(work, same, "instruction_repeated", IntakeStatus.DUPLICATE, pushed)
    is_over = (bool(known) and pushed.version < known[-1].version) or _withdrawn_up_to(known) >= pushed.version
    if same is not None:
        return _conflict(work, same, pushed, raw, door, is_over=is_over)
    if is_over:
        return _noted(work, known[-1], "instruction_stale", IntakeStatus.STALE, pushed)
    return _accept(work, pushed, raw, digest, known[-1].case_id if known else None)


def _accept(work: UnitOfWork, pushed: Instruction, raw: bytes, digest: bytes, case_id: UUID | None) -> Answer:
    case_file = CaseFile(work)
    received = _read(work.context, pushed, case_file.now)
    is_update = case_id is not None
    # Nothing that is read here depends on what was just added: one flush at its end, not one before each question.
    with work.session.no_autoflush:
        case_id, joined = open_case.open_or_join(case_file, received, case_id)
        row = record(case_file, case_id, received, raw, digest)
    case_file.note(case_id, "instruction_accepted", _journalled(row, joined), actor=CENTRE)
    if is_update and joined:
        retire_superseded(case_file, case_id)
    decide(case_file)
    return Answer(IntakeStatus.ACCEPTED, pushed.instruction_id, str(case_id))


def _read(context: Context, pushed: Instruction, now: datetime) -> NormalisedInstruction:
    return normalised.read(context, pushed, context.policy.urgency_of(pushed.urgency), now)


def record(
    case_file: CaseFile, case_id: UUID, received: NormalisedInstruction, raw: bytes, digest: bytes
) -> InstructionRow:
    """Store an instruction beside its case, its content in the vault."""
    pushed = received.pushed
    row = InstructionRow(
        id=new_id(),
        system=pushed.source.system,
        instruction_id=pushed.instruction_id,
        version=pushed.version,
        content_digest=digest,
        unit=pushed.source.unit,
        ref=pushed.source.ref,
        source_kind=pushed.source_kind,
        issued_at=pushed.issued_at,
        received_at=case_file.now,
        valid_until=pushed.valid_until,
        urgency=received.urgency,
        urgency_label=pushed.urgency,
        fraud_type=received.fraud_type,
        channels=list(pushed.channels),
        flags=list(received.flags),
        case_id=case_id,
        raw_value_id=personal_data.keep_value(
            case_file.work, case_file.subject(case_id), "instruction", raw.decode("utf-8-sig")
        ),
    )
    case_file.session.add(row)
    return row


def reread(case_file: CaseFile, row: InstructionRow) -> tuple[NormalisedInstruction, bytes]:
    """A stored instruction as it came in."""
    raw = personal_data.read_value(case_file.work, row.raw_value_id).encode()
    found = parse.line(raw)
    if not isinstance(found, Instruction):
        raise TypeError("a stored instruction is an instruction")
    return _read(case_file.context, found, row.received_at), raw


def retire_superseded(case_file: CaseFile, case_id: UUID) -> None:
    """What no standing instruction names any more is used no more."""
    case_file.session.flush()
    rows = closing.standing(case_file, case_id)
    named = [reread(case_file, row)[0] for row in rows]
    named += [_read(case_file.context, each, case_file.now) for each in conflicts.contents(case_file, case_id, rows)]
    phones = {phone.digest for each in named for phone in each.phones}
    places = {place.digest for each in named for place in each.addresses}
    contact_points.retire(case_file, case_id, phones, places)


def _journalled(row: InstructionRow, joined: bool) -> dict[str, Any]:
    return {
        "instruction": str(row.id),
        "system": row.system,
        "instruction_id": row.instruction_id,
        "version": row.version,
        "content": row.content_digest.hex(),
        "issued_at": row.issued_at.isoformat(),
        "urgency": row.urgency,
        "urgency_label": row.urgency_label,
        "fraud_type": row.fraud_type,
        "channels": row.channels,
        "flags": row.flags,
        "upstream_delay_s": round((row.received_at - row.issued_at).total_seconds()),
        "joined": joined,
    }


def _noted(work: UnitOfWork, row: InstructionRow, event: str, status: IntakeStatus, pushed: Instruction) -> Answer:
    """A line that changes nothing, and stands in the journal all the same."""
    case_file = CaseFile(work)
    case_file.open([row.case_id])
    data = {"instruction": str(row.id), "version": pushed.version, "newest": row.version}
    case_file.note(row.case_id, event, data, actor=CENTRE, rule=status)
    return Answer(status, pushed.instruction_id, str(row.case_id))


def _conflict(
    work: UnitOfWork,
    row: InstructionRow,
    pushed: Instruction,
    raw: bytes,
    door: str,
    *,
    is_over: bool,
) -> Answer:
    """Both are kept and shown to a supervisor; dispatch goes on with the safer union of the two.

    A version that a later one or a withdrawal has overtaken adds nothing any more, as if it had come in time.
    """
    if not events.is_news(work.session, row, _content(work.context, raw), "conflict", work.now):
        return Answer(IntakeStatus.CONFLICT, pushed.instruction_id, str(row.case_id), OTHER_CONTENT)
    kept = quarantine.keep(work, raw, door=door, status=IntakeStatus.CONFLICT, field="version", reason=OTHER_CONTENT)
    case_file = CaseFile(work)
    received = _read(work.context, pushed, case_file.now)
    open_case.open_with_neighbours(case_file, received, row.case_id)
    data = {"instruction": str(row.id), "version": pushed.version, "quarantine": str(kept)}
    case_file.note(row.case_id, conflicts.EVENT, data, actor=CENTRE, rule="conflict")
    if case_file.cases[row.case_id].state == CaseState.OPEN and not is_over:
        open_case.join(case_file, row.case_id, received, rule="conflict")
        due = OpenWorkItem("conflict", WorkItemKind.CONFLICT, case_file.now, f"conflict:{kept}")
        carry_out(case_file, row.case_id, [due])
        decide(case_file)
    return Answer(IntakeStatus.CONFLICT, pushed.instruction_id, str(row.case_id), OTHER_CONTENT)


def _content(context: Context, raw: bytes) -> bytes:
    """The same for the same content, however it was laid out."""
    return context.vault.digest("content", json.dumps(json.loads(raw.decode("utf-8-sig")), sort_keys=True))


def _versions(session: Session, pushed: Instruction) -> list[InstructionRow]:
    found = select(InstructionRow).where(
        InstructionRow.system == pushed.source.system, InstructionRow.instruction_id == pushed.instruction_id
    )
    return list(session.scalars(found.order_by(InstructionRow.version)))


def _withdrawn_up_to(known: list[InstructionRow]) -> int:
    """The version that a withdrawal named, 0 where there was none: nothing up to it opens a case again."""
    return max((row.withdrawn_version or 0 for row in known), default=0)


def _readable_id(raw: bytes) -> str | None:
    """The instruction's id, where a refused line has one that is safe to print."""
    try:
        found = json.loads(raw[:MAX_BODY_BYTES]).get("instruction_id")
    except (ValueError, AttributeError, RecursionError):
        return None
    is_reference = (
        isinstance(found, str) and 0 < len(found) <= 100 and found.replace("-", "").isalnum() and found.isascii()
    )
    return found if is_reference and not found.isdigit() else None
