"""Scripts for invented people: what they do with messages, and what officers find at their doors."""

from collections.abc import Mapping
from random import Random
from typing import Any

from dispatcher.simulate.weighted_random import weighted_choice
from schemas.vocabulary import ReturnReason

_SMS = {
    "delivered": 88,
    "delivered_unread": 8,
    "rejected:invalid_number": 1.5,
    "rejected:blacklisted": 0.7,
    "rejected:content_rejected": 0.5,
    "timeout_after_accept": 0.1,
}
_VOICE = {
    "no_answer": 30,
    "busy": 10,
    "answered_subject:dissuaded": 22,
    "answered_subject:unsure": 6,
    "answered_subject:denies": 6,
    "answered_subject:hung_up": 6,
    "answered_subject:already_paid": 2,
    "answered_other:number_reassigned": 3,
    "answered_other:young_voice": 2,
    "rejected": 4,
    "blocked_suspected": 2,
    "powered_off": 4,
    "voicemail": 2,
    "out_of_service": 1,
    "invalid_number": 1,
}
_GUARDIAN = {"answered_guardian:dissuaded": 5, "answered_guardian:unsure": 1, "no_answer": 3, "busy": 1}
_BANK = {
    "stop_payment": {"stopped": 3, "partly_stopped": 4, "not_stopped": 3},
    "protect_account": {"granted_24h": 4, "granted_48h": 2, "granted_72h": 1, "refused": 2},
}
_INTERIM = {"stop_payment": "accepted", "protect_account": "requested"}
_WITH_YUAN = frozenset({"stopped", "partly_stopped"})

# What becomes of a visit, in officers' words. Two numbers in braces are drawn: minutes to accept, minutes to arrive.
_GO = ("accepted+{0}", "arrived+{1}")
_VISITS: dict[tuple[str, ...], float] = {
    (*_GO, "met_dissuaded"): 42,
    (*_GO, "met_self_aware"): 12,
    (*_GO, "met_already_defrauded"): 6,
    (*_GO, "refused_denies", "revisit+06:00", "met_dissuaded_with_family"): 6,
    (*_GO, "refused_denies", "revisit+06:00", "refused_denies"): 2,
    (*_GO, "not_found_temporarily", "revisit+05:00", "met_dissuaded"): 7,
    (*_GO, "not_home", "revisit+09:00", "met_self_aware"): 4,
    (*_GO, "not_found_confirmed"): 4,
    ("accepted+{0}",): 2,
    _GO: 2,
    ("accepted+{0}", "returned:{2}", *_GO, "met_dissuaded"): 3,
    ("returned:{2}", *_GO, "met_self_aware"): 2,
    (): 8,  # nobody ever accepts
}
_WITH_GUARDIAN: dict[tuple[str, ...], float] = {
    (*_GO, "met_dissuaded_with_family"): 6,
    (*_GO, "met_dissuaded", "revisit+06:00", "met_dissuaded_with_family"): 3,
    (): 1,
}
_ACCEPT = {"00:01": 10, "00:02": 4, "00:05": 2, "00:10": 1, "00:25": 1}
_ARRIVE = {"00:26": 6, "00:40": 4, "01:10": 2, "03:00": 1}


def script_for(random: Random, traits: set[str]) -> dict[str, Any]:
    """Draw a script for everybody in one case."""
    foreign, minor = "foreign" in traits, "minor" in traits
    calls = _GUARDIAN if minor else _VOICE
    return {
        "sms": ["unsupported:foreign_number"] if foreign else _line(random, _SMS, 2),
        "voice": ["unsupported:international"] if foreign else _line(random, calls, random.randint(0, 6)),
        "visit": _visit(random, _WITH_GUARDIAN if minor else _VISITS),
        **{hook: [_INTERIM[hook], _bank_says(random, words)] for hook, words in _BANK.items()},
    }


def _line(random: Random, words: Mapping[str, float], length: int) -> list[str]:
    return [weighted_choice(random, words) for _ in range(length)]


def _visit(random: Random, courses: Mapping[tuple[str, ...], float]) -> list[str]:
    accept, arrive = weighted_choice(random, _ACCEPT), weighted_choice(random, _ARRIVE)
    drawn = (accept, arrive, random.choice(list(ReturnReason)).lower())
    return [word.format(*drawn) for word in weighted_choice(random, courses)]


def _bank_says(random: Random, words: Mapping[str, float]) -> str:
    word = weighted_choice(random, words)
    return f"{word}:{1000 * random.randint(1, 40)}" if word in _WITH_YUAN else word
