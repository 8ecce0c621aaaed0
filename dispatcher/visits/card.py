"""The officer's card 上门卡: who is to be seen, where, and what to say. Each reading is on the record.

Only the officer who has the visit reads it whole. Anybody else sees a surname and a precinct, and of a child not
even the surname.
"""

from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from dispatcher.casework import closing, personal_data, snapshot
from dispatcher.casework.callback_codes import FIELD as CODE
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.snapshot import relation_of
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import bank_requests
from dispatcher.errors import Refused
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow, PhoneRow
from dispatcher.store.codes import CodeRow
from dispatcher.store.vault import SubjectRow, VaultValueRow
from dispatcher.store.visits import VisitRow
from dispatcher.texts import names
from dispatcher.vault import Erased
from dispatcher.visits import addresses, permissions
from dispatcher.visits.officer_steps import HELD
from dispatcher.visits.open_visit import open_visit
from schemas import parse
from schemas.folding import is_blank
from schemas.instruction import Instruction
from schemas.refusals import RefusalCode
from schemas.vocabulary import MINORS_FRAUD_TYPE, Act, Relation

_LONGEST_NOTE = 2000  # characters; the whole is in the case report


def read(work: UnitOfWork, visit_id: UUID, *, officer: str | None) -> dict[str, Any]:
    """The card as this officer may see it. Raises Refused."""
    if officer is None:
        raise Refused(RefusalCode.NAME_MISSING, act=Act.READ_CARD)
    case_file, visit = open_visit(work, visit_id)
    case = case_file.cases[visit.case_id]
    masked = officer != visit.officer or visit.state not in HELD
    if masked:
        permissions.check(work.session, officer, Act.READ_CARD, visit.precinct_code)
    try:
        person = _Person(work, case)
        known = _masked(case, person) if masked else _whole(case_file, case, visit, person)
    except Erased:
        raise Refused(RefusalCode.PERSON_ERASED) from None
    except InvalidTag:
        raise Refused(RefusalCode.PERSONAL_DATA_UNREADABLE) from None
    data = {"visit": str(visit_id), "masked": masked}
    case_file.note(case.id, "card_read", data, actor=officer, rule="visit_card")
    head = {"visit": str(visit_id), "case": str(case.id), "state": visit.state, "precinct": visit.precinct_code}
    return head | {"masked": masked, "minor": case.case_facts.minor} | known


class _Person:
    """What the vault holds of the case's person, the newest value of each field."""

    def __init__(self, work: UnitOfWork, case: CaseRow) -> None:
        subject = work.session.get_one(SubjectRow, case.subject_id)
        wanted = (VaultValueRow.field == "name") | VaultValueRow.field.startswith("name:")
        values = select(VaultValueRow).where(VaultValueRow.subject_id == subject.id, wanted).order_by(VaultValueRow.id)
        self._work = work
        self._names = {
            value.field: work.context.vault.open(personal_data.sealed(value), subject.key_id, subject.wrapped_key)
            for value in work.session.scalars(values)
        }

    def name(self, party: str | None = None) -> str | None:
        return self._names.get(f"name:{party}" if party else "name") or None

    def value(self, value_id: UUID) -> str:
        return personal_data.read_value(self._work, value_id)


def _masked(case: CaseRow, person: _Person) -> dict[str, Any]:
    return {"name": names.masked(None if case.case_facts.minor else person.name())}


def _whole(case_file: CaseFile, case: CaseRow, visit: VisitRow, person: _Person) -> dict[str, Any]:
    standing = sorted(
        (phone for phone in case_file.phones[case.id] if phone.retired_at is None), key=lambda phone: phone.position
    )
    tried, left = addresses.tried(case_file, visit), addresses.left(case_file, visit)
    return {
        "name": person.name(),
        "language": case.language,
        "addresses": [
            {
                "kind": row.kind,
                "label": row.kind.label,
                "text": person.value(row.value_id),
                "precinct": row.precinct_code,
                "valid_until": row.valid_until.isoformat() if row.valid_until else None,
                "tried": tried.get(str(row.id)),
                "next": row in left[:1],
            }
            for row in addresses.in_order(case_file, visit)
        ],
        "phones": [person.value(phone.value_id) for phone in standing if relation_of(phone.party) is None],
        "notes": _notes(case_file, case.id),
        "contacts": [_contact(phone, person) for phone in standing if relation_of(phone.party) is not None],
        **_words(case_file, case, visit, person),
    }


def _notes(case_file: CaseFile, case_id: UUID) -> list[dict[str, str]]:
    """What each standing instruction says in its own words, with its source."""
    said = []
    for row in closing.standing(case_file, case_id):
        pushed = parse.line(personal_data.read_value(case_file.work, row.raw_value_id).encode())
        note = pushed.note if isinstance(pushed, Instruction) else None
        if note and not is_blank(note):
            said.append({"source": row.system, "instruction_id": row.instruction_id, "text": note[:_LONGEST_NOTE]})
    return said


def _contact(phone: PhoneRow, person: _Person) -> dict[str, Any]:
    relation = relation_of(phone.party) or Relation.OTHER
    known = {"relation": relation, "label": relation.label}
    return known | {"name": person.name(phone.party), "phone": person.value(phone.value_id)}


def _words(case_file: CaseFile, case: CaseRow, visit: VisitRow, person: _Person) -> dict[str, Any]:
    """What to ask and do, the text to show, and the code by which 96110 tells who we are."""
    texts, minor = case_file.context.texts, case.case_facts.minor
    assignment = case_file.session.scalar(select(AttemptRow.occasion).where(AttemptRow.id == visit.attempt_id))
    occasion = assignment or 1
    granted = bank_requests.standing_protection(snapshot.read(case_file, case.id))
    until = granted.granted_until if granted else None
    lines = texts.card(
        case.fraud_type,
        case.language,
        case.case_facts,
        minor=minor,
        occasion=occasion,
        is_protected=until is not None and until > case_file.now,
    )
    code = case_file.session.scalar(
        select(CodeRow.value_id)
        .join(VaultValueRow, VaultValueRow.id == CodeRow.value_id)
        .where(CodeRow.case_id == case.id, VaultValueRow.field == CODE)
    )
    return {
        "lines": [{"zh": line.zh, "en": line.en} for line in lines],
        "show": texts.sms(MINORS_FRAUD_TYPE if minor else case.fraud_type, case.language, occasion),
        "code": person.value(code) if code else None,
    }
