"""What a vendor's answer means for the attempt. Each adapter has a table of its error codes; it is looked up here."""

import re
from collections.abc import Callable, Mapping

import httpx

from providers.base import Accepted, InDoubt, OperationsFault, Outcome, Permanent, SwitchChannel, Transient
from schemas.gateway import ref_of
from schemas.vocabulary import Result

Meaning = Callable[[str], Outcome]
ErrorCodes = Mapping[str, Meaning]

# A code, and no free text: that could hold a number.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]*([.:][A-Za-z0-9_]+)*")
_LONGEST_CODE = 80

UNREADABLE = InDoubt("answer in an unknown form")
NO_NUMBER = OperationsFault("a message without a number", ours=True)


def transient(code: str) -> Outcome:
    return Transient(code)


def switch_channel(code: str) -> Outcome:
    return SwitchChannel(code)


def operations_fault(code: str) -> Outcome:
    return OperationsFault(code)


def in_doubt(code: str) -> Outcome:
    return InDoubt(code)


def permanent(result: Result) -> Meaning:
    """Permanent, with this result."""
    return lambda code: Permanent(result, code)


# What a status says on its own, whoever answers (RFC 9110, 15.5; RFC 6585; RFC 8470; 499 is nginx's). A request that
# is refused for its form says nothing of the number that it is for. What is not here each adapter knows by itself.
HTTP_STATUSES: Mapping[int, Meaning] = {
    **dict.fromkeys((408, 421, 425, 429, 503), transient),  # refused before any work
    **dict.fromkeys((409, 499), in_doubt),  # the same key is under way; somebody between gave up waiting
    **dict.fromkeys((400, 401, 402, 403, 404, 405, 406, 407), operations_fault),
    **dict.fromkeys((411, 413, 414, 415, 417, 426, 428, 431), operations_fault),
}


def accepted(ref: object) -> Outcome:
    """A good answer with the vendor's reference; without one it is in doubt."""
    known = ref_of(ref)
    return Accepted(known) if known else UNREADABLE


def loggable(code: object) -> str:
    """A vendor's code as it may stand in the log. Anything else is not repeated."""
    is_code = isinstance(code, str) and len(code) <= _LONGEST_CODE and _CODE.fullmatch(code)
    return str(code) if is_code else "unreadable_code"


def outcome(table: ErrorCodes, code: object, status: int = httpx.codes.OK) -> Outcome:
    """What a refusal means: by its whole code, by its family (the part before the first dot), by its HTTP status.

    An unknown code is a refusal all the same, so nothing was sent. It is tried again: no single unknown code may take
    a number or a whole provider out. Only after a server error we can't know.
    """
    name = loggable(code)
    meaning = table.get(name) or table.get(name.partition(".")[0])
    return meaning(name) if meaning else of_status(status, name)


def unreadable(status: int) -> Outcome:
    """What an unreadable answer means: nothing but its status is known."""
    if status < httpx.codes.BAD_REQUEST:
        return UNREADABLE
    if HTTP_STATUSES.get(status) is operations_fault:
        return OperationsFault(f"{status} {UNREADABLE.detail}")
    return of_status(status, UNREADABLE.detail)


def of_status(status: int, detail: str) -> Outcome:
    """What an HTTP status means beside an unknown code, at a vendor without idempotence."""
    meaning = HTTP_STATUSES.get(status)
    is_broken = status >= httpx.codes.INTERNAL_SERVER_ERROR and meaning is None
    return InDoubt(f"{status} {detail}") if is_broken or meaning is in_doubt else Transient(detail)
