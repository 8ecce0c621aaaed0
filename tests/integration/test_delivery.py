"""Claims: what is taken first, by whom, and what is committed before the call; and what comes of a call."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from desk import START, Desk, Scripted, event, phone, withdrawal

from dispatcher import clock
from dispatcher.delivery import due
from dispatcher.delivery.capacity import Capacity
from dispatcher.delivery.claim import claim
from dispatcher.delivery.record import CallResult
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import BadNumberRow
from providers.base import Accepted, Answered, Message, OperationsFault, Permanent, SwitchChannel, Transient
from providers.registry import Registry
from schemas.vocabulary import Answer, Channel, Result

TWO_PHONES = [{"number": phone(1)}, {"number": phone(2)}]


def test_urgent_work_goes_first_on_every_lane(desk: Desk) -> None:
    cases = {urgency: desk.open(number, urgency=urgency) for number, urgency in enumerate(("low", "medium", "high"), 1)}
    cases["critical"] = desk.open(4, urgency="critical")
    names = {case_id: urgency for urgency, case_id in cases.items()}
    taken = [desk.claim(Scripted(), limit=1)[0] for _ in range(2)]  # the SMS and the visit of the critical one
    assert [names[each.case_id] for each in taken] == ["critical"] * 2
    assert [names[each.case_id] for each in desk.claim(Scripted(), lane="urgent")] == ["high"]
    assert [names[each.case_id] for each in desk.claim(Scripted(), lane="routine")] == ["medium", "low"]


def test_the_urgent_lane_takes_nothing_else(desk: Desk) -> None:
    desk.open(1, urgency="low")
    desk.open(2, urgency="medium")
    assert desk.claim(Scripted(), lane="urgent") == []
    assert len(desk.claim(Scripted(), lane="routine")) == 2


def test_of_equal_urgency_the_longest_due_goes_first(desk: Desk) -> None:
    first = desk.open(2)
    desk.pass_time(seconds=30)
    second = desk.open(1)
    assert [each.case_id for each in desk.claim(Scripted())] == [first, second]


def test_what_is_not_due_stays(desk: Desk) -> None:
    case_id = desk.open(channels=["voice"])  # due in a minute
    assert desk.claim(Scripted()) == []
    desk.pass_time(minutes=1)
    assert [each.case_id for each in desk.claim(Scripted())] == [case_id]


def test_a_row_claimed_but_not_committed_is_not_shared(desk: Desk) -> None:
    for number in range(1, 7):
        desk.open(number)
    with desk.sessions.begin() as session:
        registry = Registry([Scripted()])
        capacity = Capacity(desk.limiter, registry, desk.context)
        mine = claim(session, desk.context, registry, capacity, "routine", 3)
        theirs = desk.claim(Scripted())
    assert len(mine) == len(theirs) == 3
    assert len({each.attempt_id for each in mine + theirs}) == 6
    assert desk.claim(Scripted()) == []


def test_claimers_at_once_never_share_a_row(desk: Desk) -> None:
    for number in range(1, 41):
        desk.open(number, channels=["sms", "voice"])
    desk.pass_time(minutes=1)

    def claim(_: int) -> list[Any]:
        return [each.attempt_id for _ in range(8) for each in desk.claim(Scripted(), limit=7)]

    with ThreadPoolExecutor(6) as threads:
        taken = Counter(attempt for part in threads.map(claim, range(6)) for attempt in part)
    taken.update(each.attempt_id for each in desk.claim(Scripted()))
    assert set(taken.values()) == {1}
    assert len(taken) == 80


def test_an_attempt_is_committed_as_sending_before_the_call(desk: Desk) -> None:
    case_id = desk.open()
    seen: list[AttemptRow] = []
    before = clock.real_now()
    desk.deliver(Scripted(timeout_s=10, on_send=lambda _: seen.append(desk.attempts(case_id)[0])))
    [row] = seen
    assert (row.state, row.action, row.provider, row.sent_at) == ("sending", None, "scripted", START)
    assert before <= row.lease_until - timedelta(seconds=15) <= clock.real_now()
    [entry] = desk.journal(case_id, "attempt_sending")
    assert (entry.actor, entry.rule, entry.data["attempt"]) == ("worker", "first_sms", str(row.id))
    assert entry.data["texts"] == desk.context.texts.version


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_worker_whose_own_clock_is_off_keeps_everybodys_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    case_id, right = desk.open(), clock.real_now
    monkeypatch.setattr(clock, "real_now", lambda: right() + timedelta(minutes=minutes))
    before = right()
    desk.claim(Scripted(timeout_s=120))
    [row] = desk.attempts(case_id)
    assert row.lease_until is not None
    assert before <= row.lease_until - timedelta(seconds=125) <= right()
    with desk.sessions() as session:
        assert before <= clock.Clock("real").now(session) <= right()
        assert due.expire_leases(session, desk.context) == (0, set())


def test_a_message_holds_the_number_and_the_wording(desk: Desk) -> None:
    desk.open(channels=["sms", "voice"], language="en", urgency="critical", name="LI, Wei")
    provider = Scripted()
    desk.deliver(provider)
    by_channel: dict[Channel, Message] = {each.channel: each for each in provider.sent}
    sms, call = by_channel[Channel.SMS], by_channel[Channel.VOICE]
    assert (sms.to, call.to) == ("+8615400000001",) * 2
    assert sms.text == desk.context.texts.sms("F08", "en")
    assert (sms.script, sms.collect, call.text, call.collect) == (None, False, None, True)
    assert "LI" in (call.script or "")
    assert "Wei" not in (call.script or "")


def told(desk: Desk, **changes: Any) -> dict[tuple[str, str], str | None]:
    """The type of scam that each person is told on each channel within the first hours."""
    desk.open(channels=["sms", "voice"], urgency="critical", **changes)
    provider = Scripted([Answered(Result.NO_ANSWER)] * 40)
    for _ in range(8):
        desk.deliver(provider)
        desk.pass_time(minutes=30)
    return {(each.channel, each.person): each.fraud_type for each in provider.sent}


def test_the_type_of_scam_goes_to_whom_the_text_tells_it(desk: Desk) -> None:
    """A vendor that is sent to by template must not tell a wife what the script keeps from her."""
    found = told(desk, contacts=[{"relation": "配偶", "phone": "15400009002"}])
    assert found == {("sms", "subject"): "F08", ("voice", "subject"): "F08", ("voice", "family"): None}


def settled(desk: Desk, word: Any, **changes: Any) -> list[AttemptRow]:
    """The attempts of a case whose first one came to this word."""
    case_id = desk.open(**changes)
    if changes.get("channels") == ["voice"]:
        desk.pass_time(minutes=1)
    desk.deliver(Scripted([word]))
    return desk.attempts(case_id, changes.get("channels", ["sms"])[0])


def test_accepted_waits_for_its_receipt(desk: Desk) -> None:
    [row] = settled(desk, Accepted("r7"))
    assert (row.state, row.ref, row.action, row.due_at) == ("accepted", "r7", "query", START + timedelta(minutes=10))
    assert (row.result, row.settled_at) == (None, None)


def test_answered_is_settled(desk: Desk) -> None:
    [row] = settled(desk, Answered(Result.DELIVERED, ref="r8"))
    assert (row.state, row.result, row.ref, row.action, row.settled_at) == ("settled", "DELIVERED", "r8", None, START)


def test_a_confirmed_answer_closes_where_the_policy_allows(desk: Desk) -> None:
    word = Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    [row] = settled(desk, word, channels=["voice"])
    assert (row.state, row.result, row.confirmed, row.answer) == ("settled", "ANSWERED_SUBJECT", True, "dissuaded")
    case = desk.case(row.case_id)
    assert (case.resolution, case.first_contact_channel) == ("DISSUADED_IN_TIME", "voice")


def test_a_passing_fault_is_tried_again_later_and_later(desk: Desk) -> None:
    case_id = desk.open()
    for number, wait in enumerate((2, 10, 30, 120, 300, 300), 1):
        [call] = desk.deliver(Scripted([Transient("429")]))
        *_, failed, planned = desk.attempts(case_id)
        assert (failed.id, failed.state, failed.result) == (call.attempt_id, "settled", "FAILED_TEMPORARY")
        assert (planned.retry_of, planned.rule, planned.state) == (failed.id, "transient_failure", "planned")
        assert planned.send_key == planned.id
        assert planned.due_at == failed.settled_at + timedelta(seconds=wait)
        assert len(desk.attempts(case_id)) == number + 1
        assert desk.claim(Scripted()) == []
        desk.pass_time(seconds=wait)


def test_a_gateway_that_names_its_wait_is_not_pressed(desk: Desk) -> None:
    [failed, planned] = settled(desk, Transient("429", retry_after_s=60))
    assert planned.due_at >= failed.settled_at + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("word", "channel", "result", "marked"),
    [
        (Permanent(Result.FAILED_PERMANENT, "invalid_number"), "sms", "FAILED_PERMANENT", {"sms"}),
        (Permanent(Result.INVALID_NUMBER, "invalid_number"), "voice", "INVALID_NUMBER", {"sms", "voice"}),
        (Answered(Result.OUT_OF_SERVICE), "voice", "OUT_OF_SERVICE", {"sms", "voice"}),
        (SwitchChannel("blacklisted"), "sms", "FAILED_PERMANENT", set()),
    ],
)
def test_what_will_never_arrive_goes_to_the_next_number_at_once(
    desk: Desk, word: Any, channel: str, result: str, marked: set[str]
) -> None:
    first, second = settled(desk, word, channels=[channel], phones=TWO_PHONES)
    assert (first.state, first.result) == ("settled", result)
    assert (second.retry_of, second.rule, second.due_at) == (first.id, "next_number", first.settled_at)
    assert second.phone_id != first.phone_id
    bad = desk.rows(BadNumberRow)
    assert {each.channel for each in bad} == marked
    assert {each.until for each in bad} <= {desk.now + timedelta(days=90)}
    provider = Scripted()
    desk.deliver(provider)
    assert [each.to for each in provider.sent] == ["+8615400000002"]


def test_a_number_marked_bad_is_not_used_for_the_next_person(desk: Desk) -> None:
    settled(desk, Permanent(Result.INVALID_NUMBER, "invalid_number"), channels=["voice"])
    case_id = desk.open(2, phones=TWO_PHONES[:1], channels=["sms"])
    [skipped] = desk.attempts(case_id)
    assert (skipped.state, skipped.skip_reason, skipped.result) == ("skipped", "BAD_NUMBER", "SKIPPED")


def test_a_fault_of_ours_is_tried_again_and_blames_no_number(desk: Desk) -> None:
    failed, planned = settled(desk, OperationsFault("401"))
    assert (failed.result, planned.retry_of, planned.phone_id) == ("FAILED_TEMPORARY", failed.id, failed.phone_id)
    assert desk.rows(BadNumberRow) == []


def test_a_channel_without_a_provider_waits_and_says_so(desk: Desk) -> None:
    case_id = desk.open()
    desk.deliver()
    failed, planned = desk.attempts(case_id)
    assert (failed.provider, failed.result, failed.detail) == (None, "FAILED_TEMPORARY", "no_provider")
    desk.pass_time(seconds=2)
    desk.deliver(Scripted())
    assert desk.attempts(case_id)[1].provider == "scripted"
    assert desk.attempts(case_id)[1].id == planned.id


def erase(desk: Desk, case_id: Any) -> None:
    desk.sql(
        "UPDATE subjects SET wrapped_key = NULL, erased_at = now() "
        "WHERE id = (SELECT subject_id FROM cases WHERE id = :id)",
        id=case_id,
    )


def test_a_country_that_no_provider_reaches_is_left_out_with_its_reason(desk: Desk) -> None:
    case_id = desk.open(phones=[{"number": "+447700900123"}])
    at_home = Scripted(destinations=frozenset({"CN"}))
    assert desk.deliver(at_home) == []
    assert (at_home.sent, [each.skip_reason for each in desk.attempts(case_id)]) == ([], ["UNSUPPORTED_DESTINATION"])
    assert desk.journal(case_id, "attempt_skipped")[0].rule == "unsupported_destination"


@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_nothing_is_sent_to_a_person_who_was_erased(desk: Desk, channel: str) -> None:
    case_id, other = desk.open(1, channels=[channel], urgency="critical"), desk.open(2, channels=["sms"])
    erase(desk, case_id)
    provider = Scripted()
    calls = desk.deliver(provider)
    assert {each.case_id for each in calls if each.message and each.message.to} == {other}
    assert [each.to for each in provider.sent] == ["+8615400000002"]
    [row] = desk.attempts(case_id, channel)
    assert (row.state, row.result, row.detail) == ("settled", "FAILED_PERMANENT", "erased")


def test_a_value_that_does_not_open_holds_up_nobody_else(desk: Desk) -> None:
    damaged, other = desk.open(1), desk.open(2)
    desk.sql(
        "UPDATE vault_values SET ciphertext = set_byte(ciphertext, 20, get_byte(ciphertext, 20) # 1) "
        "WHERE id = (SELECT value_id FROM phones WHERE case_id = :id)",
        id=damaged,
    )
    assert other in {each.case_id for each in desk.claim(Scripted()) if each.message}


def accepted_call(desk: Desk, word: Accepted | None = None) -> Any:
    case_id = desk.open(channels=["voice"])
    desk.pass_time(minutes=1)
    desk.deliver(Scripted([word or Accepted("call", held=True)]))
    return case_id


@pytest.mark.parametrize(("granted", "state", "action"), [(True, "cancelled", None), (False, "accepted", "query")])
def test_a_call_that_the_gateway_holds_is_recalled(desk: Desk, granted: bool, state: str, action: str | None) -> None:
    case_id = accepted_call(desk)
    desk.push(withdrawal())
    [row] = desk.attempts(case_id)
    assert (row.state, row.action, row.detail) == ("accepted", "cancel", "recalled")
    provider = Scripted(cancels=[granted])
    assert [each.action for each in desk.deliver(provider)] == ["cancel"]
    assert provider.sent == []
    [row] = desk.attempts(case_id)
    assert (row.state, row.action) == (state, action)
    assert desk.journal(case_id, "recall_answered")[0].data["taken_back"] is granted


def test_a_call_on_its_way_out_at_the_withdrawal_is_recalled_after_it(desk: Desk) -> None:
    case_id = desk.open(channels=["voice"])
    desk.pass_time(minutes=1)
    [call] = desk.claim(Scripted())
    desk.push(withdrawal())
    assert desk.attempts(case_id)[0].state == "sending"
    desk.record(CallResult(call, Accepted("late")))
    assert [each.action for each in desk.deliver(Scripted())] == ["cancel"]
    assert desk.attempts(case_id)[0].state == "cancelled"


def test_a_word_that_the_call_is_queued_does_not_undo_its_recall(desk: Desk) -> None:
    case_id = accepted_call(desk)
    desk.push(event("feedback", outcome="NOT_A_VICTIM"))
    desk.receipt(desk.attempts(case_id)[0].send_key, Accepted("call", held=True))
    desk.clear_leases()
    assert [each.action for each in desk.deliver(Scripted())] == ["cancel"]
