"""The sample cases on the real stack give what their `expect` lines say.

Left out, since later rules bring it: S04 "marked bad for 90 days" is checked for the time kept, not for a
second case using it; S02's follow-up is planned, its form is not there yet.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.end_to_end.conftest import Played


def _follow_ups(case: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in case["duties"] if each["kind"] == "follow_up"]


def test_s01_the_visit_starts_at_receipt_beside_sms_and_call(played: Played) -> None:
    first = {each["channel"]: each for each in reversed(played.attempts("S01")) if each["person"] == "subject"}
    assert {each["planned_at"] for each in first.values()} == {played.case("S01")["opened_at"]}
    assert {each["sent_at"] for each in first.values()} == {played.case("S01")["opened_at"]}
    assert set(first) == {"sms", "voice", "visit"}


def test_s01_busy_is_tried_again_every_three_minutes_and_the_daughter_is_called(played: Played) -> None:
    busy = played.attempts("S01", channel="voice", result="BUSY")
    assert len(busy) >= 4
    calls = [each for each in played.attempts("S01", channel="voice", person="subject") if each["sent_at"]]
    times = [datetime.fromisoformat(each["sent_at"]) for each in calls]
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(minutes=3)}
    family = [each for each in played.attempts("S01", person="family") if each["sent_at"]]
    opened = datetime.fromisoformat(played.case("S01")["opened_at"])
    assert datetime.fromisoformat(family[0]["sent_at"]) == opened + timedelta(minutes=5)


def test_s01_is_routed_to_the_residence_first(played: Played) -> None:
    visit = played.case("S01")["visits"][0]
    assert (visit["precinct_code"], visit["officer"]) == ("YT-WC-01", "WC01-A")


def test_s01_ends_dissuaded_by_the_visit_with_the_money_and_its_basis(played: Played) -> None:
    case = played.case("S01")
    assert case["resolution"] == "DISSUADED_IN_TIME"
    assert case["first_contact"]["channel"] == "visit"
    assert (case["money"]["avoided"], case["money"]["avoided_basis"]) == (20000, "amount_about_to_be_sent")
    assert played.attempts("S01", channel="visit")[0]["result"] == "MET_DISSUADED"


def test_s02_one_sms_one_call_no_visit(played: Played) -> None:
    made = [(each["channel"], each["result"], each["confirmed"]) for each in played.attempts("S02") if each["sent_at"]]
    assert sorted(made) == [("sms", "DELIVERED", False), ("voice", "ANSWERED_SUBJECT", True)]
    assert [each["skip_reason"] for each in played.attempts("S02", channel="visit")] == ["NOT_NEEDED"]
    assert played.case("S02")["visits"] == []


def test_s02_closes_on_the_confirmed_call_with_follow_ups(played: Played) -> None:
    case = played.case("S02")
    assert (case["resolution"], case["money"]["avoided"]) == ("DISSUADED_IN_TIME", 3000)
    assert case["facts"]["antifraud_app"] == "installed_alert_off"
    closed = datetime.fromisoformat(case["closed_at"])
    planned = [datetime.fromisoformat(each["due_at"]) - closed for each in _follow_ups(case)]
    assert planned == [timedelta(hours=48), timedelta(days=7)]
    assert [each["rule"] for each in played.journal("S02", "case_closed")] == ["confirmed_call"]


def test_s04_an_invalid_number_is_permanent_and_the_next_one_is_tried_at_once(played: Played) -> None:
    voice = played.attempts("S04", channel="voice")
    assert [each["result"] for each in voice] == ["INVALID_NUMBER", "ANSWERED_NOT_SUBJECT"]
    assert voice[1]["retry_of"] == voice[0]["attempt"]
    assert voice[1]["sent_at"] == voice[0]["settled_at"]
    sms = played.attempts("S04", channel="sms")
    assert [each["result"] for each in sms] == ["FAILED_PERMANENT", "DELIVERED"]
    marked = played.journal("S04", "number_marked_bad")[-1]
    kept_for = datetime.fromisoformat(marked["data"]["until"]) - datetime.fromisoformat(marked["at"])
    assert kept_for == timedelta(days=90)


def test_s04_a_stranger_is_no_contact_and_the_phone_route_ends_in_a_visit(played: Played) -> None:
    assert not any(each["confirmed"] for each in played.attempts("S04", channel="voice"))
    raised = played.journal("S04", "urgency_raised")
    assert (raised[0]["rule"], raised[0]["data"]["before"], raised[0]["data"]["after"]) == (
        "somebody_else_answered",
        "medium",
        "high",
    )
    assert [each["rule"] for each in played.journal("S04", "visit_opened")] == ["visit_phone_route_exhausted"]
    assert played.case("S04")["first_contact"]["channel"] == "visit"


def test_s12_the_same_delivery_again_sends_nothing(played: Played) -> None:
    assert played.answers["S12"]["status"] == "duplicate"
    assert played.answers["S12"]["case"] == played.answers["S02"]["case"]
    assert len(played.journal("S02", "instruction_repeated")) == 1
    assert len(played.journal("S02", "instruction_accepted")) == 1


def test_s13_withdrawal_takes_the_queued_call_back_and_tells_the_officer_before_arrival(played: Played) -> None:
    (call,) = played.attempts("S13", channel="voice")
    assert (call["state"], call["result"]) == ("cancelled", None)
    assert played.journal("S13", "recall_answered")[0]["data"]["taken_back"] is True
    (told,) = played.journal("S13", "visit_cancelled")
    assert (told["data"]["officer_told"], told["data"]["before_arrival"]) == ("QY01-A", True)
    assert told["at"] == played.journal("S13", "instruction_withdrawn")[0]["at"]


def test_s13_what_was_sent_stays_in_the_log_and_the_case_is_listed(played: Played) -> None:
    assert [each["result"] for each in played.attempts("S13", channel="sms")] == ["DELIVERED"]
    assert played.case("S13")["resolution"] == "WITHDRAWN"
    assert _follow_ups(played.case("S13")) == []


def test_every_decision_stands_in_the_journal_with_its_rule_and_without_gaps(played: Played) -> None:
    for name in ("S01", "S02", "S04", "S13"):
        journal = played.case(name)["journal"]
        assert [each["seq"] for each in journal] == list(range(1, len(journal) + 1))
        decided = {
            "attempt_planned",
            "visit_opened",
            "case_closed",
            "urgency_raised",
            "attempt_cancelled",
            "duty_planned",
        }
        assert all(each["rule"] for each in journal if each["event"] in decided)
