"""Cases, numbers and places to begin a test with."""

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.engine import Case
from dispatcher.engine.case import SUBJECT, Attempt, Number, Place
from dispatcher.policy import load
from dispatcher.policy.models import Policy
from schemas.vocabulary import AddressKind, AttemptState, CaseState, Channel, Person, Relation, Result, Urgency

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=ZONE)
ALL = frozenset({Channel.SMS, Channel.VOICE, Channel.VISIT})
SMS, VOICE, VISIT, HOOK, BROADCAST = Channel.SMS, Channel.VOICE, Channel.VISIT, Channel.HOOK, Channel.BROADCAST
ONLY_SMS, ONLY_VOICE, ONLY_VISIT = frozenset({SMS}), frozenset({VOICE}), frozenset({VISIT})
CRITICAL, HIGH, MEDIUM, LOW = Urgency
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
# Whatever a case may have that is so or is not, so that a new one is drawn, told and joined without being named here.
FLAGS = tuple(each.name for each in fields(Case) if each.type is bool)
FAMILY, GUARDIAN, EMPLOYER = "contact:spouse:0", "contact:guardian:1", "contact:employer:2"
SECOND_GUARDIAN = "contact:grandparent:3"


def at(clock: str, day: int = 2) -> datetime:
    return datetime.fromisoformat(f"2026-03-{day:02d}T{clock}").replace(tzinfo=ZONE)


def number(name: str, *bad_for: Channel) -> Number:
    return Number(name, SUBJECT, Person.SUBJECT, frozenset(bad_for))


def relative(name: str = "f1", party: str = FAMILY, person: Person = Person.FAMILY) -> Number:
    return Number(name, party, person)


def employer(name: str = "e1") -> Number:
    return Number(name, EMPLOYER, Person.OTHER, relation=Relation.EMPLOYER)


def guardian(name: str = "g1", party: str = GUARDIAN, *, shared: bool = False) -> Number:
    return Number(name, party, Person.GUARDIAN, shared=shared)


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


def settled(channel: Channel = SMS, result: Result = Result.FAILED_TEMPORARY, **facts: Any) -> Attempt:
    """An attempt that got its result on Monday at ten."""
    known: dict[str, Any] = {
        "id": "a1",
        "party": SUBJECT,
        "person": Person.SUBJECT,
        "state": AttemptState.SETTLED,
        "due_at": MONDAY,
        "send_key": "a1",
        "number_id": "n1",
        "sent_at": MONDAY,
        "settled_at": MONDAY,
    }
    return Attempt(channel=channel, result=result, **(known | facts))


def policy_with(urgency: Urgency, **parts: Any) -> Policy:
    """The built-in policy with other figures for one urgency; a dictionary changes a part of its plan."""
    policy = load()
    plan = policy.plan(urgency)
    changed = {
        name: getattr(plan, name).model_copy(update=part) if isinstance(part, dict) else part
        for name, part in parts.items()
    }
    plans = policy.urgency.model_copy(update={urgency.value: plan.model_copy(update=changed)})
    return policy.model_copy(update={"urgency": plans})
