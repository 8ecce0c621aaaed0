"""A child's warning goes to the guardians: whoever is a parent, a grandparent, or is said to have the guardianship."""

from typing import Any

import pytest
from casework_fixture import CaseworkFixture, Scripted, phone, resident

from dispatcher.store.cases import PhoneRow

CHILD = {"id_number": resident(17, born=20160801)}
FATHER = {"relation": "父亲", "name": "何样父", "phone": phone(901)}
MOTHER = {"relation": "妈妈", "name": "何样母", "phone": phone(17)}


@pytest.mark.parametrize("relation", ["父亲", "母亲", "妈妈", "外婆", "监护人"])
def test_kin_of_a_child_are_its_guardians(casework: CaseworkFixture, relation: str) -> None:
    casework.open(17, contacts=[FATHER | {"relation": relation}], **CHILD)
    assert [row.person for row in casework.rows(PhoneRow)] == ["subject", "guardian"]


def test_whoever_is_said_to_have_the_guardianship_is_one(casework: CaseworkFixture) -> None:
    casework.open(17, contacts=[FATHER | {"relation": "其他", "basis": "监护人"}], **CHILD)
    assert [row.person for row in casework.rows(PhoneRow)] == ["subject", "guardian"]


def test_a_grown_ups_father_is_family(casework: CaseworkFixture) -> None:
    casework.open(17, contacts=[FATHER])
    assert [row.person for row in casework.rows(PhoneRow)] == ["subject", "family"]


@pytest.mark.parametrize("child", [CHILD, {"id_number": None, "vulnerability": ["不满十四周岁"]}])
def test_two_guardians_are_called_at_once_and_the_sms_goes_to_a_phone_of_their_own(
    casework: CaseworkFixture, child: dict[str, Any]
) -> None:
    """The mother shares the child's phone, which the scammer may have in hand."""
    casework.open(17, urgency="critical", channels=["sms", "voice"], contacts=[MOTHER, FATHER], **child)
    provider = Scripted()
    casework.pass_time(minutes=1)
    casework.deliver(provider)
    casework.pass_time(minutes=1)
    casework.deliver(provider)
    assert {message.to for message in provider.sent if message.text} == {f"+86{phone(901)}"}
    called = [message.to for message in provider.sent if message.script]
    assert called[0] == f"+86{phone(901)}"
    assert set(called) == {f"+86{phone(901)}", f"+86{phone(17)}"}
