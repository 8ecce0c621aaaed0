"""In doubt: asked about, settled by whatever is known first, sent again only under its own key; and late receipts."""

from datetime import timedelta
from uuid import UUID

import pytest
from desk import Desk, Scripted, phone
from sqlalchemy import text

from dispatcher.delivery.provider_call import CallResult
from dispatcher.store.attempts import AttemptRow
from providers.base import Accepted, Answered, InDoubt, Inquiry, NeverTaken, Permanent, Transient
from schemas.vocabulary import Answer, Result

DOUBT = InDoubt("ReadTimeout")


def doubtful(desk: Desk, **changes: object) -> UUID:
    """A case whose only attempt is in doubt, its provider being as unsure as we are."""
    case_id = desk.open(**changes)
    desk.deliver(Scripted([DOUBT]))
    return case_id


def sent_again(desk: Desk) -> tuple[UUID, AttemptRow, AttemptRow]:
    """… and sent again, as nothing was known after the wait (high: 3 min)."""
    case_id = doubtful(desk)
    desk.pass_time(minutes=3)
    desk.deliver(Scripted([Accepted("second")], statuses=[DOUBT]))
    desk.clear_leases()
    first, second = desk.attempts(case_id)
    return case_id, first, second


def test_no_answer_is_a_state_of_its_own_and_asked_about_at_once(desk: Desk) -> None:
    case_id = doubtful(desk)
    [row] = desk.attempts(case_id)
    assert (row.state, row.was_in_doubt, row.result, row.settled_at) == ("in_doubt", True, None, None)
    assert (row.action, row.due_at) == ("query", desk.now)
    provider = Scripted(statuses=[DOUBT])
    assert [each.action for each in desk.deliver(provider)] == ["query"]
    assert (provider.sent, [each.send_key for each in provider.asked]) == ([], [str(row.id)])
    [row] = desk.attempts(case_id)
    assert (row.state, row.due_at) == ("in_doubt", desk.now + timedelta(seconds=20))
    assert len(desk.journal(case_id, "attempt_in_doubt")) == 1


@pytest.mark.parametrize("by_number", [True, False])
def test_a_provider_is_asked_with_the_number_only_where_it_needs_it(desk: Desk, by_number: bool) -> None:
    case_id = desk.open()
    desk.deliver(Scripted([Accepted("r-1")]))
    desk.clear_leases()
    sent_at = desk.now
    desk.pass_time(hours=1)
    provider = Scripted(queries_need_number=by_number)
    desk.deliver(provider)
    key = str(desk.attempts(case_id)[0].send_key)
    assert provider.asked == [Inquiry(key, "r-1", "+8615400000001" if by_number else None, sent_at)]


@pytest.mark.parametrize(
    ("status", "state", "result"),
    [
        (Answered(Result.DELIVERED), "settled", "DELIVERED"),
        (Accepted("r"), "accepted", None),
        (Accepted("r", held=True), "accepted", None),
    ],
)
def test_the_provider_knows(desk: Desk, status: Accepted | Answered, state: str, result: str | None) -> None:
    case_id = doubtful(desk)
    desk.deliver(Scripted(statuses=[status]))
    [row] = desk.attempts(case_id)
    assert (row.state, row.result, row.was_in_doubt) == (state, result, True)


def test_a_lost_worker_leaves_a_doubt_and_the_provider_clears_it(desk: Desk) -> None:
    case_id = desk.open()
    [call] = desk.claim(Scripted())
    assert desk.claim(Scripted()) == []
    assert desk.lapse() == 1
    assert desk.attempts(case_id)[0].state == "in_doubt"
    desk.deliver(Scripted(statuses=[NeverTaken()]))
    first, second = desk.attempts(case_id)
    assert (first.state, first.result, first.ending) == ("settled", "FAILED_TEMPORARY", "never_taken")
    assert (second.retry_of, second.rule, second.due_at) == (first.id, "never_taken", desk.now)
    assert (second.send_key, second.possible_duplicate) == (first.id, False)
    provider = Scripted()
    desk.deliver(provider)
    assert [each.send_key for each in provider.sent] == [call.send_key]


def test_the_receipt_of_what_was_sent_again_settles_it(desk: Desk) -> None:
    """The provider had never taken the first; the second carries its key, so its receipt is the second's."""
    case_id = desk.open(channels=["voice"])
    desk.pass_time(minutes=1)
    desk.deliver(Scripted([DOUBT]))
    desk.deliver(Scripted(statuses=[NeverTaken()]))
    desk.deliver(Scripted())
    first, second = desk.attempts(case_id)
    assert (first.result, second.state) == ("FAILED_TEMPORARY", "accepted")
    desk.receipt(second.send_key, Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED))
    first, second = desk.attempts(case_id)[:2]
    assert (first.result, second.result, second.confirmed) == ("FAILED_TEMPORARY", "ANSWERED_SUBJECT", True)
    assert desk.case(case_id).resolution == "DISSUADED_IN_TIME"


def test_a_case_that_somebody_holds_does_not_hold_up_the_sweep(desk: Desk) -> None:
    held, free = desk.open(1), desk.open(2)
    desk.claim(Scripted())
    with desk.sessions() as stranger:
        stranger.execute(text("SELECT FROM cases WHERE id = :id FOR UPDATE"), {"id": held})
        assert desk.lapse() == 1
    assert [desk.attempts(each)[0].state for each in (held, free)] == ["sending", "in_doubt"]
    assert desk.lapse() == 1


def test_a_lease_that_lapsed_is_found_once(desk: Desk) -> None:
    case_id = desk.open()
    [call] = desk.claim(Scripted())
    assert (desk.lapse(), desk.lapse()) == (1, 0)
    # Its worker was only slow: the word is taken.
    desk.record(CallResult(call, Answered(Result.DELIVERED)))
    assert desk.attempts(case_id)[0].result == "DELIVERED"


@pytest.mark.parametrize(
    ("urgency", "wait"),
    [
        ("critical", timedelta(seconds=90)),
        ("high", timedelta(minutes=3)),
        ("medium", timedelta(minutes=15)),
        ("low", timedelta(hours=1)),
    ],
)
def test_what_stays_unknown_is_sent_again_after_the_wait_and_marked(desk: Desk, urgency: str, wait: timedelta) -> None:
    case_id = doubtful(desk, urgency=urgency)
    desk.pass_time(seconds=wait.total_seconds() - 1)
    assert len(desk.attempts(case_id, "sms")) == 1
    desk.pass_time(seconds=1)
    first, second = desk.attempts(case_id, "sms")
    assert (second.rule, second.retry_of, second.due_at) == ("doubt_wait", first.id, desk.now)
    assert (second.possible_duplicate, second.send_key, first.possible_duplicate) == (True, first.id, False)


def test_one_receipt_settles_the_first_and_closes_the_second(desk: Desk) -> None:
    case_id, first, second = sent_again(desk)
    assert (first.state, second.state, second.ref) == ("in_doubt", "accepted", "second")
    desk.receipt(first.send_key, Result.DELIVERED)
    first, second = desk.attempts(case_id)
    assert (first.state, first.result, first.action) == ("settled", "DELIVERED", None)
    assert (second.state, second.ending, second.action) == ("cancelled", "settled_by_first", None)
    assert desk.journal(case_id, "attempt_closed")[0].data["by"] == str(first.id)
    assert desk.deliver(Scripted()) == []


def test_a_receipt_in_the_wait_calls_off_the_second(desk: Desk) -> None:
    case_id = doubtful(desk)
    desk.pass_time(minutes=3)
    desk.receipt(desk.attempts(case_id)[0].send_key, Result.DELIVERED)
    assert [each.state for each in desk.attempts(case_id)] == ["settled", "cancelled"]
    assert desk.deliver(Scripted()) == []


def test_a_second_that_could_not_be_sent_leaves_the_doubt_standing(desk: Desk) -> None:
    """The first may have arrived all the same: whatever follows is marked, and under its key."""
    case_id = doubtful(desk)
    desk.pass_time(minutes=3)
    desk.deliver(Scripted([Transient("429")], statuses=[DOUBT]))
    desk.pass_time(seconds=2)
    first, second, third = desk.attempts(case_id)
    assert (first.state, second.result, third.retry_of) == ("in_doubt", "FAILED_TEMPORARY", second.id)
    assert (third.possible_duplicate, third.send_key) == (True, first.id)


def test_an_sms_to_the_second_number_is_marked_and_the_doubt_about_the_first_still_asked_about(desk: Desk) -> None:
    case_id = doubtful(desk, channels=["sms", "voice"], phones=[{"number": phone(1)}, {"number": phone(2)}])
    desk.pass_time(minutes=1)
    desk.deliver(Scripted([Permanent(Result.INVALID_NUMBER, "no such number")], statuses=[DOUBT]))
    first, second = desk.attempts(case_id, "sms")
    assert (second.rule, second.retry_of, second.phone_id != first.phone_id) == ("next_number", first.id, True)
    assert (second.possible_duplicate, second.send_key) == (True, second.id)
    assert (first.state, first.action) == ("in_doubt", "query")
    desk.receipt(first.send_key, Result.DELIVERED)
    first, second = desk.attempts(case_id, "sms")
    assert (first.result, second.state) == ("DELIVERED", "planned")
    assert desk.verdict().differences == []


def test_a_receipt_for_the_first_calls_off_every_later_one(desk: Desk) -> None:
    case_id = doubtful(desk)
    desk.pass_time(minutes=3)
    desk.deliver(Scripted([Transient("429")], statuses=[DOUBT]))
    desk.receipt(desk.attempts(case_id)[0].send_key, Result.DELIVERED)
    desk.pass_time(seconds=2)
    provider = Scripted()
    desk.deliver(provider)
    assert provider.sent == []


def test_a_receipt_may_come_before_the_answer_to_the_send(desk: Desk) -> None:
    case_id = desk.open()
    [call] = desk.claim(Scripted())
    desk.receipt(call.send_key, Result.DELIVERED)
    assert desk.attempts(case_id)[0].state == "settled"
    desk.record(CallResult(call, Accepted("late")))
    [row] = desk.attempts(case_id)
    assert (row.state, row.result, row.action) == ("settled", "DELIVERED", None)


def unknown(desk: Desk) -> AttemptRow:
    """An attempt that was accepted, and of which nothing was heard."""
    case_id = desk.open()
    desk.deliver(Scripted())
    desk.clear_leases()
    desk.pass_time(minutes=10)
    assert [each.action for each in desk.deliver(Scripted(statuses=[Accepted("r")]))] == ["query"]
    return desk.attempts(case_id)[0]


def test_an_accepted_one_without_a_receipt_is_asked_about_then_unknown(desk: Desk) -> None:
    row = unknown(desk)
    assert (row.state, row.result, row.ending, row.action) == ("settled", "UNKNOWN", "no_receipt", None)


def test_what_the_provider_still_holds_is_not_given_up(desk: Desk) -> None:
    case_id = desk.open()
    desk.deliver(Scripted())
    desk.clear_leases()
    desk.pass_time(minutes=10)
    desk.deliver(Scripted(statuses=[Accepted("r", held=True)]))
    [row] = desk.attempts(case_id)
    assert (row.state, row.action, row.due_at) == ("accepted", "query", desk.now + timedelta(minutes=10))


def test_a_late_receipt_makes_the_unknown_known(desk: Desk) -> None:
    row = unknown(desk)
    desk.receipt(row.send_key, Result.DELIVERED)
    assert desk.attempts(row.case_id)[0].result == "DELIVERED"


@pytest.mark.parametrize(
    "late", [Answered(Result.FAILED_PERMANENT), Answered(Result.UNKNOWN), Accepted("r"), Accepted("r", held=True)]
)
def test_a_receipt_never_moves_a_final_state_back(desk: Desk, late: Accepted | Answered) -> None:
    case_id = desk.open()
    desk.deliver(Scripted([Answered(Result.DELIVERED)]))
    [before] = desk.attempts(case_id)
    assert desk.receipt(before.send_key, late)
    [after] = desk.attempts(case_id)
    assert (after.state, after.result, after.settled_at, after.action) == (
        "settled",
        "DELIVERED",
        before.settled_at,
        None,
    )
    assert desk.events(case_id)[-1] == "word_ignored"


def test_a_second_that_is_refused_does_not_settle_the_first(desk: Desk) -> None:
    """Content refused the second time says nothing of the first, which may have arrived."""
    case_id = doubtful(desk)
    desk.pass_time(minutes=3)
    desk.deliver(Scripted([Permanent(Result.REJECTED_CONTENT, "content")], statuses=[DOUBT]))
    first = desk.attempts(case_id)[0]
    assert first.state == "in_doubt"
    desk.receipt(first.send_key, Result.DELIVERED)
    assert desk.attempts(case_id)[0].result == "DELIVERED"


def test_a_gateway_that_never_answers_is_not_tried_for_ever(desk: Desk) -> None:
    """Three sends in all, two of them marked; then the doubt is given up, and nothing is asked any more."""
    case_id = desk.open(urgency="critical", channels=["sms"])
    sent = []
    for _ in range(40):
        provider = Scripted([DOUBT] * 5, statuses=[DOUBT] * 20)
        desk.deliver(provider)
        sent += [each for each in provider.sent if each.channel == "sms"]
        desk.pass_time(seconds=30)
    attempts = [each for each in desk.attempts(case_id) if each.channel == "sms"]
    assert len(sent) == len(attempts) == 3
    assert [each.possible_duplicate for each in attempts] == [False, True, True]
    assert {each.send_key for each in attempts} == {attempts[0].send_key}
    assert (attempts[-1].result, attempts[-1].ending) == ("UNKNOWN", "doubt_given_up")
    assert all(each.action is None for each in attempts)
