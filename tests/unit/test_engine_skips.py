"""Each channel that was asked for is attempted or skipped, and says why."""

from builders import HIGH, SMS, VOICE, number
from harness import World

from dispatcher.engine.decisions import Skip
from schemas.vocabulary import SkipReason


def test_only_bad_numbers_skip_the_channel_with_the_reason() -> None:
    world = World.of(HIGH, numbers=(number("n1", SMS),))
    assert Skip("bad_number", SMS, SkipReason.BAD_NUMBER) in world.decided


def test_no_number_skips_sms_and_voice() -> None:
    world = World.of(HIGH, numbers=())
    assert [(each.channel, each.reason) for each in world.decided if isinstance(each, Skip)] == [
        (SMS, SkipReason.NO_PHONE),
        (VOICE, SkipReason.NO_PHONE),
    ]
