"""What a provider's answer means for one attempt, beyond what its adapter can know: the channel, and other routes."""

from collections.abc import Iterable
from dataclasses import replace

from dispatcher.store.attempts import AttemptRow
from providers.base import Accepted, Answered, NeverTaken, Outcome, Permanent, Transient
from schemas.channel_results import RESULTS_OF
from schemas.vocabulary import Channel, Result

Answer = Outcome | NeverTaken


def fits(channel: Channel, answer: Answer) -> bool:
    """Whether a provider of this channel can report that at all."""
    return not isinstance(answer, Answered | Permanent) or answer.result in RESULTS_OF[channel]


def of_channel(channel: Channel, answer: Answer) -> Answer:
    """The answer without a result that is none of its channel's: taken, or refused, and no more is known."""
    if fits(channel, answer):
        return answer
    if isinstance(answer, Permanent):
        return replace(answer, result=Result.FAILED_PERMANENT)
    return Accepted(answer.ref if isinstance(answer, Answered) else None)


def of_routes(attempt: AttemptRow, answer: Answer, attempts: Iterable[AttemptRow]) -> Answer:
    """That one route knows no such number is a passing fault; once a second one says the same, the number is bad."""
    if not isinstance(answer, Transient) or not answer.number_fault or attempt.phone_id is None:
        return answer
    route = attempt.phone_id, attempt.channel
    said_so = (each for each in attempts if (each.phone_id, each.channel) == route and each.number_fault)
    if all(each.provider == attempt.provider for each in said_so):
        return answer
    result = Result.INVALID_NUMBER if attempt.channel == Channel.VOICE else Result.FAILED_PERMANENT
    return Permanent(result, answer.detail, number_fault=True)
