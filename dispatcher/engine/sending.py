"""What all channels share: planning one attempt, and making it again."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile

from dispatcher.engine import times
from dispatcher.engine.caps import NEVER_ARRIVED
from dispatcher.engine.case import Attempt, Case, Number
from dispatcher.engine.decisions import PlanAttempt
from dispatcher.engine.times import Due
from dispatcher.policy.models import Policy
from schemas.vocabulary import UNTAKEN, AttemptState, Channel, Ending, Onward, Result, RetryKind


def plan(
    rule: str, channel: Channel, number: Number, due: Due, *, warning_number: int, retry_of: str | None = None
) -> PlanAttempt:
    """An attempt on one number."""
    once = PlanAttempt(
        rule, channel, number.party, number.person, due.at, number.id, retry_of=retry_of, warning_number=warning_number
    )
    return replace(once, held_by=due.held_by)


def beside_a_doubt(message: PlanAttempt, made: Iterable[Attempt]) -> PlanAttempt:
    """The message, marked where one of these is in doubt: whoever it is for may have that one already."""
    doubtful = any(each.state is AttemptState.IN_DOUBT for each in made)
    return replace(message, possible_duplicate=message.possible_duplicate or doubtful)


def again(case: Case, policy: Policy, last: Attempt, now: datetime) -> PlanAttempt:
    """Once more after a passing fault: at once by a provider that was not tried yet, else after the policy's wait.

    What the provider has not taken goes at once and under its old key; what it never takes, after waits that grow.
    It is marked where its sender vanished, who may still go on, and beside a doubt about an earlier one.
    """
    return beside_a_doubt(_again(case, policy, last, now), same_errand(case, last))


def _again(case: Case, policy: Policy, last: Attempt, now: datetime) -> PlanAttempt:
    if last.ending in UNTAKEN:
        under_key = [each for each in case.attempts if each.send_key == last.send_key]
        lost = sum(each.ending in UNTAKEN for each in under_key)
        may_double = last.is_resend or any(each.ending is Ending.NOT_THERE for each in under_key)
        due = Due(now if lost == 1 else max(now, (last.settled_at or now) + policy.retry.wait(lost - 1)))
        rule = "not_there" if may_double else "never_taken"
        once_more = repeat(rule, RetryKind.NEVER_TAKEN, last, again_at(case, policy, last, due))
        return replace(once_more, send_key=last.send_key, possible_duplicate=may_double)
    if last.onward is Onward.NEXT_PROVIDER and not last.is_resend:
        return repeat("next_provider", RetryKind.NEXT_PROVIDER, last, again_at(case, policy, last, Due(now)))
    failures = failures_in_a_row(same_errand(case, last))
    waited = max(now, (last.settled_at or now) + policy.retry.wait(failures), last.retry_not_before or now)
    due = again_at(case, policy, last, Due(waited))
    once_more = repeat("transient_failure", RetryKind.TRANSIENT_FAILURE, last, due)
    # What may be a duplicate stays one, and keeps its key.
    return replace(once_more, possible_duplicate=True, send_key=last.send_key) if last.is_resend else once_more


def repeat(rule: str, kind: RetryKind, last: Attempt, due: Due) -> PlanAttempt:
    """The same call as a new attempt."""
    return PlanAttempt(
        rule,
        last.channel,
        last.party,
        last.person,
        due.at,
        last.number_id,
        retry_of=last.id,
        retry_kind=kind,
        bank_request=last.bank_request,
        warning_number=last.warning_number,
        held_by=due.held_by,
    )


def last_of(made: tuple[Attempt, ...]) -> Attempt | None:
    """The attempt that counts as the last; a failed re-send yields to one under its key that came to more."""
    if not made:
        return None
    known = (each for each in made if each.send_key == made[-1].send_key and each.result is not None)
    return min((made[-1], *known), key=_shortfall)


def awake(case: Case, policy: Policy, due: Due) -> Due:
    """`due`, or the end of the quiet hours where they hold this case."""
    return times.awake(policy, case.urgency, due)


def again_at(case: Case, policy: Policy, last: Attempt, due: Due) -> Due:
    """Quiet hours hold what rings at somebody's; a bank is asked at any time."""
    return due if last.channel is Channel.HOOK else awake(case, policy, due)


def _shortfall(attempt: Attempt) -> int:
    """Arrived or may have, failed for good, failed for now: in this order."""
    return (attempt.result in NEVER_ARRIVED) + (attempt.result is Result.FAILED_TEMPORARY)


def same_errand(case: Case, attempt: Attempt) -> list[Attempt]:
    """All that was made to this party on this channel, or of the bank for the same."""
    errand = attempt.channel, attempt.party, attempt.bank_request
    return [each for each in case.attempts if (each.channel, each.party, each.bank_request) == errand]


def run_of_failures(made: Sequence[Attempt]) -> list[Attempt]:
    """Those at the end of these that failed for now, the oldest first."""
    return list(takewhile(lambda each: each.result is Result.FAILED_TEMPORARY, reversed(made)))[::-1]


def failures_in_a_row(made: Sequence[Attempt]) -> int:
    """At the end of these; one for each time that every provider was tried."""
    return sum(each.onward is not Onward.NEXT_PROVIDER for each in run_of_failures(made))
