"""Rules of urgency, withdrawal and closing."""

from collections.abc import Iterator
from datetime import datetime

from dispatcher.engine import numbers
from dispatcher.engine.case import SUBJECT, Attempt, Case
from dispatcher.engine.decisions import (
    AskHuman,
    Cancel,
    CancelVisit,
    Close,
    Decision,
    FollowUp,
    GiveUp,
    Look,
    RaiseUrgency,
    Recall,
)
from dispatcher.policy.models import Policy
from schemas.vocabulary import (
    ANSWERED_BY_STRANGER,
    Answer,
    AttemptState,
    Channel,
    Person,
    Resolution,
    Result,
    Rung,
    Urgency,
    VisitState,
)

_GRAVE = frozenset({Urgency.CRITICAL, Urgency.HIGH})
# Where the amount avoided comes from; money is never counted without its basis.
BASIS = "amount_about_to_be_sent"


def withdrawn(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    if case.withdrawn:
        yield Close("withdrawn", Resolution.WITHDRAWN)


def expired_on_arrival(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Nothing is sent by itself; a grave one is put before a supervisor, never dropped in silence."""
    if not case.expired:
        return
    if case.urgency not in _GRAVE:
        yield Close("expired_on_arrival", Resolution.EXPIRED)
    elif "expired" not in case.asked_for:
        yield AskHuman("expired_on_arrival", Rung.CENTRE, "expired")


def confirmed_call(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A key press with the answer "dissuaded" closes where the policy allows it for this urgency."""
    dissuaded = any(
        each.channel is Channel.VOICE
        and each.confirmed
        and each.answer == Answer.DISSUADED
        and each.person in (Person.SUBJECT, Person.GUARDIAN)
        for each in case.attempts
    )
    if dissuaded and policy.plan(case.urgency).voice.confirmed_closes:
        yield _close("confirmed_call", case, Resolution.DISSUADED_IN_TIME)


def met(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A person who was met and is safe, or has lost the money already, ends the case."""
    last = case.visits[-1] if case.visits else None
    if last is None or last.state is not VisitState.REPORTED or last.result is None:
        return
    if last.result is Result.MET_DISSUADED:
        yield _close("met", case, Resolution.DISSUADED_IN_TIME)
    elif last.result is Result.MET_SELF_AWARE:
        yield _close("met", case, Resolution.SELF_AWARE)
    elif last.result is Result.MET_ALREADY_DEFRAUDED:
        yield Close("met", _transferred(case))


def _transferred(case: Case) -> Resolution:
    partly = case.amount_at_risk is not None and case.amount_at_risk > case.money_lost
    return Resolution.ALREADY_TRANSFERRED_PARTLY if partly else Resolution.ALREADY_TRANSFERRED_ALL


def _close(rule: str, case: Case, resolution: Resolution) -> Close:
    basis = BASIS if case.amount_at_risk is not None else None
    return Close(rule, resolution, case.amount_at_risk, basis)


def clear_up(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """What is still under way when a case has ended: cancelled, recalled, the officer told."""
    if case.is_open:
        return
    rule = "withdrawn" if case.withdrawn else "case_closed"
    visit = case.open_visit
    if visit is not None:
        yield CancelVisit(rule, visit.id)
    for attempt in case.attempts:
        if attempt.channel is Channel.VISIT:
            continue
        if attempt.state is AttemptState.PLANNED:
            yield Cancel(rule, attempt.id)
        elif attempt.state is AttemptState.IN_DOUBT:
            yield from _last_look(case, policy, now, rule, attempt)
        elif attempt.state is AttemptState.ACCEPTED and attempt.channel is Channel.VOICE and not attempt.detail:
            yield Recall(rule, attempt.id)


def _last_look(case: Case, policy: Policy, now: datetime, rule: str, attempt: Attempt) -> Iterator[Decision]:
    """The provider is asked until the wait is over; nothing is sent again for a case that has ended."""
    until = (attempt.sent_at or attempt.due_at) + policy.plan(case.urgency).doubt_wait
    yield Look("doubt_wait", until) if now < until else GiveUp(rule, attempt.id)


def follow_ups(case: Case, policy: Policy) -> Iterator[Decision]:
    """The person is asked again later how things stand; not after a withdrawal or a case that expired."""
    if case.resolution not in (Resolution.WITHDRAWN, Resolution.EXPIRED, Resolution.NOT_A_VICTIM):
        for after in policy.plan(case.urgency).follow_up:
            yield FollowUp("follow_up", after)


def somebody_else_answered(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Never a contact, and urgency rises one step: the phone may be in the wrong hands."""
    urgency = case.urgency
    for attempt in case.on(Channel.VOICE, SUBJECT):
        is_new = attempt.result in ANSWERED_BY_STRANGER and attempt.id not in case.raised_for
        if is_new and urgency is not Urgency.CRITICAL:
            urgency = urgency.raised()
            yield RaiseUrgency("somebody_else_answered", urgency, attempt.id)


def phone_route_exhausted(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    to = policy.plan(case.urgency).phone_route_exhausted_raises_to
    if to is not None and to.rank < case.urgency.rank and numbers.phone_route_exhausted(case, policy):
        yield RaiseUrgency("phone_route_exhausted", to, "phone_route_exhausted")


def plan_exhausted(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Nothing is under way and nothing will come by itself: a supervisor decides, the case is not forgotten."""
    visit = case.open_visit
    in_hand = visit.attempt_id if visit is not None else None
    if case.waiting_for is not None or any(case.is_pending(each) for each in case.attempts if each.id != in_hand):
        return
    if visit is None:
        yield AskHuman("plan_exhausted", Rung.CENTRE, "plan_exhausted")
    elif in_hand is not None:
        # Every deadline has passed, and an officer is still under way.
        yield AskHuman("still_overdue", Rung.STATION_LEADER, f"{visit.state}:{visit.id}")
