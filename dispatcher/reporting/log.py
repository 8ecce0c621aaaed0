"""The dissuasion log, one line per attempt. Ids and codes only, no personal data."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import literal, select, tuple_
from sqlalchemy.orm import Session

from dispatcher.casework.snapshot import relation_of
from dispatcher.reporting.kpi_facts import of_unit
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.visits import VisitRow
from providers.tiers import actor_of
from schemas.read_models.log import LogLine
from schemas.vocabulary import AttemptState, BankRequest, Channel

PAGE = 500


@dataclass(frozen=True)
class Filters:
    case: UUID | None = None
    instruction: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    channel: str | None = None
    result: str | None = None
    precinct: str | None = None


def log(session: Session, filters: Filters, *, newest_first: bool = False) -> Iterator[LogLine]:
    """One line per attempt, in the order in which they were planned, or the last one first."""
    found = _chosen(filters)
    order = AttemptRow.planned_at, AttemptRow.id
    found = found.order_by(*((each.desc() for each in order) if newest_first else order)).limit(PAGE)
    page, position = found, tuple_(*order)
    while True:
        # Plain rows with the names of an AttemptRow: objects that are only read cost a long log a tenth of its time.
        rows = cast("Sequence[AttemptRow]", session.execute(page).all())
        names = instruction_ids(session, {row.case_id for row in rows})
        for row in rows:
            yield log_line(row, names[row.case_id])
        if len(rows) < PAGE:
            return
        last = tuple_(literal(rows[-1].planned_at), literal(rows[-1].id))
        page = found.where(position < last if newest_first else position > last)


def log_line(row: AttemptRow, instructions: list[str]) -> LogLine:
    """One attempt as programs and people read it."""
    return LogLine(
        case=row.case_id,
        instructions=instructions,
        attempt=row.id,
        retry_of=row.retry_of,
        channel=row.channel,
        provider=row.provider,
        actor=actor_of(Channel(row.channel), BankRequest(row.hook) if row.hook else None, relation_of(row.party)),
        person=row.person,
        state=row.state,
        result=row.result,
        confirmed=row.confirmed,
        rule=row.rule,
        possible_duplicate=row.possible_duplicate,
        planned_at=row.planned_at,
        sent_at=row.sent_at,
        settled_at=row.settled_at,
        ref=row.ref,
        answer=row.answer,
        detail=_detail(row),
        skip_reason=row.skip_reason,
        hook=row.hook,
        occasion=row.occasion,
        was_in_doubt=row.was_in_doubt,
    )


def instruction_ids(session: Session, case_ids: set[UUID]) -> dict[UUID, list[str]]:
    """The instructions of each case by their ids, in the order in which they came."""
    names: dict[UUID, list[str]] = defaultdict(list)
    rows = select(InstructionRow.case_id, InstructionRow.instruction_id).where(InstructionRow.case_id.in_(case_ids))
    for case_id, name in session.execute(rows.order_by(InstructionRow.id)).tuples():
        if name not in names[case_id]:
            names[case_id].append(name)
    return names


def _chosen(filters: Filters) -> Any:
    found = select(AttemptRow.__table__)
    if filters.case is not None:
        found = found.where(AttemptRow.case_id == filters.case)
    if filters.instruction is not None:
        named = select(InstructionRow.case_id).where(InstructionRow.instruction_id == filters.instruction)
        found = found.where(AttemptRow.case_id.in_(named))
    if filters.since is not None:
        found = found.where(AttemptRow.planned_at >= filters.since)
    if filters.until is not None:
        found = found.where(AttemptRow.planned_at < filters.until)
    if filters.channel is not None:
        found = found.where(AttemptRow.channel == filters.channel)
    if filters.result is not None:
        found = found.where(AttemptRow.result == filters.result)
    if filters.precinct is not None:
        of_precinct = select(VisitRow.case_id).where(of_unit(filters.precinct))
        found = found.where(AttemptRow.case_id.in_(of_precinct))
    return found


def _detail(row: AttemptRow) -> str | None:
    """What the vendor said; where it said nothing, what we know of the end ourselves."""
    is_recalled = row.recalled_at is not None and row.state != AttemptState.SETTLED
    return row.detail or row.ending or row.return_reason or ("recalled" if is_recalled else None)
