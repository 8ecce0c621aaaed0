"""Rows to the plain values that the engine decides on."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from dispatcher.engine.case import Attempt, Case, Number, Visit
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow, PhoneRow
from dispatcher.store.visits import VisitRow
from schemas.vocabulary import (
    AttemptState,
    CaseState,
    Channel,
    Person,
    Resolution,
    Result,
    SkipReason,
    Urgency,
    VisitState,
)


def case_of(
    row: CaseRow,
    phones: Iterable[PhoneRow],
    attempts: Iterable[AttemptRow],
    visits: Iterable[VisitRow],
    bad: dict[bytes, frozenset[Channel]],
) -> Case:
    return Case(
        id=str(row.id),
        urgency=Urgency(row.urgency),
        state=CaseState(row.state),
        opened_at=row.opened_at,
        urgency_since=row.urgency_since,
        channels=frozenset(Channel(each) for each in row.channels),
        fraud_type=row.fraud_type,
        numbers=tuple(
            Number(str(each.id), each.party, Person(each.person), bad.get(each.digest, frozenset()))
            for each in sorted(phones, key=lambda phone: phone.position)
        ),
        attempts=tuple(_attempt(each) for each in attempts),
        visits=tuple(_visit(each) for each in visits),
        withdrawn=row.withdrawn_at is not None,
        expired=row.expired,
        money_moved=row.money_moved,
        amount_at_risk=row.amount_at_risk,
        money_lost=row.money_lost,
        deadlines={name: datetime.fromisoformat(at) for name, at in row.deadlines.items()},
        raised_for=frozenset(row.raised_for),
        asked_for=frozenset(row.asked_for),
        waiting_for=row.waiting_for,
        resolution=Resolution(row.resolution) if row.resolution else None,
    )


def _attempt(row: AttemptRow) -> Attempt:
    return Attempt(
        id=str(row.id),
        channel=Channel(row.channel),
        party=row.party,
        person=Person(row.person),
        state=AttemptState(row.state),
        due_at=row.due_at,
        send_key=str(row.send_key),
        number_id=_text(row.phone_id),
        visit_id=_text(row.visit_id),
        rung=row.rung,
        result=Result(row.result) if row.result else None,
        confirmed=row.confirmed,
        answer=row.answer,
        detail=row.detail,
        sent_at=row.sent_at,
        settled_at=row.settled_at,
        retry_not_before=row.retry_not_before,
        retry_of=_text(row.retry_of),
        possible_duplicate=row.possible_duplicate,
        skip_reason=SkipReason(row.skip_reason) if row.skip_reason else None,
    )


def _visit(row: VisitRow) -> Visit:
    return Visit(
        id=str(row.id),
        state=VisitState(row.state),
        opened_at=row.opened_at,
        not_before=row.not_before,
        assigned_at=row.assigned_at,
        attempt_id=_text(row.attempt_id),
        result=Result(row.result) if row.result else None,
    )


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
