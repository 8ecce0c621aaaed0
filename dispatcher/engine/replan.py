"""Rules for a case that was last decided on under another policy: what that one planned goes as this one says."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from dispatcher.engine import bank_requests, broadcasts, calls, doubts, ladder, sms, times, work_items
from dispatcher.engine.case import KIN, Attempt, Case, WorkItem
from dispatcher.engine.decisions import (
    BringWorkItemForward,
    CancelAttempt,
    CancelVisit,
    Decision,
    MoveAttempt,
    OpenVisit,
    PlanAttempt,
)
from dispatcher.engine.sending import again_at
from dispatcher.engine.times import Due
from dispatcher.policy.models import Policy
from schemas.vocabulary import AttemptState, Channel, VisitState, WorkItemKind

RULE = "policy_changed"
Rule = Callable[[Case, Policy, datetime], Iterator[Decision]]
# What can plan an attempt on each channel.
_PLANNING: Mapping[Channel, tuple[Rule, ...]] = {
    Channel.SMS: (doubts.doubts, sms.sms),
    Channel.VOICE: (doubts.doubts, calls.calls, calls.family_calls),
    Channel.VISIT: (ladder.assign,),
    Channel.HOOK: (
        *(doubts.doubts, bank_requests.stop_payment, bank_requests.protect_account),
        *(bank_requests.ordered, bank_requests.lift_protection),
    ),
    Channel.BROADCAST: (doubts.doubts, broadcasts.group_notice),
}
_REQUESTS = frozenset({WorkItemKind.NUMBER_REQUEST, WorkItemKind.ADDRESS_REQUEST})


def attempts(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Each planned attempt goes when the rules would have it go now: sooner, later, or when new quiet hours end.

    A call that is still to come, and that no rule would make any more, is dropped: if its time comes, it is planned.
    """
    for attempt in case.attempts:
        if attempt.state is not AttemptState.PLANNED:
            continue
        due = _planned_again(case, policy, now, attempt)
        if due is None and _is_dropped(case, attempt, now):
            yield CancelAttempt(RULE, attempt.id)
            continue
        if due is None and attempt.channel is not Channel.VISIT:
            due = again_at(case, policy, attempt, Due(max(attempt.due_at, now)))
        if due is not None and max(due.at, now) != max(attempt.due_at, now):
            yield MoveAttempt(RULE, attempt.id, due.at, due.held_by)


def _planned_again(case: Case, policy: Policy, now: datetime, attempt: Attempt) -> Due | None:
    """When the rules would plan this very attempt, if it were not planned yet."""
    without = replace(case, attempts=tuple(each for each in case.attempts if each is not attempt))
    for rule in _PLANNING[attempt.channel]:
        for made in rule(without, policy, now):
            if isinstance(made, PlanAttempt) and _is_same(made, attempt):
                return Due(made.due_at, made.held_by)
    return None


def _is_same(made: PlanAttempt, attempt: Attempt) -> bool:
    to_whom = made.channel, made.party, made.number_id, made.visit_id, made.bank_request
    return to_whom == (attempt.channel, attempt.party, attempt.number_id, attempt.visit_id, attempt.bank_request)


def _is_dropped(case: Case, attempt: Attempt, now: datetime) -> bool:
    """No repeat, whose first is answered by it alone; and nothing that goes now, which may be a person's order."""
    is_of_a_rule = attempt.party in case.callees or attempt.person in KIN
    is_fresh_call = attempt.channel is Channel.VOICE and attempt.retry_kind is None
    return is_fresh_call and is_of_a_rule and attempt.due_at > now and not case.paused


def revisit(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A visit that waits for a window, and that nobody has, waits for the window that this policy names."""
    visit = case.open_visit
    is_waiting = visit is not None and visit.state is VisitState.WAITING
    if visit is None or not is_waiting or visit.not_before is None or visit.not_before <= now:
        return
    windows = policy.revisit.windows
    begin = times.next_window(windows, policy, max(now, visit.opened_at + policy.revisit.after))
    if begin != visit.not_before:
        yield CancelVisit(RULE, visit.id)
        yield OpenVisit(RULE, visit.precinct, begin, times.window_end(windows, policy, begin))


def asked(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """What waits for a person, and nobody has taken or been told of again, has no longer than this policy gives."""
    for item in case.work_items:
        by = (item.opened_at or now) + _within(item, case, policy)
        is_untouched = not item.is_taken and item.climbs == 0
        if is_untouched and not work_items.KINDS[item.kind].keeps_date and by < item.due_at:
            at = max(by, now)
            yield BringWorkItemForward(RULE, item.id, item.urgency or case.urgency, at, min(item.climb_at, at))


def _within(item: WorkItem, case: Case, policy: Policy) -> timedelta:
    return policy.number_request_within if item.kind in _REQUESTS else policy.plan(case.urgency).answer_within
