"""Whose phone is thought to be controlled is told that first; nobody else hears more than before."""

import pytest
from casework_fixture import CaseworkFixture, Scripted, phone, resident

from dispatcher.texts import load
from providers.base import Message
from schemas.vocabulary import Channel

WIFE = {"relation": "配偶", "name": "何样", "phone": phone(901)}
CONTROLLED = {"risk": {"suspected_remote_control": True}, "urgency": "critical", "channels": ["sms", "voice"]}


def sent(casework: CaseworkFixture) -> list[Message]:
    provider = Scripted()
    for _ in range(3):
        casework.deliver(provider)
        casework.pass_time(minutes=5)
        casework.advance()
    return provider.sent


@pytest.mark.parametrize("fraud_type", ["F06", "F12"])
def test_the_person_is_warned_of_the_control_and_not_of_the_story(casework: CaseworkFixture, fraud_type: str) -> None:
    casework.open(1, fraud_type=fraud_type, **CONTROLLED)
    messages = sent(casework)
    assert {each.fraud_type for each in messages if each.channel in (Channel.SMS, Channel.VOICE)} == {"F17"}
    assert load().sms("F17", "zh-CN") in {each.text for each in messages}
    assert any("远程操控" in each.script for each in messages if each.script)


def test_family_of_a_private_case_hears_no_more_of_it(casework: CaseworkFixture) -> None:
    casework.open(
        1,
        fraud_type="F12",
        contacts=[WIFE],
        **CONTROLLED | {"risk": {"suspected_remote_control": True, "life_at_risk": True}},
    )
    said = [each.script for each in sent(casework) if each.script and each.to == f"+86{phone(901)}"]
    assert said
    assert not any("可疑电话" in script or "远程" in script for script in said)


def test_a_childs_guardian_hears_of_the_child(casework: CaseworkFixture) -> None:
    father = {"relation": "父亲", "name": "何样父", "phone": phone(902)}
    casework.open(17, id_number=resident(17, born=20160801), contacts=[father], **CONTROLLED)
    assert {each.fraud_type for each in sent(casework) if each.text} == {"F13"}
