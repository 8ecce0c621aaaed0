"""What is shown of a conflict to the source that made it: what is stored of its version, and who decides."""

import math
from typing import Any, NamedTuple
from uuid import UUID

from dispatcher.casework import personal_data
from dispatcher.reporting import work_items
from dispatcher.setup import Services
from dispatcher.store.instructions import InstructionRow
from dispatcher.vault import Erased
from schemas import parse
from schemas.vocabulary import WorkItemKind


class BothContents(NamedTuple):
    stored: Any  # as its source pushed it; none where it was erased with its person
    work_items: list[int]  # numbers of those that wait for a supervisor


def as_json(raw: bytes) -> Any:
    """A line as it may be answered: what is no number in JSON (NaN, 1e999) as its text."""
    body, _ = parse.decoded(raw)
    return _plain(body)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def both_contents(services: Services, row: InstructionRow | None, case_id: UUID | None) -> BothContents:
    """Personal data, for the source that pushed it."""
    with services.begin() as work:
        chosen = work_items.Chosen(kind=WorkItemKind.CONFLICT, case_id=case_id)
        numbers = [each.number for each in work_items.listed(work.session, work.now, chosen)] if case_id else []
        try:
            stored = as_json(personal_data.read_value(work, row.raw_value_id).encode()) if row is not None else None
        except Erased:
            stored = None
    return BothContents(stored, numbers)
