"""What a case says of its person: a pure function of its standing instructions.

Each source's newest word replaces its earlier one. Over several sources numbers, places, channels and transfers are
united; what one of them fears is feared; the newest word on name, language and scam type stands.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from dispatcher.engine.case import SUBJECT
from schemas.case_facts import CaseFacts
from schemas.vocabulary import GENERIC_FRAUD_TYPE, Channel, Urgency

DEFAULT_LANGUAGE = "zh-CN"
GUARDIAN = "contact:guardian"
_UNKNOWN_APP = "unknown"
_NOTHING = CaseFacts()
NumberKey = tuple[bytes, str]
"""A number's blind index, and whose it is, "subject" or "contact:child": a mother's phone may be the child's too."""
Identity = tuple[bytes, bool]
"""An identity number's blind index, and whether it is doubtful."""
Stated = TypeVar("Stated")


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that a source saw leave."""

    at: datetime
    yuan: int

    def to_the_minute(self) -> "Transfer":
        """Two sources that see the same money seldom agree on its second."""
        return replace(self, at=self.at.replace(second=0, microsecond=0))


@dataclass(frozen=True, slots=True)
class Statement:
    """What one standing instruction says, as codes and blind indexes: no personal data.

    `texts`: the person's texts that it gives (name, gender, …), by blind index. `language`: None where it names none.
    `guardians`: those of its numbers whose owner is a guardian if the person is a child, whoever says that it is one.
    `untimed`: amounts that left at a time that it does not tell.
    `expired`: it was over when it came.
    """

    id: str
    issued_at: datetime
    urgency: Urgency
    fraud_type: str = GENERIC_FRAUD_TYPE
    channels: tuple[Channel, ...] = ()
    language: str | None = None
    identity: Identity | None = None
    name_digest: bytes | None = None
    texts: frozenset[tuple[str, bytes]] = frozenset()
    numbers: frozenset[NumberKey] = frozenset()
    guardians: frozenset[NumberKey] = frozenset()
    places: frozenset[bytes] = frozenset()
    facts: CaseFacts = _NOTHING
    amount_at_risk: int | None = None
    transfers: tuple[Transfer, ...] = ()
    payees: frozenset[bytes] = frozenset()
    untimed: tuple[int, ...] = ()
    money_moved: bool = False
    expired: bool = False


@dataclass(frozen=True, slots=True)
class MergedFacts:
    """`texts`: for each of the person's texts the blind index that stands, and whose word it is: a statement's id."""

    urgency: Urgency
    fraud_type: str
    channels: tuple[Channel, ...]
    language: str
    identity: Identity | None
    name_digest: bytes | None
    texts: dict[str, tuple[bytes, str]]
    numbers: frozenset[NumberKey]
    places: frozenset[bytes]
    facts: CaseFacts
    amount_at_risk: int | None
    transferred: int
    transferred_later: int
    payees: frozenset[bytes]
    money_moved: bool
    expired: bool


def merge(
    statements: Iterable[Statement], grave_types: Sequence[str] = (), warned_at: datetime | None = None
) -> MergedFacts:
    """Merge what the standing instructions of a case say. In whichever order they are given.

    `warned_at`: of what was transferred, that which left after this is told apart too.
    `grave_types`: scam types that no lesser one replaces, gravest first; all others are equal, F99 is least.
    Raises ValueError where there is none: a case without a standing instruction keeps what it says.
    """
    oldest_first = sorted(statements, key=lambda each: (each.issued_at, each.id))
    if not oldest_first:
        raise ValueError("nothing to merge")
    newest_first = oldest_first[::-1]
    amounts = [each.amount_at_risk for each in oldest_first if each.amount_at_risk is not None]
    facts, transfers = _facts(newest_first), _transfers(oldest_first)
    return MergedFacts(
        urgency=min((each.urgency for each in oldest_first), key=lambda urgency: urgency.rank),
        fraud_type=_gravest((each.fraud_type for each in newest_first), grave_types),
        channels=tuple(dict.fromkeys(channel for each in oldest_first for channel in each.channels)),
        language=_newest(newest_first, lambda each: each.language) or DEFAULT_LANGUAGE,
        identity=_identity(newest_first),
        name_digest=_newest(newest_first, lambda each: each.name_digest),
        texts={name: (text, each.id) for each in oldest_first for name, text in sorted(each.texts)},
        numbers=_numbers(oldest_first, minor=facts.minor),
        places=frozenset[bytes]().union(*(each.places for each in oldest_first)),
        facts=facts,
        amount_at_risk=max(amounts, default=None),
        transferred=sum(each.yuan for each in transfers),
        transferred_later=sum(each.yuan for each in transfers if warned_at is not None and each.at > warned_at),
        payees=frozenset[bytes]().union(*(each.payees for each in oldest_first)),
        money_moved=any(each.money_moved for each in oldest_first),
        expired=all(each.expired for each in oldest_first),
    )


def are_strangers(one: Statement, other: Statement) -> bool:
    """Whether two instructions are about two people: nothing tells that they are one, and something that they are not.

    Silence tells nothing: who names neither a number nor an identity may mean anybody.
    """
    phones = [{digest for digest, whose in each.numbers if whose == SUBJECT} for each in (one, other)]
    if phones[0] & phones[1]:
        return False
    if one.identity is not None and other.identity is not None:
        if one.identity[0] == other.identity[0]:
            is_doubtful = one.identity[1] or other.identity[1]
            return is_doubtful and _differ(one.name_digest, other.name_digest)
        if not (one.identity[1] or other.identity[1]):
            return True
    has_same_name = one.name_digest is not None and one.name_digest == other.name_digest
    return bool(phones[0] and phones[1]) and not has_same_name


def _differ(one: bytes | None, other: bytes | None) -> bool:
    return one is not None and other is not None and one != other


def is_graver(one: str, other: str, grave_types: Sequence[str]) -> bool:
    """Whether a scam type is graver than another."""
    return _gravity(one, grave_types) < _gravity(other, grave_types)


def _gravest(newest_first: Iterable[str], grave_types: Sequence[str]) -> str:
    """The newest of the gravest."""
    return min(newest_first, key=lambda each: _gravity(each, grave_types))


def _gravity(fraud_type: str, grave_types: Sequence[str]) -> int:
    """0 is the gravest."""
    if fraud_type in grave_types:
        return grave_types.index(fraud_type)
    return len(grave_types) + (fraud_type == GENERIC_FRAUD_TYPE)


def _newest(newest_first: Iterable[Statement], word: Callable[[Statement], Stated | None]) -> Stated | None:
    return next((said for said in map(word, newest_first) if said is not None), None)


def _identity(newest_first: Iterable[Statement]) -> Identity | None:
    """The newest that identifies somebody; else the newest that is doubtful."""
    given = [each.identity for each in newest_first if each.identity is not None]
    return next((each for each in given if not each[1]), given[0] if given else None)


def _numbers(statements: Iterable[Statement], *, minor: bool) -> frozenset[NumberKey]:
    """Those of all. Of a child, whoever one of them names as a parent or the like is called as a guardian."""
    numbers, guardians = set[NumberKey](), set[NumberKey]()
    for each in statements:
        numbers |= each.numbers
        guardians |= each.guardians
    if not minor:
        return frozenset(numbers)
    return frozenset(
        (digest, GUARDIAN) if (digest, whose) in guardians else (digest, whose) for digest, whose in numbers
    )


def _transfers(statements: Iterable[Statement]) -> list[Transfer]:
    """One source's transfers are all its own; what two sources saw alike is the same money."""
    seen = Counter[Transfer]()
    for each in statements:
        untimed = (Transfer(each.issued_at, yuan) for yuan in each.untimed)
        seen |= Counter(transfer.to_the_minute() for transfer in (*each.transfers, *untimed))
    return list(seen.elements())


def _facts(newest_first: Collection[Statement]) -> CaseFacts:
    """The safer reading of all: what any of them fears is feared. Of the app, the newest that is known."""
    merged = _NOTHING
    for each in reversed([each.facts for each in newest_first]):
        merged = merged.joined(each)
    known = (each.facts.antifraud_app for each in newest_first if each.facts.antifraud_app != _UNKNOWN_APP)
    return merged.with_app(next(known, _UNKNOWN_APP))
