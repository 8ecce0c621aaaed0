"""Visits that the whole ladder left undone: by the item that said so, whatever a pause or a person made of it since."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, exists, func, not_, or_, select

from dispatcher.store.attempts import AttemptRow
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow
from schemas.vocabulary import VisitState, WorkItemKind


def exhausted() -> Select[UUID, UUID, datetime]:
    """Each visit and its case, and since when. Nobody was asked after it, and the ladder was not begun anew."""
    of_visit = AttemptRow.case_id == VisitRow.case_id, AttemptRow.visit_id == VisitRow.id
    asked_since = exists().where(*of_visit, AttemptRow.id > WorkItemRow.id)
    asked = exists().where(*of_visit, AttemptRow.id > VisitRow.ladder_after)
    return (
        select(VisitRow.id, VisitRow.case_id, func.min(WorkItemRow.planned_at).label("since"))
        .join(WorkItemRow, WorkItemRow.case_id == VisitRow.case_id)
        .where(VisitRow.state == VisitState.WAITING, WorkItemRow.kind == WorkItemKind.LADDER_EXHAUSTED)
        .where(not_(asked_since), or_(VisitRow.ladder_after.is_(None), asked))
        .group_by(VisitRow.id, VisitRow.case_id)
    )
