"""The dissuasion log, one line per attempt. Ids and codes only, no personal data."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Text, case, cast, func, literal, select, tuple_
from sqlalchemy.orm import Session

from dispatcher.casework.snapshot import relation_of
from dispatcher.reporting.kpi_facts import of_unit
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import equal_where_given, in_array
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.visits import VisitRow
from providers.tiers import actor_of
from schemas.read_models.log import LogLine
from schemas.vocabulary import Action, AttemptState

PAGE = 1000
# What the vendor said; where it said nothing, what we know of the end ourselves.
_DETAIL = func.coalesce(
    func.nullif(AttemptRow.detail, ""),
    cast(AttemptRow.ending, Text),
    cast(AttemptRow.return_reason, Text),
    case((AttemptRow.recalled_at.is_not(None) & (AttemptRow.state != AttemptState.SETTLED), "recalled")),
)
_DUE_AT = case((AttemptRow.action == Action.SEND, AttemptRow.due_at))
_OTHER = {"detail", "due_at"}
_NAMED_ALIKE = [name for name in LogLine.model_fields if name in AttemptRow.__table__.columns and name not in _OTHER]
_LINE = select(
    AttemptRow.party,
    AttemptRow.case_id.label("case"),
    AttemptRow.id.label("attempt"),
    _DETAIL.label("detail"),
    _DUE_AT.label("due_at"),
    *(getattr(AttemptRow, name) for name in _NAMED_ALIKE),
)
_FIELDS = _LINE.selected_columns.keys()


@dataclass(frozen=True)
class Filters:
    case: UUID | None = None
    instruction: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    channel: str | None = None
    result: str | None = None
    precinct: str | None = None
    state: str | None = None
    urgency: str | None = None  # of the case
    provider: str | None = None
    cases: frozenset[UUID] | None = None


def log(session: Session, filters: Filters, *, newest_first: bool = False) -> Iterator[LogLine]:
    """One line per attempt, in the order in which they were planned, or the last one first."""
    found = _chosen(filters)
    order = AttemptRow.planned_at, AttemptRow.id
    found = found.order_by(*((each.desc() for each in order) if newest_first else order)).limit(PAGE)
    page, position = found, tuple_(*order)
    while True:
        rows = session.execute(page).all()
        yield from _lines(session, rows)
        if len(rows) < PAGE:
            return
        last = tuple_(literal(rows[-1].planned_at), literal(rows[-1].attempt))
        page = found.where(position < last if newest_first else position > last)


def log_page(
    session: Session, filters: Filters, cases: Select[UUID], *, after: UUID | None, limit: int
) -> list[LogLine]:
    """At most so many attempts of these cases, in the order of their ids, from behind the one of this id on."""
    found = _chosen(filters).where(AttemptRow.case_id.in_(cases))
    if after is not None:
        found = found.where(AttemptRow.id > after)
    return list(_lines(session, session.execute(found.order_by(AttemptRow.id).limit(limit)).all()))


def lines_of_case(session: Session, case_id: UUID) -> list[LogLine]:
    """The attempts of one case, in the order in which they were made."""
    of_case = _LINE.where(AttemptRow.case_id == case_id).order_by(AttemptRow.id)
    return list(_lines(session, session.execute(of_case).all()))


def _lines(session: Session, rows: Sequence[Row[Any]]) -> Iterator[LogLine]:
    """Attempts as programs and people read them."""
    names = instruction_ids(session, {row.case for row in rows})
    for row in rows:
        # All columns at once: to ask a row for each by its name takes most of the time of a long log.
        told = dict(zip(_FIELDS, row, strict=True))
        actor = actor_of(told["channel"], told["hook"], relation_of(told.pop("party")))
        yield LogLine(**told, actor=actor, instructions=names[told["case"]])


def instruction_ids(session: Session, case_ids: set[UUID]) -> dict[UUID, list[str]]:
    """The instructions of each case by their ids, in the order in which they came."""
    names: dict[UUID, list[str]] = defaultdict(list)
    rows = select(InstructionRow.case_id, InstructionRow.instruction_id).where(
        in_array(InstructionRow.case_id, case_ids)
    )
    for case_id, name in session.execute(rows.order_by(InstructionRow.id)).tuples():
        if name not in names[case_id]:
            names[case_id].append(name)
    return names


def _chosen(filters: Filters) -> Select[*tuple[Any, ...]]:
    found: Select[*tuple[Any, ...]] = _LINE
    if filters.case is not None:
        found = found.where(AttemptRow.case_id == filters.case)
    if filters.instruction is not None:
        named = select(InstructionRow.case_id).where(InstructionRow.instruction_id == filters.instruction)
        found = found.where(AttemptRow.case_id.in_(named))
    if filters.since is not None:
        found = found.where(AttemptRow.planned_at >= filters.since)
    if filters.until is not None:
        found = found.where(AttemptRow.planned_at < filters.until)
    if filters.cases is not None:
        found = found.where(in_array(AttemptRow.case_id, filters.cases))
    if filters.urgency is not None:
        of_urgency = select(CaseRow.id).where(CaseRow.urgency == filters.urgency)
        found = found.where(AttemptRow.case_id.in_(of_urgency))
    found = found.where(
        *equal_where_given(
            (AttemptRow.channel, filters.channel),
            (AttemptRow.result, filters.result),
            (AttemptRow.state, filters.state),
            (AttemptRow.provider, filters.provider),
        )
    )
    if filters.precinct is not None:
        of_precinct = select(VisitRow.case_id).where(of_unit(filters.precinct))
        found = found.where(AttemptRow.case_id.in_(of_precinct))
    return found
