"""MessageComposer: what one attempt says, and to which number. Personal data leaves the vault here and nowhere earlier.

Each tier sees what its step needs and no more (providers/tiers.py).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import or_, select

from dispatcher.casework import personal_data
from dispatcher.casework.callback_codes import FIELD as CODE
from dispatcher.casework.snapshot import relation_of
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.store import money
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import in_array
from dispatcher.store.cases import AddressRow, CaseRow, PhoneRow
from dispatcher.store.codes import CodeRow
from dispatcher.store.instructions import InstructionRow, QuarantineRow
from dispatcher.store.vault import SubjectRow, VaultValueRow
from dispatcher.store.visits import UnitRow
from dispatcher.texts.names import surname
from dispatcher.vault import Erased
from providers.base import Inquiry, Message, Provider
from schemas import parse
from schemas.errors import BadInstruction
from schemas.instruction import Instruction, Transfer
from schemas.vocabulary import MINORS_FRAUD_TYPE, REMOTE_CONTROL_TYPE, Action, BankRequest, Channel, Person, Relation

_NEEDS_NUMBER = (Action.SEND, Action.QUERY)
_TRANSFER = {"at", "amount_yuan", "payee_account"}


class MessageComposer:
    """Writes the messages of one claim."""

    def __init__(self, work: UnitOfWork, rows: Iterable[tuple[AttemptRow, CaseRow]]) -> None:
        self._work, self._session, self._texts = work, work.session, work.context.texts
        phone_ids = {each.phone_id for each, _ in rows if each.phone_id and each.action in _NEEDS_NUMBER}
        called = {case.id: case.subject_id for attempt, case in rows if attempt.channel == Channel.VOICE}
        asked = {case.subject_id for attempt, case in rows if attempt.channel == Channel.HOOK}
        numbers = (
            select(PhoneRow.id, PhoneRow.country, VaultValueRow, SubjectRow)
            .join(VaultValueRow, VaultValueRow.id == PhoneRow.value_id)
            .join(SubjectRow, SubjectRow.id == VaultValueRow.subject_id)
            .where(in_array(PhoneRow.id, phone_ids))
        )
        self._numbers: dict[UUID, tuple[VaultValueRow, SubjectRow]] = {}
        self._countries: dict[UUID, str | None] = {}
        for key, country, value, subject in work.session.execute(numbers).tuples() if phone_ids else ():
            self._numbers[key], self._countries[key] = (value, subject), country
        self._people: dict[tuple[UUID, str], tuple[VaultValueRow, SubjectRow]] = {}
        self._read_people({*called.values(), *asked})
        self._codes = self._read_codes(called)

    def _read_people(self, subjects: set[UUID]) -> None:
        if not subjects:
            return
        is_named = or_(
            VaultValueRow.field.in_(("name", "gender", "id_number")), VaultValueRow.field.startswith("name:")
        )
        values = (
            select(VaultValueRow, SubjectRow)
            .join(SubjectRow, SubjectRow.id == VaultValueRow.subject_id)
            .where(in_array(VaultValueRow.subject_id, subjects), is_named)
            .order_by(VaultValueRow.id)
        )
        for value, subject in self._session.execute(values).tuples():
            self._people[value.subject_id, value.field] = (value, subject)

    def _read_codes(self, called: dict[UUID, UUID]) -> dict[UUID, tuple[VaultValueRow, SubjectRow]]:
        if not called:
            return {}
        codes = (
            select(CodeRow.case_id, VaultValueRow, SubjectRow)
            .join(VaultValueRow, VaultValueRow.id == CodeRow.value_id)
            .join(SubjectRow, SubjectRow.id == VaultValueRow.subject_id)
            .where(in_array(CodeRow.case_id, called), VaultValueRow.field == CODE)
        )
        found = self._session.execute(codes).tuples()
        return {case_id: (value, subject) for case_id, value, subject in found if subject.id == called[case_id]}

    def country(self, attempt: AttemptRow) -> str | None:
        """Where the number is, as far as it tells."""
        return self._countries.get(attempt.phone_id) if attempt.phone_id else None

    def number(self, attempt: AttemptRow) -> str | None:
        """The number it goes to; None where it goes to none, or can't be read any more."""
        try:
            return self._open(self._numbers.get(attempt.phone_id)) if attempt.phone_id else None
        except (Erased, InvalidTag):
            return None

    def message(self, attempt: AttemptRow, case: CaseRow) -> Message | None:
        """The message to send; None where the person has been erased."""
        try:
            return self._message(attempt, case)
        except (Erased, InvalidTag):
            # One damaged or erased value must not hold up the others of its slice.
            return None

    def inquiry(self, attempt: AttemptRow, provider: Provider | None) -> Inquiry:
        """What its provider is asked with. The number leaves the vault only for one that can't be asked without it."""
        by_number = provider is not None and provider.capabilities.queries_need_number
        to = self.number(attempt) if by_number else None
        return Inquiry(str(attempt.send_key), attempt.ref, to, attempt.sent_at)

    def _message(self, attempt: AttemptRow, case: CaseRow) -> Message:
        channel, hook, relation = attempt.channel, attempt.hook, relation_of(attempt.party)
        to = self._open(self._numbers.get(attempt.phone_id)) if attempt.phone_id else None
        return Message(
            send_key=str(attempt.send_key),
            channel=channel,
            person=attempt.person,
            to=self._person(case, "id_number") if hook else to,
            text=self._text(attempt, case, channel),
            script=self._script(attempt, case, relation) if channel is Channel.VOICE else None,
            collect=channel is Channel.VOICE and relation is not Relation.COMMUNITY,  # no answer is wanted of them
            visit_id=str(attempt.visit_id) if attempt.visit_id else None,
            rung=attempt.rung,
            hook=hook,
            relation=relation,
            facts=self._facts(attempt, case, hook),
            occasion=attempt.occasion,
            fraud_type=self._told(attempt, case, relation),
            language=_language(case, relation),
        )

    def _told(self, attempt: AttemptRow, case: CaseRow, relation: Relation | None) -> str | None:
        """The type of scam; in a call only the subject and a child's guardian may be told."""
        is_guardian = attempt.person == Person.GUARDIAN and relation in (None, Relation.GUARDIAN)
        if case.case_facts.minor and (attempt.channel == Channel.SMS or is_guardian):
            return MINORS_FRAUD_TYPE
        if attempt.channel == Channel.VOICE:
            return _said_type(case) if relation is None and attempt.person == Person.SUBJECT else None
        return _said_type(case) if attempt.channel == Channel.SMS else case.fraud_type

    def _text(self, attempt: AttemptRow, case: CaseRow, channel: Channel) -> str | None:
        if channel is Channel.BROADCAST:
            return self._texts.notice(case.fraud_type, "zh-CN")
        if channel is not Channel.SMS:
            return None
        fraud_type = MINORS_FRAUD_TYPE if case.case_facts.minor else _said_type(case)
        return self._texts.sms(fraud_type, case.language, attempt.occasion)

    def _script(self, attempt: AttemptRow, case: CaseRow, relation: Relation | None) -> str:
        is_subject = relation is None
        return self._texts.voice(
            # Others hear no type; whether theirs is a private one decides what they hear.
            _said_type(case) if is_subject and attempt.person == Person.SUBJECT else case.fraud_type,
            _language(case, relation),
            attempt.person,
            surname(self._person(case, "name" if is_subject else f"name:{attempt.party}")),
            self._person(case, "gender") if is_subject else None,
            code=self._open(self._codes.get(case.id)),
            occasion=attempt.occasion,
            relation=relation,
            place=self._place(case) if relation is Relation.COMMUNITY else None,
            minor=case.case_facts.minor,
        )

    def _facts(self, attempt: AttemptRow, case: CaseRow, hook: BankRequest | None) -> dict[str, Any]:
        if hook is BankRequest.STOP_PAYMENT:
            return {"transfers": self._transfers(case)}
        if hook is BankRequest.PROTECT_ACCOUNT:
            return {"reason": attempt.rule, "appeal": self._texts.appeal()}
        if hook is not None:
            return {"reason": attempt.rule}
        return {"area": self._area(case)} if attempt.channel == Channel.BROADCAST else {}

    def _transfers(self, case: CaseRow) -> list[dict[str, Any]]:
        """What left, as the newest word of each source has it, and what else is known to be lost.

        The same transfer seen by two is named once.
        """
        seen: Counter[tuple[tuple[str, Any], ...]] = Counter()
        for value_id in sorted(self._standing(case)):
            line = personal_data.read_value(self._work, value_id)
            told = (each.model_dump(mode="json", include=_TRANSFER, exclude_none=True) for each in _transfers_of(line))
            seen |= Counter(tuple(each.items()) for each in told)
        listed = [dict(each) for each in seen.elements()]
        # What an officer or a later word of the source told of, by its amount alone.
        rest = money.gone(case) - sum(each.get("amount_yuan", 0) for each in listed)
        return [*listed, {"amount_yuan": rest}] if rest > 0 else listed

    def _standing(self, case: CaseRow) -> Iterator[UUID]:
        """The newest line of each instruction; beside it another content of it, until a person has decided."""
        of_case = InstructionRow.case_id == case.id
        found = select(InstructionRow).where(of_case, InstructionRow.withdrawn_at.is_(None))
        rows = self._session.scalars(found.order_by(InstructionRow.version))
        newest = {(row.system, row.instruction_id): row.raw_value_id for row in rows}
        yield from newest.values()
        beside = select(QuarantineRow.value_id, InstructionRow).join(
            InstructionRow, InstructionRow.id == QuarantineRow.instruction
        )
        for value_id, row in self._session.execute(beside.where(of_case, QuarantineRow.decided_at.is_(None))).tuples():
            if (row.system, row.instruction_id) in newest:
                yield value_id

    def _place(self, case: CaseRow) -> str | None:
        first = (
            select(AddressRow.value_id)
            .where(AddressRow.case_id == case.id, AddressRow.retired_at.is_(None))
            .order_by(AddressRow.position)
        )
        value_id = self._session.scalar(first.limit(1))
        return personal_data.read_value(self._work, value_id) if value_id else None

    def _area(self, case: CaseRow) -> str | None:
        return self._session.scalar(select(UnitRow.name).where(UnitRow.code == case.area))

    def _person(self, case: CaseRow, field: str) -> str | None:
        return self._open(self._people.get((case.subject_id, field))) or None

    def _open(self, kept: tuple[VaultValueRow, SubjectRow] | None) -> str | None:
        if kept is None:
            return None
        value, subject = kept
        return self._work.context.vault.open(personal_data.sealed(value), subject.key_id, subject.wrapped_key)


def _transfers_of(line: str) -> tuple[Transfer, ...]:
    """As intake has read them, in whatever form they were written."""
    try:
        pushed = parse.line(line.encode())
    except BadInstruction:
        return ()  # taken by an older version: the bank is asked all the same
    return pushed.risk.transfers if isinstance(pushed, Instruction) and pushed.risk is not None else ()


def _said_type(case: CaseRow) -> str:
    """The type that the person is warned of: a phone in somebody's hands comes before whatever story led there."""
    return REMOTE_CONTROL_TYPE if case.case_facts.suspected_remote_control else case.fraud_type


def _language(case: CaseRow, relation: Relation | None) -> str:
    """The one that whoever is reached speaks: an employer or a community worker is no relative of the victim's."""
    return "zh-CN" if relation in (Relation.EMPLOYER, Relation.COMMUNITY) else case.language
