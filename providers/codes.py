"""What a vendor's error code means for the attempt: a table in each adapter, looked up here."""

import re
from collections.abc import Callable, Mapping

import httpx

from providers.base import InDoubt, OperationsFault, Outcome, Permanent, SwitchChannel, Transient
from schemas.vocabulary import Result

Meaning = Callable[[str], Outcome]
Codes = Mapping[str, Meaning]

# A code, and no free text: that could hold a number.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]*([.:][A-Za-z0-9_]+)*")
_REFUSED_BEFORE_WORK = frozenset({httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE})


UNREADABLE = InDoubt("answer in an unknown form")
NO_NUMBER = OperationsFault("a message without a number")


def later(code: str) -> Outcome:
    return Transient(code)


def elsewhere(code: str) -> Outcome:
    return SwitchChannel(code)


def mend(code: str) -> Outcome:
    return OperationsFault(code)


def doubt(code: str) -> Outcome:
    return InDoubt(code)


def never(result: Result) -> Meaning:
    """Permanent, with this result."""
    return lambda code: Permanent(result, code)


def shown(code: object) -> str:
    """A vendor's code as it may stand in the log: anything that is none is not repeated."""
    return code if isinstance(code, str) and len(code) <= 80 and _CODE.fullmatch(code) else "unreadable_code"


def outcome(codes: Codes, code: object, status: int = httpx.codes.OK) -> Outcome:
    """What a refusal means: by its whole code, by its family (what stands before the first dot), by its HTTP status.

    A code that is in no table is a refusal all the same, so nothing was sent; it is tried again, as no single
    unknown code may take a number or a whole provider out. Only after a server error can't we know.
    """
    said = shown(code)
    meaning = codes.get(said) or codes.get(said.partition(".")[0])
    return meaning(said) if meaning else of_status(status, said)


def unreadable(status: int) -> Outcome:
    """What an answer means that can't be read."""
    return of_status(status, UNREADABLE.detail) if status >= httpx.codes.BAD_REQUEST else UNREADABLE


def of_status(status: int, said: str) -> Outcome:
    """What an HTTP status means on its own, at a vendor without idempotence."""
    is_broken = status >= httpx.codes.INTERNAL_SERVER_ERROR and status not in _REFUSED_BEFORE_WORK
    return InDoubt(f"{status} {said}") if is_broken else Transient(said)
