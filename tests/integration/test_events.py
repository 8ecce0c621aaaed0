"""Events on instructions already taken: withdrawn, feedback, later loss."""

from typing import Any

import pytest
from casework_fixture import CaseworkFixture, Scripted, event, instruction, resident, withdrawal

from dispatcher.store.cases import PhoneRow
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow

SAME_PERSON = {"id_number": resident(1)}


def test_a_withdrawal_cancels_what_is_planned(casework: CaseworkFixture) -> None:
    case_id = casework.open(urgency="critical", channels=["sms", "voice", "visit"])
    answer = casework.push(withdrawal())
    assert (answer.status, answer.case) == ("accepted", str(case_id))
    case = casework.case(case_id)
    assert (case.state, case.resolution, case.next_look_at) == ("closed", "WITHDRAWN", None)
    assert {(each.state, each.action) for each in casework.attempts(case_id)} == {("cancelled", None)}
    assert [each.state for each in casework.rows(VisitRow)] == ["cancelled"]
    assert casework.journal(case_id, "instruction_withdrawn")[0].actor == "YT-FZ-007"
    assert casework.journal(case_id, "case_closed")[0].rule == "withdrawn"
    assert casework.rows(WorkItemRow) == []
    assert casework.deliver(Scripted()) == []


def test_what_was_sent_stays_in_the_log(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.deliver(Scripted())
    casework.push(withdrawal())
    [sent] = casework.attempts(case_id)
    assert (sent.state, sent.ref) == ("accepted", "ref-1")


def test_a_repeated_withdrawal_is_a_duplicate(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.push(withdrawal())
    before = casework.events(case_id)
    assert casework.push(withdrawal()).status == "duplicate"
    assert casework.events(case_id) == [*before, "event_repeated"]


def test_a_withdrawal_of_an_older_version_is_stale(casework: CaseworkFixture) -> None:
    case_id = casework.open(version=2)
    assert casework.push(withdrawal(version=1)).status == "stale"
    assert casework.case(case_id).state == "open"
    assert casework.push(withdrawal(version=3)).status == "accepted"
    assert casework.case(case_id).state == "closed"


def test_a_case_that_another_source_warns_about_goes_on(casework: CaseworkFixture) -> None:
    case_id = casework.open(1)
    assert casework.open(2, **SAME_PERSON) == case_id
    assert casework.push(withdrawal(1)).status == "accepted"
    assert casework.case(case_id).state == "open"
    assert [(each.state, each.phone_id) for each in casework.attempts(case_id)] == [
        ("cancelled", casework.rows(PhoneRow)[0].id),
        ("planned", casework.rows(PhoneRow)[1].id),
    ]
    assert casework.journal(case_id, "instruction_withdrawn")[0].data["others"] == 1


def test_a_case_ends_when_all_its_instructions_are_withdrawn(casework: CaseworkFixture) -> None:
    case_id = casework.open(1)
    casework.open(2, **SAME_PERSON)
    casework.push(withdrawal(1))
    casework.push(withdrawal(2))
    assert (casework.case(case_id).state, casework.case(case_id).resolution) == ("closed", "WITHDRAWN")


def test_a_repeated_withdrawal_of_one_of_two_is_a_duplicate(casework: CaseworkFixture) -> None:
    casework.open(1)
    casework.open(2, **SAME_PERSON)
    assert [casework.push(withdrawal(1)).status for _ in range(2)] == ["accepted", "duplicate"]


def test_an_instruction_pushed_again_after_its_withdrawal_opens_a_case(casework: CaseworkFixture) -> None:
    withdrawn = casework.open()
    casework.push(withdrawal())
    again = casework.open(version=2)
    assert again != withdrawn
    assert casework.push(withdrawal(version=2)).case == str(again)
    assert casework.case(again).resolution == "WITHDRAWN"


def test_feedback_closes_an_open_case(casework: CaseworkFixture) -> None:
    case_id = casework.open(channels=["sms", "voice"])
    answer = casework.push(event("feedback", outcome="SELF_AWARE"))
    assert answer.status == "accepted"
    case = casework.case(case_id)
    assert (case.state, case.resolution) == ("closed", "SELF_AWARE")
    assert {each.state for each in casework.attempts(case_id)} == {"cancelled"}
    assert casework.journal(case_id, "case_closed")[0].rule == "feedback"
    # The first word stands; a second one is written down.
    assert casework.push(event("feedback", outcome="NOT_A_VICTIM")).status == "accepted"
    assert casework.case(case_id).resolution == "SELF_AWARE"
    assert len(casework.journal(case_id, "feedback_received")) == 2


def test_feedback_that_a_person_is_safe_is_followed_up(casework: CaseworkFixture) -> None:
    casework.open()
    casework.push(event("feedback", outcome="DISSUADED_IN_TIME"))
    assert len(casework.rows(WorkItemRow)) == len(casework.context.policy.urgency.high.follow_up)


def test_a_later_loss_is_counted_on_a_closed_case(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.push(event("feedback", outcome="DISSUADED_IN_TIME"))
    for event_id, loss in (("E1", 5000), ("E2", 700)):
        assert casework.push(event("later_loss", loss_yuan=loss, event_id=event_id)).status == "accepted"
    assert (casework.case(case_id).state, casework.case(case_id).money_lost) == ("closed", 5700)
    assert [each.data["loss_yuan"] for each in casework.journal(case_id, "later_loss_reported")] == [5000, 700]


@pytest.mark.parametrize("extra", [{"event_id": "E07"}, {}], ids=["with_event_id", "without"])
def test_the_same_event_delivered_twice_counts_once(casework: CaseworkFixture, extra: dict[str, Any]) -> None:
    case_id = casework.open()
    body = event("later_loss", loss_yuan=5000, **extra)
    assert [casework.push(body).status for _ in range(2)] == ["accepted", "duplicate"]
    assert casework.case(case_id).money_lost == 5000


@pytest.mark.parametrize(
    "body", [withdrawal(9), event("feedback", 9, outcome="SELF_AWARE"), event("later_loss", 9, loss_yuan=1)]
)
def test_an_event_before_its_instruction_is_kept_once(casework: CaseworkFixture, body: dict[str, Any]) -> None:
    casework.open(1)
    answer = casework.push(body)
    assert (answer.status, answer.instruction_id, answer.case) == ("accepted", "YJ-9", None)
    assert casework.push(body | {"trace_id": "t2"}).status == "duplicate"
    assert [(each.field, each.pushed_again_at) for each in casework.quarantined()] == [("instruction_id", None)]


def test_an_event_must_name_its_source_where_two_use_the_id(casework: CaseworkFixture) -> None:
    first = casework.open(1)
    other = instruction(2, source={"system": "other"}, instruction_id="YJ-1")
    second = casework.push(other).case
    answer = casework.push(withdrawal(1))
    assert answer.status == "refused"
    assert answer.reason.startswith("source: ")
    assert casework.case(first).state == "open"
    assert casework.push(withdrawal(1, source={"system": "other"})).case == second
    assert casework.case(first).state == "open"
