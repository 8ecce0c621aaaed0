"""The officer's card: whole for the officer who has the visit, masked for all others, each reading on the record."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import START, CaseworkFixture, Scripted, instruction, resident, withdrawal
from test_codes import code_of
from visits_fixture import Load, act, case_with_visit, decide_as_supervisor, visit_of

from dispatcher.errors import Refused
from dispatcher.supervision import decisions
from dispatcher.visits import card as visit_card
from providers.base import Answered
from schemas.instruction import Address
from schemas.refusals import RefusalCode
from schemas.vocabulary import BankRequest, Channel, Result

NAME, PHONE = "欧阳何样", "15400000001"
MOTHER = {"relation": "父母", "name": "何某梅", "phone": "15400009001"}
HOME = {"kind": "现住", "text": "样板路1号", "precinct_code": "P1"}
WORK = {"kind": "工作", "text": "样板大厦9层", "precinct_code": "P1"}
CHILD = "990101201801010001"


def case_of(casework: CaseworkFixture, **changes: Any) -> UUID:
    known: dict[str, Any] = {"name": NAME, "contacts": [MOTHER], "addresses": [HOME, WORK]}
    return case_with_visit(casework, **(known | changes))


def read(casework: CaseworkFixture, case_id: UUID, officer: str | None = "A") -> dict[str, Any]:
    with casework.begin() as work:
        return visit_card.read(work, visit_of(casework, case_id).id, officer=officer)


def test_the_officer_who_has_the_visit_reads_it_whole(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_of(casework, vulnerability=["老年人"])
    card = read(casework, case_id)
    assert (card["name"], card["masked"], card["phones"]) == (NAME, False, [f"+86{PHONE}"])
    assert [(each["label"], each["name"], each["phone"]) for each in card["contacts"]] == [
        ("父母 parent", "何某梅", "+8615400009001")
    ]
    assert card["code"] == code_of(casework, case_id)
    lines = "".join(line["zh"] for line in card["lines"])
    assert "先出示警察证" in lines
    assert "老年人" in lines
    assert "假警察" in card["show"]


def test_while_the_account_is_protected_the_card_says_why_and_how_to_appeal(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    case_id = case_of(casework)

    def tells() -> bool:
        return any("申诉" in line["zh"] for line in read(casework, case_id)["lines"])

    act(casework, case_id, "accept")
    assert not tells()
    decide_as_supervisor(casework, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT)
    casework.deliver(Scripted([Answered(Result.GRANTED, hours=24)], name="bank", channels=(Channel.HOOK,)))
    assert tells()
    casework.pass_time(hours=25)
    assert not tells()


def test_addresses_stand_in_visiting_order(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_of(casework)
    hotel = Address(kind="current", text="海棠酒店302", precinct_code="P1", valid_until=START + timedelta(hours=4))
    decide_as_supervisor(casework, decisions.locate, case_id, hotel)
    kinds = [each["kind"] for each in read(casework, case_id)["addresses"]]
    assert kinds == ["current", "work", "residence"]  # Monday, 09:00
    act(casework, case_id, "accept")
    casework.pass_time(hours=10)
    places = read(casework, case_id)["addresses"]
    assert [(each["label"], each["text"]) for each in places] == [
        ("现住址 residence", "样板路1号"),
        ("工作单位 work", "样板大厦9层"),
    ]


@pytest.mark.parametrize("officer", ["B", "L", "S-1", "Z", "X-1"])
def test_all_others_see_a_surname_and_a_precinct(casework: CaseworkFixture, load: Load, officer: str) -> None:
    load()
    case_id = case_of(casework)
    card = read(casework, case_id, officer)
    assert (card["name"], card["masked"], card["precinct"]) == ("欧阳某某", True, "P1")
    assert set(card) == {"visit", "case", "state", "precinct", "masked", "minor", "name"}


def test_a_child_has_no_name_but_for_the_case_officer(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_of(casework, id_number=CHILD)
    assert (read(casework, case_id, "B")["name"], read(casework, case_id)["name"]) == ("某某", NAME)
    assert read(casework, case_id)["lines"][1]["zh"].startswith("未成年人:监护人在场")
    assert "您家孩子" in read(casework, case_id)["show"]


def test_who_no_longer_has_the_visit_sees_no_more(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_of(casework)
    act(casework, case_id, "accept")
    assert read(casework, case_id)["masked"] is False
    casework.push(withdrawal())
    assert read(casework, case_id)["masked"] is True


def test_a_foreigner_is_shown_the_english_text(casework: CaseworkFixture, load: Load) -> None:
    load()
    card = read(casework, case_of(casework, language="en-GB"))
    assert card["language"] == "en"
    assert "fake police" in card["show"]
    assert card["lines"][-1]["en"].endswith(card["show"])


def test_each_reading_is_on_the_record_without_personal_data(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_of(casework)
    for officer in ("A", "B"):
        read(casework, case_id, officer)
    for nobody, why in ((None, "name_missing act=read_card"), ("NOBODY-9", "not_on_roster by=NOBODY-9")):
        with pytest.raises(Refused, match=why):
            read(casework, case_id, nobody)
    found = [(each.actor, each.data["masked"]) for each in casework.journal(case_id, "card_read")]
    assert found == [("A", False), ("B", True)]
    written = str([(each.actor, each.data) for each in casework.journal(case_id)])
    kept = ("何", "样板", PHONE, "15400009001", code_of(casework, case_id))
    assert [each for each in kept if each in written] == []


def test_an_unknown_visit_and_an_erased_person_are_told(casework: CaseworkFixture, load: Load) -> None:
    load()
    with pytest.raises(Refused, match=RefusalCode.NO_VISIT), casework.begin() as work:
        visit_card.read(work, UUID(int=3), officer="A")
    case_id = case_of(casework)
    casework.sql("UPDATE subjects SET wrapped_key = NULL")
    with pytest.raises(Refused, match=RefusalCode.PERSON_ERASED):
        read(casework, case_id)


def test_a_value_that_does_not_open_is_told_without_it(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_of(casework)
    casework.sql("UPDATE vault_values SET field = 'name:x' WHERE field = 'name'")
    with pytest.raises(Refused, match=RefusalCode.PERSONAL_DATA_UNREADABLE):
        read(casework, case_id)


@pytest.mark.parametrize(("name", "seen"), [("Madonna", "某某"), ("Ana Smith", "Smith某某"), (None, "某某")])
def test_who_has_one_name_only_is_not_told_by_it(
    casework: CaseworkFixture, load: Load, name: str | None, seen: str
) -> None:
    load()
    assert read(casework, case_of(casework, name=name), "B")["name"] == seen


def test_an_update_before_the_officer_arrives_changes_the_card_and_the_officer_is_told(
    casework: CaseworkFixture, load: Load
) -> None:
    load()
    case_id = case_of(casework, fraud_type="F01", language="en", note="在家")
    act(casework, case_id, "accept", officer="A")
    hotel = {"kind": "酒店", "text": "海棠酒店302", "precinct_code": "P1"}
    changed = {"name": "高某", "fraud_type": "F08", "language": "zh-CN", "note": "受害人在酒店"}
    update = instruction(version=2, urgency="critical", channels=["visit"], addresses=[HOME, hotel], **changed)
    assert casework.push(update).status == "accepted"
    card = read(casework, case_id)
    assert (card["name"], card["language"]) == ("高某", "zh-CN")
    assert [note["text"] for note in card["notes"]] == ["受害人在酒店"]
    assert {place["text"] for place in card["addresses"]} == {"样板路1号", "海棠酒店302"}
    [told] = casework.journal(case_id, "card_changed")
    assert (told.data["officer_told"], told.rule) == ("A", "newer_version")


def test_the_card_shows_what_each_standing_source_says(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_of(casework, note="一号来源")
    same = {"id_number": resident(1), "note": "二号来源", "source": {"system": "银行(虚构)"}}
    casework.push(instruction(2, **same))
    assert [(note["source"], note["text"]) for note in read(casework, case_id)["notes"]] == [
        ("省反诈平台(虚构)", "一号来源"),
        ("银行(虚构)", "二号来源"),
    ]
    casework.push(withdrawal(2))
    assert [note["text"] for note in read(casework, case_id)["notes"]] == ["一号来源"]
