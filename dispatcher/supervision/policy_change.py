"""A changed policy reaches the open cases: each is decided on anew, the most urgent first, a slice at a time.

The policy in force is that of the process that sweeps, of which there is one. A case knows what its last decision was
made under, so nothing is lost if this ends in the middle; and what an older process beside it decides meanwhile is
decided on once more.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import exists, func, not_, select, union_all, update

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.decide import decide
from dispatcher.casework.set_aside import Batch, hold_case
from dispatcher.casework.unit_of_work import ENGINE, UnitOfWork
from dispatcher.policy.content import digest
from dispatcher.store.base import constant
from dispatcher.store.cases import CaseRow, by_urgency
from dispatcher.store.policies import PolicyRow
from dispatcher.store.set_aside import SetAsideRow
from schemas.vocabulary import CaseState, FaultPoint

SLICE = 50


def put_in_force(work: UnitOfWork) -> bool:
    """Note under which policy everything is decided from now on. False if it is the same as before."""
    policy = work.context.policy
    was_in_force = PolicyRow.in_force_at.is_not(None)
    newest = select(PolicyRow.version, PolicyRow.digest).where(was_in_force).order_by(PolicyRow.in_force_at.desc())
    before = work.session.execute(newest.limit(1)).tuples().one_or_none()
    if before is not None and before[0] == policy.version:
        return False  # one version says one thing, whatever a later release makes of its digest
    ours = update(PolicyRow).where(PolicyRow.version == policy.version)
    work.session.execute(ours.values(in_force_at=func.clock_timestamp()))
    if before is not None:
        now = {"policy": policy.version, "policy_digest": digest(policy)}
        told = {"before": before[0], "digest_before": before[1], **now}
        work.note_without_case("policy_changed", told, actor=ENGINE)
    return True


def decide_anew(work: UnitOfWork, only: Collection[UUID] | None = None) -> int:
    """Decide on a slice of the open cases that were last decided on under another policy, or on these."""
    work.postpones_decisions = False
    case_file = CaseFile(work)
    # What somebody else has in hand comes with a later slice, or is decided on by them.
    case_file.open(_others(work) if only is None else only, skip_locked=True)
    decide(case_file)
    return len(case_file.cases)


def _others(work: UnitOfWork) -> list[UUID]:
    """The most urgent first. One that can't be decided on is left to its wait."""
    mine, is_open = digest(work.context.policy), CaseRow.state == constant(CaseRow.state, CaseState.OPEN)
    # Each finds its cases by the index, and where there are none, as there are nearly always, at once.
    of_others = CaseRow.policy_digest < mine, CaseRow.policy_digest > mine, CaseRow.policy_digest.is_(None)
    found = union_all(*(select(CaseRow.id, CaseRow.urgency).where(is_open, each) for each in of_others)).subquery()
    is_held = exists().where(
        SetAsideRow.case_id == found.c.id,
        SetAsideRow.attempt_id.is_(None),
        SetAsideRow.receipt_id.is_(None),
        SetAsideRow.ended_at.is_(None),
    )
    ids = select(found.c.id).where(not_(is_held)).order_by(by_urgency(found.c.urgency), found.c.id).limit(SLICE)
    return list(work.session.scalars(ids))


DECIDING_ANEW = Batch(FaultPoint.DECIDE, decide_anew, _others, hold_case)
