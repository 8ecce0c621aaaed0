"""What the end of an unanswered call means: by its SIP code (RFC 3261, 21), or else by baresip's own reason.

Names are the specification's, with the release cause behind each (RFC 3398, 7.2.4.1) if that says more. What each
means for an attempt is ours.
"""

import errno
import os
import re
from collections.abc import Mapping

from providers.base import Answered, InDoubt, Outcome, Transient
from providers.error_codes import Meaning, operations_fault, permanent, transient
from schemas.vocabulary import Result

_CODE = re.compile(r"([1-6]\d\d) ")


def _answered(result: Result) -> Meaning:
    return lambda code: Answered(result, detail=code)


def _not_found_here(code: str) -> Outcome:
    return Transient(code, number_fault=True)


MEANINGS: Mapping[int, Meaning] = {
    401: operations_fault,  # Unauthorized
    402: operations_fault,  # Payment Required
    403: operations_fault,  # Forbidden; the network itself refuses the call (cause 21)
    # Trunks say both of numbers that they were not set up for, too.
    404: _not_found_here,  # Not Found; unallocated (1)
    484: _not_found_here,  # Address Incomplete (28)
    407: operations_fault,  # Proxy Authentication Required: our answer to the challenge was refused
    408: _answered(Result.NO_ANSWER),  # Request Timeout; no user responding (18)
    410: permanent(Result.INVALID_NUMBER),  # Gone; number changed (22)
    415: operations_fault,  # Unsupported Media Type
    416: operations_fault,  # Unsupported URI Scheme
    433: operations_fault,  # Anonymity Disallowed (RFC 5079)
    480: _answered(Result.NO_ANSWER),  # Temporarily Unavailable; no answer (19), subscriber absent (20)
    486: _answered(Result.BUSY),  # Busy Here (17)
    487: _answered(Result.NO_ANSWER),  # Request Terminated
    488: operations_fault,  # Not Acceptable Here: no codec in common
    600: _answered(Result.BUSY),  # Busy Everywhere
    603: _answered(Result.REJECTED),  # Decline; call rejected by the user (21)
    604: permanent(Result.INVALID_NUMBER),  # Does Not Exist Anywhere
    606: operations_fault,  # Not Acceptable
    607: _answered(Result.BLOCKED_SUSPECTED),  # Unwanted (RFC 8197)
    608: _answered(Result.BLOCKED_SUSPECTED),  # Rejected by a filter on the way (RFC 8688)
}
# Nobody answered the INVITE.
_UNREACHED = tuple(map(os.strerror, (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH)))


def outcome_of(reason: str) -> Outcome:
    """What the param of CALL_CLOSED means: "486 Busy Here", "Connection timed out", or anything else.

    A code in no table is tried again. The reason itself comes from the network and is never repeated.
    """
    if code := _CODE.match(reason):
        return MEANINGS.get(int(code[1]), transient)(f"sip_{code[1]}")
    if reason.startswith(_UNREACHED):
        return Transient("trunk unreachable")
    return InDoubt("no word from the trunk")
