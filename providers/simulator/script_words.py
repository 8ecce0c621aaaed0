"""What a scripted person or bank does with a message: one row a word."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schemas.gateway import INTERIM, QUEUED, REQUESTED
from schemas.vocabulary import Answer, BankRequest, Channel, Result

Kind = Channel | BankRequest
Words = tuple[str, ...]  # of one attempt
Detail = dict[str, bool | int | str]

# Words go into the record file, which must never hold a number: a code has no digits, an amount too few of them.
_CODE_PATTERN = "[A-Za-z_]{1,40}"
_AMOUNT_PATTERN = "[0-9]{1,10}"


class UnknownWordError(ValueError):
    """Names the word and the words there are."""

    def __init__(self, kind: Kind, word: str) -> None:
        super().__init__(f"unknown {kind} word {word!r}; known: {', '.join(known(kind))}")


@dataclass(frozen=True, slots=True)
class Argument:
    """What may stand after the word's colon, and what it adds to the receipt's detail."""

    pattern: str
    shown: str
    detail: Callable[[str], Detail]


@dataclass(frozen=True, slots=True)
class Row:
    """`result` None: refused at the door, with `refusal` or else the argument as its code."""

    result: str | None = None
    argument: Argument | None = None
    detail: Detail = field(default_factory=dict)
    refusal: str | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """A word, read. `refusal` set: no message is taken. `silent`: taken, but the HTTP answer never comes."""

    result: str
    detail: Detail
    refusal: str | None = None
    silent: bool = False


_ANSWER = Argument(
    pattern="|".join(Answer),
    shown="|".join(Answer),
    detail=lambda answer: {"confirmed": answer != Answer.HUNG_UP, "answer": answer},
)
_NOTE = Argument(_CODE_PATTERN, "NOTE", lambda note: {"note": note})
_CODE = Argument(_CODE_PATTERN, "CODE", lambda _code: {})
_YUAN = Argument(_AMOUNT_PATTERN, "YUAN", lambda yuan: {"stopped_yuan": int(yuan)})
_UNSUPPORTED = Row(argument=_CODE, refusal="unsupported_destination")
_IN_HAND = {"accepted": Row(QUEUED), "requested": Row(REQUESTED)}

WORDS: Mapping[Kind, Mapping[str, Row]] = {
    Channel.SMS: {
        "delivered": Row(Result.DELIVERED),
        "delivered_unread": Row(Result.DELIVERED, detail={"note": "delivered_unread"}),
        "rejected": Row(argument=_CODE),
        "unsupported": _UNSUPPORTED,
        "timeout_after_accept": Row(Result.DELIVERED, silent=True),
    },
    Channel.VOICE: {
        "answered_subject": Row(Result.ANSWERED_SUBJECT, _ANSWER),
        "answered_guardian": Row(Result.ANSWERED_GUARDIAN, _ANSWER),
        "answered_family": Row(Result.ANSWERED_FAMILY, _ANSWER),
        "answered_other": Row(Result.ANSWERED_NOT_SUBJECT, _NOTE),
        "busy": Row(Result.BUSY),
        "no_answer": Row(Result.NO_ANSWER),
        "rejected": Row(Result.REJECTED),
        "blocked_suspected": Row(Result.BLOCKED_SUSPECTED),
        "powered_off": Row(Result.POWERED_OFF),
        "voicemail": Row(Result.VOICEMAIL),
        "out_of_service": Row(Result.OUT_OF_SERVICE),
        "invalid_number": Row(Result.INVALID_NUMBER),
        "unsupported": _UNSUPPORTED,
        "queued": Row(QUEUED),
    },
    Channel.BROADCAST: {"delivered": Row(Result.DELIVERED)},
    BankRequest.STOP_PAYMENT: {
        **_IN_HAND,
        "stopped": Row(Result.STOPPED, _YUAN),
        "partly_stopped": Row(Result.STOPPED_PARTLY, _YUAN),
        "not_stopped": Row(Result.NOT_STOPPED),
    },
    BankRequest.PROTECT_ACCOUNT: {
        **_IN_HAND,
        **{f"granted_{hours}h": Row(Result.GRANTED, detail={"hours": hours}) for hours in (24, 48, 72)},
        "refused": Row(Result.REFUSED),
    },
    BankRequest.LIFT_PROTECTION: {
        **_IN_HAND,
        "lifted": Row(Result.LIFTED),
        "refused": Row(Result.REFUSED),
    },
}

# What people and banks do once their script is used up, and those who have none.
DEFAULTS: Mapping[Kind, Words] = {
    Channel.SMS: ("delivered",),
    Channel.VOICE: ("no_answer",),
    Channel.BROADCAST: ("delivered",),
    BankRequest.STOP_PAYMENT: ("accepted", "not_stopped"),
    BankRequest.PROTECT_ACCOUNT: ("requested", "refused"),
    BankRequest.LIFT_PROTECTION: ("lifted",),
}


def known(kind: Kind) -> list[str]:
    return [f"{name}:{row.argument.shown}" if row.argument else name for name, row in WORDS[kind].items()]


def to_the_end(hook: BankRequest, words: Words) -> Words:
    """Adds the bank's usual answer after an interim word."""
    return (*words, DEFAULTS[hook][-1]) if words[-1] in _IN_HAND else words


def read(kind: Kind, words: Words) -> list[Act]:
    """What happens in one attempt. Raises UnknownWordError, or ValueError if it goes on after its outcome."""
    acts = [_act(kind, word) for word in words]
    for word, act in zip(words[:-1], acts[:-1], strict=True):
        if act.result not in INTERIM:
            raise ValueError(f"{kind}: {word!r} ends the attempt, so it must come last")
    return acts


def _act(kind: Kind, word: str) -> Act:
    name, colon, argument = word.partition(":")
    row = WORDS[kind].get(name)
    if row is None or bool(colon) != bool(row.argument):
        raise UnknownWordError(kind, word)
    detail: Detail = {"confirmed": False, **row.detail}
    if row.argument:
        if not re.fullmatch(row.argument.pattern, argument):
            raise UnknownWordError(kind, word)
        detail |= row.argument.detail(argument)
    if row.result is None:
        return Act(Result.FAILED_PERMANENT, detail, refusal=row.refusal or argument)
    return Act(row.result, detail, silent=row.silent)
