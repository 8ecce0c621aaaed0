"""What the end of a call that nobody took means: by its SIP code (RFC 3261, 21), or by baresip's words without one.

Names are the specification's, with the release cause behind each (RFC 3398, 7.2.4.1) where that says more; what each
means for an attempt is ours.
"""

import errno
import os
import re
from collections.abc import Mapping

from providers import codes
from providers.base import Answered, InDoubt, Outcome, Transient
from providers.codes import Meaning
from schemas.vocabulary import Result

_CODE = re.compile(r"([1-6]\d\d) ")


def _heard(result: Result) -> Meaning:
    return lambda code: Answered(result, detail=code)


CODES: Mapping[int, Meaning] = {
    401: codes.mend,  # Unauthorized
    402: codes.mend,  # Payment Required
    403: codes.mend,  # Forbidden; the network itself refuses the call (cause 21)
    404: codes.never(Result.INVALID_NUMBER),  # Not Found; unallocated (1)
    407: codes.mend,  # Proxy Authentication Required: our answer to the challenge was refused
    408: _heard(Result.NO_ANSWER),  # Request Timeout; no user responding (18)
    410: codes.never(Result.INVALID_NUMBER),  # Gone; number changed (22)
    415: codes.mend,  # Unsupported Media Type
    416: codes.mend,  # Unsupported URI Scheme
    433: codes.mend,  # Anonymity Disallowed (RFC 5079)
    480: _heard(Result.NO_ANSWER),  # Temporarily Unavailable; no answer (19), subscriber absent (20)
    484: codes.never(Result.INVALID_NUMBER),  # Address Incomplete (28)
    486: _heard(Result.BUSY),  # Busy Here (17)
    487: _heard(Result.NO_ANSWER),  # Request Terminated
    488: codes.mend,  # Not Acceptable Here: no codec in common
    600: _heard(Result.BUSY),  # Busy Everywhere
    603: _heard(Result.REJECTED),  # Decline; call rejected by the user (21)
    604: codes.never(Result.INVALID_NUMBER),  # Does Not Exist Anywhere
    606: codes.mend,  # Not Acceptable
    607: _heard(Result.BLOCKED_SUSPECTED),  # Unwanted (RFC 8197)
    608: _heard(Result.BLOCKED_SUSPECTED),  # Rejected by a filter on the way (RFC 8688)
}
# Nobody was there to take the INVITE.
_UNREACHED = tuple(map(os.strerror, (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH)))


def outcome_of(words: str) -> Outcome:
    """What `words`, the param of CALL_CLOSED, mean: "486 Busy Here", "Connection timed out", or anything else.

    A code in no table is tried again. The words themselves come from afar and are never repeated.
    """
    if code := _CODE.match(words):
        return CODES.get(int(code[1]), codes.later)(f"sip_{code[1]}")
    if words.startswith(_UNREACHED):
        return Transient("trunk unreachable")
    return InDoubt("no word from the trunk")
