"""What every accepted instruction leaves beside its case: its row, its content in the vault, its entry, its doubts."""

from uuid import UUID

from dispatcher.casework import personal_data
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.moves import ask_person
from dispatcher.intake import contact_points
from dispatcher.intake.normalised import GUARDIANSHIP_UNCLEAR, RELATION_UNKNOWN, NormalisedInstruction
from dispatcher.store.base import new_id
from dispatcher.store.instructions import InstructionRow
from schemas.vocabulary import CaseState, WorkItemKind

CENTRE = "centre"
PRECINCT_UNKNOWN = "precinct_unknown"


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
        issued_at=received.issued_at,
        received_at=case_file.now,
        valid_until=pushed.valid_until,
        urgency=received.urgency,
        urgency_label=received.urgency_label,
        fraud_type=received.fraud_type,
        channels=list(pushed.channels),
        flags=[*received.flags, *([PRECINCT_UNKNOWN] if _of_no_known_precinct(case_file, received) else [])],
        case_id=case_id,
        raw_value_id=personal_data.keep_value(
            case_file.work, case_file.subject(case_id), "instruction", raw.decode("utf-8-sig")
        ),
    )
    case_file.work.add(row)
    return row


def note(case_file: CaseFile, row: InstructionRow, *, joined: bool) -> None:
    """Journal it. `joined`: its case was there already."""
    data = {
        "instruction": str(row.id),
        "system": row.system,
        "instruction_id": row.instruction_id,
        "version": row.version,
        "issued_at": row.issued_at.isoformat(),
        "urgency": row.urgency,
        "urgency_label": row.urgency_label,
        "fraud_type": row.fraud_type,
        "channels": row.channels,
        "flags": row.flags,
        "upstream_delay_s": round((row.received_at - row.issued_at).total_seconds()),
        "joined": joined,
    }
    case_file.note(row.case_id, "instruction_accepted", data, actor=CENTRE)


def review_contacts(case_file: CaseFile, case_id: UUID, received: NormalisedInstruction, cause: UUID) -> None:
    """A contact whose relation or guardianship is not understood is for a person to call: that is asked for."""
    doubts = [each for each in (RELATION_UNKNOWN, GUARDIANSHIP_UNCLEAR) if each in received.flags]
    if doubts and case_file.cases[case_id].state == CaseState.OPEN:
        ask_person(case_file, case_id, doubts[0], WorkItemKind.CONTACT_REVIEW, f"contact_review:{cause}")


def review_precincts(case_file: CaseFile, case_id: UUID, received: NormalisedInstruction) -> None:
    """An address whose precinct the roster does not have: the centre says which it is; others are visited meanwhile."""
    case, unknown = case_file.cases[case_id], _of_no_known_precinct(case_file, received)
    rows = (row for row in case_file.places[case_id] if row.digest in unknown and row.precinct_code is None)
    causes = [cause for row in rows if (cause := f"{PRECINCT_UNKNOWN}:{row.id}") not in case.asked_for]
    is_asked = any(each.kind is WorkItemKind.PRECINCT_UNKNOWN for each in case_file.work_items[case_id])
    if causes and not is_asked and case.state == CaseState.OPEN:
        ask_person(case_file, case_id, PRECINCT_UNKNOWN, WorkItemKind.PRECINCT_UNKNOWN, causes[0])


def _of_no_known_precinct(case_file: CaseFile, received: NormalisedInstruction) -> set[bytes]:
    """Digests of the addresses that name a precinct which the roster does not have."""
    named = (place for place in received.addresses if place.precinct_code is not None)
    return {place.digest for place in named if contact_points.known_precinct(case_file, place) is None}
