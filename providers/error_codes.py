"""What a vendor's answer means for the attempt. Each adapter has a table of its error codes; it is looked up here."""

import re
from collections.abc import Callable, Mapping

import httpx

from providers.base import Accepted, InDoubt, OperationsFault, Outcome, Permanent, SwitchChannel, Transient
from schemas.vocabulary import Result

Meaning = Callable[[str], Outcome]
ErrorCodes = Mapping[str, Meaning]

# A code, and no free text: that could hold a number.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]*([.:][A-Za-z0-9_]+)*")
_LONGEST_CODE = 80
_LONGEST_REF = 100
_REFUSED_BEFORE_WORK = frozenset({httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE})


UNREADABLE = InDoubt("answer in an unknown form")
NO_NUMBER = OperationsFault("a message without a number")


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


def accepted(ref: object) -> Outcome:
    """A good answer with the vendor's reference; without one it is in doubt."""
    return Accepted(ref[:_LONGEST_REF]) if isinstance(ref, str) and ref else UNREADABLE


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
    """What an unreadable answer means."""
    return of_status(status, UNREADABLE.detail) if status >= httpx.codes.BAD_REQUEST else UNREADABLE


def of_status(status: int, detail: str) -> Outcome:
    """What an HTTP status means on its own, at a vendor without idempotence."""
    is_broken = status >= httpx.codes.INTERNAL_SERVER_ERROR and status not in _REFUSED_BEFORE_WORK
    return InDoubt(f"{status} {detail}") if is_broken else Transient(detail)
