"""A case's numbers and addresses: added, and retired when a newer version no longer names them."""

from collections.abc import Collection, Iterable
from itertools import count
from uuid import UUID

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.personal_data import keep_value
from dispatcher.engine.case import SUBJECT
from dispatcher.engine.merge import MergedFacts, NumberKey
from dispatcher.intake import statements
from dispatcher.intake.normalised import ContactAddress, ContactNumber, NormalisedInstruction, whose
from dispatcher.store.base import new_id
from dispatcher.store.cases import AddressRow, CaseRow, PhoneRow
from dispatcher.store.vault import SubjectRow
from schemas.vocabulary import AddressKind


def add(
    case_file: CaseFile, case: CaseRow, subject: SubjectRow, normalised: NormalisedInstruction, *, minor: bool
) -> None:
    """Add what the case does not have yet; what was retired and is named again comes back. `minor`: it is a child's."""
    _add_phones(case_file, case, subject, (phone.called(minor=minor) for phone in normalised.phones))
    add_places(case_file, case, subject, normalised.addresses)


def _add_phones(case_file: CaseFile, case: CaseRow, subject: SubjectRow, phones: Iterable[ContactNumber]) -> None:
    known = {(phone.digest, whose(phone.party)): phone for phone in case_file.phones[case.id]}
    taken = {phone.party for phone in case_file.phones[case.id]}
    rows: list[PhoneRow] = []
    for phone in dict.fromkeys(phones):
        old = known.get((phone.digest, whose(phone.party)))
        party = old.party if old is not None else _free_party(phone.party, taken)
        if phone.name:
            keep_value(case_file.work, subject, f"name:{party}", phone.name)
        if old is not None:
            old.retired_at = None
            continue
        taken.add(party)
        row = PhoneRow(
            id=new_id(),
            case_id=case.id,
            party=party,
            person=phone.person,
            position=len(known),
            country=phone.country,
            flags=list(phone.flags),
            digest=phone.digest,
            value_id=keep_value(case_file.work, subject, "phone", phone.e164),
        )
        known[phone.digest, whose(phone.party)] = row
        rows.append(row)
    _note_added(case_file, case.id, rows)


def _note_added(case_file: CaseFile, case_id: UUID, rows: list[PhoneRow]) -> None:
    case_file.add_phones(case_id, rows)
    for row in rows:
        data = {"phone": str(row.id), "party": row.party, "person": row.person, "flags": row.flags}
        case_file.note(case_id, "number_added", data)


def _free_party(party: str, taken: Collection[str]) -> str:
    """Each contact is a party of its own: two sources may number different people alike. The subject is one."""
    if party == SUBJECT or party not in taken:
        return party
    return next(free for number in count(1) if (free := f"{whose(party)}:{number}") not in taken)


def add_places(case_file: CaseFile, case: CaseRow, subject: SubjectRow, places: Iterable[ContactAddress]) -> None:
    known = {place.digest: place for place in case_file.places[case.id]}
    rows: list[AddressRow] = []
    for place in sorted(dict.fromkeys(places), key=lambda each: list(AddressKind).index(each.kind)):
        old, precinct = known.get(place.digest), known_precinct(case_file, place)
        if old is not None:
            old.retired_at, old.valid_until = None, place.valid_until
            if old.precinct_code is None and precinct is not None:
                old.added_at, old.precinct_code = case_file.now, precinct
            continue
        row = AddressRow(
            id=new_id(),
            case_id=case.id,
            kind=place.kind,
            position=len(known) + len(rows),
            precinct_code=precinct,
            valid_until=place.valid_until,
            digest=place.digest,
            value_id=keep_value(case_file.work, subject, "address", place.text),
            added_at=case_file.now,
        )
        rows.append(row)
    case_file.add_places(case.id, rows)
    for row in rows:
        until = row.valid_until.isoformat() if row.valid_until else None
        data = {"address": str(row.id), "kind": row.kind, "precinct": row.precinct_code, "valid_until": until}
        case_file.note(case.id, "address_added", data)
    if case.area is None:
        case.area = _area(case_file, case.id)


def known_precinct(case_file: CaseFile, place: ContactAddress) -> str | None:
    """The precinct that an address names; none where the roster has no such unit, since nobody would go there."""
    code = place.precinct_code
    return code if code is not None and case_file.knows_precinct(code) else None


def renew(case_file: CaseFile, case_id: UUID, place: ContactAddress) -> None:
    """The person was found here just now, in this precinct, whatever was known of the place before."""
    for row in case_file.places[case_id]:
        if row.digest == place.digest:
            row.added_at, row.precinct_code = case_file.now, place.precinct_code


def bring_up_to_date(
    case_file: CaseFile, case: CaseRow, before: MergedFacts | None, after: MergedFacts, *, rule: str
) -> None:
    """Retire what stood before and stands no longer; what nobody but a person named stays.

    A contact who is called as somebody else now, as a parent is where the person turns out to be a child, is added so.
    """
    gone = (before.numbers if before is not None else frozenset()) - after.numbers
    contacts = {digest for digest, party in after.numbers if party != SUBJECT}
    for phone in case_file.phones[case.id]:
        key = phone.digest, whose(phone.party)
        is_called_otherwise = phone.party != SUBJECT and key not in after.numbers and phone.digest in contacts
        if (key in gone or is_called_otherwise) and phone.retired_at is None:
            phone.retired_at = case_file.now
            case_file.note(case.id, "number_retired", {"phone": str(phone.id)}, rule=rule)
    if lacking(case_file, case.id, after):
        for said in statements.read_standing(case_file, case.id):
            phones = (phone.called(minor=after.facts.minor) for phone in said.phones)
            _add_phones(case_file, case, case_file.subject(case.id), phones)
    left = before.places - after.places if before is not None else frozenset()
    for place in case_file.places[case.id]:
        if place.digest in left and place.retired_at is None:
            place.retired_at = case_file.now
            case_file.note(case.id, "address_retired", {"address": str(place.id)}, rule=rule)


def lacking(case_file: CaseFile, case_id: UUID, after: MergedFacts) -> frozenset[NumberKey]:
    """The numbers that stand, and that the case does not have, or has as somebody else's."""
    phones = case_file.phones[case_id]
    return after.numbers - {(phone.digest, whose(phone.party)) for phone in phones if phone.retired_at is None}


def _area(case_file: CaseFile, case_id: UUID) -> str | None:
    """The county of the first address that names a precinct."""
    precinct = next((place.precinct_code for place in case_file.places[case_id] if place.precinct_code), None)
    return None if precinct is None else case_file.county_of(precinct)
