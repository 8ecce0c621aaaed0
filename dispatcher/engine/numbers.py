"""Which numbers can still be used, how often they were, and when the phone route is exhausted."""

from dispatcher.engine.case import SUBJECT, Attempt, Case, Number
from dispatcher.policy.models import Policy
from schemas.vocabulary import ANSWERED_BY_STRANGER, Channel, Onward, Result, SkipReason

# After one of these a number is not tried again on the same channel.
_SPENT = ANSWERED_BY_STRANGER | {
    Result.FAILED_PERMANENT,
    Result.INVALID_NUMBER,
    Result.OUT_OF_SERVICE,
    Result.UNSUPPORTED,
    Result.REJECTED_CONTENT,
}
# Nobody was spoken with, and the number may be called again: once it is long ago, no rule asks more than how many.
IN_VAIN = frozenset(
    {
        Result.BUSY,
        Result.NO_ANSWER,
        Result.REJECTED,
        Result.BLOCKED_SUSPECTED,
        Result.POWERED_OFF,
        Result.VOICEMAIL,
    }
)
_NOT_A_CALL = frozenset({Result.FAILED_TEMPORARY})


def of_party(case: Case, party: str = SUBJECT) -> tuple[Number, ...]:
    """In the order in which they are tried: a guardian's own number before the one that is the child's too."""
    return tuple(sorted((n for n in case.numbers if n.party == party), key=lambda number: number.shared))


def usable(case: Case, channel: Channel, party: str = SUBJECT) -> tuple[Number, ...]:
    """Numbers not bad for the channel and not spent on it (out of reach, or in a stranger's hands)."""
    spent = {each.number_id for each in case.on(channel, party) if each.result in _SPENT}
    unreached = (each for each in case.attempts if each.skip_reason is SkipReason.UNSUPPORTED_DESTINATION)
    spent |= {each.number_id for each in unreached if each.channel is channel}
    return tuple(number for number in of_party(case, party) if channel not in number.bad_for and number.id not in spent)


def calls(case: Case, party: str = SUBJECT) -> tuple[Attempt, ...]:
    """Calls that rang somewhere, or may have: a gateway that was down is no call."""
    return tuple(each for each in case.on(Channel.VOICE, party) if each.result not in _NOT_A_CALL)


def turns(case: Case, party: str = SUBJECT) -> tuple[Attempt, ...]:
    """Calls, and attempts that were a number's turn without ringing: the only route knows no such number."""
    return tuple(each for each in case.on(Channel.VOICE, party) if each.result not in _NOT_A_CALL or is_turn(each))


def is_turn(attempt: Attempt) -> bool:
    """Whether the plan goes on as after a call, though this failed for now: more haste on this number is of no use."""
    return attempt.number_fault and attempt.onward is not Onward.NEXT_PROVIDER


def turns_of(case: Case, number: Number) -> int:
    """How many turns a number has had, those of long ago too."""
    return number.past_calls + sum(each.number_id == number.id for each in turns(case, number.party))


def calls_in_turn(case: Case, party: str = SUBJECT) -> int:
    """How many calls to the usable numbers there were, as if each had been called as often as the least called."""
    counts = [turns_of(case, number) for number in usable(case, Channel.VOICE, party)]
    return min(counts, default=0) * len(counts)


def untried(case: Case, party: str = SUBJECT) -> tuple[Number, ...]:
    """Numbers that can be called, and of which no call has come to an end yet."""
    rang = {each.number_id for each in turns(case, party) if not case.is_pending(each)}
    return tuple(n for n in usable(case, Channel.VOICE, party) if not n.past_calls and n.id not in rang)


def rounds_done(case: Case, party: str = SUBJECT) -> int:
    """How often every usable number has had its turn, where there is one."""
    return min(turns_of(case, number) for number in usable(case, Channel.VOICE, party))


def to_text(case: Case) -> str:
    """Who gets the SMS: the subject; of a child one guardian, on a number of their own if it takes one."""

    def shortfall(party: str) -> int:
        left = usable(case, Channel.SMS, party)
        return int(left[0].shared) if left else 2

    return min(case.callees, key=shortfall)


def phone_route_exhausted(case: Case, policy: Policy) -> bool:
    """Calls were asked for, and to none of those who are warned first is one pending or to come."""
    return Channel.VOICE in case.channels and all(is_exhausted(case, policy, party) for party in case.callees)


def is_exhausted(case: Case, policy: Policy, party: str) -> bool:
    """No call is pending, and no number is left to call or the rounds are over."""
    if any(map(case.is_pending, case.on(Channel.VOICE, party))):
        return False
    rounds = policy.plan(case.urgency).voice.rounds
    if not case.may_be_called(party) or not usable(case, Channel.VOICE, party):
        return True
    return rounds is not None and rounds_done(case, party) >= rounds
