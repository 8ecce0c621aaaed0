"""The officer's card: the lines that this person's facts ask for."""

import re
from dataclasses import replace
from typing import Any, get_args

import pytest

from dispatcher.texts import load
from dispatcher.texts.tables import Fact
from schemas.case_facts import CaseFacts
from schemas.vocabulary import FRAUD_TYPES, Vulnerability

EVERYTHING = CaseFacts(
    vulnerability=tuple(each for each in Vulnerability if each is not Vulnerability.MINOR),
    antifraud_app="installed_alert_off",
    call_in_progress=True,
    transfer_ongoing=True,
    suspected_call_forwarding=True,
    suspected_remote_control=True,
)
QUIET = CaseFacts(antifraud_app="somethingelse")


def card(fraud_type: str, facts: CaseFacts, language: str = "zh-CN", **more: Any) -> list[str]:
    return [line.zh for line in load().card(fraud_type, language, facts, **more)]


def text(code: Fact) -> str:
    return load().cards.facts[code].zh


def test_every_fact_has_a_line_and_every_vulnerability_is_a_fact() -> None:
    assert tuple(load().cards.facts) == get_args(Fact)
    assert set(Vulnerability) <= set(get_args(Fact))


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_cue_comes_first_in_both_languages(fraud_type: str) -> None:
    first = load().card(fraud_type, "zh-CN", CaseFacts())[0]
    assert first.zh == load().cue(fraud_type)
    assert first.en.isascii()


def test_nothing_known_adds_nothing() -> None:
    assert card("F11", QUIET) == ["核对航班状态给其看。"]


def test_lines_follow_the_facts_in_the_order_of_the_table() -> None:
    known = (Vulnerability.ELDERLY, Vulnerability.HEARING)
    facts = replace(QUIET, vulnerability=known, suspected_remote_control=True)
    assert card("F14", facts)[1:] == [text("suspected_remote_control"), text("hearing"), text("elderly")]
    line = load().cards.facts["suspected_remote_control"]
    assert line.zh.startswith("手机可能被远程操控:先拍下")
    assert line.en.startswith("The phone may be controlled: photograph")


@pytest.mark.parametrize("state", ["not_installed", "installed_alert_off", "installed_alert_on", "unknown"])
def test_app_state_has_its_line(state: str) -> None:
    assert card("F01", replace(QUIET, antifraud_app=state))[1:] == [load().cards.facts[f"antifraud_app_{state}"].zh]  # type: ignore[index]


@pytest.mark.parametrize("minor", [{"minor": True}, {"facts": replace(QUIET, vulnerability=(Vulnerability.MINOR,))}])
def test_a_minor_is_met_with_a_guardian_only(minor: dict[str, Any]) -> None:
    lines = card("F12", **{"facts": QUIET, "occasion": 3, **minor})
    assert lines[1] == text("minor")
    assert load().cards.alone.zh not in lines


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_repeated_visits_name_the_trick_and_then_bring_the_family(fraud_type: str) -> None:
    cards, trick = load().cards, load().types[fraud_type].trick
    assert len(card(fraud_type, QUIET)) == 1
    assert trick.zh in card(fraud_type, QUIET, occasion=2)[-1]
    second = load().card(fraud_type, "zh", QUIET, occasion=2)[-1]
    assert trick.en in second.en
    last = cards.alone if fraud_type in ("F09", "F12") else cards.together
    assert card(fraud_type, QUIET, occasion=3)[-1] == last.zh


@pytest.mark.parametrize("fraud_type", ["F09", "F12"])
def test_private_cards_never_bring_the_family(fraud_type: str) -> None:
    lines = load().card(fraud_type, "zh-CN", EVERYTHING, occasion=3)
    inviting = [line for line in lines if re.search("家人|家属", line.zh) or "family" in line.en]
    assert all(re.search("不当家人面|不告知家人", line.zh) for line in inviting)


@pytest.mark.parametrize("occasion", [1, 2, 3])
def test_foreigners_card_shows_the_english_sms_of_the_occasion(occasion: int) -> None:
    last = load().card("F08", "en", QUIET, occasion=occasion)[-1]
    sms = load().sms("F08", "en", occasion)
    assert last.zh == f"给其看这段英文:{sms}"
    assert last.en == f"Show this text: {sms}"


def test_whose_account_is_protected_is_told_why_and_how_to_appeal() -> None:
    assert card("F01", QUIET, is_protected=True)[-1] == load().appeal()
    assert load().appeal() not in card("F01", QUIET)
