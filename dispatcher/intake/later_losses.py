"""Later losses: what went after the warning. Sources report it, and follow-ups find it; often it is the same money.

One source's reports are added up (each event counts once); a follow-up asks for all that has gone since the last
report from the door, or since the warning where there was none.
Of several sources and the follow-ups the largest stands, they are never added, in whichever order they come. Neither
are they to what the instructions tell of money that left after the case was opened: it is the same.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import BigInteger, func, select
from sqlalchemy.orm import Session

from dispatcher.casework.case_file import CaseFile
from dispatcher.engine.merge import MergedFacts
from dispatcher.intake import statements
from dispatcher.store import money
from dispatcher.store.journal import JournalRow
from dispatcher.store.work_items import WorkItemRow

REPORTED = "later_loss_reported"
_NO_SOURCE = ""  # entries from before reports named theirs


@contextmanager
def add_increase(case_file: CaseFile, case_id: UUID, system: str = _NO_SOURCE, reported: int = 0) -> Iterator[None]:
    """Add to the case what is written down inside, or reported now, as far as it was not known before."""
    told = statements.merged(case_file, case_id)
    before = beyond(case_file.session, case_id, told)
    yield
    case_file.session.flush()
    after = beyond(case_file.session, case_id, told, {system: reported})
    case = case_file.cases[case_id]
    money.set_gone(case, case_file.attempts[case.id], money.gone(case) + after - before)


def beyond(
    session: Session, case_id: UUID, told: MergedFacts | None, reported: Mapping[str, int] = MappingProxyType({})
) -> int:
    """By how much later losses exceed what the instructions tell of money that left after the case was opened."""
    return max(0, _known(session, case_id, reported) - (told.transferred_later if told is not None else 0))


def _known(session: Session, case_id: UUID, reported: Mapping[str, int]) -> int:
    """`reported`: yuan by source, of reports that the journal does not have yet."""
    yuan = JournalRow.data["loss_yuan"].as_string().cast(BigInteger)
    system = func.coalesce(JournalRow.data["system"].as_string(), _NO_SOURCE)
    by_source = select(system, func.sum(yuan)).where(JournalRow.case_id == case_id, JournalRow.event == REPORTED)
    sums = Counter({told: int(total) for told, total in session.execute(by_source.group_by(system)).tuples()})
    sums.update(reported)
    by_follow_up = select(func.max(WorkItemRow.loss_yuan)).where(WorkItemRow.case_id == case_id)
    return max(*sums.values(), 0, int(session.scalar(by_follow_up) or 0))
