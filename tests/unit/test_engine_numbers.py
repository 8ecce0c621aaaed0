"""Numbers that can not be reached, and what happens to what was planned on them."""

import pytest
from builders import CRITICAL, HIGH, SMS, TWO, VOICE, number
from harness import World, planned

from dispatcher.engine.decisions import Cancel, MarkBad
from schemas.vocabulary import Channel, Result


@pytest.mark.parametrize("channel", [SMS, VOICE])
@pytest.mark.parametrize("result", [Result.INVALID_NUMBER, Result.OUT_OF_SERVICE])
def test_a_dead_number_is_bad_for_sms_and_voice(channel: Channel, result: Result) -> None:
    world = World.of(CRITICAL, numbers=TWO)
    failed = world.send(channel, result)
    assert MarkBad("bad_number", "n1", frozenset({SMS, VOICE}), failed.id) in world.decided
    other = VOICE if channel is SMS else SMS
    assert "bad_number" in world.rules(Cancel)
    assert planned(world, other).number_id == "n2"


def test_a_landline_cannot_take_sms_but_rings() -> None:
    world = World.of(HIGH)
    world.send(SMS, Result.FAILED_PERMANENT, detail="invalid_number")
    assert world.case.numbers[0].bad_for == {SMS}
    assert planned(world, VOICE).number_id == "n1"


def test_a_number_limit_marks_no_number() -> None:
    world = World.of(HIGH)
    world.send(SMS, Result.FAILED_PERMANENT, detail="number_limit")
    assert world.case.numbers[0].bad_for == frozenset()


def test_a_number_known_to_be_bad_is_never_used() -> None:
    world = World.of(HIGH, numbers=(number("n1", SMS, VOICE), number("n2")))
    assert {each.number_id for each in world.plans} == {"n2"}


def test_a_retry_leaves_a_number_that_turned_out_bad() -> None:
    world = World.of(CRITICAL, numbers=TWO)
    world.send(VOICE, Result.FAILED_TEMPORARY)
    world.send(SMS, Result.INVALID_NUMBER)
    assert planned(world, VOICE).number_id == "n2"
