"""An instruction as it comes in: normalised, with what is doubtful flagged."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from dispatcher.casework.context import Context
from dispatcher.engine.case import SUBJECT
from dispatcher.engine.merge import GUARDIAN
from dispatcher.texts import names
from schemas import ages, identity_numbers, normalise
from schemas.case_facts import CaseFacts
from schemas.guardians import is_for_a_person, is_guardian_of_a_child
from schemas.identity_numbers import IdStrength
from schemas.instruction import Address, Instruction, Victim
from schemas.vocabulary import GENERIC_FRAUD_TYPE, AddressKind, Person, Relation, Urgency, Vulnerability
from schemas.wire import wire_path

RELATION_UNKNOWN = "relation_unknown"
GUARDIANSHIP_UNCLEAR = "guardianship_unclear"
_OTHER_LABEL = "?"
_OF_AGE = 18
_MOST_FLAGS = 50  # that one line is stored with


@dataclass(frozen=True)
class NormalisedInstruction:
    """An instruction, normalised."""

    pushed: Instruction
    issued_at: datetime  # the time of receipt where the source tells none
    urgency: Urgency
    urgency_label: str  # the source's, where it is one that we know: any other text may name somebody
    fraud_type: str
    language: str | None  # None where the source names none that is understood
    id_digest: bytes | None  # of an identity number that identifies somebody
    is_id_doubtful: bool  # it needs a second match
    name_digest: bytes | None
    phones: tuple["ContactNumber", ...]
    addresses: tuple["ContactAddress", ...]
    facts: CaseFacts
    flags: tuple[str, ...]
    expired: bool
    money_moved: bool = False
    texts: dict[str, str] = field(default_factory=dict)
    text_digests: dict[str, bytes] = field(default_factory=dict)
    payees: frozenset[bytes] = frozenset()  # keyed digests of the accounts that money went to


@dataclass(frozen=True)
class ContactNumber:
    """`is_guardian`: of a contact, whether it is a guardian if the person is a child, whoever says that it is one."""

    e164: str
    digest: bytes
    party: str
    person: Person
    country: str | None
    flags: tuple[str, ...]
    name: str | None = None
    is_guardian: bool = False

    def called(self, *, minor: bool) -> "ContactNumber":
        """As it is called in a case, which is a child's or not."""
        if not (minor and self.is_guardian):
            return self
        party = f"{GUARDIAN}:{self.party.rpartition(':')[2]}"
        return replace(self, party=party, person=Relation.GUARDIAN.person)


def whose(party: str) -> str:
    """A party without its number: "subject", or "contact:child"."""
    return party if party == SUBJECT else party.rpartition(":")[0]


@dataclass(frozen=True)
class ContactAddress:
    kind: AddressKind
    text: str
    digest: bytes
    precinct_code: str | None
    valid_until: datetime | None


def identities(context: Context, pushed: Instruction) -> Iterator[bytes]:
    """Blind indexes of everything that can make this the same person as another, or link the two."""
    id_digest, _ = _identity(context, pushed)
    if id_digest is not None:
        yield id_digest
    for reach in _contact_numbers(context, pushed, []):
        yield reach.digest


def _identity(context: Context, pushed: Instruction) -> tuple[bytes | None, IdStrength]:
    """Blind index of an identity number that identifies somebody, and how well it does."""
    victim = pushed.victim
    strength = identity_numbers.strength(victim.id_type, victim.id_number or "")
    if victim.id_number is None or strength is IdStrength.NONE:
        return None, IdStrength.NONE
    return context.vault.digest("id", identity_numbers.key(victim.id_type, victim.id_number)), strength


def read(context: Context, pushed: Instruction, now: datetime) -> NormalisedInstruction:
    """Normalise; what is doubtful is flagged, not refused."""
    victim, flags = pushed.victim, list(pushed.reading_flags)[:_MOST_FLAGS]
    urgency = most_urgent(context, pushed.urgency)
    if urgency is None:
        flags.append("urgency_label_unknown")
    if pushed.issued_at is None:
        flags.append("issued_at_missing")
    if "channels" not in pushed.model_fields_set:
        flags.append("channels_missing")
    if victim.name is None:
        flags.append("name_missing")
    fraud_type = context.vocabulary.fraud_type(pushed.fraud_type or "")
    if fraud_type is None:
        fraud_type = GENERIC_FRAUD_TYPE
        flags.append("fraud_type_unknown")
    language = context.vocabulary.language(victim.language) if "language" in victim.model_fields_set else None
    if language is None and "language" in victim.model_fields_set:
        flags.append("language_unknown")
    id_digest, strength = _identity(context, pushed)
    if victim.id_number is not None and strength is not IdStrength.STRONG:
        flags.append(f"id_number_{strength}")
    texts = _texts(victim)
    ages_known = _ages(context, victim, now)
    vulnerability = _vulnerabilities(context, victim, ages_known)
    minor = _is_minor(context, ages_known, vulnerability)
    phones = tuple(_contact_numbers(context, pushed, flags))
    flags += sorted({flag for phone in phones for flag in phone.flags})
    if None in vulnerability:
        flags.append("vulnerability_unknown")
    flags += [f"unknown_field:{path}" for path in map(wire_path, pushed.unknown_fields())][:20]
    return NormalisedInstruction(
        pushed=pushed,
        issued_at=pushed.issued_at or now,
        urgency=urgency or Urgency.HIGH,
        urgency_label=_known_label(context, pushed.urgency),
        fraud_type=fraud_type,
        language=language,
        id_digest=id_digest,
        is_id_doubtful=strength is IdStrength.WEAK,
        name_digest=_name(context, victim.name),
        phones=phones,
        addresses=tuple(places(context, pushed.victim.addresses, flags)),
        facts=_facts(pushed, tuple(dict.fromkeys(each for each in vulnerability if each)), minor=minor),
        flags=tuple(dict.fromkeys(flags)),
        expired=pushed.valid_until is not None and pushed.valid_until <= now,
        money_moved=bool(pushed.risk.transfers) or pushed.risk.transfer_ongoing,
        texts=texts,
        text_digests={name: text_digest(context, name, value) for name, value in texts.items()},
        payees=frozenset(_payees(context, pushed)),
    )


def _payees(context: Context, pushed: Instruction) -> Iterator[bytes]:
    """However an account is written: blanks and signs make no other of it."""
    for each in pushed.risk.transfers:
        account = "".join(filter(str.isalnum, (each.payee_account or "").casefold()))
        if account:
            yield context.vault.digest("payee", account)


def most_urgent(context: Context, label: str) -> Urgency | None:
    """Of several labels the most urgent; None where none of them is known. An unknown one beside others is `high`."""
    known = [context.policy.urgency_of(each) or context.vocabulary.urgency(each) for each in label.split("/")]
    if not any(known):
        return None
    return min((each or Urgency.HIGH for each in known), key=lambda each: each.rank)


def _known_label(context: Context, label: str) -> str:
    known = (context.policy.urgency_of(each) or context.vocabulary.knows("urgency", each) for each in label.split("/"))
    return label if all(known) else _OTHER_LABEL


def _texts(victim: Victim) -> dict[str, str]:
    """What names the person, as the source has it."""
    given = {
        "name": victim.name,
        "id_number": victim.id_number,
        "gender": victim.gender,
        "birth_date": victim.birth_date.isoformat() if victim.birth_date else None,
    }
    return {name: value for name, value in given.items() if value}


def text_digest(context: Context, name: str, value: str) -> bytes:
    """Blind index of one of the person's texts."""
    return context.vault.digest("text", f"{name}\0{value}")


def _name(context: Context, name: str | None) -> bytes | None:
    """Blind index of a name, as two sources write the same one; None where it is none."""
    return context.vault.digest("name", normalise.compact(name)) if name and names.surname(name) else None


def _contact_numbers(context: Context, pushed: Instruction, flags: list[str]) -> Iterator[ContactNumber]:
    for phone in pushed.victim.phones:
        number = normalise.number(phone.number, context.vocabulary.country(phone.country) or phone.country)
        yield _contact_number(context, number, SUBJECT, Person.SUBJECT)
    for index, contact in enumerate(pushed.victim.contacts):
        relation = context.vocabulary.relation(contact.relation)
        if relation is None:
            relation = Relation.OTHER
            flags.append(RELATION_UNKNOWN)
        try:
            number = normalise.number(contact.phone, context.vocabulary.country(contact.country) or contact.country)
        except ValueError:
            flags.append("contact_number_undiallable")
            continue
        is_guardian = is_guardian_of_a_child(relation, contact.basis)
        if is_for_a_person(relation, contact.basis):
            flags.append(GUARDIANSHIP_UNCLEAR)
            relation = Relation.OTHER if relation is Relation.GUARDIAN else relation
        party = f"contact:{relation}:{index}"
        yield _contact_number(context, number, party, relation.person, contact.name, is_guardian=is_guardian)


def _contact_number(
    context: Context,
    number: normalise.Number,
    party: str,
    person: Person,
    name: str | None = None,
    *,
    is_guardian: bool = False,
) -> ContactNumber:
    digest = context.vault.digest("phone", number.e164)
    return ContactNumber(number.e164, digest, party, person, number.country, number.flags, name, is_guardian)


def places(context: Context, addresses: Iterable[Address], flags: list[str]) -> Iterator[ContactAddress]:
    """Addresses, normalised; what is doubtful goes into `flags`."""
    for address in addresses:
        kind = context.vocabulary.address_kind(address.kind)
        if kind in (None, AddressKind.UNKNOWN):
            kind = AddressKind.UNKNOWN
            flags.append("address_kind_unknown")
        parts = (address.city, address.district, address.text)
        whole = " ".join(normalise.fold_width(part) for part in parts if part)
        # One of no known kind was read as registered before: it stays the same address.
        compared = AddressKind.REGISTERED if kind is AddressKind.UNKNOWN else kind
        digest = context.vault.digest("address", f"{compared}\0{whole}")
        yield ContactAddress(kind, whole, digest, address.precinct_code, address.valid_until)


def _ages(context: Context, victim: Victim, now: datetime) -> list[int]:
    """By date of birth, and by the one in the identity number."""
    today = now.astimezone(context.policy.timezone).date()
    known = [_age(born, today) for born in (victim.birth_date, normalise.birth_date(victim.id_number)) if born]
    return [age for age in known if age >= 0]


def _vulnerabilities(context: Context, victim: Victim, known: list[int]) -> list[Vulnerability | None]:
    """What the labels say; a class at school is no primary school's beside another word or age that says so."""
    vocabulary = context.vocabulary
    words = [word for each in victim.vulnerability for word in vocabulary.vulnerability_words(each)]
    may_be_pupil = all(age < _OF_AGE for age in known) and not ages.is_past_primary_school(words)
    labels = victim.vulnerability
    return [code for each in labels for code in vocabulary.vulnerabilities(each, may_be_pupil=may_be_pupil)]


def _is_minor(context: Context, known: list[int], said: list[Vulnerability | None]) -> bool:
    """By a known age, or because the source says so: either is enough.

    A word such as 未成年人 does not make a child of somebody who is known to be 14 to 17.
    """
    if any(age < context.policy.minors.under for age in known):
        return True
    return Vulnerability.MINOR in said and all(age >= _OF_AGE for age in known)


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _facts(pushed: Instruction, vulnerability: tuple[Vulnerability, ...], *, minor: bool) -> CaseFacts:
    app = pushed.victim.antifraud_app
    risk = pushed.risk
    return CaseFacts(
        vulnerability=vulnerability,
        antifraud_app=app if app.replace("_", "").isalpha() and app.isascii() else "unknown",
        call_in_progress=risk.call_in_progress,
        transfer_ongoing=risk.transfer_ongoing,
        suspected_call_forwarding=risk.suspected_call_forwarding,
        suspected_remote_control=risk.suspected_remote_control,
        life_at_risk=risk.life_at_risk,
        minor=minor,
    )
