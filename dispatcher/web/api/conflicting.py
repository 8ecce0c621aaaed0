"""What is shown of a conflict to the source that made it: what is stored of its version, and who decides."""

import json
from typing import Any, NamedTuple
from uuid import UUID

from dispatcher.casework import personal_data
from dispatcher.reporting import work_items
from dispatcher.setup import Services
from dispatcher.store.instructions import InstructionRow
from dispatcher.vault import Erased
from schemas.vocabulary import WorkItemKind


class BothContents(NamedTuple):
    stored: Any  # as its source pushed it; none where it was erased with its person
    work_items: list[int]  # numbers of those that wait for a supervisor


def both_contents(services: Services, row: InstructionRow | None, case_id: UUID | None) -> BothContents:
    """Personal data, for the source that pushed it."""
    with services.begin() as work:
        chosen = work_items.Chosen(kind=WorkItemKind.CONFLICT, case_id=case_id)
        numbers = [each.number for each in work_items.listed(work.session, work.now, chosen)] if case_id else []
        try:
            stored = json.loads(personal_data.read_value(work, row.raw_value_id)) if row is not None else None
        except Erased:
            stored = None
    return BothContents(stored, numbers)
