"""Opening a case, or joining the open one of the same person."""

from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.apply import raise_urgency
from dispatcher.casework.files import CaseFiles
from dispatcher.casework.incoming import SUBJECT, Incoming
from dispatcher.casework.people import keep_value, new_subject
from dispatcher.store.base import new_id
from dispatcher.store.cases import AddressRow, CaseRow, PhoneRow
from dispatcher.store.vault import SubjectRow
from schemas.vocabulary import (
    AddressKind,
    CaseState,
    Urgency,
)


def open_or_join(files: CaseFiles, incoming: Incoming, case_id: UUID | None) -> tuple[UUID, bool]:
    """The case this instruction belongs to: that of its earlier version, the person's open one, or a new one."""
    found = case_id if case_id is not None and _is_open(files, case_id) else _open_case(files, incoming)
    if found is None:
        return _open(files, incoming), False
    files.open([found])
    _join(files, found, incoming)
    return found, True


def _is_open(files: CaseFiles, case_id: UUID) -> bool:
    state = files.session.scalar(select(CaseRow.state).where(CaseRow.id == case_id))
    return state == CaseState.OPEN


def _open_case(files: CaseFiles, incoming: Incoming) -> UUID | None:
    """By identity number; by phone alone only where one side has none (a mother's phone is not the child)."""
    is_open = (
        select(CaseRow.id)
        .join(SubjectRow, SubjectRow.id == CaseRow.subject_id)
        .where(CaseRow.state == CaseState.OPEN.value)
    )
    if incoming.id_digest is not None:
        same = files.session.scalar(is_open.where(SubjectRow.id_digest == incoming.id_digest))
        if same is not None:
            return same
    digests = [phone.digest for phone in incoming.phones if phone.party == SUBJECT]
    by_phone = is_open.join(PhoneRow, PhoneRow.case_id == CaseRow.id).where(
        PhoneRow.digest.in_(digests), PhoneRow.party == SUBJECT
    )
    if incoming.id_digest is not None:
        by_phone = by_phone.where(SubjectRow.id_digest.is_(None))
    return files.session.scalar(by_phone.order_by(CaseRow.id).limit(1))


def _open(files: CaseFiles, incoming: Incoming) -> UUID:
    pushed, now = incoming.pushed, files.now
    subject = _subject(files, incoming)
    case = CaseRow(
        id=new_id(),
        subject_id=subject.id,
        urgency=incoming.urgency.value,
        urgency_since=now,
        state=CaseState.OPEN.value,
        opened_at=now,
        channels=list(dict.fromkeys(each.value for each in pushed.channels)),
        fraud_type=incoming.fraud_type,
        language=pushed.victim.language,
        policy_version=files.office.policy.version,
        facts=incoming.facts,
        expired=incoming.expired,
        deadlines={},
        raised_for=[],
        asked_for=[],
        amount_at_risk=pushed.risk.amount_at_risk_yuan,
        money_moved=incoming.money_moved,
        money_lost=0,
        money_stopped=0,
        money_returned=0,
        journal_seq=0,
    )
    for name, value in incoming.texts.items():
        keep_value(files.session, files.office, subject, name, value)
    files.session.flush()
    files.add(case, [])
    files.note(
        case.id,
        "case_opened",
        {
            "subject": str(subject.id),
            "urgency": case.urgency,
            "channels": case.channels,
            "fraud_type": case.fraud_type,
            "policy": case.policy_version,
            "expired": case.expired,
        },
    )
    _add_reaches(files, case, subject, incoming)
    return case.id


def _join(files: CaseFiles, case_id: UUID, incoming: Incoming) -> None:
    """One contact plan: all numbers, all addresses, all channels, the higher urgency. The clock stands."""
    case, pushed = files.cases[case_id], incoming.pushed
    subject = files.session.get_one(SubjectRow, case.subject_id)
    subject.id_digest = subject.id_digest or incoming.id_digest
    case.channels = list(dict.fromkeys([*case.channels, *(each.value for each in pushed.channels)]))
    case.facts = incoming.facts | case.facts
    case.expired = case.expired and incoming.expired
    case.money_moved = case.money_moved or incoming.money_moved
    amounts = [each for each in (case.amount_at_risk, pushed.risk.amount_at_risk_yuan) if each is not None]
    case.amount_at_risk = max(amounts, default=None)
    if incoming.urgency.rank < Urgency(case.urgency).rank:
        before = case.urgency
        raise_urgency(files, case, incoming.urgency)
        files.note(
            case_id, "urgency_raised", {"before": before, "after": incoming.urgency}, rule="higher_urgency_joined"
        )
    _add_reaches(files, case, subject, incoming)


def _subject(files: CaseFiles, incoming: Incoming) -> SubjectRow:
    known = None
    if incoming.id_digest is not None:
        same = select(SubjectRow).where(SubjectRow.id_digest == incoming.id_digest, SubjectRow.wrapped_key.is_not(None))
        known = files.session.scalar(same.order_by(SubjectRow.id.desc()).limit(1))
    return known or new_subject(files.session, files.office, files.now, id_digest=incoming.id_digest)


def _add_reaches(files: CaseFiles, case: CaseRow, subject: SubjectRow, incoming: Incoming) -> None:
    known = {(phone.digest, phone.person) for phone in files.phones[case.id]}
    fresh = [phone for phone in incoming.phones if (phone.digest, phone.person.value) not in known]
    position = len(known)
    rows = []
    for offset, phone in enumerate(dict.fromkeys(fresh)):
        if phone.name:
            keep_value(files.session, files.office, subject, f"name:{phone.party}", phone.name)
        rows.append(
            PhoneRow(
                id=new_id(),
                case_id=case.id,
                party=phone.party,
                person=phone.person.value,
                position=position + offset,
                country=phone.country,
                flags=list(phone.flags),
                digest=phone.digest,
                value_id=keep_value(files.session, files.office, subject, "phone", phone.e164),
            )
        )
    places = _add_places(files, case, subject, incoming)
    files.session.flush()
    files.session.add_all(places)
    files.add_phones(case.id, rows)
    files.session.flush()
    for row in rows:
        data = {"phone": str(row.id), "party": row.party, "person": row.person, "flags": row.flags}
        files.note(case.id, "number_added", data)


def _add_places(files: CaseFiles, case: CaseRow, subject: SubjectRow, incoming: Incoming) -> list[AddressRow]:
    known = set(files.session.scalars(select(AddressRow.digest).where(AddressRow.case_id == case.id)))
    ordered = sorted(incoming.addresses, key=lambda place: list(AddressKind).index(place.kind))
    return [
        AddressRow(
            id=new_id(),
            case_id=case.id,
            kind=place.kind.value,
            position=len(known) + offset,
            precinct_code=place.precinct_code,
            valid_until=place.valid_until,
            digest=place.digest,
            value_id=keep_value(files.session, files.office, subject, "address", place.text),
        )
        for offset, place in enumerate(place for place in ordered if place.digest not in known)
    ]
