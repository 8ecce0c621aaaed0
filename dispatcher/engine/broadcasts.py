"""Rules of group notices: scam pattern and area, never a person."""

from collections.abc import Iterator
from datetime import datetime

from dispatcher.engine.case import SUBJECT, Case
from dispatcher.engine.decisions import Decision, PlanAttempt, SkipChannel
from dispatcher.engine.sending import again, awake, last_of
from dispatcher.engine.times import Due
from dispatcher.policy.models import Policy
from schemas.vocabulary import AttemptState, Channel, Person, Result, SkipReason


def group_notice(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Where the centre asked for a broadcast: scam pattern and area, once in a while for each."""
    tried = tuple(each for each in case.attempts if each.channel is Channel.BROADCAST)
    if Channel.BROADCAST not in case.channels or any(each.state is AttemptState.SKIPPED for each in tried):
        return
    made = case.on(Channel.BROADCAST)
    if any(map(case.is_pending, made)):
        return
    last = last_of(made)
    if last is not None:
        if last.result is Result.FAILED_TEMPORARY:
            yield again(case, policy, last, now)
    elif case.fraud_type in policy.family_not_told:
        # Where one person is known to be in it, a notice about it tells the neighbours who.
        yield SkipChannel("private_not_noticed", Channel.BROADCAST, SkipReason.PRIVATE)
    elif case.area is None:
        yield SkipChannel("no_area", Channel.BROADCAST, SkipReason.UNSUPPORTED_DESTINATION)
    elif case.noticed_at is not None and now < case.noticed_at + policy.broadcast.again_after:
        yield SkipChannel("noticed_lately", Channel.BROADCAST, SkipReason.CAP_REACHED)
    else:
        due = awake(case, policy, Due(now))
        yield PlanAttempt("group_notice", Channel.BROADCAST, SUBJECT, Person.OTHER, due.at, held_by=due.held_by)
