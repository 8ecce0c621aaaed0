"""Rules of the message channels: SMS and calls, to the subject and to named family."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from dispatcher.engine import numbers, times
from dispatcher.engine.case import SUBJECT, Attempt, Case, Number
from dispatcher.engine.decisions import BringForward, Cancel, Decision, GiveUp, Look, MarkBad, Plan, Skip
from dispatcher.policy.models import Policy
from schemas.vocabulary import AttemptState, Channel, Person, Result, SkipReason

_DEAD_NUMBER = frozenset({Result.INVALID_NUMBER, Result.OUT_OF_SERVICE})
# The first number has it, or would have had the same text refused.
_NO_OTHER_NUMBER = frozenset({Result.DELIVERED, Result.UNKNOWN, Result.REJECTED_CONTENT})
_SERVED = frozenset({Channel.SMS, Channel.VOICE, Channel.VISIT})
NEVER_TAKEN = "never_taken"


def bad_numbers(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A number that can't be reached is remembered. What an SMS can't reach may still ring (a landline)."""
    for attempt in case.attempts:
        number = next((each for each in case.numbers if each.id == attempt.number_id), None)
        dead = _dead_for(attempt)
        if number is not None and not dead <= number.bad_for:
            yield MarkBad("bad_number", number.id, dead, attempt.id)


def _dead_for(attempt: Attempt) -> frozenset[Channel]:
    if attempt.result in _DEAD_NUMBER:
        return frozenset({Channel.SMS, Channel.VOICE})
    if attempt.channel is Channel.SMS and attempt.detail == "invalid_number":
        return frozenset({Channel.SMS})
    return frozenset()


def avoid_bad_numbers(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    bad = {(number.id, channel) for number in case.numbers for channel in number.bad_for}
    for attempt in case.attempts:
        if attempt.state is AttemptState.PLANNED and (attempt.number_id, attempt.channel) in bad:
            yield Cancel("bad_number", attempt.id)


def skip_channels(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Each channel that the centre asked for is attempted, or skipped with a reason."""
    for channel in sorted(case.channels, key=list(Channel).index):
        skipped = any(each.channel is channel and each.state is AttemptState.SKIPPED for each in case.attempts)
        if skipped or case.on(channel):
            continue
        if channel not in _SERVED:
            yield Skip("channel_not_served", channel, SkipReason.UNSUPPORTED_DESTINATION)
        elif channel is not Channel.VISIT and not numbers.of_party(case):
            yield Skip("no_phone", channel, SkipReason.NO_PHONE)
        elif channel is not Channel.VISIT and not numbers.usable(case, channel):
            yield Skip("bad_number", channel, SkipReason.BAD_NUMBER)


def sms(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """One SMS to the subject: the next number on a permanent failure, the same one after a passing fault."""
    made = case.on(Channel.SMS)
    left = numbers.usable(case, Channel.SMS)
    if Channel.SMS not in case.channels or any(map(case.is_pending, made)) or not left:
        return
    last = _last(made)
    start = case.opened_at + policy.plan(case.urgency).sms.after
    if last is None:
        yield _plan("first_sms", case, Channel.SMS, left[0], _awake(case, policy, max(now, start)))
    elif last.number_id in {number.id for number in left}:
        if last.result is Result.FAILED_TEMPORARY:
            yield _again(case, policy, last, now)
    elif last.result not in _NO_OTHER_NUMBER:
        yield _plan("next_number", case, Channel.SMS, left[0], _awake(case, policy, now), retry_of=last.id)


def calls(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Calls to the subject, round after round over the usable numbers, until a true contact."""
    voice = policy.plan(case.urgency).voice
    if Channel.VOICE not in case.channels or case.true_contact:
        return
    begin = case.opened_at + voice.after
    yield from _call_round(case, policy, now, SUBJECT, begin, voice.again, voice.rounds)


def family_calls(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Named family and guardians are called too, when the subject can't be reached in time."""
    family = policy.plan(case.urgency).family
    told = Channel.VOICE in case.channels and case.fraud_type not in policy.family_not_told
    if family is None or case.true_contact or not told:
        return
    begin = case.opened_at + (family.money_moved_after if case.money_moved else family.after)
    parties = dict.fromkeys(n.party for n in case.numbers if n.person in (Person.FAMILY, Person.GUARDIAN))
    for party in parties:
        answered = any(each.confirmed for each in case.on(Channel.VOICE, party))
        if answered:
            continue
        if now < begin:
            yield Look("family_call", begin)
        else:
            yield from _call_round(case, policy, now, party, begin, family.again, family.rounds)


def bring_forward(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """What was planned at a lower urgency goes when this urgency would send it."""
    for attempt in case.attempts:
        to_come = attempt.state is AttemptState.PLANNED and attempt.due_at > now and attempt.party == SUBJECT
        rule = {Channel.SMS: sms, Channel.VOICE: calls}.get(attempt.channel)
        if not to_come or rule is None:
            continue
        without = replace(case, attempts=tuple(each for each in case.attempts if each is not attempt))
        for plan in rule(without, policy, now):
            if not isinstance(plan, Plan) or plan.number_id != attempt.number_id:
                continue
            if plan.due_at < attempt.due_at:
                yield BringForward("urgency_rose", attempt.id, plan.due_at)


def stop_calling(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """After a true contact no further call goes out by itself."""
    if case.true_contact:
        for attempt in case.attempts:
            if attempt.channel is Channel.VOICE and attempt.state is AttemptState.PLANNED:
                yield Cancel("true_contact", attempt.id)


def doubts(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """In doubt for too long: sent again under the same key, and marked, so often and no more.

    A visit is ours and never doubled.
    """
    wait = policy.plan(case.urgency).doubt_wait
    for attempt in case.attempts:
        waits = attempt.state is AttemptState.IN_DOUBT and case.is_pending(attempt)
        if not waits or attempt.channel is Channel.VISIT:
            continue
        resend_at = _made_at(attempt) + wait
        sends = sum(each.send_key == attempt.send_key for each in case.attempts)
        if now < resend_at:
            yield Look("doubt_wait", resend_at)
        elif sends >= policy.retry.doubt_sends:
            yield GiveUp("doubt_sends", attempt.id)
        else:
            again = _repeat("doubt_wait", attempt, _awake(case, policy, now))
            yield replace(again, possible_duplicate=True, send_key=attempt.send_key)


def _call_round(
    case: Case, policy: Policy, now: datetime, party: str, begin: datetime, again: timedelta, rounds: int | None
) -> Iterator[Decision]:
    made = case.on(Channel.VOICE, party)
    left = numbers.usable(case, Channel.VOICE, party)
    if any(map(case.is_pending, made)) or not left:
        return
    last = _last(made)
    if last and last.result is Result.FAILED_TEMPORARY and last.number_id in {each.id for each in left}:
        yield _again(case, policy, last, now)
        return
    if rounds is not None and numbers.rounds_done(case, party) >= rounds:
        return
    rung_up = numbers.calls(case, party)
    counts = {number.id: sum(each.number_id == number.id for each in rung_up) for number in left}
    number = min(left, key=lambda each: counts[each.id])
    is_new_round = counts[number.id] > 0 and len(set(counts.values())) == 1
    rule = "call_again" if is_new_round else "next_number" if made else "first_call"
    rang = [_made_at(each) + again for each in rung_up if each.number_id == number.id]
    due = max(rang, default=begin)
    due = _within_cap(case, policy, rung_up, max(now, due)) if party == SUBJECT else max(now, due)
    yield _plan(rule, case, Channel.VOICE, number, _awake(case, policy, due), retry_of=made[-1].id if made else None)


def _last(made: tuple[Attempt, ...]) -> Attempt | None:
    """The attempt that counts as the last; a failed re-send yields to the one it stood in for, once that is known."""
    last = made[-1] if made else None
    if last is None or last.result is not Result.FAILED_TEMPORARY or not last.possible_duplicate:
        return last
    known = (each for each in made if each.send_key == last.send_key and each.result not in (None, last.result))
    return next(known, last)


def _made_at(attempt: Attempt) -> datetime:
    return attempt.sent_at or attempt.due_at


def _within_cap(case: Case, policy: Policy, made: tuple[Attempt, ...], due: datetime) -> datetime:
    """`due`, or the next day where the day's calls are used up."""
    per_day = policy.plan(case.urgency).voice.per_day
    day = times.local_day(policy, due)
    today = sum(times.local_day(policy, _made_at(each)) == day for each in made)
    return times.next_day(policy, due) if per_day is not None and today >= per_day else due


def _again(case: Case, policy: Policy, last: Attempt, now: datetime) -> Plan:
    """Once more after a passing fault. What the provider never took goes at once and under its old key."""
    if last.detail == NEVER_TAKEN:
        return replace(_repeat("never_taken", last, _awake(case, policy, now)), send_key=last.send_key)
    failures = _failures_in_a_row(case.on(last.channel, last.party))
    due = max(now, (last.settled_at or now) + policy.retry.wait(failures), last.retry_not_before or now)
    again = _repeat("transient_failure", last, _awake(case, policy, due))
    # What may be a duplicate stays one, and keeps its key.
    return replace(again, possible_duplicate=True, send_key=last.send_key) if last.possible_duplicate else again


def _repeat(rule: str, last: Attempt, due: datetime) -> Plan:
    return Plan(rule, last.channel, last.party, last.person, due, last.number_id, retry_of=last.id)


def _failures_in_a_row(made: tuple[Attempt, ...]) -> int:
    failures = 0
    for attempt in reversed(made):
        if attempt.result is not Result.FAILED_TEMPORARY:
            break
        failures += 1
    return failures


def _awake(case: Case, policy: Policy, due: datetime) -> datetime:
    return times.awake(policy, case.urgency, due)


def _plan(
    rule: str, case: Case, channel: Channel, number: Number, due_at: datetime, retry_of: str | None = None
) -> Plan:
    return Plan(rule, channel, number.party, number.person, due_at, number.id, retry_of=retry_of)
