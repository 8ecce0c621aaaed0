"""Claims: what is taken first, by whom, and what is committed before the call; and what comes of a call."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from casework_fixture import START, CaseworkFixture, Scripted, event, phone, withdrawal

from dispatcher import clock
from dispatcher.delivery import due
from dispatcher.delivery.capacity import Capacity
from dispatcher.delivery.claim import claim
from dispatcher.delivery.provider_call import CallResult
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import BadNumberRow
from dispatcher.wake import GENERAL
from providers.base import Accepted, Answered, Message, OperationsFault, Permanent, SwitchChannel, Transient
from providers.registry import Registry
from schemas.vocabulary import Answer, Channel, Result

TWO_PHONES = [{"number": phone(1)}, {"number": phone(2)}]


def test_urgent_work_goes_first_on_every_lane(casework: CaseworkFixture) -> None:
    cases = {
        urgency: casework.open(number, urgency=urgency) for number, urgency in enumerate(("low", "medium", "high"), 1)
    }
    cases["critical"] = casework.open(4, urgency="critical")
    names = {case_id: urgency for urgency, case_id in cases.items()}
    taken = [casework.claim(Scripted(), limit=1)[0] for _ in range(2)]  # the SMS and the visit of the critical one
    assert [names[each.case_id] for each in taken] == ["critical"] * 2
    assert [names[each.case_id] for each in casework.claim(Scripted(), lane="urgent")] == ["high"]
    assert [names[each.case_id] for each in casework.claim(Scripted(), lane="routine")] == ["medium", "low"]


def test_a_claim_of_the_urgent_lane_takes_nothing_else(casework: CaseworkFixture) -> None:
    casework.open(1, urgency="low")
    casework.open(2, urgency="medium")
    assert casework.claim(Scripted(), lane="urgent") == []
    assert len(casework.claim(Scripted(), lane="routine")) == 2


def test_of_equal_urgency_the_longest_due_goes_first(casework: CaseworkFixture) -> None:
    first = casework.open(2)
    casework.pass_time(seconds=30)
    second = casework.open(1)
    assert [each.case_id for each in casework.claim(Scripted())] == [first, second]


@pytest.mark.parametrize("is_reversed", [False, True])
def test_of_those_due_at_one_moment_the_first_planned_goes_first(casework: CaseworkFixture, is_reversed: bool) -> None:
    """However they lie in the table: written again, the other way round."""
    planned = casework.attempts(casework.open(urgency="critical", channels=["sms", "voice", "visit"]))
    assert len({(each.due_at, each.urgency_rank) for each in planned}) == 1 < len(planned)
    for row in reversed(planned) if is_reversed else ():
        for shift in ("+", "-"):
            casework.sql(f"UPDATE attempts SET due_at = due_at {shift} interval '1 minute' WHERE id = :id", id=row.id)  # noqa: S608
    assert [each.attempt_id for each in casework.claim(Scripted())] == [each.id for each in planned]


def test_what_is_not_due_stays(casework: CaseworkFixture) -> None:
    case_id = casework.open(channels=["voice"])  # due in a minute
    assert casework.claim(Scripted()) == []
    casework.pass_time(minutes=1)
    assert [each.case_id for each in casework.claim(Scripted())] == [case_id]


def test_a_row_claimed_but_not_committed_is_not_shared(casework: CaseworkFixture) -> None:
    for number in range(1, 7):
        casework.open(number)
    with casework.begin() as work:
        registry = Registry([Scripted()])
        capacity = Capacity(casework.limiter, registry, casework.context)
        mine = claim(work, registry, capacity, GENERAL, 3)
        theirs = casework.claim(Scripted())
    assert len(mine) == len(theirs) == 3
    assert len({each.attempt_id for each in mine + theirs}) == 6
    assert casework.claim(Scripted()) == []


def test_claimers_at_once_never_share_a_row(casework: CaseworkFixture) -> None:
    for number in range(1, 41):
        casework.open(number, channels=["sms", "voice"])
    casework.pass_time(minutes=1)

    def claim(_: int) -> list[Any]:
        return [each.attempt_id for _ in range(8) for each in casework.claim(Scripted(), limit=7)]

    with ThreadPoolExecutor(6) as threads:
        taken = Counter(attempt for part in threads.map(claim, range(6)) for attempt in part)
    taken.update(each.attempt_id for each in casework.claim(Scripted()))
    assert set(taken.values()) == {1}
    assert len(taken) == 80


def test_an_attempt_is_committed_as_sending_before_the_call(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    seen: list[AttemptRow] = []
    before = clock.real_now()
    casework.deliver(Scripted(timeout_s=10, on_send=lambda _: seen.append(casework.attempts(case_id)[0])))
    [row] = seen
    assert (row.state, row.action, row.provider, row.sent_at) == ("sending", None, "scripted", START)
    assert before <= row.lease_until - timedelta(seconds=15) <= clock.real_now()
    [entry] = casework.journal(case_id, "attempt_sending")
    assert (entry.actor, entry.rule, entry.data["attempt"]) == ("worker", "first_sms", str(row.id))
    assert entry.data["texts"] == casework.context.texts.version


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_worker_whose_own_clock_is_off_keeps_everybodys_time(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    case_id, right = casework.open(), clock.real_now
    monkeypatch.setattr(clock, "real_now", lambda: right() + timedelta(minutes=minutes))
    before = right()
    casework.claim(Scripted(timeout_s=120))
    [row] = casework.attempts(case_id)
    assert row.lease_until is not None
    assert before <= row.lease_until - timedelta(seconds=125) <= right()
    with casework.begin() as work:
        assert before <= clock.Clock("real").now(work.session) <= right()
        assert due.expire_leases(work) == 0


def test_a_message_holds_the_number_and_the_wording(casework: CaseworkFixture) -> None:
    casework.open(channels=["sms", "voice"], language="en", urgency="critical", name="LI, Wei")
    provider = Scripted()
    casework.deliver(provider)
    by_channel: dict[Channel, Message] = {each.channel: each for each in provider.sent}
    sms, call = by_channel[Channel.SMS], by_channel[Channel.VOICE]
    assert (sms.to, call.to) == ("+8615400000001",) * 2
    assert sms.text == casework.context.texts.sms("F08", "en")
    assert (sms.script, sms.collect, call.text, call.collect) == (None, False, None, True)
    assert "LI" in (call.script or "")
    assert "Wei" not in (call.script or "")


def told(casework: CaseworkFixture, **changes: Any) -> dict[tuple[str, str], str | None]:
    """The type of scam that each person is told on each channel within the first hours."""
    casework.open(channels=["sms", "voice"], urgency="critical", **changes)
    provider = Scripted([Answered(Result.NO_ANSWER)] * 40)
    for _ in range(8):
        casework.deliver(provider)
        casework.pass_time(minutes=30)
    return {(each.channel, each.person): each.fraud_type for each in provider.sent}


def test_the_type_of_scam_goes_to_whom_the_text_tells_it(casework: CaseworkFixture) -> None:
    """A vendor that is sent to by template must not tell a wife what the script keeps from her."""
    found = told(casework, contacts=[{"relation": "配偶", "phone": "15400009002"}])
    assert found == {("sms", "subject"): "F08", ("voice", "subject"): "F08", ("voice", "family"): None}


def settled(casework: CaseworkFixture, word: Any, **changes: Any) -> list[AttemptRow]:
    """The attempts of a case whose first one came to this word."""
    case_id = casework.open(**changes)
    if changes.get("channels") == ["voice"]:
        casework.pass_time(minutes=1)
    casework.deliver(Scripted([word]))
    return casework.attempts(case_id, changes.get("channels", ["sms"])[0])


def test_accepted_waits_for_its_receipt(casework: CaseworkFixture) -> None:
    [row] = settled(casework, Accepted("r7"))
    assert (row.state, row.ref, row.action, row.due_at) == ("accepted", "r7", "query", START + timedelta(minutes=10))
    assert (row.result, row.settled_at) == (None, None)


def test_answered_is_settled(casework: CaseworkFixture) -> None:
    [row] = settled(casework, Answered(Result.DELIVERED, ref="r8"))
    assert (row.state, row.result, row.ref, row.action, row.settled_at) == ("settled", "DELIVERED", "r8", None, START)


def test_a_confirmed_answer_closes_where_the_policy_allows(casework: CaseworkFixture) -> None:
    word = Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DISSUADED)
    [row] = settled(casework, word, channels=["voice"])
    assert (row.state, row.result, row.confirmed, row.answer) == ("settled", "ANSWERED_SUBJECT", True, "dissuaded")
    case = casework.case(row.case_id)
    assert (case.resolution, case.first_contact_channel) == ("DISSUADED_IN_TIME", "voice")


def test_a_passing_fault_is_tried_again_later_and_later(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    for number, wait in enumerate((2, 10, 30, 120, 300, 300), 1):
        [call] = casework.deliver(Scripted([Transient("429")]))
        *_, failed, planned = casework.attempts(case_id)
        assert (failed.id, failed.state, failed.result) == (call.attempt_id, "settled", "FAILED_TEMPORARY")
        assert (planned.retry_of, planned.rule, planned.state) == (failed.id, "transient_failure", "planned")
        assert planned.send_key == planned.id
        assert planned.due_at == failed.settled_at + timedelta(seconds=wait)
        assert len(casework.attempts(case_id)) == number + 1
        assert casework.claim(Scripted()) == []
        casework.pass_time(seconds=wait)


def test_a_gateway_that_names_its_wait_is_not_pressed(casework: CaseworkFixture) -> None:
    [failed, planned] = settled(casework, Transient("429", retry_after_s=60))
    assert planned.due_at >= failed.settled_at + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("word", "channel", "result", "marked"),
    [
        (Permanent(Result.FAILED_PERMANENT, "invalid_number", number_fault=True), "sms", "FAILED_PERMANENT", {"sms"}),
        (Permanent(Result.INVALID_NUMBER, "invalid_number"), "voice", "INVALID_NUMBER", {"sms", "voice"}),
        (Answered(Result.OUT_OF_SERVICE), "voice", "OUT_OF_SERVICE", {"sms", "voice"}),
        (SwitchChannel("blacklisted"), "sms", "FAILED_PERMANENT", set()),
    ],
)
def test_what_will_never_arrive_goes_to_the_next_number_at_once(
    casework: CaseworkFixture, word: Any, channel: str, result: str, marked: set[str]
) -> None:
    first, second = settled(casework, word, channels=[channel], phones=TWO_PHONES)
    assert (first.state, first.result) == ("settled", result)
    assert (second.retry_of, second.rule, second.due_at) == (first.id, "next_number", first.settled_at)
    assert second.phone_id != first.phone_id
    bad = casework.rows(BadNumberRow)
    assert {each.channel for each in bad} == marked
    assert {each.until for each in bad} <= {casework.now + timedelta(days=90)}
    provider = Scripted()
    casework.deliver(provider)
    assert [each.to for each in provider.sent] == ["+8615400000002"]


def test_a_number_marked_bad_is_not_used_for_the_next_person(casework: CaseworkFixture) -> None:
    settled(casework, Permanent(Result.INVALID_NUMBER, "invalid_number"), channels=["voice"])
    case_id = casework.open(2, phones=TWO_PHONES[:1], channels=["sms"])
    [skipped] = casework.attempts(case_id)
    assert (skipped.state, skipped.skip_reason, skipped.result) == ("skipped", "BAD_NUMBER", "SKIPPED")


def test_a_fault_of_ours_is_tried_again_and_blames_no_number(casework: CaseworkFixture) -> None:
    failed, planned = settled(casework, OperationsFault("401"))
    assert (failed.result, planned.retry_of, planned.phone_id) == ("FAILED_TEMPORARY", failed.id, failed.phone_id)
    assert casework.rows(BadNumberRow) == []


def test_a_channel_without_a_provider_waits(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    assert casework.deliver() == []
    [planned] = casework.attempts(case_id)
    assert (planned.state, planned.provider) == ("planned", None)
    casework.clear_leases()
    casework.deliver(Scripted())
    [sent] = casework.attempts(case_id)
    assert (sent.id, sent.provider) == (planned.id, "scripted")


def test_a_channel_that_is_meant_to_have_none_is_left_out_once_a_number(casework: CaseworkFixture) -> None:
    """No attempt is made that nobody can take."""
    case_id = casework.open(channels=["voice"], urgency="critical", phones=[{"number": phone(n)} for n in (1, 2)])
    registry = Registry([], without=frozenset({Channel.VOICE}))
    for _ in range(20):
        with casework.begin() as work:
            calls = claim(work, registry, Capacity(casework.limiter, registry, casework.context), GENERAL, 9)
        assert {each.message.channel for each in calls if each.message is not None} <= {Channel.VISIT}
        casework.pass_time(minutes=10)
        casework.advance()
    skipped = [each.skip_reason for each in casework.attempts(case_id, "voice")]
    assert skipped == ["UNSUPPORTED_DESTINATION"] * 2
    assert casework.attempts(case_id, "visit")


def erase(casework: CaseworkFixture, case_id: Any) -> None:
    casework.sql(
        "UPDATE subjects SET wrapped_key = NULL, erased_at = now() "
        "WHERE id = (SELECT subject_id FROM cases WHERE id = :id)",
        id=case_id,
    )


def test_a_country_that_no_provider_reaches_is_left_out_with_its_reason(casework: CaseworkFixture) -> None:
    case_id = casework.open(phones=[{"number": "+447700900123"}])
    at_home = Scripted(destinations=frozenset({"CN"}))
    assert casework.deliver(at_home) == []
    assert (at_home.sent, [each.skip_reason for each in casework.attempts(case_id)]) == (
        [],
        ["UNSUPPORTED_DESTINATION"],
    )
    assert casework.journal(case_id, "attempt_skipped")[0].rule == "unsupported_destination"


@pytest.mark.parametrize(
    "phone",
    [{"number": "15400000001", "country": "ZZ"}, {"number": "+999 123 456 789"}, {"number": "154000001129100111"}],
    ids=["country", "calling code", "too long"],
)
def test_what_is_no_number_of_a_known_country_is_left_out_with_its_reason(
    casework: CaseworkFixture, phone: dict[str, str]
) -> None:
    case_id = casework.open(phones=[phone], channels=["sms", "voice"], urgency="critical")
    at_home = Scripted(destinations=frozenset({"CN"}))
    casework.deliver(at_home)
    skipped = {
        each.channel: each.skip_reason for each in casework.attempts(case_id) if each.channel in ("sms", "voice")
    }
    assert (at_home.sent, skipped) == ([], dict.fromkeys(("sms", "voice"), "UNSUPPORTED_DESTINATION"))


@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_nothing_is_sent_to_a_person_who_was_erased(casework: CaseworkFixture, channel: str) -> None:
    case_id, other = casework.open(1, channels=[channel], urgency="critical"), casework.open(2, channels=["sms"])
    erase(casework, case_id)
    provider = Scripted()
    calls = casework.deliver(provider)
    assert {each.case_id for each in calls if each.message and each.message.to} == {other}
    assert [each.to for each in provider.sent] == ["+8615400000002"]
    [row] = casework.attempts(case_id, channel)
    assert (row.state, row.result, row.detail) == ("settled", "FAILED_PERMANENT", "erased")


def test_a_value_that_does_not_open_holds_up_nobody_else(casework: CaseworkFixture) -> None:
    damaged, other = casework.open(1), casework.open(2)
    casework.sql(
        "UPDATE vault_values SET ciphertext = set_byte(ciphertext, 20, get_byte(ciphertext, 20) # 1) "
        "WHERE id = (SELECT value_id FROM phones WHERE case_id = :id)",
        id=damaged,
    )
    assert other in {each.case_id for each in casework.claim(Scripted()) if each.message}


def accepted_call(casework: CaseworkFixture, word: Accepted | None = None) -> Any:
    case_id = casework.open(channels=["voice"])
    casework.pass_time(minutes=1)
    casework.deliver(Scripted([word or Accepted("call", held=True)]))
    return case_id


@pytest.mark.parametrize(("granted", "state", "action"), [(True, "cancelled", None), (False, "accepted", "query")])
def test_a_call_that_the_gateway_holds_is_recalled(
    casework: CaseworkFixture, granted: bool, state: str, action: str | None
) -> None:
    case_id = accepted_call(casework)
    casework.push(withdrawal())
    [row] = casework.attempts(case_id)
    assert (row.state, row.action, row.recalled_at) == ("accepted", "cancel", casework.now)
    provider = Scripted(cancels=[granted])
    assert [each.action for each in casework.deliver(provider)] == ["cancel"]
    assert provider.sent == []
    [row] = casework.attempts(case_id)
    assert (row.state, row.action) == (state, action)
    assert casework.journal(case_id, "recall_answered")[0].data["taken_back"] is granted


def test_a_call_on_its_way_out_at_the_withdrawal_is_recalled_after_it(casework: CaseworkFixture) -> None:
    case_id = casework.open(channels=["voice"])
    casework.pass_time(minutes=1)
    [call] = casework.claim(Scripted())
    casework.push(withdrawal())
    assert casework.attempts(case_id)[0].state == "sending"
    casework.record(CallResult(call, Accepted("late")))
    assert [each.action for each in casework.deliver(Scripted())] == ["cancel"]
    assert casework.attempts(case_id)[0].state == "cancelled"


def test_a_word_that_the_call_is_queued_does_not_undo_its_recall(casework: CaseworkFixture) -> None:
    case_id = accepted_call(casework)
    casework.push(event("feedback", outcome="NOT_A_VICTIM"))
    casework.receipt(casework.attempts(case_id)[0].send_key, Accepted("call", held=True))
    casework.clear_leases()
    assert [each.action for each in casework.deliver(Scripted())] == ["cancel"]


def test_of_cases_whose_time_has_come_the_most_urgent_are_decided_first(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many routine ones have waited longer."""
    monkeypatch.setattr(due, "BATCH", 3)
    for number in range(1, 6):
        casework.open(number, urgency="low")
    urgent = casework.open(6, urgency="critical")
    casework.sql("UPDATE cases SET next_look_at = '2026-02-28Z' WHERE urgency = 'low' RETURNING id")
    casework.sql("UPDATE cases SET next_look_at = '2026-03-01Z' WHERE urgency = 'critical' RETURNING id")
    casework.is_tampered = True
    with casework.begin() as work:
        assert due.ADVANCING.look(work)[0] == urgent
