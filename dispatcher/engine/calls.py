"""Rules of calls: round after round over a person's numbers, until a true contact."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from dispatcher.engine import caps, numbers
from dispatcher.engine.case import KIN, Attempt, Case
from dispatcher.engine.decisions import (
    BringAttemptForward,
    CancelAttempt,
    DecideAgainAt,
    Decision,
    OpenWorkItem,
    PlanAttempt,
)
from dispatcher.engine.sending import again, awake, beside_a_doubt, last_of, plan
from dispatcher.engine.sms import sms, sms_gave_way
from dispatcher.engine.times import Due
from dispatcher.policy.models import Policy
from schemas.vocabulary import AttemptState, Channel, Result, WorkItemKind


def calls(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Calls to the subject, or to every guardian of a child."""
    voice = policy.plan(case.urgency).voice
    if Channel.VOICE not in case.channels:
        return
    begin = min([case.opened_at + voice.after, *sms_gave_way(case)])
    for party in case.callees:
        if case.may_be_called(party) and not case.needs_no_call(party):
            yield from _round(case, policy, now, party, begin, voice.again, voice.rounds)


def calls_ended(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Nobody answered on any of the days that have calls: the source is asked for another number."""
    made = [each for party in case.callees for each in case.on(Channel.VOICE, party)]
    if Channel.VOICE not in case.channels or not made or any(map(case.is_pending, made)):
        return
    callees = [party for party in case.callees if case.may_be_called(party) and not case.needs_no_call(party)]
    callees = [party for party in callees if numbers.usable(case, Channel.VOICE, party)]
    cause = f"calls_ended:{max(made, key=lambda call: call.made_at).id}"
    if not callees or any(caps.call_at(case, policy, party, Due(now)) for party in callees):
        return
    if cause not in case.asked_causes:
        yield OpenWorkItem("calls_ended", WorkItemKind.NUMBER_REQUEST, now + policy.number_request_within, cause)


def family_calls(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Named family is called too: when the subject can't be reached in time, or would not be dissuaded."""
    family = policy.plan(case.urgency).family
    told = case.fraud_type not in policy.family_not_told or case.life_at_risk
    if family is None or Channel.VOICE not in case.channels or not told:
        return
    if case.true_contact and not case.refusals:
        return
    begin = case.opened_at + (family.money_moved_after if case.money_has_moved else family.after)
    begin = min([begin, *(at + family.refused_after for at in case.refusals)])
    parties = dict.fromkeys(n.party for n in case.numbers if n.person in KIN and n.party not in case.callees)
    for party in parties:
        if any(each.confirmed for each in case.on(Channel.VOICE, party)):
            continue
        if now < begin:
            yield DecideAgainAt("family_call", begin)
        else:
            yield from _round(case, policy, now, party, begin, family.again, family.rounds)


def stop_calling(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Planned calls that a true contact calls off."""
    for attempt in case.attempts:
        is_call = attempt.channel is Channel.VOICE and attempt.state is AttemptState.PLANNED
        if is_call and case.is_called_off(attempt):
            yield CancelAttempt("true_contact", attempt.id)


def not_by_machine(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A call was planned, and only then was it known that the person is a child, or can't hear it."""
    for attempt in case.attempts:
        is_call = attempt.channel is Channel.VOICE and attempt.state is AttemptState.PLANNED
        if is_call and not case.may_be_called(attempt.party):
            yield CancelAttempt("hearing_impaired" if case.hearing_impaired else "minor_not_called", attempt.id)


def bring_forward(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """What was planned at a lower urgency, or to leave time for an SMS, goes when it would be sent now."""
    for attempt in case.attempts:
        to_come = attempt.state is AttemptState.PLANNED and attempt.due_at > now and attempt.party in case.callees
        rule = {Channel.SMS: sms, Channel.VOICE: calls}.get(attempt.channel)
        if not to_come or rule is None:
            continue
        without = replace(case, attempts=tuple(each for each in case.attempts if each is not attempt))
        for made in rule(without, policy, now):
            if isinstance(made, PlanAttempt) and made.number_id == attempt.number_id and made.due_at < attempt.due_at:
                gave_way = attempt.channel is Channel.VOICE and sms_gave_way(case)
                yield BringAttemptForward("next_channel" if gave_way else "urgency_rose", attempt.id, made.due_at)


def _round(
    case: Case, policy: Policy, now: datetime, party: str, begin: datetime, rest: timedelta, rounds: int | None
) -> Iterator[Decision]:
    made = case.on(Channel.VOICE, party)
    left = numbers.usable(case, Channel.VOICE, party)
    if any(map(case.is_pending, made)) or not left:
        return
    last = last_of(made)
    failed = last is not None and last.result is Result.FAILED_TEMPORARY and not numbers.is_turn(last)
    if last and failed and last.number_id in {each.id for each in left}:
        once_more = again(case, policy, last, now)
        if party in case.callees and once_more.send_key is None:
            held = caps.call_at(case, policy, party, Due(once_more.due_at, once_more.held_by))
            if held is None:
                return
            once_more = replace(once_more, due_at=held.at, held_by=held.held_by)
        yield once_more
        return
    if rounds is not None and numbers.rounds_done(case, party) >= rounds:
        return
    turns = numbers.turns(case, party)
    counts = {number.id: numbers.turns_of(case, number) for number in left}
    number = min(left, key=lambda each: counts[each.id])
    is_new_round = counts[number.id] > 0 and len(set(counts.values())) == 1
    rule = "call_again" if is_new_round else "next_number" if made or any(counts.values()) else "first_call"
    rested = Due(max(now, _rested(turns, number.id, rest) or begin))
    due = caps.call_at(case, policy, party, rested) if party in case.callees else awake(case, policy, rested)
    if due is None:
        return
    previous = made[-1].id if made else None
    call = plan(rule, Channel.VOICE, number, due, warning_number=caps.warning_number(case), retry_of=previous)
    # One that nobody knows of may still ring: its repeat met a route without the number, and that ended its turn.
    yield beside_a_doubt(call, made)


def _rested(turns: tuple[Attempt, ...], number_id: str, rest: timedelta) -> datetime | None:
    return max((each.made_at + rest for each in turns if each.number_id == number_id), default=None)
