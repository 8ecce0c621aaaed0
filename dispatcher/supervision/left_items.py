"""Work items of people who are gone: what somebody took who has left the roster waits again."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.moves import free_work_item
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.store.base import in_array
from dispatcher.store.work_items import WorkItemRow
from dispatcher.visits import handing_on


def free(work: UnitOfWork, item_ids: Collection[UUID]) -> None:
    """Nobody sees to these, as far as that is still so when their cases are locked."""
    of_these = in_array(WorkItemRow.id, item_ids)
    case_file = CaseFile(work)
    case_file.open(each for each in work.session.scalars(select(WorkItemRow.case_id).where(of_these)) if each)
    left = select(WorkItemRow).where(of_these, *handing_on.IS_LEFT).order_by(WorkItemRow.id).with_for_update()
    for row in work.session.scalars(left.execution_options(populate_existing=True)):
        free_work_item(work, None if row.case_id is None else case_file.cases[row.case_id], row, rule="taker_left")
