"""The sample file: what of a case's script goes to the gateway simulator."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatcher.errors import OperatorError
from dispatcher.simulate import officers, sample
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


# --- a whole file


def file_of(tmp_path: Path, *cases: tuple[str, Any], **victim: Any) -> Path:
    """A sample with these cases, each with what its people do."""
    known = {"phones": PHONES, "id_number": ID} | victim
    body = {"op": "create", "instruction_id": "X", "issued_at": AT.isoformat(), "victim": known}
    path = tmp_path / "sample.json"
    path.write_text(
        json.dumps({"cases": [{"case": n, "instruction": body, "people_do": do} for n, do in cases]}), "utf-8"
    )
    return path


def test_every_unknown_word_is_told_at_once_with_the_words_there_are(tmp_path: Path) -> None:
    path = file_of(
        tmp_path,
        ("A1", {"voice": ["busy", "anwsered_subject:dissuaded"], "sms": ["delivrd"]}),
        ("A2", {"voice": {"154 0000 0006": ["hangs_up"]}, "visit": ["accepted+00:01", "arrives"]}),
        ("A3", {"stop_payment": ["accepted", "halted"], "transfer": ["taken_by:LC-01"], "phone": ["busy"]}),
        ("A4", {"protect_account": ["granted_24h", "requested"], "voice": {"15400000007": ["busy"]}}),
    )
    with pytest.raises(OperatorError) as caught:
        sample.read(path)
    told = str(caught.value).splitlines()
    assert told[1:-7] == [
        "A1 voice: unknown word 'anwsered_subject:dissuaded'",
        "A1 sms: unknown word 'delivrd'",
        "A2 voice: unknown word 'hangs_up'",
        "A2 visit: unknown word 'arrives'",
        "A3 stop_payment: unknown word 'halted'",
        "A3 transfer: unknown word 'taken_by:LC-01'",
        "A3: unknown script 'phone'",
        "A4 protect_account: protect_account: 'granted_24h' ends the attempt, so it must come last",
        "A4 voice: no number of this case: '15400000007'",
    ]
    known = "\n".join(told[-7:])
    for word in ("answered_subject:dissuaded|", "timeout_after_accept", "arrived+HH:MM", "partly_stopped:YUAN"):
        assert word in known
    for word in ("accepted_by:UNIT+HH:MM", "granted_48h", "known for people_do: sms, voice"):
        assert word in known


@pytest.mark.parametrize("people_do", [["busy"], "busy", {"voice": "busy"}, {"voice": [7]}, {"visit": {"x": ["y"]}}])
def test_what_is_no_script_is_told(tmp_path: Path, people_do: Any) -> None:
    with pytest.raises(OperatorError, match="people_do is at fault"):
        sample.read(file_of(tmp_path, ("A1", people_do)))


@pytest.mark.parametrize("people_do", [None, {}, {"voice": None}, {"voice": [], "visit": []}])
def test_nobody_has_to_do_anything(tmp_path: Path, people_do: Any) -> None:
    (push,) = sample.read(file_of(tmp_path, ("A1", people_do)))
    assert sample.persona(push) is None


def test_only_the_cases_that_are_played_are_checked(tmp_path: Path) -> None:
    path = file_of(tmp_path, ("A1", {"voice": ["busy"]}), ("A2", {"voice": ["sings"]}))
    assert [push.name for push in sample.read(path, ("A1",))] == ["A1"]


@pytest.mark.parametrize(
    ("script", "word", "played"),
    [
        ("voice", "answered_subject:unsure:wants to ask her boss", "answered_subject:unsure"),
        ("voice", "busy::at 10:30, the line of the shop", "busy"),
        ("stop_payment", "stopped:52000:both accounts", "stopped:52000"),
        ("visit", "arrived+00:14:by bicycle", "arrived+00:14"),
        ("visit", "returned:duplicate:see A1", "returned:duplicate"),
        ("visit", "met_dissuaded::calm", "met_dissuaded"),
    ],
)
def test_after_the_second_colon_a_reader_may_be_told_more(tmp_path: Path, script: str, word: str, played: str) -> None:
    (push,) = sample.read(file_of(tmp_path, ("A1", {script: [word]})))
    assert push.people_do == {script: [played]}
    officers.script(push.people_do.get("visit", []))
    PERSONAS.validate_python([each for each in [sample.persona(push)] if each])


@pytest.mark.parametrize(
    "victim",
    [
        {"phones": [{"number": "no number"}, *PHONES]},
        {"phones": [{"number": "110"}, {"number": 15400000001}, {}, None, "15400000001", *PHONES]},
        {"phones": PHONES, "contacts": [{"phone": "138CALLME"}, {"relation": "母亲"}]},
        {"phones": [{"number": "154 0000 0006", "country": None}]},
    ],
)
def test_a_bad_number_is_data_and_the_others_are_played(tmp_path: Path, victim: dict[str, Any]) -> None:
    (push,) = sample.read(file_of(tmp_path, ("A1", {"voice": ["busy"]}), **victim))
    found = sample.persona(push)
    PERSONAS.validate_python([found])
    assert found is not None
    assert found["numbers"][-1:] == [NUMBER]


@pytest.mark.parametrize("phones", [None, {}, "x", [{"number": "?"}]])
def test_a_case_without_a_number_that_can_be_rung_is_pushed_as_it_stands(tmp_path: Path, phones: Any) -> None:
    (push,) = sample.read(file_of(tmp_path, ("A1", {"voice": ["busy"]}), phones=phones, id_number=None))
    assert sample.persona(push) is None


def test_a_script_for_a_number_that_has_no_form_is_not_played(tmp_path: Path) -> None:
    do = {"voice": {"?": ["busy"], "154 0000 0006": ["no_answer"]}}
    (push,) = sample.read(file_of(tmp_path, ("A1", do), phones=[{"number": "?"}, *PHONES]))
    assert (sample.persona(push) or {})["voice"] == {NUMBER: ["no_answer"]}


def test_a_time_that_is_none_is_not_moved(tmp_path: Path) -> None:
    (push,) = sample.read(file_of(tmp_path, ("A1", {}), addresses=[{"valid_until": "tomorrow"}]))
    (moved,) = sample.shifted([push], timedelta(days=1))
    assert moved.body["victim"]["addresses"] == [{"valid_until": "tomorrow"}]
    assert moved.at == AT + timedelta(days=1)


def test_a_time_without_a_zone_is_no_time_to_push_at(tmp_path: Path) -> None:
    path = file_of(tmp_path, ("A1", {}))
    path.write_text(path.read_text("utf-8").replace("+08:00", ""), "utf-8")
    with pytest.raises(OperatorError, match="has no time zone"):
        sample.read(path)
