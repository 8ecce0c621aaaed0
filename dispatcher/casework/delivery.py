"""Delivery: what there is to do at a provider, and writing down what came of it.

Between claiming.py and the record here lies the provider call, outside any transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from dispatcher import clock
from dispatcher.casework import outcomes
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.context import Context
from dispatcher.casework.room import Room
from dispatcher.limits import Booking
from dispatcher.store.attempts import AttemptRow
from providers.base import InDoubt, Inquiry, Message, OperationsFault, Outcome, Permanent
from schemas.vocabulary import Result

Moment = datetime | BindParameter[datetime]


@dataclass(frozen=True)
class Errand:
    """One thing to do at one provider, already committed."""

    case_id: UUID
    attempt_id: UUID
    send_key: str
    action: str  # send, query, cancel
    provider: str | None
    message: Message | None
    inquiry: Inquiry | None = None
    others_left: bool = False  # a passing refusal may go to another provider at once
    booking: Booking | None = None  # its places among what the provider allows
    refusal: Outcome | None = None  # what its limits say in the provider's stead


@dataclass(frozen=True)
class Done:
    errand: Errand
    word: outcomes.ProviderAnswer | bool  # bool: whether a cancellation was granted


def record(session: Session, context: Context, results: Iterable[Done]) -> tuple[set[str], list[Done]]:
    """Write results down, journal them, let the engine decide what comes next.

    Gives the lanes to wake, and the results whose cases somebody else holds: one locked case holds up no other.
    """
    results = list(results)
    case_file = CaseFile(session, context)
    case_file.open_soon({done.errand.case_id for done in results})
    held = []
    for done in results:
        errand, word = done.errand, done.word
        if errand.case_id not in case_file.cases:
            held.append(done)
            continue
        if isinstance(word, bool):
            outcomes.cancelled(case_file, errand.case_id, errand.attempt_id, taken_back=word)
        else:
            outcomes.record(
                case_file, errand.case_id, errand.attempt_id, word, asked=errand.action, others_left=errand.others_left
            )
    case_file.decide()
    return case_file.lanes, held


def due_lanes(session: Session, context: Context, room: Room) -> list[str]:
    """Lanes with something to do now, beside what waits for room."""
    room.look_again()
    due = is_due(context.clock.now(session), clock.shared_now(session))
    return list(session.scalars(select(AttemptRow.lane).where(due, room.is_open()).distinct()))


def is_due(now: Moment, real_now: Moment) -> ColumnElement[bool]:
    """Something is to be done, its product time has come, and nobody has it in hand (real time)."""
    free = or_(AttemptRow.lease_until.is_(None), AttemptRow.lease_until < real_now)
    return and_(AttemptRow.action.is_not(None), AttemptRow.due_at <= now, free)


NO_PROVIDER = OperationsFault("no_provider")
WITHOUT_PROVIDER: Mapping[str, outcomes.ProviderAnswer | bool] = {
    "send": NO_PROVIDER,
    "query": InDoubt("provider_gone"),
    "cancel": False,
}
UNREADABLE = Permanent(Result.FAILED_PERMANENT, "unreadable")
