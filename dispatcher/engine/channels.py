"""Rules of numbers and channels: what can't be reached, what is left out and why."""

from collections.abc import Iterator
from datetime import datetime

from dispatcher.engine import numbers
from dispatcher.engine.case import SUBJECT, Attempt, Case
from dispatcher.engine.decisions import CancelAttempt, Decision, MarkNumberBad, SkipChannel
from dispatcher.policy.models import Policy
from schemas.vocabulary import AttemptState, Channel, Person, Result, SkipReason

_DEAD_NUMBER = frozenset({Result.INVALID_NUMBER, Result.OUT_OF_SERVICE})
_BY_PHONE = frozenset({Channel.SMS, Channel.VOICE})


def bad_numbers(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A number that can't be reached is remembered. What an SMS can't reach may still ring (a landline)."""
    for attempt in case.attempts:
        number = next((each for each in case.numbers if each.id == attempt.number_id), None)
        dead = _dead_for(attempt)
        if number is not None and not dead <= number.bad_for:
            yield MarkNumberBad("bad_number", number.id, dead, attempt.id)


def _dead_for(attempt: Attempt) -> frozenset[Channel]:
    if attempt.result in _DEAD_NUMBER:
        return _BY_PHONE
    if attempt.channel is Channel.SMS and attempt.number_fault and attempt.result is not Result.FAILED_TEMPORARY:
        return frozenset({Channel.SMS})
    return frozenset()


def avoid_bad_numbers(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    bad = {(number.id, channel) for number in case.numbers for channel in number.bad_for}
    for attempt in case.attempts:
        if attempt.state is AttemptState.PLANNED and (attempt.number_id, attempt.channel) in bad:
            yield CancelAttempt("bad_number", attempt.id)


def avoid_retired_numbers(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A number that a newer version no longer names is not used any more."""
    known = {number.id for number in case.numbers}
    for attempt in case.attempts:
        if attempt.state is AttemptState.PLANNED and attempt.number_id is not None and attempt.number_id not in known:
            yield CancelAttempt("number_retired", attempt.id)


def avoid_dropped_channels(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A channel that no standing instruction asks for any more is not used. What a person ordered stands."""
    for attempt in case.attempts:
        is_by_phone = attempt.channel in _BY_PHONE and attempt.channel not in case.channels
        if attempt.state is AttemptState.PLANNED and is_by_phone and attempt.person is not Person.OTHER:
            yield CancelAttempt("channel_dropped", attempt.id)


def skip_channels(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Each channel that the centre asked for is attempted, or skipped with a reason."""
    for channel in Channel:
        if channel not in case.channels & _BY_PHONE or was_skipped(case, channel):
            continue
        if channel is Channel.VOICE and case.hearing_impaired:
            yield SkipChannel("hearing_impaired", channel, SkipReason.ACCESSIBILITY)
        elif channel is Channel.VOICE and case.minor:
            yield SkipChannel("minor_not_called", channel, SkipReason.MINOR)
        elif any(each.channel is channel and each.party in case.callees for each in case.attempts):
            continue
        elif not any(numbers.of_party(case, party) for party in case.callees):
            yield SkipChannel("no_phone", channel, SkipReason.NO_PHONE)
        elif not any(numbers.usable(case, channel, party) for party in case.callees):
            yield SkipChannel("bad_number", channel, SkipReason.BAD_NUMBER)


def skip_unused_channels(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """At the end each channel that was asked for and never came to its turn is skipped, and says why."""
    for channel in Channel:
        if channel in case.channels and not any(each.channel is channel for each in case.attempts):
            yield SkipChannel("channel_not_used", channel, _why_unused(case))


def _why_unused(case: Case) -> SkipReason:
    if case.withdrawn:
        return SkipReason.WITHDRAWN
    if case.expired:
        return SkipReason.EXPIRED
    return SkipReason.SUPPRESSED if case.suppressed else SkipReason.NOT_NEEDED


def is_held_up(case: Case, now: datetime) -> bool:
    """Something should have gone by phone by now, and no provider of its channel works."""
    failed = {each.id for each in case.attempts if each.result is Result.FAILED_TEMPORARY}
    waiting = (each for each in case.attempts if each.state is AttemptState.PLANNED)
    return any(
        each.channel in case.down & _BY_PHONE and (each.due_at <= now or each.retry_of in failed) for each in waiting
    )


def was_skipped(case: Case, channel: Channel) -> bool:
    """Whether the channel as a whole was left out for the person who is warned first."""
    skipped = (each for each in case.attempts if each.channel is channel and each.state is AttemptState.SKIPPED)
    return any(each.number_id is None and each.party == SUBJECT for each in skipped)
