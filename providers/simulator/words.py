"""What a scripted person does with a message: one row a word."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.gateway import QUEUED
from schemas.vocabulary import Answer, Channel, Hook, Result

Detail = dict[str, bool | str | int]
# What a script is about: a channel, or what a bank is asked for.
Topic = Channel | Hook

# No digits: words go into the record file, which must never hold a number.
_CODE_PATTERN = "[A-Za-z_]{1,40}"


class UnknownWordError(ValueError):
    """Names the word and the words there are."""

    def __init__(self, channel: Topic, word: str) -> None:
        super().__init__(f"unknown {channel} word {word!r}; known: {', '.join(known(channel))}")


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
    note: str | None = None
    refusal: str | None = None
    silent: bool = False
    hours: int | None = None


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
_YUAN = Argument("[0-9]{1,12}", "YUAN", lambda yuan: {"stopped_yuan": int(yuan)})
_UNSUPPORTED = Row(argument=_CODE, refusal="unsupported_destination")

WORDS: Mapping[Topic, Mapping[str, Row]] = {
    Channel.SMS: {
        "delivered": Row(Result.DELIVERED),
        "delivered_unread": Row(Result.DELIVERED, note="delivered_unread"),
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
    Hook.STOP_PAYMENT: {
        "stopped": Row(Result.STOPPED, _YUAN),
        "partly_stopped": Row(Result.STOPPED_PARTLY, _YUAN),
        "not_stopped": Row(Result.NOT_STOPPED),
    },
    Hook.PROTECT_ACCOUNT: {
        "granted_24h": Row(Result.GRANTED, hours=24),
        "granted_48h": Row(Result.GRANTED, hours=48),
        "granted_72h": Row(Result.GRANTED, hours=72),
        "refused": Row(Result.REFUSED),
    },
    Hook.LIFT_PROTECTION: {"lifted": Row(Result.LIFTED)},
}
# What a bank says first; its answer comes later.
INTERIM = frozenset({"accepted", "requested"})

# What people do once their script is used up, and people who have none.
DEFAULTS: Mapping[Topic, str] = {
    Channel.SMS: "delivered",
    Channel.VOICE: "no_answer",
    Channel.BROADCAST: "delivered",
    Hook.STOP_PAYMENT: "not_stopped",
    Hook.PROTECT_ACCOUNT: "refused",
    Hook.LIFT_PROTECTION: "lifted",
}


def known(channel: Topic) -> list[str]:
    return [f"{name}:{row.argument.shown}" if row.argument else name for name, row in WORDS[channel].items()]


def read(channel: Topic, word: str) -> Act:
    """Raises UnknownWordError."""
    name, colon, argument = word.partition(":")
    row = WORDS[channel].get(name)
    if row is None or bool(colon) != bool(row.argument):
        raise UnknownWordError(channel, word)
    detail: Detail = {"confirmed": False}
    if row.argument:
        if not re.fullmatch(row.argument.pattern, argument):
            raise UnknownWordError(channel, word)
        detail |= row.argument.detail(argument)
    if row.note:
        detail["note"] = row.note
    if row.hours:
        detail["hours"] = row.hours
    if row.result is None:
        return Act(Result.FAILED_PERMANENT, detail, refusal=row.refusal or argument)
    return Act(row.result, detail, silent=row.silent)
