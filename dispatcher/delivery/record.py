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
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.context import Context
from dispatcher.delivery import outcomes
from dispatcher.delivery.capacity import Capacity
from dispatcher.limits import Booking
from dispatcher.store.attempts import AttemptRow
from providers.base import InDoubt, Inquiry, Message, OperationsFault, Outcome, Permanent
from schemas.vocabulary import Result

Moment = datetime | BindParameter[datetime]


@dataclass(frozen=True)
class ProviderCall:
    """One thing to do at one provider, already committed."""

    case_id: UUID
    attempt_id: UUID
    send_key: str
    action: str  # send, query, cancel
    provider: str | None
    message: Message | None
    inquiry: Inquiry | None = None
    can_fail_over: bool = False  # a passing refusal may go to another provider at once
    booking: Booking | None = None  # its places among what the provider allows
    refusal: Outcome | None = None  # what its limits say in the provider's stead


@dataclass(frozen=True)
class CallResult:
    call: ProviderCall
    answer: outcomes.ProviderAnswer | bool  # bool: whether a cancellation was granted


def record(session: Session, context: Context, results: Iterable[CallResult]) -> tuple[set[str], list[CallResult]]:
    """Write results down, journal them, let the engine decide what comes next.

    Gives the lanes to wake, and the results whose cases somebody else holds: one locked case holds up no other.
    """
    results = list(results)
    case_file = CaseFile(session, context)
    case_file.open_soon({done.call.case_id for done in results})
    held = []
    for done in results:
        call, answer = done.call, done.answer
        if call.case_id not in case_file.cases:
            held.append(done)
            continue
        if isinstance(answer, bool):
            outcomes.cancelled(case_file, call.case_id, call.attempt_id, taken_back=answer)
        else:
            outcomes.record(
                case_file, call.case_id, call.attempt_id, answer, asked=call.action, can_fail_over=call.can_fail_over
            )
    case_file.decide()
    return case_file.lanes, held


def due_lanes(session: Session, context: Context, capacity: Capacity) -> list[str]:
    """Lanes with something to do now, beside what waits for capacity."""
    capacity.look_again()
    due = is_due(context.clock.now(session), clock.shared_now(session))
    return list(session.scalars(select(AttemptRow.lane).where(due, capacity.is_open()).distinct()))


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
