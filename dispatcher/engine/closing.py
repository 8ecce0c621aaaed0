"""Rules of how a case ends, and of what is left to do after."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from dispatcher.engine import bank_requests, work_items
from dispatcher.engine.case import Attempt, Case
from dispatcher.engine.decisions import (
    CancelAttempt,
    CancelVisit,
    CloseCase,
    DecideAgainAt,
    Decision,
    GiveUpDoubt,
    OpenWorkItem,
    RecallAttempt,
)
from dispatcher.policy.models import Policy
from schemas.vocabulary import (
    Answer,
    AttemptState,
    BankRequest,
    Channel,
    Person,
    Resolution,
    Result,
    Urgency,
    WorkItemKind,
)

_GRAVE = frozenset({Urgency.CRITICAL, Urgency.HIGH})
_NOT_FOLLOWED = frozenset(
    {Resolution.WITHDRAWN, Resolution.EXPIRED, Resolution.NOT_A_VICTIM, Resolution.DUPLICATE_MERGED}
)
# What is asked for once a case has ended, and anew after each end.
_FOLLOW_UP, _CASE_REPORT, _LOOK_BACK = "follow_up:", "case_report", "look_back"
_LOOK_BACK_WITHIN = timedelta(days=7)
# What each result of a meeting makes of a case in which no money is lost.
_ENDS_WITH: Mapping[Result | None, Resolution] = {
    Result.MET_DISSUADED: Resolution.DISSUADED_IN_TIME,
    Result.MET_SELF_AWARE: Resolution.SELF_AWARE,
    Result.MET_ALREADY_DEFRAUDED: Resolution.ALREADY_TRANSFERRED_ALL,
}
OF_A_MEETING = frozenset({*_ENDS_WITH.values(), Resolution.ALREADY_TRANSFERRED_PARTLY})
# Where the amount avoided comes from; money is never counted without its basis.
BASIS = "amount_about_to_be_sent"


def withdrawn(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    if case.withdrawn:
        yield CloseCase("withdrawn", Resolution.WITHDRAWN)


def suppressed(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """The same trigger was a false alarm lately: nothing is sent by itself; a grave one a supervisor decides."""
    if not case.suppressed:
        return
    if case.urgency not in _GRAVE:
        yield CloseCase("suppressed", Resolution.NOT_A_VICTIM)
    elif not case.has_item("suppressed"):
        yield OpenWorkItem("suppressed", WorkItemKind.SUPPRESSED, policy.answer_by(case.urgency, now), "suppressed")


def expired_on_arrival(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Nothing is sent by itself; a grave one is put before a supervisor, never dropped in silence."""
    if not case.expired:
        return
    if case.urgency not in _GRAVE:
        yield CloseCase("expired_on_arrival", Resolution.EXPIRED)
    elif not case.has_item("expired"):
        yield OpenWorkItem("expired_on_arrival", WorkItemKind.EXPIRED, policy.answer_by(case.urgency, now), "expired")


def paused(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A pause has an end, at which somebody is reminded."""
    if case.paused and not case.has_item("paused"):
        until = case.paused_until or now + policy.pause_ends_after
        yield OpenWorkItem("paused", WorkItemKind.PAUSED, until, "paused")


def confirmed_call(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A key press with the answer "dissuaded" closes where the policy allows it for this urgency."""
    dissuaded = any(
        each.channel is Channel.VOICE
        and each.confirmed
        and each.answer == Answer.DISSUADED
        and each.person in (Person.SUBJECT, Person.GUARDIAN)
        and case.counts(each)
        for each in case.attempts
    )
    # A person warned again is visited even if a call succeeds.
    if dissuaded and not case.warned_before and policy.plan(case.urgency).voice.confirmed_closes:
        yield _close("confirmed_call", case, Resolution.DISSUADED_IN_TIME)


def met(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A person who was met and is safe, or has lost the money already, ends the case."""
    last = case.last_report
    if last is not None and case.was_met(last) and last.result in _ENDS_WITH:
        yield _close("met", case, _ENDS_WITH[last.result])


def told(rule: str, case: Case, resolution: Resolution) -> CloseCase:
    """What a person says of the end, who may not know that money is lost."""
    is_safe = resolution in (Resolution.DISSUADED_IN_TIME, Resolution.SELF_AWARE)
    return _close(rule, case, resolution) if is_safe and _is_lost(case) else CloseCase(rule, resolution)


def _close(rule: str, case: Case, resolution: Resolution) -> CloseCase:
    """Money that is lost is never "dissuaded in time"; what was about to be sent and was not is avoided."""
    gone = max(case.money_transferred, case.money_lost)
    is_lost = resolution is Resolution.ALREADY_TRANSFERRED_ALL or _is_lost(case)
    left = (case.amount_at_risk or 0) - gone
    # Somebody has paid, and nobody knows how much: nothing is known to be left.
    is_avoided = left > 0 and (gone > 0 or not is_lost)
    if is_lost:
        resolution = Resolution.ALREADY_TRANSFERRED_PARTLY if is_avoided else Resolution.ALREADY_TRANSFERRED_ALL
    return CloseCase(rule, resolution, left, BASIS) if is_avoided else CloseCase(rule, resolution)


def _is_lost(case: Case) -> bool:
    """Money is gone, as far as anybody knows: an amount, or a person's word that no bank has undone."""
    stopped = any(each.result is Result.STOPPED for each in case.bank_requests(BankRequest.STOP_PAYMENT))
    return case.money_lost > 0 or (case.says_paid and not stopped)


def clear_up(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """What is still under way when a case has ended: cancelled, recalled, the officer told."""
    rule = "withdrawn" if case.withdrawn else "case_closed"
    visit = case.open_visit
    if visit is not None:
        yield CancelVisit(rule, visit.id)
    for attempt in case.attempts:
        if attempt.channel is Channel.VISIT:
            continue
        if attempt.state is AttemptState.PLANNED:
            # What a bank is asked outlives the case, as long as there is ground for it.
            if attempt.channel is not Channel.HOOK or not bank_requests.has_ground(case, attempt.bank_request):
                yield CancelAttempt(rule, attempt.id)
        elif attempt.state is AttemptState.IN_DOUBT:
            yield from _last_look(case, policy, now, rule, attempt)
        elif _can_be_recalled(attempt):
            yield RecallAttempt(rule, attempt.id)


def _can_be_recalled(attempt: Attempt) -> bool:
    """A call that its provider may not have placed yet; it is asked once."""
    is_call = attempt.channel is Channel.VOICE
    return is_call and attempt.state is AttemptState.ACCEPTED and attempt.recalled_at is None


def _last_look(case: Case, policy: Policy, now: datetime, rule: str, attempt: Attempt) -> Iterator[Decision]:
    """The provider is asked until the wait is over; nothing is sent again for a case that has ended."""
    until = (attempt.sent_at or attempt.due_at) + policy.plan(case.urgency).doubt_wait
    yield DecideAgainAt("doubt_wait", until) if now < until else GiveUpDoubt(rule, attempt.id)


def follow_ups(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """The person is asked again later how things stand; not after a withdrawal or a case that expired."""
    if case.resolution in _NOT_FOLLOWED or any(each.startswith(_FOLLOW_UP) for each in case.asked_causes):
        return
    for number, after in enumerate(policy.plan(case.urgency).follow_up, start=1):
        yield OpenWorkItem("follow_up", WorkItemKind.FOLLOW_UP, now + after, f"{_FOLLOW_UP}{number}")


def hand_over(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Money is gone: the case goes to 110 and the precinct, and it is looked back at how that could happen."""
    if case.ended_with_loss and _CASE_REPORT not in case.asked_causes:
        due_at = policy.answer_by(case.urgency, now)
        yield OpenWorkItem("already_transferred", WorkItemKind.CASE_REPORT, due_at, _CASE_REPORT)
        yield OpenWorkItem("already_transferred", WorkItemKind.LOOK_BACK, now + _LOOK_BACK_WITHIN, _LOOK_BACK)


def is_asked_at_the_end(cause: str) -> bool:
    """It follows from how a case has ended."""
    return cause.startswith(_FOLLOW_UP) or cause in (_CASE_REPORT, _LOOK_BACK)


def plan_exhausted(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Nothing is under way and nothing will come by itself: a supervisor decides, the case is not forgotten."""
    if not work_items.goes_on(case) and not any(map(work_items.is_next_step, case.work_items)):
        due_at = policy.answer_by(case.urgency, now)
        yield OpenWorkItem("plan_exhausted", WorkItemKind.PLAN_EXHAUSTED, due_at, "plan_exhausted")
