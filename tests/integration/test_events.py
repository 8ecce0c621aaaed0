"""Events on instructions already taken: withdrawn, feedback, later loss."""

from typing import Any

import pytest
from desk import Desk, Scripted, event, instruction, withdrawal

from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow

SAME_PERSON = {"id_number": "990101198001010001"}


def test_a_withdrawal_cancels_what_is_planned(desk: Desk) -> None:
    case_id = desk.open(urgency="critical", channels=["sms", "voice", "visit"])
    answer = desk.push(withdrawal())
    assert (answer.status, answer.case) == ("accepted", str(case_id))
    case = desk.case(case_id)
    assert (case.state, case.resolution, case.next_look_at) == ("closed", "WITHDRAWN", None)
    assert {(each.state, each.action) for each in desk.attempts(case_id)} == {("cancelled", None)}
    assert [each.state for each in desk.rows(VisitRow)] == ["cancelled"]
    assert desk.journal(case_id, "instruction_withdrawn")[0].actor == "YT-FZ-007"
    assert desk.journal(case_id, "case_closed")[0].rule == "withdrawn"
    assert desk.rows(WorkItemRow) == []
    assert desk.deliver(Scripted()) == []


def test_what_was_sent_stays_in_the_log(desk: Desk) -> None:
    case_id = desk.open()
    desk.deliver(Scripted())
    desk.push(withdrawal())
    [sent] = desk.attempts(case_id)
    assert (sent.state, sent.ref) == ("accepted", "ref-1")


def test_a_repeated_withdrawal_is_a_duplicate(desk: Desk) -> None:
    case_id = desk.open()
    desk.push(withdrawal())
    before = desk.events(case_id)
    assert desk.push(withdrawal()).status == "duplicate"
    assert desk.events(case_id) == [*before, "event_repeated"]


def test_a_withdrawal_of_an_older_version_is_stale(desk: Desk) -> None:
    case_id = desk.open(version=2)
    assert desk.push(withdrawal(version=1)).status == "stale"
    assert desk.case(case_id).state == "open"
    assert desk.push(withdrawal(version=3)).status == "accepted"
    assert desk.case(case_id).state == "closed"


def test_a_case_that_another_source_warns_about_goes_on(desk: Desk) -> None:
    case_id = desk.open(1)
    assert desk.open(2, **SAME_PERSON) == case_id
    assert desk.push(withdrawal(1)).status == "accepted"
    assert desk.case(case_id).state == "open"
    assert desk.attempts(case_id)[0].state == "planned"
    assert desk.journal(case_id, "instruction_withdrawn")[0].data["others"] == 1


def test_a_case_ends_when_all_its_instructions_are_withdrawn(desk: Desk) -> None:
    case_id = desk.open(1)
    desk.open(2, **SAME_PERSON)
    desk.push(withdrawal(1))
    desk.push(withdrawal(2))
    assert (desk.case(case_id).state, desk.case(case_id).resolution) == ("closed", "WITHDRAWN")


def test_a_repeated_withdrawal_of_one_of_two_is_a_duplicate(desk: Desk) -> None:
    desk.open(1)
    desk.open(2, **SAME_PERSON)
    assert [desk.push(withdrawal(1)).status for _ in range(2)] == ["accepted", "duplicate"]


def test_an_instruction_pushed_again_after_its_withdrawal_opens_a_case(desk: Desk) -> None:
    withdrawn = desk.open()
    desk.push(withdrawal())
    again = desk.open(version=2)
    assert again != withdrawn
    assert desk.push(withdrawal(version=2)).case == str(again)
    assert desk.case(again).resolution == "WITHDRAWN"


def test_feedback_closes_an_open_case(desk: Desk) -> None:
    case_id = desk.open(channels=["sms", "voice"])
    answer = desk.push(event("feedback", outcome="SELF_AWARE"))
    assert answer.status == "accepted"
    case = desk.case(case_id)
    assert (case.state, case.resolution) == ("closed", "SELF_AWARE")
    assert {each.state for each in desk.attempts(case_id)} == {"cancelled"}
    assert desk.journal(case_id, "case_closed")[0].rule == "feedback"
    # The first word stands; a second one is written down.
    assert desk.push(event("feedback", outcome="NOT_A_VICTIM")).status == "accepted"
    assert desk.case(case_id).resolution == "SELF_AWARE"
    assert len(desk.journal(case_id, "feedback_received")) == 2


def test_feedback_that_a_person_is_safe_is_followed_up(desk: Desk) -> None:
    desk.open()
    desk.push(event("feedback", outcome="DISSUADED_IN_TIME"))
    assert len(desk.rows(WorkItemRow)) == len(desk.context.policy.urgency.high.follow_up)


def test_a_later_loss_is_counted_on_a_closed_case(desk: Desk) -> None:
    case_id = desk.open()
    desk.push(event("feedback", outcome="DISSUADED_IN_TIME"))
    for event_id, loss in (("E1", 5000), ("E2", 700)):
        assert desk.push(event("later_loss", loss_yuan=loss, event_id=event_id)).status == "accepted"
    assert (desk.case(case_id).state, desk.case(case_id).money_lost) == ("closed", 5700)
    assert [each.data["loss_yuan"] for each in desk.journal(case_id, "later_loss_reported")] == [5000, 700]


@pytest.mark.parametrize("extra", [{"event_id": "E07"}, {}], ids=["with_event_id", "without"])
def test_the_same_event_delivered_twice_counts_once(desk: Desk, extra: dict[str, Any]) -> None:
    case_id = desk.open()
    body = event("later_loss", loss_yuan=5000, **extra)
    assert [desk.push(body).status for _ in range(2)] == ["accepted", "duplicate"]
    assert desk.case(case_id).money_lost == 5000


@pytest.mark.parametrize(
    "body", [withdrawal(9), event("feedback", 9, outcome="SELF_AWARE"), event("later_loss", 9, loss_yuan=1)]
)
def test_an_event_on_an_unknown_instruction_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    desk.open(1)
    answer = desk.push(body)
    assert (answer.status, answer.instruction_id) == ("refused", "YJ-9")
    assert answer.reason.startswith("instruction_id: ")
    assert [each.field for each in desk.quarantined()] == ["instruction_id"]


def test_an_event_must_name_its_source_where_two_use_the_id(desk: Desk) -> None:
    first = desk.open(1)
    other = instruction(2, source={"system": "other"}, instruction_id="YJ-1")
    second = desk.push(other).case
    answer = desk.push(withdrawal(1))
    assert answer.status == "refused"
    assert answer.reason.startswith("source: ")
    assert desk.case(first).state == "open"
    assert desk.push(withdrawal(1, source={"system": "other"})).case == second
    assert desk.case(first).state == "open"
