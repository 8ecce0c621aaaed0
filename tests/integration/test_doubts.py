"""In doubt: asked about, settled by whatever is known first, sent again only under its own key; and late receipts."""

from datetime import timedelta
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, phone
from sqlalchemy import text

from dispatcher.delivery.provider_call import CallResult
from dispatcher.store.attempts import AttemptRow
from providers.base import Accepted, Answered, InDoubt, Inquiry, NeverTaken, Permanent, Transient
from schemas.vocabulary import Answer, Result

DOUBT = InDoubt("ReadTimeout")


def doubtful(casework: CaseworkFixture, **changes: object) -> UUID:
    """A case whose only attempt is in doubt, its provider being as unsure as we are."""
    case_id = casework.open(**changes)
    casework.deliver(Scripted([DOUBT]))
    return case_id


def sent_again(casework: CaseworkFixture) -> tuple[UUID, AttemptRow, AttemptRow]:
    """… and sent again, as nothing was known after the wait (high: 3 min)."""
    case_id = doubtful(casework)
    casework.pass_time(minutes=3)
    casework.deliver(Scripted([Accepted("second")], statuses=[DOUBT]))
    casework.clear_leases()
    first, second = casework.attempts(case_id)
    return case_id, first, second


def test_no_answer_is_a_state_of_its_own_and_asked_about_at_once(casework: CaseworkFixture) -> None:
    case_id = doubtful(casework)
    [row] = casework.attempts(case_id)
    assert (row.state, row.was_in_doubt, row.result, row.settled_at) == ("in_doubt", True, None, None)
    assert (row.action, row.due_at) == ("query", casework.now)
    provider = Scripted(statuses=[DOUBT])
    assert [each.action for each in casework.deliver(provider)] == ["query"]
    assert (provider.sent, [each.send_key for each in provider.asked]) == ([], [str(row.id)])
    [row] = casework.attempts(case_id)
    assert (row.state, row.due_at) == ("in_doubt", casework.now + timedelta(seconds=20))
    assert len(casework.journal(case_id, "attempt_in_doubt")) == 1


@pytest.mark.parametrize("by_number", [True, False])
def test_a_provider_is_asked_with_the_number_only_where_it_needs_it(casework: CaseworkFixture, by_number: bool) -> None:
    case_id = casework.open()
    casework.deliver(Scripted([Accepted("r-1")]))
    casework.clear_leases()
    sent_at = casework.now
    casework.pass_time(hours=1)
    provider = Scripted(queries_need_number=by_number)
    casework.deliver(provider)
    key = str(casework.attempts(case_id)[0].send_key)
    assert provider.asked == [Inquiry(key, "r-1", "+8615400000001" if by_number else None, sent_at)]


@pytest.mark.parametrize(
    ("status", "state", "result"),
    [
        (Answered(Result.DELIVERED), "settled", "DELIVERED"),
        (Accepted("r"), "accepted", None),
        (Accepted("r", held=True), "accepted", None),
    ],
)
def test_the_provider_knows(
    casework: CaseworkFixture, status: Accepted | Answered, state: str, result: str | None
) -> None:
    case_id = doubtful(casework)
    casework.deliver(Scripted(statuses=[status]))
    [row] = casework.attempts(case_id)
    assert (row.state, row.result, row.was_in_doubt) == (state, result, True)


def test_what_was_given_up_and_never_taken_goes_again_unmarked(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    [call] = casework.claim(Scripted())
    casework.record(CallResult(call, DOUBT))
    casework.deliver(Scripted(statuses=[NeverTaken()]))
    first, second = casework.attempts(case_id)
    assert (first.state, first.result, first.ending) == ("settled", "FAILED_TEMPORARY", "never_taken")
    assert (second.retry_of, second.rule, second.due_at) == (first.id, "never_taken", casework.now)
    assert (second.send_key, second.possible_duplicate) == (first.id, False)
    provider = Scripted()
    casework.deliver(provider)
    assert [each.send_key for each in provider.sent] == [call.send_key]


def test_what_may_still_be_on_its_way_is_not_sent_again_unmarked(casework: CaseworkFixture) -> None:
    """A slow gateway, asked before it has taken the message, says that it has none: that proves nothing yet."""
    casework.travel_s = 60.0
    case_id = casework.open()
    casework.deliver(Scripted([DOUBT]))
    casework.deliver(Scripted(statuses=[NeverTaken()]))
    [row] = casework.attempts(case_id)
    assert (row.state, casework.journal(case_id, "status_unknown")[0].data["detail"]) == ("in_doubt", "not_there_yet")
    casework.sql("UPDATE attempts SET gave_up_at = gave_up_at - interval '61 seconds'")
    casework.pass_time(seconds=20)
    casework.deliver(Scripted(statuses=[NeverTaken()]))
    first, second = casework.attempts(case_id)
    assert (first.ending, second.possible_duplicate) == ("never_taken", False)


def test_a_lost_worker_may_go_on_so_what_follows_is_marked(casework: CaseworkFixture) -> None:
    """Stopped, not dead, it sends when it goes on: nobody can tell, whatever its provider says meanwhile."""
    case_id = casework.open()
    [call] = casework.claim(Scripted())
    assert casework.claim(Scripted()) == []
    assert casework.lapse() == 1
    assert casework.attempts(case_id)[0].state == "in_doubt"
    casework.deliver(Scripted(statuses=[NeverTaken()]))
    first, second = casework.attempts(case_id)
    assert (first.state, first.result, first.ending) == ("settled", "FAILED_TEMPORARY", "not_there")
    assert (second.retry_of, second.rule, second.due_at) == (first.id, "not_there", casework.now)
    assert (second.send_key, second.possible_duplicate) == (first.id, True)
    # It goes on, finds its lease over, and says that it sent nothing: too late to be news.
    casework.record(CallResult(call, NeverTaken()))
    assert casework.journal(case_id)[-1].event == "word_ignored"


def test_a_lost_worker_that_says_in_time_that_it_sent_nothing_is_believed(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    [call] = casework.claim(Scripted())
    casework.lapse()
    casework.record(CallResult(call, NeverTaken()))
    first, second = casework.attempts(case_id)
    assert (first.ending, second.possible_duplicate) == ("never_taken", False)


def test_nothing_proves_that_the_first_never_arrives_where_its_copy_is_asked_about(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.deliver(Scripted([DOUBT], statuses=[DOUBT]))
    casework.pass_time(minutes=3)
    casework.deliver(Scripted([DOUBT]))
    casework.deliver(Scripted(statuses=[NeverTaken()]))
    assert [each.ending for each in casework.attempts(case_id)[:2]] == [None, "not_there"]
    assert casework.attempts(case_id)[2].possible_duplicate


def test_that_it_is_queued_after_all_corrects_the_log_too(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.deliver(Scripted([DOUBT]))
    casework.deliver(Scripted(statuses=[NeverTaken()]))
    casework.deliver(Scripted([Accepted("second")]))
    first = casework.attempts(case_id)[0]
    casework.receipt(first.send_key, Accepted("first"))
    first, second = casework.attempts(case_id)
    assert (first.result, first.ending, first.ref, second.possible_duplicate) == ("UNKNOWN", None, "first", True)
    casework.receipt(first.send_key, Answered(Result.DELIVERED, ref="first"))
    assert casework.attempts(case_id)[0].result == "DELIVERED"


def test_a_receipt_of_what_was_thought_never_taken_corrects_the_log(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.deliver(Scripted([DOUBT]))
    casework.deliver(Scripted(statuses=[NeverTaken()]))
    casework.deliver(Scripted([Accepted("second")]))
    first, second = casework.attempts(case_id)
    assert (first.ending, second.possible_duplicate) == ("never_taken", False)
    casework.receipt(first.send_key, Answered(Result.DELIVERED, ref="first"))
    first, second = casework.attempts(case_id)
    assert (first.result, first.ending, first.ref) == ("DELIVERED", None, "first")
    assert (second.state, second.possible_duplicate) == ("accepted", True)
    assert casework.journal(case_id, "attempt_corrected")[0].data["result"] == "DELIVERED"
    casework.receipt(first.send_key, Answered(Result.DELIVERED, ref="second"))
    assert casework.attempts(case_id)[1].result == "DELIVERED"


def test_the_receipt_of_what_was_sent_again_settles_it(casework: CaseworkFixture) -> None:
    """The provider had never taken the first; the second carries its key, so its receipt is the second's."""
    case_id = casework.open(channels=["voice"])
    casework.pass_time(minutes=1)
    casework.deliver(Scripted([DOUBT]))
    casework.deliver(Scripted(statuses=[NeverTaken()]))
    casework.deliver(Scripted())
    first, second = casework.attempts(case_id)
    assert (first.result, second.state) == ("FAILED_TEMPORARY", "accepted")
    casework.receipt(second.send_key, Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED))
    first, second = casework.attempts(case_id)[:2]
    assert (first.result, second.result, second.confirmed) == ("FAILED_TEMPORARY", "ANSWERED_SUBJECT", True)
    assert casework.case(case_id).resolution == "DISSUADED_IN_TIME"


def test_a_case_that_somebody_holds_does_not_hold_up_the_sweep(casework: CaseworkFixture) -> None:
    held, free = casework.open(1), casework.open(2)
    casework.claim(Scripted())
    with casework.sessions() as stranger:
        stranger.execute(text("SELECT FROM cases WHERE id = :id FOR UPDATE"), {"id": held})
        assert casework.lapse() == 1
    assert [casework.attempts(each)[0].state for each in (held, free)] == ["sending", "in_doubt"]
    assert casework.lapse() == 1


def test_a_lease_that_lapsed_is_found_once(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    [call] = casework.claim(Scripted())
    assert (casework.lapse(), casework.lapse()) == (1, 0)
    # Its worker was only slow: the word is taken.
    casework.record(CallResult(call, Answered(Result.DELIVERED)))
    assert casework.attempts(case_id)[0].result == "DELIVERED"


@pytest.mark.parametrize(
    ("urgency", "wait"),
    [
        ("critical", timedelta(seconds=90)),
        ("high", timedelta(minutes=3)),
        ("medium", timedelta(minutes=15)),
        ("low", timedelta(hours=1)),
    ],
)
def test_what_stays_unknown_is_sent_again_after_the_wait_and_marked(
    casework: CaseworkFixture, urgency: str, wait: timedelta
) -> None:
    case_id = doubtful(casework, urgency=urgency)
    casework.pass_time(seconds=wait.total_seconds() - 1)
    assert len(casework.attempts(case_id, "sms")) == 1
    casework.pass_time(seconds=1)
    first, second = casework.attempts(case_id, "sms")
    assert (second.rule, second.retry_of, second.due_at) == ("doubt_wait", first.id, casework.now)
    assert (second.possible_duplicate, second.send_key, first.possible_duplicate) == (True, first.id, False)


def test_one_receipt_settles_the_first_and_closes_the_second(casework: CaseworkFixture) -> None:
    case_id, first, second = sent_again(casework)
    assert (first.state, second.state, second.ref) == ("in_doubt", "accepted", "second")
    casework.receipt(first.send_key, Result.DELIVERED)
    first, second = casework.attempts(case_id)
    assert (first.state, first.result, first.action) == ("settled", "DELIVERED", None)
    assert (second.state, second.ending, second.action) == ("cancelled", "settled_by_first", None)
    assert casework.journal(case_id, "attempt_closed")[0].data["by"] == str(first.id)
    assert casework.deliver(Scripted()) == []


def test_a_receipt_in_the_wait_calls_off_the_second(casework: CaseworkFixture) -> None:
    case_id = doubtful(casework)
    casework.pass_time(minutes=3)
    casework.receipt(casework.attempts(case_id)[0].send_key, Result.DELIVERED)
    assert [each.state for each in casework.attempts(case_id)] == ["settled", "cancelled"]
    assert casework.deliver(Scripted()) == []


def test_a_second_that_could_not_be_sent_leaves_the_doubt_standing(casework: CaseworkFixture) -> None:
    """The first may have arrived all the same: whatever follows is marked, and under its key."""
    case_id = doubtful(casework)
    casework.pass_time(minutes=3)
    casework.deliver(Scripted([Transient("429")], statuses=[DOUBT]))
    casework.pass_time(seconds=2)
    first, second, third = casework.attempts(case_id)
    assert (first.state, second.result, third.retry_of) == ("in_doubt", "FAILED_TEMPORARY", second.id)
    assert (third.possible_duplicate, third.send_key) == (True, first.id)


def test_an_sms_to_the_second_number_is_marked_and_the_doubt_about_the_first_still_asked_about(
    casework: CaseworkFixture,
) -> None:
    case_id = doubtful(casework, channels=["sms", "voice"], phones=[{"number": phone(1)}, {"number": phone(2)}])
    casework.pass_time(minutes=1)
    casework.deliver(Scripted([Permanent(Result.INVALID_NUMBER, "no such number")], statuses=[DOUBT]))
    first, second = casework.attempts(case_id, "sms")
    assert (second.rule, second.retry_of, second.phone_id != first.phone_id) == ("next_number", first.id, True)
    assert (second.possible_duplicate, second.send_key) == (True, second.id)
    assert (first.state, first.action) == ("in_doubt", "query")
    casework.receipt(first.send_key, Result.DELIVERED)
    first, second = casework.attempts(case_id, "sms")
    assert (first.result, second.state) == ("DELIVERED", "planned")
    assert casework.verdict().differences == []


def test_a_receipt_for_the_first_calls_off_every_later_one(casework: CaseworkFixture) -> None:
    case_id = doubtful(casework)
    casework.pass_time(minutes=3)
    casework.deliver(Scripted([Transient("429")], statuses=[DOUBT]))
    casework.receipt(casework.attempts(case_id)[0].send_key, Result.DELIVERED)
    casework.pass_time(seconds=2)
    provider = Scripted()
    casework.deliver(provider)
    assert provider.sent == []


def test_a_receipt_may_come_before_the_answer_to_the_send(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    [call] = casework.claim(Scripted())
    casework.receipt(call.send_key, Result.DELIVERED)
    assert casework.attempts(case_id)[0].state == "settled"
    casework.record(CallResult(call, Accepted("late")))
    [row] = casework.attempts(case_id)
    assert (row.state, row.result, row.action) == ("settled", "DELIVERED", None)


def unknown(casework: CaseworkFixture) -> AttemptRow:
    """An attempt that was accepted, and of which nothing was heard."""
    case_id = casework.open()
    casework.deliver(Scripted())
    casework.clear_leases()
    casework.pass_time(minutes=10)
    assert [each.action for each in casework.deliver(Scripted(statuses=[Accepted("r")]))] == ["query"]
    return casework.attempts(case_id)[0]


def test_an_accepted_one_without_a_receipt_is_asked_about_then_unknown(casework: CaseworkFixture) -> None:
    row = unknown(casework)
    assert (row.state, row.result, row.ending, row.action) == ("settled", "UNKNOWN", "no_receipt", None)


def test_what_the_provider_still_holds_is_not_given_up(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.deliver(Scripted())
    casework.clear_leases()
    casework.pass_time(minutes=10)
    casework.deliver(Scripted(statuses=[Accepted("r", held=True)]))
    [row] = casework.attempts(case_id)
    assert (row.state, row.action, row.due_at) == ("accepted", "query", casework.now + timedelta(minutes=10))


def test_a_late_receipt_makes_the_unknown_known(casework: CaseworkFixture) -> None:
    row = unknown(casework)
    casework.receipt(row.send_key, Result.DELIVERED)
    assert casework.attempts(row.case_id)[0].result == "DELIVERED"


@pytest.mark.parametrize(
    "late", [Answered(Result.FAILED_PERMANENT), Answered(Result.UNKNOWN), Accepted("r"), Accepted("r", held=True)]
)
def test_a_receipt_never_moves_a_final_state_back(casework: CaseworkFixture, late: Accepted | Answered) -> None:
    case_id = casework.open()
    casework.deliver(Scripted([Answered(Result.DELIVERED)]))
    [before] = casework.attempts(case_id)
    assert casework.receipt(before.send_key, late)
    [after] = casework.attempts(case_id)
    assert (after.state, after.result, after.settled_at, after.action) == (
        "settled",
        "DELIVERED",
        before.settled_at,
        None,
    )
    assert casework.events(case_id)[-1] == "word_ignored"


def test_a_second_that_is_refused_does_not_settle_the_first(casework: CaseworkFixture) -> None:
    """Content refused the second time says nothing of the first, which may have arrived."""
    case_id = doubtful(casework)
    casework.pass_time(minutes=3)
    casework.deliver(Scripted([Permanent(Result.REJECTED_CONTENT, "content")], statuses=[DOUBT]))
    first = casework.attempts(case_id)[0]
    assert first.state == "in_doubt"
    casework.receipt(first.send_key, Result.DELIVERED)
    assert casework.attempts(case_id)[0].result == "DELIVERED"


def test_a_gateway_that_never_answers_is_not_tried_for_ever(casework: CaseworkFixture) -> None:
    """Three sends in all, two of them marked; then the doubt is given up, and nothing is asked any more."""
    case_id = casework.open(urgency="critical", channels=["sms"])
    sent = []
    for _ in range(40):
        provider = Scripted([DOUBT] * 5, statuses=[DOUBT] * 20)
        casework.deliver(provider)
        sent += [each for each in provider.sent if each.channel == "sms"]
        casework.pass_time(seconds=30)
    attempts = [each for each in casework.attempts(case_id) if each.channel == "sms"]
    assert len(sent) == len(attempts) == 3
    assert [each.possible_duplicate for each in attempts] == [False, True, True]
    assert {each.send_key for each in attempts} == {attempts[0].send_key}
    assert (attempts[-1].result, attempts[-1].ending) == ("UNKNOWN", "doubt_given_up")
    assert all(each.action is None for each in attempts)
