"""What a source may see: its own instructions, their cases, attempts and refused lines; nothing of other sources."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from dispatcher.reporting.case import case_report
from dispatcher.reporting.log import Filters, log_page
from dispatcher.store.base import equal_where_given, in_array
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import InstructionRow, QuarantineRow
from schemas.read_models.case import CaseReport
from schemas.read_models.instructions import InstructionLine, QuarantineLine
from schemas.read_models.log import LogLine
from schemas.vocabulary import CaseState, Urgency

Systems = Collection[str]


@dataclass(frozen=True)
class Page:
    """Which rows: at most so many, from behind the one of this id on. Ids sort by when their rows were made."""

    limit: int
    after: UUID | None = None


@dataclass(frozen=True)
class Wanted:
    """Which instructions; all of the source's where nothing is said."""

    system: str | None = None
    instruction_id: str | None = None
    urgency: Urgency | None = None
    case_state: CaseState | None = None
    since: datetime | None = None  # received
    until: datetime | None = None


def instructions(session: Session, systems: Systems, wanted: Wanted, page: Page) -> list[InstructionLine]:
    """Versions of instructions in the order in which they came."""
    found = _instructions(systems).where(*_conditions(wanted), *_behind(InstructionRow.id, page))
    rows = session.execute(found.order_by(InstructionRow.id).limit(page.limit)).tuples()
    return [_instruction(row, case) for row, case in rows]


def _instructions(systems: Systems) -> Select[InstructionRow, CaseRow]:
    found = select(InstructionRow, CaseRow).join(CaseRow, CaseRow.id == InstructionRow.case_id)
    return found.where(in_array(InstructionRow.system, systems))


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    yield from equal_where_given(
        (InstructionRow.system, wanted.system),
        (InstructionRow.instruction_id, wanted.instruction_id),
        (InstructionRow.urgency, wanted.urgency),
        (CaseRow.state, wanted.case_state),
    )
    if wanted.since is not None:
        yield InstructionRow.received_at >= wanted.since
    if wanted.until is not None:
        yield InstructionRow.received_at < wanted.until


def _behind(column: Any, page: Page) -> Iterator[ColumnElement[bool]]:
    if page.after is not None:
        yield column > page.after


def _instruction(row: InstructionRow, case: CaseRow) -> InstructionLine:
    same = {name: getattr(row, name) for name in InstructionLine.model_fields if hasattr(row, name)}
    return InstructionLine(**same, case=row.case_id, case_state=case.state, resolution=case.resolution)


def attempts(session: Session, systems: Systems, filters: Filters, page: Page) -> list[LogLine]:
    """Attempts of cases with an instruction of these sources, in the order in which they were planned."""
    own = select(InstructionRow.case_id).where(in_array(InstructionRow.system, systems))
    if filters.instruction is not None:  # of theirs: another source's id finds nothing
        own = own.where(InstructionRow.instruction_id == filters.instruction)
    lines = log_page(session, filters, own, after=page.after, limit=page.limit)
    ours = _own_names(session, systems, {line.case for line in lines})
    return [line.model_copy(update={"instructions": ours.get(line.case, [])}) for line in lines]


def quarantined(session: Session, door: str, page: Page) -> list[QuarantineLine]:
    """Lines that came by this door and were not taken as they were, oldest first."""
    # An id of a value leads with its time; that of a row may be made of the line.
    found = select(QuarantineRow).where(QuarantineRow.door == door)
    if page.after is not None:
        last = select(QuarantineRow.value_id).where(QuarantineRow.id == page.after, QuarantineRow.door == door)
        found = found.where(QuarantineRow.value_id > last.scalar_subquery())
    rows = session.scalars(found.order_by(QuarantineRow.value_id).limit(page.limit))
    names = QuarantineLine.model_fields
    return [QuarantineLine(**{name: getattr(row, name) for name in names}) for row in rows]


def case(session: Session, systems: Systems, case_id: UUID) -> CaseReport | None:
    """A case with an instruction of these sources, as they may see it; None where there is none."""
    said = list(session.scalars(select(InstructionRow).where(InstructionRow.case_id == case_id)))
    own = [row for row in said if row.system in systems]
    if not own:
        return None
    report = case_report(session, case_id)
    links = _own_names(session, systems, {link.case for link in report.links})
    names = list(dict.fromkeys(row.instruction_id for row in own))
    hidden = _names(row for row in said if row.system not in systems) - _names(own)
    hidden |= {str(link.case) for link in report.links if link.case not in links}
    return report.model_copy(
        update={
            "instructions": names,
            "attempts": [line.model_copy(update={"instructions": names}) for line in report.attempts],
            "links": [link for link in report.links if link.case in links],
            "warned_before": report.warned_before if report.warned_before in links else None,
            "feedback": [word for word in report.feedback if word.system in systems],
            "journal": [entry for entry in report.journal if not hidden & set(_texts(entry.data))],
        }
    )


def _names(rows: Iterable[InstructionRow]) -> set[str]:
    """By what an instruction is named in the journal."""
    return {name for row in rows for name in (str(row.id), row.system, row.instruction_id)}


def _own_names(session: Session, systems: Systems, cases: Collection[UUID]) -> dict[UUID, list[str]]:
    own = select(InstructionRow.case_id, InstructionRow.instruction_id).where(
        in_array(InstructionRow.case_id, cases), in_array(InstructionRow.system, systems)
    )
    found: dict[UUID, list[str]] = {}
    for case_id, name in session.execute(own.order_by(InstructionRow.id)).tuples():
        names = found.setdefault(case_id, [])
        if name not in names:
            names.append(name)
    return found


def _texts(value: Any) -> Iterator[str]:
    """Every text in it, however deep."""
    if isinstance(value, str):
        yield value
        yield from value.split(":")  # a cause names what it is of: "conflict:ID"
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
