"""Opening a case, or joining the open one of the same person."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.apply import raise_urgency
from dispatcher.casework.files import CaseFiles
from dispatcher.casework.office import Office
from dispatcher.casework.people import keep_value, new_subject
from dispatcher.store.base import new_id
from dispatcher.store.cases import AddressRow, CaseRow, PhoneRow
from dispatcher.store.vault import SubjectRow
from schemas import normalise
from schemas.instruction import Instruction
from schemas.vocabulary import (
    FRAUD_TYPES,
    GENERIC_FRAUD_TYPE,
    AddressKind,
    CaseState,
    Person,
    Relation,
    Urgency,
)

SUBJECT = "subject"


@dataclass(frozen=True)
class Incoming:
    """An instruction, normalised."""

    pushed: Instruction
    urgency: Urgency
    fraud_type: str
    id_digest: bytes | None
    phones: tuple["Reach", ...]
    addresses: tuple["Place", ...]
    facts: dict[str, Any]
    flags: tuple[str, ...]
    expired: bool
    money_moved: bool = False
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reach:
    e164: str
    digest: bytes
    party: str
    person: Person
    country: str | None
    flags: tuple[str, ...]
    name: str | None = None


@dataclass(frozen=True)
class Place:
    kind: AddressKind
    text: str
    digest: bytes
    precinct_code: str | None
    valid_until: datetime | None


def identities(office: Office, pushed: Instruction) -> Iterator[bytes]:
    """Blind indexes of everything that can make this the same person as another."""
    if pushed.victim.id_number:
        yield office.vault.digest("id", normalise.id_number(pushed.victim.id_number))
    for phone in pushed.victim.phones:
        yield office.vault.digest("phone", normalise.number(phone.number, phone.country).e164)


def read(office: Office, pushed: Instruction, urgency: Urgency | None, now: datetime) -> Incoming:
    """Normalise; what is doubtful is flagged, not refused."""
    victim, flags = pushed.victim, []
    if urgency is None:
        flags.append("urgency_label_unknown")
    if victim.name is None:
        flags.append("name_missing")
    fraud_type = (pushed.fraud_type or "").upper()
    if fraud_type not in FRAUD_TYPES:
        fraud_type = GENERIC_FRAUD_TYPE
        flags.append("fraud_type_unknown")
    phones = tuple(_reaches(office, pushed, flags))
    flags += sorted({flag for phone in phones for flag in phone.flags})
    vulnerability = [normalise.vulnerability(each) for each in victim.vulnerability]
    if None in vulnerability:
        flags.append("vulnerability_unknown")
    flags += [f"unknown_field:{path}" for path in map(_safe_path, pushed.unknown_fields())][:20]
    return Incoming(
        pushed=pushed,
        urgency=urgency or Urgency.HIGH,
        fraud_type=fraud_type,
        id_digest=office.vault.digest("id", normalise.id_number(victim.id_number)) if victim.id_number else None,
        phones=phones,
        addresses=tuple(_places(office, pushed, flags)),
        facts=_facts(pushed, [each for each in vulnerability if each]),
        flags=tuple(dict.fromkeys(flags)),
        expired=pushed.valid_until is not None and pushed.valid_until <= now,
        money_moved=bool(pushed.risk.transfers) or pushed.risk.transfer_ongoing,
        texts={
            name: value
            for name, value in {
                "name": victim.name,
                "id_number": victim.id_number,
                "gender": victim.gender,
                "birth_date": victim.birth_date.isoformat() if victim.birth_date else None,
            }.items()
            if value
        },
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


def _reaches(office: Office, pushed: Instruction, flags: list[str]) -> Iterator[Reach]:
    for phone in pushed.victim.phones:
        number = normalise.number(phone.number, phone.country)
        yield _reach(office, number, SUBJECT, Person.SUBJECT)
    for index, contact in enumerate(pushed.victim.contacts):
        relation = normalise.relation(contact.relation)
        if relation is None:
            relation = Relation.OTHER
            flags.append("relation_unknown")
        try:
            number = normalise.number(contact.phone, contact.country)
        except ValueError:
            flags.append("contact_number_undiallable")
            continue
        yield _reach(office, number, f"contact:{relation}:{index}", relation.person, contact.name)


def _reach(office: Office, number: normalise.Number, party: str, person: Person, name: str | None = None) -> Reach:
    digest = office.vault.digest("phone", number.e164)
    return Reach(number.e164, digest, party, person, number.country, number.flags, name)


def _places(office: Office, pushed: Instruction, flags: list[str]) -> Iterator[Place]:
    for address in pushed.victim.addresses:
        kind = normalise.address_kind(address.kind)
        if kind is None:
            kind = AddressKind.REGISTERED
            flags.append("address_kind_unknown")
        parts = (address.city, address.district, address.text)
        whole = " ".join(normalise.fold_width(part) for part in parts if part)
        digest = office.vault.digest("address", f"{kind}\0{whole}")
        yield Place(kind, whole, digest, address.precinct_code, address.valid_until)


def _facts(pushed: Instruction, vulnerability: list[str]) -> dict[str, Any]:
    app = pushed.victim.antifraud_app
    risk = pushed.risk
    return {
        "vulnerability": vulnerability,
        "antifraud_app": app if app.replace("_", "").isalpha() and app.isascii() else "unknown",
        "call_in_progress": risk.call_in_progress,
        "transfer_ongoing": risk.transfer_ongoing,
        "suspected_call_forwarding": risk.suspected_call_forwarding,
        "suspected_remote_control": risk.suspected_remote_control,
    }


def _safe_path(path: str) -> str:
    """The path of an unknown field, unless it may itself hold personal data."""
    letters = path.replace(".", "").replace("_", "").replace("[", "").replace("]", "")
    digits = sum(each.isdigit() for each in path)
    return path if letters.isalnum() and letters.isascii() and digits <= 3 and len(path) <= 60 else "?"
