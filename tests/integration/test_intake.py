"""Intake on a real database: what is accepted, what is planned, what is joined."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from casework_fixture import START, SYSTEM, CaseworkFixture, Scripted, instruction, phone, resident

from dispatcher.intake import quarantine
from dispatcher.store.cases import CaseRow, PhoneRow
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.vault import SubjectRow

EVERYWHERE = ["sms", "voice", "visit"]


@pytest.mark.parametrize(
    ("label", "urgency", "lane", "planned"),
    [
        ("特急", "critical", "urgent", [("sms", 0), ("voice", 0), ("visit", 0)]),
        ("高危", "high", "urgent", [("sms", 0), ("voice", 1)]),
        ("黄色", "medium", "routine", [("sms", 0), ("voice", 10)]),
        ("low", "low", "routine", [("sms", 0), ("voice", 60)]),
    ],
)
def test_each_urgency_has_its_plan(
    casework: CaseworkFixture, label: str, urgency: str, lane: str, planned: list[tuple[str, int]]
) -> None:
    case_id = casework.open(urgency=label, channels=EVERYWHERE)
    case = casework.case(case_id)
    assert (case.urgency, case.state, case.opened_at) == (urgency, "open", START)
    attempts = casework.attempts(case_id)
    assert [(each.channel, each.due_at) for each in attempts] == [
        (channel, START + timedelta(minutes=minutes)) for channel, minutes in planned
    ]
    assert {(each.state, each.action, each.lane) for each in attempts} == {("planned", "send", lane)}
    assert all(each.send_key == each.id for each in attempts)


@pytest.mark.parametrize(("urgency", "due"), [("critical", 0), ("high", 0), ("medium", 10), ("low", 10)])
def test_quiet_hours_hold_what_can_wait(casework: CaseworkFixture, urgency: str, due: int) -> None:
    casework.pass_time(hours=13)  # 22:00; the quiet ends at 08:00
    at = casework.now
    assert casework.attempts(casework.open(urgency=urgency), "sms")[0].due_at == at + timedelta(hours=due)


def test_an_accepted_instruction_is_kept_with_its_journal(casework: CaseworkFixture) -> None:
    answer = casework.push(instruction(fraud_type="F01"))
    assert (answer.status, answer.instruction_id, answer.reason) == ("accepted", "YJ-1", None)
    [row] = casework.rows(InstructionRow)
    assert (str(row.case_id), row.system, row.version, row.fraud_type) == (answer.case, SYSTEM, 1, "F01")
    assert casework.events(row.case_id)[-1] == "attempt_planned"
    [entry] = casework.journal(row.case_id, "instruction_accepted")
    assert (entry.actor, entry.data["instruction_id"], entry.data["joined"]) == ("centre", "YJ-1", False)


def test_a_duplicate_is_noted_and_sends_nothing(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.deliver(Scripted())
    before, attempts = casework.events(case_id), len(casework.attempts(case_id))
    same = instruction()
    reordered = {name: same[name] for name in reversed(same)} | {"victim": dict(reversed(same["victim"].items()))}
    spaced = json.dumps(reordered, indent=1).encode()
    for copy in (same, reordered, spaced):
        answer = casework.push(copy)
        assert (answer.status, answer.case) == ("duplicate", str(case_id))
    assert casework.events(case_id) == [*before, *["instruction_repeated"] * 3]
    assert len(casework.attempts(case_id)) == attempts
    assert len(casework.rows(InstructionRow)) == 1


def test_other_content_under_the_same_version_is_a_conflict(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    answer = casework.push(instruction(urgency="critical"))
    assert (answer.status, answer.case) == ("conflict", str(case_id))
    [kept] = casework.quarantined()
    assert (kept.status, kept.field) == ("conflict", "version")
    [entry] = casework.journal(case_id, "instruction_conflict")
    assert (entry.rule, entry.data["quarantine"]) == ("conflict", str(kept.id))
    assert len(casework.rows(InstructionRow)) == 1


def test_an_older_version_is_stale(casework: CaseworkFixture) -> None:
    case_id = casework.open(version=3)
    attempts = len(casework.attempts(case_id))
    answer = casework.push(instruction(version=2, urgency="critical"))
    assert (answer.status, answer.case) == ("stale", str(case_id))
    assert casework.journal(case_id)[-1].event == "instruction_stale"
    assert (casework.case(case_id).urgency, len(casework.attempts(case_id))) == ("high", attempts)


def test_a_higher_version_is_applied_to_its_case(casework: CaseworkFixture) -> None:
    case_id = casework.open(urgency="medium", channels=["sms"])
    changed = instruction(version=2, urgency="medium", channels=["voice"], phones=[{"number": phone(2)}])
    answer = casework.push(changed)
    assert (answer.status, answer.case) == ("accepted", str(case_id))
    assert casework.case(case_id).channels == ["voice"]
    assert len(casework.rows(PhoneRow)) == 2
    made = [(each.channel, each.state) for each in casework.attempts(case_id)]
    assert made == [("sms", "cancelled"), ("voice", "planned")]
    assert {each.phone_id for each in casework.attempts(case_id)[1:]} == {casework.rows(PhoneRow)[1].id}
    assert casework.journal(case_id, "number_retired")[0].rule == "newer_version"
    assert casework.case(case_id).opened_at == START


def full_width(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) for each in text)


def test_the_same_id_number_joins_and_raises_urgency(casework: CaseworkFixture) -> None:
    case_id = casework.open(1, urgency="low")
    casework.pass_time(minutes=5)
    same_person = instruction(2, urgency="特急", id_number=full_width(resident(1)), channels=EVERYWHERE)
    answer = casework.push(same_person)
    assert (answer.status, answer.case) == ("accepted", str(case_id))
    case = casework.case(case_id)
    assert (case.urgency, case.opened_at) == ("critical", START)
    assert "higher_urgency_joined" in [each.rule for each in casework.journal(case_id, "urgency_raised")]
    assert {each.lane for each in casework.attempts(case_id)} == {"urgent"}
    assert len(casework.rows(CaseRow)) == 1
    lower = casework.push(instruction(3, urgency="low", id_number=resident(1)))
    assert (lower.case, casework.case(case_id).urgency) == (str(case_id), "critical")


def test_a_shared_phone_does_not_join_two_people(casework: CaseworkFixture) -> None:
    mother = casework.open(1)
    child = casework.open(2, phones=[{"number": phone(1)}])
    assert mother != child


@pytest.mark.parametrize("first_has_id", [True, False])
def test_a_phone_alone_joins_where_one_side_has_no_id(casework: CaseworkFixture, first_has_id: bool) -> None:
    phones, number = [{"number": phone(1)}], resident(1)
    case_id = casework.open(1, phones=phones, id_number=number if first_has_id else None)
    joined = casework.open(2, phones=phones, id_number=None if first_has_id else number)
    assert joined == case_id
    # The number is known now, so another person with that phone is another case.
    assert casework.open(3, phones=phones) != case_id
    assert len([each for each in casework.rows(SubjectRow) if each.id_digest is not None]) == 2


def test_a_person_has_one_open_case_however_many_push_at_once(casework: CaseworkFixture) -> None:
    def body(number: int) -> dict[str, Any]:
        own = instruction(number, id_number=resident(1), phones=[{"number": phone(1)}])
        return own if number % 3 else own | {"victim": own["victim"] | {"phones": [{"number": phone(number)}]}}

    # Eight of each of six instructions of one person, and one with her phone and no identity number.
    bodies = [body(number) for number in range(1, 7)] * 8 + [
        instruction(7, id_number=None, phones=[{"number": phone(1)}])
    ]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(casework.push, bodies))
    assert Counter(each.status for each in answers) == {"accepted": 7, "duplicate": 42}
    [case] = casework.rows(CaseRow)
    assert {each.case for each in answers} == {str(case.id)}
    assert len(casework.attempts(case.id, "sms")) == 1
    assert len(casework.rows(PhoneRow)) == 3
    assert [each.seq for each in casework.journal(case.id)] == list(range(1, case.journal_seq + 1))


def test_what_is_doubtful_is_flagged_and_not_refused(casework: CaseworkFixture) -> None:
    contacts = [
        {"relation": "女儿", "phone": "见备注"},
        {"relation": "干爹", "phone": phone(101)},
    ]
    body = instruction(urgency="十万火急", fraud_type="F77", name=None, contacts=contacts, batch={"no": 1})
    body["victim"]["nickname"] = "x"
    answer = casework.push(body)
    assert answer.status == "accepted"
    [row] = casework.rows(InstructionRow)
    assert (row.urgency, row.urgency_label, row.fraud_type) == ("high", "?", "F99")
    assert set(row.flags) >= {
        *("urgency_label_unknown", "fraud_type_unknown", "name_missing", "relation_unknown"),
        *("contact_number_undiallable", "unknown_field:?", "unknown_field:victim.?"),
    }
    # The number that can't be dialled holds up nobody.
    assert [each.channel for each in casework.attempts(row.case_id)] == ["sms"]
    assert [each.party for each in casework.rows(PhoneRow)] == ["subject", "contact:other:1"]


@pytest.mark.parametrize(("urgency", "state", "waiting"), [("high", "open", "centre"), ("low", "closed", None)])
def test_expired_on_arrival_sends_nothing_and_is_not_dropped(
    casework: CaseworkFixture, urgency: str, state: str, waiting: str | None
) -> None:
    past = (START - timedelta(minutes=1)).isoformat()
    case_id = casework.open(urgency=urgency, valid_until=past, channels=EVERYWHERE)
    case = casework.case(case_id)
    assert (case.state, case.resolution) == (state, None if waiting else "EXPIRED")
    assert casework.waiting_for(case_id) == waiting
    assert {each.skip_reason for each in casework.attempts(case_id)} == ({"EXPIRED"} if state == "closed" else set())
    assert "expired_on_arrival" in {each.rule for each in casework.journal(case_id)}


def test_what_was_warned_about_again_opens_a_new_case_after_the_end(casework: CaseworkFixture) -> None:
    past = (START - timedelta(minutes=1)).isoformat()
    closed = casework.open(urgency="low", valid_until=past)
    again = casework.open(urgency="low", version=2)
    assert (casework.case(closed).state, casework.case(again).state) == ("closed", "open")
    assert len(casework.rows(SubjectRow)) == 1


def test_a_refused_line_is_kept_whole_and_can_be_pushed_again(casework: CaseworkFixture) -> None:
    body = instruction()
    del body["version"]
    line = json.dumps(body, ensure_ascii=False)
    answer = casework.push(line.encode(), door="celery")
    assert (answer.status, answer.instruction_id, answer.case) == ("refused", "YJ-1", None)
    assert answer.reason.startswith("version: ")
    [entry] = casework.journal(None)
    with casework.begin() as work:
        [kept] = quarantine.listed(work.session)
        assert (kept.door, kept.status, kept.field, kept.bytes) == ("celery", "refused", "version", len(line.encode()))
        assert (entry.event, entry.data["quarantine"]) == ("line_refused", str(kept.id))
        assert quarantine.line(work, kept.id) == line
        quarantine.mark_pushed_again(work, kept.id)
    mended = json.loads(line) | {"version": 1}
    assert casework.push(mended).status == "accepted"
    with casework.sessions() as session:
        assert quarantine.listed(session) == []
        assert len(quarantine.listed(session, everything=True)) == 1
