"""Later losses: what went after the warning. Sources report it, and follow-ups find it; often it is the same money.

Sources' reports are added up (each event counts once); a follow-up asks for all that has gone since the warning.
The larger of the two stands, they are never added, in whichever order they come.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import BigInteger, func, select
from sqlalchemy.orm import Session

from dispatcher.casework.case_file import CaseFile
from dispatcher.store.journal import JournalRow
from dispatcher.store.work_items import WorkItemRow

REPORTED = "later_loss_reported"


@contextmanager
def add_increase(case_file: CaseFile, case_id: UUID, reported: int = 0) -> Iterator[None]:
    """Whatever is written down inside, or is reported now, counts on the case as far as it was not known before."""
    before = _known(case_file.session, case_id)
    yield
    case_file.session.flush()
    case_file.cases[case_id].money_lost += _known(case_file.session, case_id, reported) - before


def _known(session: Session, case_id: UUID, reported: int = 0) -> int:
    yuan = JournalRow.data["loss_yuan"].as_string().cast(BigInteger)
    by_sources = select(func.sum(yuan)).where(JournalRow.case_id == case_id, JournalRow.event == REPORTED)
    by_follow_up = select(func.max(WorkItemRow.loss_yuan)).where(WorkItemRow.case_id == case_id)
    return max(int(session.scalar(by_sources) or 0) + reported, int(session.scalar(by_follow_up) or 0))
