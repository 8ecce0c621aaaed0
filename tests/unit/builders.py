"""Cases, numbers and places to begin a test with."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.engine import Case
from dispatcher.engine.case import SUBJECT, Number, Place
from schemas.vocabulary import AddressKind, CaseState, Channel, Person, Urgency

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=ZONE)
ALL = frozenset({Channel.SMS, Channel.VOICE, Channel.VISIT})
SMS, VOICE, VISIT, HOOK, BROADCAST = Channel.SMS, Channel.VOICE, Channel.VISIT, Channel.HOOK, Channel.BROADCAST
ONLY_SMS, ONLY_VOICE, ONLY_VISIT = frozenset({SMS}), frozenset({VOICE}), frozenset({VISIT})
CRITICAL, HIGH, MEDIUM, LOW = Urgency
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
FAMILY, GUARDIAN, EMPLOYER = "contact:spouse:0", "contact:guardian:1", "contact:employer:2"


def at(clock: str, day: int = 2) -> datetime:
    return datetime.fromisoformat(f"2026-03-{day:02d}T{clock}").replace(tzinfo=ZONE)


def number(name: str, *bad_for: Channel) -> Number:
    return Number(name, SUBJECT, Person.SUBJECT, frozenset(bad_for))


def relative(name: str = "f1", party: str = FAMILY, person: Person = Person.FAMILY) -> Number:
    return Number(name, party, person)


def guardian(name: str = "g1", *, shared: bool = False) -> Number:
    return Number(name, GUARDIAN, Person.GUARDIAN, shared=shared)


def place(
    name: str, precinct: str | None, kind: AddressKind = AddressKind.RESIDENCE, added_at: datetime = MONDAY, **more: Any
) -> Place:
    return Place(name, kind, added_at, precinct, **more)


TWO = (number("n1"), number("n2"))


def new_case(urgency: Urgency = HIGH, at: datetime = MONDAY, **facts: Any) -> Case:
    """A case as intake opens it, with one number of the subject."""
    known: dict[str, Any] = {
        "id": "case",
        "urgency": urgency,
        "state": CaseState.OPEN,
        "opened_at": at,
        "urgency_since": at,
        "channels": ALL,
        "fraud_type": "F01",
        "numbers": (number("n1"),),
    }
    return Case(**(known | facts))
