"""Invented weeks: the same for the same seed, every kind of thing in them, and nobody in them exists."""

import json
from collections import Counter
from datetime import datetime, timedelta

import pytest

from dispatcher.simulate import generate, officers, sample
from dispatcher.simulate.sample import Push
from providers.simulator.people import PERSONAS
from schemas import normalise, parse
from schemas.instruction import Instruction
from schemas.vocabularies import SHIPPED
from schemas.vocabulary import FRAUD_TYPES, Channel, Urgency

START = datetime.fromisoformat("2026-03-02T00:00:00+08:00")
COUNT = 3000


@pytest.fixture(scope="module")
def week() -> list[Push]:
    return generate.pushes(COUNT, 7, START)


@pytest.fixture(scope="module")
def created(week: list[Push]) -> list[Instruction]:
    """Every push of the week parses, or this raises."""
    found = [parse.line(json.dumps(push.body, ensure_ascii=False).encode()) for push in week]
    return [each for each in found if isinstance(each, Instruction) and each.op == "create"]


def test_the_same_seed_gives_the_same_week_and_another_seed_another() -> None:
    assert generate.pushes(200, 1, START) == generate.pushes(200, 1, START)
    assert generate.pushes(200, 1, START) != generate.pushes(200, 2, START)


def test_every_push_parses_and_has_a_name_of_its_own(week: list[Push], created: list[Instruction]) -> None:
    assert len(created) == sum(push.body["op"] == "create" for push in week)
    assert len({push.name for push in week}) == len(week)


def test_every_script_is_known_to_the_gateway_and_to_the_officers(week: list[Push]) -> None:
    PERSONAS.validate_python([people for people in map(sample.persona, week) if people is not None])
    for push in week:
        officers.script(push.people_do.get("visit", []))


def test_it_lies_within_its_days_in_order_and_on_quarters_of_an_hour(week: list[Push]) -> None:
    times = [push.at for push in week]
    assert times == sorted(times)
    assert times[0] >= START and times[-1] < START + timedelta(days=generate.DAYS)
    assert all(at.minute % 15 == 0 and at.second == 0 for at in times)


def test_some_come_in_bursts(week: list[Push]) -> None:
    assert max(Counter(push.at for push in week).values()) >= 20


def test_all_urgencies_scams_and_channels_are_there(created: list[Instruction]) -> None:
    counts = Counter(SHIPPED.urgency(each.urgency) for each in created)
    assert None in counts  # a label that nobody knows
    assert counts[Urgency.CRITICAL] < counts[Urgency.HIGH] < counts[Urgency.MEDIUM]
    assert counts[Urgency.LOW] > 0
    assert {each.fraud_type for each in created} == set(FRAUD_TYPES)
    assert {channel for each in created for channel in each.channels} == set(Channel) - {Channel.HOOK}
    assert len({each.source.system for each in created}) >= 4


def test_all_kinds_of_people_are_there(created: list[Instruction]) -> None:
    victims = [each.victim for each in created]
    assert any(not victim.phones for victim in victims)
    assert any(len(victim.phones) > 1 for victim in victims)
    assert any(not victim.addresses for victim in victims)
    assert any(victim.id_number is None for victim in victims)
    assert any(victim.language == "en" for victim in victims)
    assert {label for victim in victims for label in victim.vulnerability} >= {"未成年人", "听力障碍", "老年人"}
    kinds = {address.kind for victim in victims for address in victim.addresses}
    assert kinds == {"residence", "branch", "registered"}
    children = [victim for victim in victims if "未成年人" in victim.vulnerability]
    assert all("监护人" in {contact.relation for contact in victim.contacts} for victim in children)


def test_all_kinds_of_danger_are_there(created: list[Instruction]) -> None:
    risks = [each.risk for each in created]
    assert any(risk.transfers for risk in risks) and any(risk.transfer_ongoing for risk in risks)
    assert any(risk.suspected_call_forwarding for risk in risks) and any(risk.life_at_risk for risk in risks)
    assert any(each.valid_until is not None and each.valid_until < each.issued_at for each in created)


def test_all_kinds_of_sequels_are_there(week: list[Push]) -> None:
    kinds = {push.name.partition("-")[2] for push in week} - {""}
    assert kinds == {
        "withdrawn",
        "false_alarm",
        "later_loss",
        "patched",
        "repeated",
        "contradicted",
        "joined",
        "warned_again",
    }


def test_nobody_in_it_exists(created: list[Instruction]) -> None:
    for each in created:
        numbers = [phone.number for phone in each.victim.phones] + [person.phone for person in each.victim.contacts]
        assert all(number.startswith(("154", "+447700900")) for number in numbers)
        assert all("（虚构）" in address.text for address in each.victim.addresses)
        assert "（虚构）" in each.source.system
        assert not _is_genuine(each.victim.id_number or "")


def test_two_people_never_share_an_identity() -> None:
    firsts = [push for push in generate.pushes(COUNT, 7, START) if "-" not in push.name]
    ids = [push.body["victim"]["id_number"] for push in firsts if push.body["victim"]["id_number"]]
    assert len(set(ids)) == len(ids)


def test_birth_dates_agree_with_identity_numbers(created: list[Instruction]) -> None:
    for victim in (each.victim for each in created if (each.victim.id_number or "").startswith("990101")):
        assert normalise.birth_date(victim.id_number) == victim.birth_date


def _is_genuine(number: str) -> bool:
    """GB 11643: the check digit is right."""
    if len(number) != 18:
        return False
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
    return "10X98765432"[total % 11] == number[17]
