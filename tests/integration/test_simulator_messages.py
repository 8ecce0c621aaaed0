"""What becomes of SMS and calls: every word of the script, repeats, cancellations, bad forms."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from simulator_fixture import NUMBER, SECOND, TEXT, SimulatorFixture, call, outcome_result, sms

from providers.base import Accepted, Answered, Inquiry, NeverTaken, Permanent
from schemas.vocabulary import Answer, Channel, Result

MAKE = {Channel.SMS: sms, Channel.VOICE: call}

# word: result, confirmed, answer, note
TAKEN = {
    (Channel.SMS, "delivered"): (Result.DELIVERED, False, None, None),
    (Channel.SMS, "delivered_unread"): (Result.DELIVERED, False, None, "delivered_unread"),
    (Channel.VOICE, "answered_subject:dissuaded"): (Result.ANSWERED_SUBJECT, True, Answer.DISSUADED, None),
    (Channel.VOICE, "answered_subject:denies"): (Result.ANSWERED_SUBJECT, True, Answer.DENIES, None),
    (Channel.VOICE, "answered_subject:hung_up"): (Result.ANSWERED_SUBJECT, False, Answer.HUNG_UP, None),
    (Channel.VOICE, "answered_guardian:unsure"): (Result.ANSWERED_GUARDIAN, True, Answer.UNSURE, None),
    (Channel.VOICE, "answered_family:hung_up"): (Result.ANSWERED_FAMILY, False, Answer.HUNG_UP, None),
    (Channel.VOICE, "answered_other:number_reassigned"): (
        Result.ANSWERED_NOT_SUBJECT,
        False,
        None,
        "number_reassigned",
    ),
    (Channel.VOICE, "busy"): (Result.BUSY, False, None, None),
    (Channel.VOICE, "no_answer"): (Result.NO_ANSWER, False, None, None),
    (Channel.VOICE, "rejected"): (Result.REJECTED, False, None, None),
    (Channel.VOICE, "blocked_suspected"): (Result.BLOCKED_SUSPECTED, False, None, None),
    (Channel.VOICE, "powered_off"): (Result.POWERED_OFF, False, None, None),
    (Channel.VOICE, "voicemail"): (Result.VOICEMAIL, False, None, None),
    (Channel.VOICE, "out_of_service"): (Result.OUT_OF_SERVICE, False, None, None),
    (Channel.VOICE, "invalid_number"): (Result.INVALID_NUMBER, False, None, None),
}

REFUSED = {
    (Channel.SMS, "rejected:invalid_number"): "invalid_number",
    (Channel.SMS, "rejected:content"): "content",
    (Channel.SMS, "unsupported:foreign_number"): "unsupported_destination",
    (Channel.VOICE, "unsupported:international"): "unsupported_destination",
}


def script(table: Any) -> dict[str, list[str]]:
    return {channel.value: [word for each, word in table if each is channel] for channel in MAKE}


def test_each_word_that_takes_a_message_reports_its_outcome(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.people(**script(TAKEN))
        for (channel, _word), (result, confirmed, answer, note) in TAKEN.items():
            message = MAKE[channel]()
            accepted = await fixture.gateway.send(message)
            assert isinstance(accepted, Accepted)
            expected = Answered(result, confirmed, answer, accepted.ref, note)
            receipt = await fixture.receipt()
            assert (receipt.send_key, receipt.outcome) == (message.send_key, expected)
            assert await fixture.gateway.query(Inquiry(message.send_key)) == expected

    play(scenario)


def test_each_word_that_refuses_takes_no_message(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.people(**script(REFUSED))
        for (channel, _word), code in REFUSED.items():
            message = MAKE[channel]()
            outcome = await fixture.gateway.send(message)
            assert isinstance(outcome, Permanent)
            assert (outcome.detail, outcome.number_fault) == (code, code == "invalid_number")
            assert await fixture.gateway.query(Inquiry(message.send_key)) == NeverTaken()
        assert fixture.events() == ["refused"] * len(REFUSED)
        assert (await fixture.simulator.seen())["messages"] == 0

    play(scenario)


def test_used_up_or_unknown_people_behave_ordinarily(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.people(voice=["busy"])
        wanted = (
            (call(), Result.BUSY),
            (call(), Result.NO_ANSWER),
            (sms(), Result.DELIVERED),
            (call(SECOND), Result.NO_ANSWER),
        )
        for message, result in wanted:
            await fixture.gateway.send(message)
            assert outcome_result((await fixture.receipt()).outcome) is result

    play(scenario)


def test_a_list_is_shared_by_all_numbers_and_a_dict_is_not(play: Callable[..., None]) -> None:
    async def results(fixture: SimulatorFixture, *numbers: str) -> list[Result | None]:
        found = []
        for number in numbers:
            await fixture.gateway.send(call(number))
            found.append(outcome_result((await fixture.receipt()).outcome))
        return found

    async def scenario(fixture: SimulatorFixture) -> None:
        both = [NUMBER, SECOND]
        await fixture.simulator.people(numbers=both, voice=["busy", "powered_off"])
        assert await results(fixture, SECOND, NUMBER, SECOND) == [Result.BUSY, Result.POWERED_OFF, Result.NO_ANSWER]
        await fixture.simulator.people(numbers=both, voice={NUMBER: ["busy", "rejected"]})
        assert await results(fixture, SECOND, NUMBER) == [Result.NO_ANSWER, Result.BUSY]
        await fixture.simulator.people(voice=["voicemail"])
        assert await results(fixture, NUMBER, NUMBER) == [Result.VOICEMAIL, Result.NO_ANSWER]

    play(scenario)


@pytest.mark.parametrize(
    ("persona", "named"),
    [
        ({"numbers": [NUMBER], "sms": ["delivered", "deliverd"]}, ("deliverd", "timeout_after_accept")),
        ({"numbers": [NUMBER], "voice": ["answered_subject:perhaps"]}, ("perhaps", "dissuaded", "powered_off")),
        ({"numbers": [NUMBER], "voice": ["answered_subject"]}, ("answered_subject", "queued")),
        ({"numbers": [NUMBER], "voice": ["answered_other:13800000000"]}, ("answered_other",)),
        ({"numbers": [NUMBER], "voice": ["busy:now"]}, ("busy:now",)),
        ({"numbers": [NUMBER], "voice": {SECOND: ["busy"]}}, ("not among",)),
        ({"numbers": ["15400000001"]}, ("numbers",)),
        ({"numbers": [NUMBER], "voise": []}, ("voise",)),
    ],
)
def test_a_script_that_cannot_be_played_is_refused(
    play: Callable[..., None], persona: dict[str, object], named: tuple[str, ...]
) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        good = {"numbers": [NUMBER], "voice": ["busy"]}
        status, body = await fixture.simulator.control("PUT", "/control/people", [good, persona])
        assert status == 400
        explained = json.dumps(body)
        assert all(each in explained for each in named)
        await fixture.gateway.send(call())
        assert outcome_result((await fixture.receipt()).outcome) is Result.NO_ANSWER  # nothing of it was registered

    play(scenario)


def test_a_repeat_gets_the_same_ref_and_acts_once(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.people(sms=["delivered", "rejected:content"])
        message = sms()
        first = await fixture.gateway.send(message)
        assert first == await fixture.gateway.send(message)
        assert isinstance(first, Accepted)
        await fixture.receipt()
        assert await fixture.gateway.send(message) == first
        assert fixture.events().count("message") == 1
        assert fixture.events().count("receipt") == 1
        seen = await fixture.simulator.seen()
        assert (seen["messages"], seen["repeats"]) == (1, 2)
        assert isinstance(await fixture.gateway.send(sms()), Permanent)  # a repeat took no word

    play(scenario)


def test_a_message_without_outcome_is_accepted_and_an_unknown_one_never_taken(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        message = sms()
        accepted = await fixture.gateway.send(message)
        assert await fixture.gateway.query(Inquiry(message.send_key)) == accepted
        assert await fixture.gateway.query(Inquiry(str(uuid.uuid4()))) == NeverTaken()
        assert await fixture.gateway.cancel(str(uuid.uuid4())) is False

    play(scenario, "--answer-ms", "600000")


def test_only_a_queued_call_can_be_cancelled(play: Callable[..., None]) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        await fixture.simulator.people(voice=["queued", "busy"])
        queued, answered = call(), call()
        accepted = await fixture.gateway.send(queued)
        assert isinstance(accepted, Accepted)
        held = Accepted(accepted.ref, held=True)
        assert (await fixture.receipt()).outcome == held
        assert await fixture.gateway.query(Inquiry(queued.send_key)) == held
        assert await fixture.gateway.cancel(queued.send_key) is True
        assert await fixture.gateway.query(Inquiry(queued.send_key)) == Answered(
            Result.UNKNOWN, ref=accepted.ref, detail="cancelled"
        )
        await fixture.gateway.send(answered)
        await fixture.receipt()
        for late in (queued, answered):
            status, _ = await fixture.simulator.control("DELETE", f"/messages/{late.send_key}")
            assert status == 409
            assert await fixture.gateway.cancel(late.send_key) is False

    play(scenario)


GOOD = {"id": str(uuid.UUID(int=1)), "channel": "sms", "to": NUMBER, "text": TEXT}


@pytest.mark.parametrize(
    "body",
    [
        {**GOOD, "id": "1"},
        {**GOOD, "channel": "visit"},
        {**GOOD, "to": "15400000001"},
        {**GOOD, "text": ""},
        {**GOOD, "callback_url": "ftp://x"},
        {**GOOD, "id": str(uuid.UUID(int=2))},
        [],
    ],
)
def test_malformed_messages_are_refused(play: Callable[..., None], body: object) -> None:
    async def scenario(fixture: SimulatorFixture) -> None:
        async with fixture.simulator.session.post(
            f"{fixture.simulator.base_url}/messages", json=body, headers={"Idempotency-Key": GOOD["id"]}
        ) as answer:
            assert (answer.status, await answer.json()) == (400, {"code": "malformed"})
        assert fixture.events() == []

    play(scenario)
