"""Scripted officers: what the next word of a visit's script means in the state that the visit is in."""

import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dispatcher.errors import OperatorError
from schemas.officer_report import UNKNOWN, OfficerReport
from schemas.vocabulary import Result, ReturnReason, VisitState

REPORTS = {
    "met_dissuaded": Result.MET_DISSUADED,
    "met_dissuaded_with_family": Result.MET_DISSUADED,
    "met_self_aware": Result.MET_SELF_AWARE,
    "met_already_defrauded": Result.MET_ALREADY_DEFRAUDED,
    "refused_denies": Result.MET_REFUSED,
    "not_found_temporarily": Result.NOT_FOUND_TEMPORARILY,
    "not_found_confirmed": Result.NOT_FOUND_CONFIRMED,
    "not_home": Result.NOT_HOME_FAMILY_TOLD,
}
KNOWN = (
    *(f"{name}+HH:MM" for name in ("accepted", "arrived", "revisit")),
    f"returned:{'|'.join(ReturnReason).lower()}",
    *REPORTS,
)
_WITH_FAMILY = frozenset({"met_dissuaded_with_family"})
_TIMED = re.compile(r"(accepted|arrived|revisit)\+\d{1,3}:[0-5]\d")
_NOTHING_SAID = OfficerReport()
_UNDER_WAY = frozenset({VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED})


@dataclass(frozen=True)
class VisitSituation:
    """The state of a visit, and when it was assigned."""

    state: VisitState
    assigned_at: datetime | None


@dataclass(frozen=True)
class Move:
    """Something an officer does, and when."""

    at: datetime
    steps: tuple[str, ...]
    report: OfficerReport = _NOTHING_SAID
    goes_on: bool = False  # the word has more to come


@dataclass
class Script:
    """The words left for one case's visits."""

    words: deque[str]
    arrived_at: datetime | None = None
    made: list[str] = field(default_factory=list)

    def next_move(self, visit: VisitSituation, now: datetime) -> Move | None:
        """What the next word asks for; None if the visit is not in its state yet, or no word is left."""
        if not self.words:
            return None
        word, _, argument = self.words[0].replace("+", ":", 1).partition(":")
        if word == "accepted" and visit.state is VisitState.ASSIGNED and visit.assigned_at:
            return Move(visit.assigned_at + _offset(argument), ("accept",))
        if word == "arrived" and visit.state in (VisitState.ACCEPTED, VisitState.DEPARTED) and visit.assigned_at:
            return Move(visit.assigned_at + _offset(argument), ("depart", "arrive"))
        if word == "revisit" and visit.state is VisitState.ASSIGNED:
            return Move(now, ("accept",), goes_on=True)
        if word == "revisit" and visit.state is VisitState.ACCEPTED:
            return Move((self.arrived_at or now) + _offset(argument), ("depart", "arrive"))
        if word == "returned" and (visit.state in _UNDER_WAY or visit.state is VisitState.ASSIGNED):
            return Move(now, ("return",), OfficerReport(reason=ReturnReason(argument.upper())))
        if word in REPORTS and visit.state in _UNDER_WAY:
            result = REPORTS[word]
            lost = UNKNOWN if result is Result.MET_ALREADY_DEFRAUDED else None
            said = OfficerReport(result=result, guardian_present=word in _WITH_FAMILY, lost_yuan=lost)
            return Move(now, ("report",), said)
        return None

    def done(self, move: Move, now: datetime) -> None:
        if "arrive" in move.steps:
            self.arrived_at = now
        if not move.goes_on:
            self.made.append(self.words.popleft())


def script(words: list[str]) -> Script:
    """Check a script's words. Raises OperatorError naming the first unknown one."""
    for word in words:
        if not is_known(word):
            raise OperatorError(f"未知的上门剧本用语 {word}", f"unknown visit word {word!r} in the sample file")
    return Script(deque(words))


def is_known(word: str) -> bool:
    return word in REPORTS or _TIMED.fullmatch(word) is not None or _is_return(word)


def _is_return(word: str) -> bool:
    name, _, reason = word.partition(":")
    return name == "returned" and reason.upper() in set(ReturnReason)


def _offset(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
