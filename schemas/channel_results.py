"""Which results a provider of each channel can report."""

from collections.abc import Mapping

from schemas.vocabulary import Channel, Result

_OF_ANY_MESSAGE = frozenset(
    {
        Result.ACCEPTED,
        Result.FAILED_TEMPORARY,
        Result.FAILED_PERMANENT,
        Result.REJECTED_CONTENT,
        Result.UNSUPPORTED,
        Result.UNKNOWN,
    }
)
# What a carrier knows of a number, whatever was sent to it.
_OF_A_NUMBER = frozenset({Result.BLOCKED_SUSPECTED, Result.POWERED_OFF, Result.OUT_OF_SERVICE, Result.INVALID_NUMBER})
# What whoever stood at the door reports: our officer, or another centre's.
VISIT_REPORTS = frozenset(
    {
        Result.MET_DISSUADED,
        Result.MET_SELF_AWARE,
        Result.MET_ALREADY_DEFRAUDED,
        Result.MET_REFUSED,
        Result.NOT_FOUND_TEMPORARILY,
        Result.NOT_FOUND_CONFIRMED,
        Result.NOT_HOME_FAMILY_TOLD,
        Result.WRONG_ADDRESS,
        Result.INVALID_VISIT,
    }
)
# What a provider of a channel can report. Anything else was not understood, by it or by us: it changes nothing.
RESULTS_OF: Mapping[Channel, frozenset[Result]] = {
    Channel.SMS: _OF_ANY_MESSAGE | _OF_A_NUMBER | {Result.DELIVERED},
    Channel.VOICE: _OF_ANY_MESSAGE
    | _OF_A_NUMBER
    | {
        Result.ANSWERED_SUBJECT,
        Result.ANSWERED_GUARDIAN,
        Result.ANSWERED_FAMILY,
        Result.ANSWERED_NOT_SUBJECT,
        Result.SUSPECTED_FORWARDING,
        Result.BUSY,
        Result.NO_ANSWER,
        Result.REJECTED,
        Result.VOICEMAIL,
    },
    Channel.VISIT: _OF_ANY_MESSAGE
    | VISIT_REPORTS
    | {
        Result.NOT_ACCEPTED,
        Result.NOBODY_ON_DUTY,
        Result.RETURNED,
        Result.READDRESSED,
        Result.TRANSFERRED,
        Result.REASSIGNED,
    },
    Channel.BROADCAST: _OF_ANY_MESSAGE | {Result.DELIVERED},
    Channel.HOOK: _OF_ANY_MESSAGE
    | {
        Result.STOPPED,
        Result.STOPPED_PARTLY,
        Result.NOT_STOPPED,
        Result.GRANTED,
        Result.REFUSED,
        Result.LIFTED,
    },
}
