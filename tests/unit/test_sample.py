"""The sample file: what of a case's script goes to the gateway simulator."""

from datetime import datetime
from typing import Any

import pytest

from dispatcher.simulate import sample
from dispatcher.simulate.sample import Push
from providers.simulator.people import PERSONAS

AT = datetime.fromisoformat("2026-03-02T09:00:00+08:00")
ID, NUMBER = "99010119870815931x", "+8615400000006"
PHONES = [{"number": "154 0000 0006", "country": "CN"}]


def persona(people_do: dict[str, Any], **victim: Any) -> dict[str, Any] | None:
    return sample.persona(Push(AT, "S06", {"victim": victim}, people_do))


def test_hooks_go_by_the_normalised_identity() -> None:
    found = persona({"stop_payment": ["accepted", "partly_stopped:52000"]}, id_number=" 990101 19870815-931x ")
    assert found == {
        "numbers": [],
        "identities": ["99010119870815931X"],
        "stop_payment": ["accepted", "partly_stopped:52000"],
    }


def test_calls_and_hooks_of_one_case_go_together() -> None:
    do = {"sms": ["delivered"], "protect_account": ["requested", "granted_24h"], "lift_protection": ["lifted"]}
    assert persona(do, id_number=ID, phones=PHONES) == {"numbers": [NUMBER], "identities": [ID.upper()], **do}


@pytest.mark.parametrize(
    ("people_do", "victim"),
    [
        ({"stop_payment": ["not_stopped"]}, {"phones": PHONES}),
        ({"stop_payment": ["not_stopped"]}, {"phones": PHONES, "id_number": " "}),
        ({"stop_payment": ["not_stopped"]}, {"phones": PHONES, "id_number": None}),
        ({"sms": ["delivered"]}, {"id_number": ID}),
        ({"visit": ["accepted+00:01"], "transfer": ["accepted_by:LC-01+00:20", "remote_visit:met"]}, {"id_number": ID}),
        ({}, {"id_number": ID, "phones": PHONES}),
    ],
)
def test_words_that_nobody_can_play_are_left_out(people_do: dict[str, Any], victim: dict[str, Any]) -> None:
    assert persona(people_do, **victim) is None


def test_transfer_words_leave_the_others_alone() -> None:
    do = {"voice": ["busy"], "transfer": ["accepted_by:LC-01+00:20"]}
    assert persona(do, phones=PHONES, id_number=ID) == {"numbers": [NUMBER], "identities": [], "voice": ["busy"]}


def test_who_has_no_words_for_hooks_keeps_the_ones_registered_before() -> None:
    assert persona({"sms": ["delivered"]}, phones=PHONES, id_number=ID) == {
        "numbers": [NUMBER],
        "identities": [],
        "sms": ["delivered"],
    }


def test_the_simulator_takes_every_script_of_the_bundled_file() -> None:
    found = [each for push in sample.read(sample.bundled()) if (each := sample.persona(push))]
    taken = PERSONAS.validate_python(found)
    assert [each.stop_payment for each in taken if each.stop_payment] == [["accepted", "partly_stopped:52000"]]
    assert [each.protect_account for each in taken if each.protect_account] == [["requested", "granted_24h"]]
