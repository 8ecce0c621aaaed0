"""A child's warning goes to the guardians: whoever is a parent, a grandparent, or is said to have the guardianship."""

from typing import Any

import pytest
from casework_fixture import CaseworkFixture, Scripted, instruction, phone, resident, withdrawal

from dispatcher.store.cases import PhoneRow
from dispatcher.store.vault import VaultValueRow

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


def guardians(casework: CaseworkFixture) -> list[str]:
    rows = [row for row in casework.rows(PhoneRow) if row.party != "subject" and row.retired_at is None]
    return [f"{row.party.rpartition(':')[0]} {row.person}" for row in rows]


OF_NO_AGE = {"id_number": None, "phones": [{"number": phone(17)}]}
SAYS_CHILD = OF_NO_AGE | {"vulnerability": ["不满十四周岁"], "source": {"system": "学校(虚构)"}}


@pytest.mark.parametrize("contact", [FATHER, FATHER | {"relation": "其他", "basis": "监护人"}])
@pytest.mark.parametrize("child_first", [False, True])
def test_who_is_a_guardian_is_judged_by_what_all_sources_say(
    casework: CaseworkFixture, contact: dict[str, Any], *, child_first: bool
) -> None:
    """One names the father, another says that the person is a child: in whichever order, he is called at once."""
    named = {"contacts": [contact], "urgency": "critical", "channels": ["sms", "voice"], **OF_NO_AGE}
    for number, said in enumerate([SAYS_CHILD, named] if child_first else [named, SAYS_CHILD], start=1):
        casework.open(number, **said)
    assert guardians(casework) == ["contact:guardian guardian"]
    casework.pass_time(minutes=1)
    provider = Scripted()
    casework.deliver(provider)
    assert f"+86{phone(901)}" in {message.to for message in provider.sent if message.script}
    assert not [message for message in provider.sent if message.script and message.to == f"+86{phone(17)}"]


def test_a_father_is_family_again_once_nobody_says_that_it_is_a_child(casework: CaseworkFixture) -> None:
    case_id = casework.open(1, contacts=[FATHER], **OF_NO_AGE)
    casework.open(2, **SAYS_CHILD)
    casework.push(withdrawal(2))
    assert guardians(casework) == ["contact:parent family"]
    casework.push(instruction(3, **SAYS_CHILD))
    assert guardians(casework) == ["contact:guardian guardian"]
    assert casework.case(case_id).case_facts.minor
    assert casework.verdict().differences == []


def test_a_guardian_whom_two_sources_name_by_two_words_is_one(casework: CaseworkFixture) -> None:
    for number, relation in enumerate(["父亲", "监护人", "爸爸"], start=1):
        source = {"source": {"system": f"来源{number}"}}
        casework.open(number, contacts=[FATHER | {"relation": relation}], **(SAYS_CHILD | source))
    casework.push(withdrawal(2))
    assert guardians(casework) == ["contact:guardian guardian"]
    casework.push(withdrawal(1))
    casework.push(withdrawal(3))
    assert guardians(casework) == ["contact:guardian guardian"]  # of a closed case


def test_the_name_of_a_father_who_becomes_a_guardian_comes_along(casework: CaseworkFixture) -> None:
    casework.open(1, contacts=[FATHER], **OF_NO_AGE)
    casework.open(2, **SAYS_CHILD)
    [row] = [row for row in casework.rows(PhoneRow) if row.person == "guardian"]
    fields = {value.field for value in casework.rows(VaultValueRow)}
    assert f"name:{row.party}" in fields
