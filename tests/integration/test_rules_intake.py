"""Rules that live in intake: who is the same person, what joins, what is linked, what was a false alarm."""

from datetime import timedelta
from typing import Any

import pytest
from desk import START, Desk, Scripted, event, instruction, phone

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


def talked_out(desk: Desk, number: int = 1, **changes: Any) -> Any:
    """A case that closed on a confirmed call."""
    case_id = desk.open(number, channels=["voice"], **changes)
    desk.pass_time(minutes=10)
    desk.deliver(Scripted([Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)]))
    assert desk.case(case_id).resolution == "DISSUADED_IN_TIME"
    return case_id


def test_a_conflict_goes_on_with_all_numbers_and_the_higher_urgency(desk: Desk) -> None:
    case_id = desk.open(urgency="medium", channels=["sms"])
    answer = desk.push(instruction(urgency="critical", phones=[{"number": phone(7)}]))
    assert (answer.status, answer.case) == ("conflict", str(case_id))
    assert desk.case(case_id).urgency == "critical"
    assert [each.retired_at for each in desk.rows(PhoneRow)] == [None, None]
    assert desk.journal(case_id, "urgency_raised")[0].rule == "conflict"
    assert [each.kind for each in desk.rows(WorkItemRow)] == ["conflict"]


def test_the_same_conflict_again_changes_nothing(desk: Desk) -> None:
    case_id = desk.open()
    other = instruction(urgency="critical")
    desk.push(other)
    written = len(desk.journal(case_id))
    assert desk.push(other).status == "conflict"
    assert (len(desk.journal(case_id)), len(desk.quarantined())) == (written, 1)


def test_a_patch_makes_a_higher_version(desk: Desk) -> None:
    case_id = desk.open(urgency="medium")
    line = patch(urgency="特急", victim__phones=[{"number": phone(5)}])
    assert desk.push(line).status == "accepted"
    assert desk.push(line).status == "duplicate"
    assert desk.case(case_id).urgency == "critical"
    assert [each.version for each in desk.rows(InstructionRow)] == [1, 2]
    old, new = sorted(desk.rows(PhoneRow), key=lambda row: row.position)
    assert (old.retired_at, new.retired_at) == (START, None)
    assert {each.phone_id for each in desk.attempts(case_id) if each.state == "planned" and each.phone_id} == {new.id}


def test_a_patch_to_who_the_person_is_is_refused_and_kept(desk: Desk) -> None:
    case_id = desk.open()
    answer = desk.push(patch(victim__id_number="990101199001010002"))
    assert (answer.status, "victim.id_number" in (answer.reason or "")) == ("refused", True)
    assert len(desk.quarantined()) == 1
    assert [each.version for each in desk.rows(InstructionRow)] == [1]
    assert "instruction_accepted" in desk.events(case_id)


def test_one_phone_and_two_identities_are_two_cases_that_share_its_caps(desk: Desk) -> None:
    mother = desk.open(1, channels=["sms"])
    desk.deliver(Scripted([Answered(Result.DELIVERED)]))
    child = desk.open(2, channels=["sms"], phones=[{"number": phone(1)}])
    assert mother != child
    assert {(row.case_id, row.other_id, row.kind) for row in desk.rows(LinkRow)} == {
        (mother, child, "shared_number"),
        (child, mother, "shared_number"),
    }
    assert desk.journal(child, "case_linked")[0].rule == "shared_number"
    [sms] = desk.attempts(child, "sms")
    assert sms.due_at == START + timedelta(hours=2)


def test_a_person_warned_again_is_high_and_visited_even_if_a_call_succeeds(desk: Desk) -> None:
    first = talked_out(desk)
    again = desk.open(2, urgency="low", channels=["voice"], id_number="990101198001010001")
    case = desk.case(again)
    assert (case.urgency, case.warned_before) == ("high", first)
    assert desk.journal(again, "case_linked")[0].rule == "warned_before"
    assert {each.rule for each in desk.journal(again)} >= {"warned_again", "visit_warned_again"}
    desk.pass_time(minutes=10)
    desk.deliver(Scripted([Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)]))
    assert desk.case(again).state == "open"
    assert len(desk.rows(VisitRow)) == 1


def test_after_thirty_days_it_is_a_first_warning_again(desk: Desk) -> None:
    talked_out(desk)
    desk.pass_time(days=31)
    again = desk.open(2, urgency="low", id_number="990101198001010001")
    assert (desk.case(again).urgency, desk.case(again).warned_before) == ("low", None)


@pytest.mark.parametrize(("urgency", "state"), [("low", "closed"), ("high", "open")])
def test_after_a_false_alarm_the_same_trigger_sends_nothing_by_itself(desk: Desk, urgency: str, state: str) -> None:
    alarm = desk.open(1, urgency="low", source_kind="资金预警")
    desk.push(event("feedback", 1, outcome="NOT_A_VICTIM"))
    assert desk.journal(alarm, "trigger_suppressed")[0].rule == "false_alarm"
    same = {"id_number": "990101198001010001", "channels": ["sms"], "urgency": urgency}
    again = desk.open(2, source_kind="资金预警", **same)
    case = desk.case(again)
    assert (case.suppressed, case.state, case.waiting_for) == (True, state, None if state == "closed" else "centre")
    assert [each for each in desk.attempts(again) if each.state != "skipped"] == []
    other = desk.open(3, source_kind="电话预警", **same | {"id_number": "990101198001010001"})
    assert other == again if state == "open" else not desk.case(other).suppressed


def test_the_suppression_ends_by_itself(desk: Desk) -> None:
    desk.open(1, urgency="low")
    desk.push(event("feedback", 1, outcome="NOT_A_VICTIM"))
    assert {row.until for row in desk.rows(SuppressionRow)} == {START + timedelta(days=30)}
    desk.pass_time(days=31)
    assert not desk.case(desk.open(2, urgency="low", id_number="990101198001010001")).suppressed


def test_every_source_is_told_how_it_ended(desk: Desk) -> None:
    case_id = desk.open(1)
    desk.open(2, id_number="990101198001010001", source={"system": "运营商预警(虚构)"})
    desk.push(event("feedback", 1, outcome="SELF_AWARE"))
    told = {(row.system, row.direction, row.outcome) for row in desk.rows(FeedbackRow)}
    assert told == {
        ("省反诈平台(虚构)", "in", "SELF_AWARE"),
        ("省反诈平台(虚构)", "out", "SELF_AWARE"),
        ("运营商预警(虚构)", "out", "SELF_AWARE"),
    }
    assert [each.rule for each in desk.journal(case_id, "feedback_given")] == ["every_source_told"] * 2


def test_a_child_is_not_called_and_the_guardian_gets_the_words_for_guardians(desk: Desk) -> None:
    case_id = desk.open(1, channels=["sms", "voice"], **CHILD)
    assert desk.case(case_id).facts["minor"] is True
    [skipped] = [each for each in desk.attempts(case_id) if each.state == "skipped"]
    assert (skipped.channel, skipped.skip_reason) == ("voice", "MINOR")
    desk.pass_time(minutes=2)
    provider = Scripted()
    desk.deliver(provider)
    assert {each.to for each in provider.sent} == {f"+86{phone(900)}"}
    assert next(each.text for each in provider.sent if each.text) == desk.context.texts.sms("F13", "zh-CN")


def test_money_that_two_sources_saw_is_counted_once(desk: Desk) -> None:
    transfer = {"at": START.isoformat(), "amount_yuan": 5000}
    case_id = desk.open(1, risk={"transfers": [transfer]})
    desk.open(2, id_number="990101198001010001", risk={"transfers": [transfer]})
    assert (desk.case(case_id).money_transferred, desk.case(case_id).money_lost) == (5000, 5000)


def test_each_case_has_one_code_for_a_limited_time(desk: Desk) -> None:
    case_id = desk.open(1)
    desk.open(2, id_number="990101198001010001")
    [code] = desk.rows(CodeRow)
    assert (code.case_id, code.valid_until) == (case_id, START + timedelta(hours=72))


def test_a_number_that_the_library_doubts_is_dialled_all_the_same(desk: Desk) -> None:
    """Rule 5: validity is an opinion, and flagged as one."""
    case_id = desk.open(phones=[{"number": "154-0000-0001"}])
    assert "number_invalid" in desk.rows(InstructionRow)[0].flags
    [sent] = desk.deliver(Scripted())
    assert sent.message is not None and sent.message.to == "+8615400000001"
    assert [each.state for each in desk.attempts(case_id)] == ["accepted"]
