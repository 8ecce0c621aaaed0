"""Orders: what a supervisor decides about a case, each with a reason and journalled under its own rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dispatcher.casework import snapshot
from dispatcher.casework.carry_out import carry_out
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.closing import ask_again, standing
from dispatcher.casework.decide import decide
from dispatcher.casework.moves import end_work_item
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.engine import closing
from dispatcher.engine import orders as engine
from dispatcher.engine.bank_requests import NO_GROUND
from dispatcher.engine.work_items import NEXT_STEPS
from dispatcher.errors import Refused
from dispatcher.intake import contact_points, locks, normalised, same_person
from dispatcher.store.cases import CaseRow
from dispatcher.store.vault import SubjectRow
from dispatcher.store.visits import UnitRow
from dispatcher.visits import permissions
from schemas.folding import is_blank
from schemas.instruction import Address
from schemas.refusals import RefusalCode
from schemas.vocabulary import Act, BankRequest, CaseState, Relation, Resolution, WorkItemKind, WorkItemState

# Only a source withdraws, and only time lets a case expire.
CLOSING = tuple(each for each in Resolution if each not in (Resolution.WITHDRAWN, Resolution.EXPIRED))
# Family is called by the plan; these are called when a person says so, each time anew.
CALLED_ON_ORDER = (Relation.EMPLOYER, Relation.COMMUNITY)
# What a person asks of the bank; payment is stopped by rule, before all else.
_ACT_OF = {BankRequest.PROTECT_ACCOUNT: Act.PROTECT, BankRequest.LIFT_PROTECTION: Act.LIFT}
ASKED_ON_ORDER = tuple(_ACT_OF)
# What a decision answers; all else that waits for a person waits on.
_WHAT_NEXT = frozenset({WorkItemKind.PLAN_EXHAUSTED, WorkItemKind.VISIT_RESULT})
_ANSWERS: Mapping[str, frozenset[WorkItemKind]] = {
    "revived": frozenset({WorkItemKind.EXPIRED, WorkItemKind.SUPPRESSED, WorkItemKind.HELD_CASE}),
    "resumed": frozenset({WorkItemKind.PAUSED, WorkItemKind.HELD_CASE}),
    "closed_by_supervisor": NEXT_STEPS | {WorkItemKind.HELD_CASE},
    f"call_{Relation.EMPLOYER}": _WHAT_NEXT | {WorkItemKind.EMPLOYER_APPROVAL},
    f"call_{Relation.COMMUNITY}": _WHAT_NEXT,
    "located": _WHAT_NEXT,
}


@dataclass(frozen=True)
class SupervisorDecision:
    """Who orders, and why; the reason is kept in the vault, since it may name people."""

    by: str
    reason: str


def lock_open_case(work: UnitOfWork, case_id: UUID, order: SupervisorDecision, act: Act) -> tuple[CaseFile, CaseRow]:
    """The file of a case that is open, for an order that gives its reason and whose giver may. Raises Refused."""
    case_file, case = lock_case(work, case_id, order, act)
    if case.state != CaseState.OPEN:
        raise Refused(RefusalCode.CASE_ENDED, case=str(case_id))
    return case_file, case


def lock_case(work: UnitOfWork, case_id: UUID, order: SupervisorDecision, act: Act) -> tuple[CaseFile, CaseRow]:
    """As `lock_open_case`, also of a case that has ended."""
    if is_blank(order.reason):
        raise Refused(RefusalCode.REASON_MISSING)
    case_file = CaseFile(work)
    case_file.open([case_id])
    if case_id not in case_file.cases:
        raise Refused(RefusalCode.NO_CASE, case=str(case_id))
    permissions.check_case(case_file, case_file.cases[case_id], order.by, act)
    return case_file, case_file.cases[case_id]


def note(case_file: CaseFile, case: CaseRow, order: SupervisorDecision, rule: str, **data: Any) -> None:
    """Put an order on the record. What waited for this decision is done."""
    reason = case_file.remark(case.id, order.reason)
    case_file.note(case.id, "supervisor_ordered", data | {"reason": reason}, actor=order.by, rule=rule)
    for item in case_file.work_items[case.id]:
        if item.done_at is None and item.kind in _ANSWERS.get(rule, frozenset()):
            end_work_item(case_file.work, case, item, WorkItemState.DONE, rule=rule, by=order.by)


def revive(work: UnitOfWork, case_id: UUID, order: SupervisorDecision) -> None:
    """An instruction that came too late, or after a false alarm, is acted on all the same."""
    case_file, case = lock_open_case(work, case_id, order, Act.REVIVE)
    if not (case.expired or case.suppressed):
        raise Refused(RefusalCode.NOTHING_TO_REVIVE)
    case.expired = case.suppressed = False
    note(case_file, case, order, "revived")
    decide(case_file)


def close(work: UnitOfWork, case_id: UUID, order: SupervisorDecision, resolution: Resolution) -> None:
    """A supervisor's decision ends the case."""
    if resolution not in CLOSING:
        raise Refused(RefusalCode.WRONG_RESOLUTION, allowed=CLOSING)
    case_file, case = lock_open_case(work, case_id, order, Act.CLOSE)
    note(case_file, case, order, "closed_by_supervisor", resolution=resolution)
    carry_out(case_file, case_id, [closing.told("closed_by_supervisor", snapshot.read(case_file, case_id), resolution)])
    decide(case_file)


def call(work: UnitOfWork, case_id: UUID, order: SupervisorDecision, relation: Relation) -> None:
    """Have a named contact called who is never called by machine: an employer, a community worker."""
    if relation not in CALLED_ON_ORDER:
        raise Refused(RefusalCode.WRONG_RELATION, allowed=CALLED_ON_ORDER)
    case_file, case = lock_open_case(work, case_id, order, Act.CALL)
    decisions = engine.call(snapshot.read(case_file, case_id), relation, case_file.now)
    if not decisions:
        raise Refused(RefusalCode.NO_CONTACT_TO_CALL, relation=relation)
    note(case_file, case, order, f"call_{relation}", relation=relation)
    carry_out(case_file, case_id, decisions)
    decide(case_file)


def ask_bank(work: UnitOfWork, case_id: UUID, order: SupervisorDecision, hook: BankRequest) -> None:
    """Ask the bank for a measure, or to lift one. A measure outlives its case, so a closed one is asked about too."""
    if hook not in ASKED_ON_ORDER:
        raise Refused(RefusalCode.WRONG_BANK_REQUEST, allowed=ASKED_ON_ORDER)
    case_file, case = lock_case(work, case_id, order, _ACT_OF[hook])
    if hook is not BankRequest.LIFT_PROTECTION and case.resolution in NO_GROUND:
        raise Refused(RefusalCode.NO_GROUND_FOR_MEASURE, resolution=Resolution(case.resolution))
    note(case_file, case, order, f"{hook}_ordered")
    carry_out(case_file, case_id, [engine.bank(hook, case_file.now)])
    decide(case_file)


def locate(work: UnitOfWork, case_id: UUID, order: SupervisorDecision, address: Address) -> None:
    """The person is found to be somewhere else: an address that holds for a time. The clock stands."""
    case_file, case = lock_open_case(work, case_id, order, Act.LOCATE)
    unit = address.precinct_code or ""
    if work.session.get(UnitRow, unit) is None:
        raise Refused(RefusalCode.NO_UNIT, unit=unit)
    if address.valid_until is not None and address.valid_until <= case_file.now:
        raise Refused(RefusalCode.ADDRESS_EXPIRED)
    subject = work.session.get_one(SubjectRow, case.subject_id)
    [place] = normalised.places(work.context, [address], [])
    contact_points.add_places(case_file, case, subject, [place])
    contact_points.renew(case_file, case_id, place)
    note(case_file, case, order, "located")
    decide(case_file)


def reopen(work: UnitOfWork, case_id: UUID, order: SupervisorDecision) -> None:
    """A case that ended goes on: somebody is sent to the person anew."""
    locks.lock_person_of(work, case_id)  # a warning of this person that comes meanwhile has its case, or joins this one
    case_file, case = lock_case(work, case_id, order, Act.REOPEN)
    if case.state == CaseState.OPEN:
        raise Refused(RefusalCode.CASE_OPEN, case=str(case_id))
    if case.withdrawn_at is not None or not standing(case_file, case_id):
        raise Refused(RefusalCode.CASE_WITHDRAWN, case=str(case_id))
    if case_file.subject(case_id).wrapped_key is None:
        raise Refused(RefusalCode.PERSON_ERASED)
    others = same_person.other_open_cases(case_file, case_id)
    if others:
        raise Refused(RefusalCode.OTHER_CASE_OPEN, case=str(case_id), other=str(others[0]))
    note(case_file, case, order, "reopened_by_supervisor")
    decisions = engine.reopen(snapshot.read(case_file, case_id), case_file.context.policy, case_file.now)
    carry_out(case_file, case_id, decisions)
    ask_again(case_file, case_id)
    decide(case_file)
