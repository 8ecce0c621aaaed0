"""Lets the engine decide on cases, and carries its decisions out."""

from dispatcher import engine
from dispatcher.casework import set_aside, snapshot
from dispatcher.casework.carry_out import carry_out
from dispatcher.casework.case_file import CaseFile
from dispatcher.store.cases import CaseRow


def decide(case_file: CaseFile) -> None:
    """Decide on every open case of this file under the policy of now, or have each decided on alone at once."""
    if case_file.work.postpones_decisions:
        _postpone(case_file)
        return
    for row in case_file.cases.values():
        _note_policy(case_file, row)
    for case_id, case in snapshot.read_all(case_file).items():
        carry_out(case_file, case_id, engine.decide(case, case_file.context.policy, case_file.now))
    for row in case_file.cases.values():
        set_aside.end(case_file.work, row, is_decided=True)


def _postpone(case_file: CaseFile) -> None:
    for row in case_file.cases.values():
        row.next_look_at = case_file.now
    case_file.work.wake_deciding()


def _note_policy(case_file: CaseFile, case: CaseRow) -> None:
    """A decision is explained by the policy that it was made under, which may not be the one the case began with."""
    version = case_file.context.policy.version
    if case.policy_version != version:
        case_file.note(case.id, "policy_changed", {"before": case.policy_version, "policy": version})
        case.policy_version = version
