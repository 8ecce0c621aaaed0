"""Opening a case, or joining the open one of the same person."""

from uuid import UUID

from sqlalchemy import select

from dispatcher.casework import callback_codes, linked_cases
from dispatcher.casework.callback_codes import DrawnCode
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.personal_data import keep_value, new_subject
from dispatcher.engine.merge import merge
from dispatcher.intake import contact_points, same_person, statements
from dispatcher.intake.normalised import NormalisedInstruction
from dispatcher.policy.content import digest
from dispatcher.store.base import new_id
from dispatcher.store.cases import CaseRow
from dispatcher.store.vault import SubjectRow
from schemas.vocabulary import CaseState, LinkKind


def find_or_open(
    case_file: CaseFile, normalised: NormalisedInstruction, case_id: UUID | None, without: UUID | None = None
) -> tuple[UUID, bool]:
    """The case this instruction belongs to: that of its earlier version, the person's open one, or a new one.

    `without`: the case that it leaves. Returns whether it was there already; nothing of it is changed yet.
    """
    found = case_id if case_id is not None and _is_open(case_file, case_id) else None
    found = found or same_person.open_case(case_file.session, normalised, without)
    earlier = open_with_neighbours(case_file, normalised, found)
    while found is not None and case_file.cases[found].state != CaseState.OPEN:
        # It ended while we waited for its lock. Joined to it, this warning would reach nobody.
        found = same_person.open_case(case_file.session, normalised, without)
        earlier = open_with_neighbours(case_file, normalised, found)
    if found is None:
        subject = _subject(case_file, normalised) if without is None else subject_of(case_file, normalised)
        return open_new(case_file, normalised, subject, earlier), False
    return found, True


def open_with_neighbours(case_file: CaseFile, normalised: NormalisedInstruction, case_id: UUID | None) -> UUID | None:
    """Open a case and all that it may be linked to at once: one after the other, two neighbours would deadlock.

    Returns the earlier case in which a person without an open one was warned.
    """
    earlier = same_person.warned_before(case_file.work, normalised, case_file.now) if case_id is None else None
    numbers = {phone.digest for phone in normalised.phones}
    if case_id is not None:
        numbers |= linked_cases.numbers_of(case_file.session, case_id)
    known = [
        *same_person.open_cases_with_id(case_file.session, normalised),
        *(each for each in (case_id, earlier) if each),
    ]
    case_file.open({*linked_cases.neighbours(case_file.session, numbers, case_id), *known})
    return earlier


def _is_open(case_file: CaseFile, case_id: UUID) -> bool:
    """And its person was not erased: nothing can be kept of one who was."""
    found = select(CaseRow.id).join(SubjectRow, SubjectRow.id == CaseRow.subject_id)
    is_open = CaseRow.id == case_id, CaseRow.state == CaseState.OPEN, SubjectRow.wrapped_key.is_not(None)
    return case_file.session.scalar(found.where(*is_open)) is not None


def open_new(case_file: CaseFile, normalised: NormalisedInstruction, subject: SubjectRow, earlier: UUID | None) -> UUID:
    """A case of its own, with what is known of the person's earlier ones, linked to those that share a number."""
    case_id = new_id()
    code = callback_codes.draw(case_file.work, [case_id]).get(case_id)
    suppressed = same_person.is_suppressed(case_file.work, normalised, case_file.now)
    add_case(case_file, case_id, normalised, subject, code, earlier=earlier, suppressed=suppressed)
    if earlier is not None:
        linked_cases.link(case_file, case_id, earlier, LinkKind.WARNED_BEFORE)
    linked_cases.link_shared_numbers(case_file, case_id)
    return case_id


def add_case(
    case_file: CaseFile,
    case_id: UUID,
    normalised: NormalisedInstruction,
    subject: SubjectRow,
    code: DrawnCode | None,
    *,
    earlier: UUID | None = None,
    suppressed: bool = False,
) -> None:
    """The rows of a new case. Nothing is asked that the case file knows already."""
    now, said = case_file.now, merge([statements.of(new_id(), normalised)])
    case = CaseRow(
        id=case_id,
        subject_id=subject.id,
        urgency=said.urgency,
        urgency_since=now,
        state=CaseState.OPEN,
        opened_at=now,
        channels=list(said.channels),
        fraud_type=said.fraud_type,
        language=said.language,
        policy_version=case_file.context.policy.version,
        policy_digest=digest(case_file.context.policy),
        facts=said.facts.stored(),
        expired=said.expired,
        suppressed=suppressed,
        warned_before=earlier,
        deadlines={},
        raised_for=[],
        asked_for=[],
        amount_at_risk=said.amount_at_risk,
        money_moved=said.money_moved,
        money_transferred=said.transferred,
        money_lost=said.transferred,
        payees=sorted(said.payees) or None,
        money_stopped=0,
        money_returned=0,
        journal_seq=0,
    )
    for name, value in normalised.texts.items():
        keep_value(case_file.work, subject, name, value)
    case_file.add(case, subject)
    case_file.note(
        case.id,
        "case_opened",
        {
            "subject": str(subject.id),
            "urgency": case.urgency,
            "channels": case.channels,
            "fraud_type": case.fraud_type,
            "policy": case.policy_version,
            "policy_digest": case.policy_digest,
            "expired": case.expired,
            "suppressed": case.suppressed,
            "warned_before": str(earlier) if earlier else None,
        },
    )
    callback_codes.issue(case_file, case, subject, code)
    contact_points.add(case_file, case, subject, normalised, minor=said.facts.minor)


def join(case_file: CaseFile, case_id: UUID, normalised: NormalisedInstruction) -> None:
    """One contact plan: its numbers and addresses are added to the case. The clock stands."""
    case = case_file.cases[case_id]
    subject = case_file.subject(case_id)
    said = statements.merged(case_file, case_id)
    contact_points.add(case_file, case, subject, normalised, minor=said is not None and said.facts.minor)
    linked_cases.link_shared_numbers(case_file, case_id)


def _subject(case_file: CaseFile, normalised: NormalisedInstruction) -> SubjectRow:
    known = None
    if normalised.id_digest is not None and not normalised.is_id_doubtful:
        same = select(SubjectRow).where(
            SubjectRow.id_digest == normalised.id_digest, SubjectRow.wrapped_key.is_not(None)
        )
        known = case_file.session.scalar(same.order_by(SubjectRow.id.desc()).limit(1))
    return known or subject_of(case_file, normalised)


def subject_of(case_file: CaseFile, normalised: NormalisedInstruction) -> SubjectRow:
    """A person whom nobody knew."""
    subject = new_subject(case_file.work, case_file.now, id_digest=normalised.id_digest)
    subject.is_id_doubtful, subject.name_digest = normalised.is_id_doubtful, normalised.name_digest
    return subject
