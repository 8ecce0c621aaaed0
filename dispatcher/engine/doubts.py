"""Rules of doubt: nobody knows whether a message left."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from dispatcher.engine.case import Case
from dispatcher.engine.decisions import DecideAgainAt, Decision, GiveUpDoubt
from dispatcher.engine.sending import again_at, repeat
from dispatcher.engine.times import Due
from dispatcher.policy.models import Policy
from schemas.vocabulary import AttemptState, Channel, RetryKind


def doubts(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """In doubt for too long: sent again under the same key, and marked, so often and no more.

    A visit is ours and never doubled.
    """
    wait = policy.plan(case.urgency).doubt_wait
    for attempt in case.attempts:
        waits = attempt.state is AttemptState.IN_DOUBT and case.is_pending(attempt)
        if not waits or attempt.channel is Channel.VISIT:
            continue
        resend_at = attempt.made_at + wait
        sends = sum(each.send_key == attempt.send_key for each in case.attempts)
        if now < resend_at:
            yield DecideAgainAt("doubt_wait", resend_at)
        elif sends >= policy.retry.doubt_sends:
            yield GiveUpDoubt("doubt_sends", attempt.id)
        else:
            once_more = repeat("doubt_wait", RetryKind.DOUBT, attempt, again_at(case, policy, attempt, Due(now)))
            yield replace(once_more, possible_duplicate=True, send_key=attempt.send_key)
