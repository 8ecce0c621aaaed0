"""Lets the engine decide on cases, and carries its decisions out."""

from collections import Counter
from collections.abc import Iterable, Sequence

from dispatcher import engine
from dispatcher.casework import set_aside, snapshot
from dispatcher.casework.carry_out import carry_out
from dispatcher.casework.case_file import CaseFile
from dispatcher.engine.decisions import Decision, OpenVisit, OpenWorkItem
from dispatcher.policy.content import digest
from dispatcher.store import visits, work_items
from dispatcher.store.cases import CaseRow


def decide(case_file: CaseFile) -> None:
    """Decide on every open case of this file under the policy of now, or have each decided on alone at once."""
    if case_file.work.postpones_decisions:
        _postpone(case_file)
        return
    policy, now = case_file.context.policy, case_file.now
    mine = policy.version, digest(policy)
    others = {row.id for row in case_file.cases.values() if _note_policy(case_file, row, mine)}
    decided = {
        case_id: (engine.decide_anew if case_id in others else engine.decide)(case, policy, now)
        for case_id, case in snapshot.read_all(case_file).items()
    }
    _reserve_numbers(case_file, decided.values())
    for case_id, decisions in decided.items():
        carry_out(case_file, case_id, decisions)
    for row in case_file.cases.values():
        set_aside.end(case_file.work, row, is_decided=True)


def _reserve_numbers(case_file: CaseFile, decided: Iterable[Sequence[Decision]]) -> None:
    made = Counter(type(each) for decisions in decided for each in decisions)
    visits.NUMBERS.reserve(case_file.session, made[OpenVisit])
    work_items.NUMBERS.reserve(case_file.session, made[OpenWorkItem])


def _postpone(case_file: CaseFile) -> None:
    for row in case_file.cases.values():
        row.next_look_at = case_file.now
    case_file.work.wake_deciding()


def _note_policy(case_file: CaseFile, case: CaseRow, now: tuple[str, str]) -> bool:
    """A decision is explained by the policy that it was made under, which may not be the one the case began with.

    Returns whether this one says something else than that under which the case was last decided on.
    """
    before = case.policy_version, case.policy_digest
    if before != now:
        told = {"before": before[0], "digest_before": before[1], "policy": now[0], "policy_digest": now[1]}
        case_file.note(case.id, "policy_changed", told)
        case.policy_version, case.policy_digest = now
    return before[1] != now[1]
