"""Rules that live in intake: who is the same person, what joins, what is linked, what was a false alarm."""

from datetime import timedelta
from typing import Any

import pytest
from casework_fixture import START, CaseworkFixture, Scripted, event, instruction, phone, resident

from dispatcher.store.cases import LinkRow, PhoneRow, SuppressionRow
from dispatcher.store.codes import CodeRow
from dispatcher.store.instructions import FeedbackRow, InstructionRow
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow
from providers.base import Answered
from schemas.vocabulary import Answer, Result

CHILD = {"id_number": "990101201608010017", "contacts": [{"relation": "监护人", "phone": phone(900), "name": "何样父"}]}


def patch(number: int = 1, version: int = 2, **changes: Any) -> dict[str, Any]:
    return event(
        "update", number, version=version, patch={key.replace("__", "."): value for key, value in changes.items()}
    )


def talked_out(casework: CaseworkFixture, number: int = 1, **changes: Any) -> Any:
    """A case that closed on a confirmed call."""
    case_id = casework.open(number, channels=["voice"], **changes)
    casework.pass_time(minutes=10)
    casework.deliver(Scripted([Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)]))
    assert casework.case(case_id).resolution == "DISSUADED_IN_TIME"
    return case_id


def test_a_conflict_goes_on_with_all_numbers_and_the_higher_urgency(casework: CaseworkFixture) -> None:
    case_id = casework.open(urgency="medium", channels=["sms"])
    answer = casework.push(instruction(urgency="critical", phones=[{"number": phone(7)}]))
    assert (answer.status, answer.case) == ("conflict", str(case_id))
    assert casework.case(case_id).urgency == "critical"
    assert [each.retired_at for each in casework.rows(PhoneRow)] == [None, None]
    assert casework.journal(case_id, "urgency_raised")[0].rule == "conflict"
    assert [each.kind for each in casework.rows(WorkItemRow)] == ["conflict"]


def test_the_same_conflict_again_changes_nothing(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    other = instruction(urgency="critical")
    casework.push(other)
    written = len(casework.journal(case_id))
    assert casework.push(other).status == "conflict"
    assert (len(casework.journal(case_id)), len(casework.quarantined())) == (written, 1)


def test_a_patch_makes_a_higher_version(casework: CaseworkFixture) -> None:
    case_id = casework.open(urgency="medium")
    line = patch(urgency="特急", victim__phones=[{"number": phone(5)}])
    assert casework.push(line).status == "accepted"
    assert casework.push(line).status == "duplicate"
    assert casework.case(case_id).urgency == "critical"
    assert [each.version for each in casework.rows(InstructionRow)] == [1, 2]
    old, new = sorted(casework.rows(PhoneRow), key=lambda row: row.position)
    assert (old.retired_at, new.retired_at) == (START, None)
    assert {each.phone_id for each in casework.attempts(case_id) if each.state == "planned" and each.phone_id} == {
        new.id
    }


def test_a_patch_to_who_the_person_is_is_refused_and_kept(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    answer = casework.push(patch(victim__id_number=resident(2)))
    assert (answer.status, "victim.id_number" in (answer.reason or "")) == ("refused", True)
    assert len(casework.quarantined()) == 1
    assert [each.version for each in casework.rows(InstructionRow)] == [1]
    assert "instruction_accepted" in casework.events(case_id)


def test_one_phone_and_two_identities_are_two_cases_that_share_its_caps(casework: CaseworkFixture) -> None:
    mother = casework.open(1, channels=["sms"])
    casework.deliver(Scripted([Answered(Result.DELIVERED)]))
    child = casework.open(2, channels=["sms"], phones=[{"number": phone(1)}])
    assert mother != child
    assert {(row.case_id, row.other_id, row.kind) for row in casework.rows(LinkRow)} == {
        (mother, child, "shared_number"),
        (child, mother, "shared_number"),
    }
    assert casework.journal(child, "case_linked")[0].rule == "shared_number"
    [sms] = casework.attempts(child, "sms")
    assert sms.due_at == START + timedelta(hours=2)


def test_a_person_warned_again_is_high_and_visited_even_if_a_call_succeeds(casework: CaseworkFixture) -> None:
    first = talked_out(casework)
    again = casework.open(2, urgency="low", channels=["voice"], id_number=resident(1))
    case = casework.case(again)
    assert (case.urgency, case.warned_before) == ("high", first)
    assert casework.journal(again, "case_linked")[0].rule == "warned_before"
    assert {each.rule for each in casework.journal(again)} >= {"warned_again", "visit_warned_again"}
    casework.pass_time(minutes=10)
    casework.deliver(Scripted([Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)]))
    assert casework.case(again).state == "open"
    assert len(casework.rows(VisitRow)) == 1


def test_after_thirty_days_it_is_a_first_warning_again(casework: CaseworkFixture) -> None:
    talked_out(casework)
    casework.pass_time(days=31)
    again = casework.open(2, urgency="low", id_number=resident(1))
    assert (casework.case(again).urgency, casework.case(again).warned_before) == ("low", None)


@pytest.mark.parametrize(("urgency", "state"), [("low", "closed"), ("high", "open")])
def test_after_a_false_alarm_the_same_trigger_sends_nothing_by_itself(
    casework: CaseworkFixture, urgency: str, state: str
) -> None:
    alarm = casework.open(1, urgency="low", source_kind="资金预警")
    casework.push(event("feedback", 1, outcome="NOT_A_VICTIM"))
    assert casework.journal(alarm, "trigger_suppressed")[0].rule == "false_alarm"
    same = {"id_number": resident(1), "channels": ["sms"], "urgency": urgency}
    again = casework.open(2, source_kind="资金预警", **same)
    case = casework.case(again)
    assert (case.suppressed, case.state) == (True, state)
    assert casework.waiting_for(again) == (None if state == "closed" else "centre")
    assert [each for each in casework.attempts(again) if each.state != "skipped"] == []
    other = casework.open(3, source_kind="电话预警", **same | {"id_number": resident(1)})
    assert other == again if state == "open" else not casework.case(other).suppressed


def test_the_suppression_ends_by_itself(casework: CaseworkFixture) -> None:
    casework.open(1, urgency="low")
    casework.push(event("feedback", 1, outcome="NOT_A_VICTIM"))
    assert {row.until for row in casework.rows(SuppressionRow)} == {START + timedelta(days=30)}
    casework.pass_time(days=31)
    assert not casework.case(casework.open(2, urgency="low", id_number=resident(1))).suppressed


def test_every_source_is_told_how_it_ended(casework: CaseworkFixture) -> None:
    case_id = casework.open(1)
    casework.open(2, id_number=resident(1), source={"system": "运营商预警(虚构)"})
    casework.push(event("feedback", 1, outcome="SELF_AWARE"))
    told = {(row.system, row.direction, row.outcome) for row in casework.rows(FeedbackRow)}
    assert told == {
        ("省反诈平台(虚构)", "in", "SELF_AWARE"),
        ("省反诈平台(虚构)", "out", "SELF_AWARE"),
        ("运营商预警(虚构)", "out", "SELF_AWARE"),
    }
    assert [each.rule for each in casework.journal(case_id, "feedback_given")] == ["every_source_told"] * 2


def test_a_child_is_not_called_and_the_guardian_gets_the_words_for_guardians(casework: CaseworkFixture) -> None:
    case_id = casework.open(1, channels=["sms", "voice"], **CHILD)
    assert casework.case(case_id).facts["minor"] is True
    [skipped] = [each for each in casework.attempts(case_id) if each.state == "skipped"]
    assert (skipped.channel, skipped.skip_reason) == ("voice", "MINOR")
    casework.pass_time(minutes=2)
    provider = Scripted()
    casework.deliver(provider)
    assert {each.to for each in provider.sent} == {f"+86{phone(900)}"}
    assert next(each.text for each in provider.sent if each.text) == casework.context.texts.sms("F13", "zh-CN")


def test_money_that_two_sources_saw_is_counted_once(casework: CaseworkFixture) -> None:
    transfer = {"at": START.isoformat(), "amount_yuan": 5000}
    case_id = casework.open(1, risk={"transfers": [transfer]})
    casework.open(2, id_number=resident(1), risk={"transfers": [transfer]})
    assert (casework.case(case_id).money_transferred, casework.case(case_id).money_lost) == (5000, 5000)


def test_each_case_has_one_code_for_a_limited_time(casework: CaseworkFixture) -> None:
    case_id = casework.open(1)
    casework.open(2, id_number=resident(1))
    [code] = casework.rows(CodeRow)
    assert (code.case_id, code.valid_until) == (case_id, START + timedelta(hours=72))


def test_a_number_that_the_library_doubts_is_dialled_all_the_same(casework: CaseworkFixture) -> None:
    """Rule 5: validity is an opinion, and flagged as one."""
    case_id = casework.open(phones=[{"number": "154-0000-0001"}])
    assert "number_invalid" in casework.rows(InstructionRow)[0].flags
    [sent] = casework.deliver(Scripted())
    assert sent.message is not None and sent.message.to == "+8615400000001"
    assert [each.state for each in casework.attempts(case_id)] == ["accepted"]
