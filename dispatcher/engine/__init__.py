"""The pure decision function: (case, policy, now) -> decisions, each with the rule that made it.

No I/O, no clock of its own. Rules run in the order below; each sees what those before it decided.
Deciding twice on the same case changes nothing the second time.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from dispatcher.engine import (
    bank_requests,
    broadcasts,
    calls,
    channels,
    closing,
    doubts,
    ladder,
    replan,
    sms,
    unreached,
    urgency,
    visits,
    work_items,
)
from dispatcher.engine.case import Case
from dispatcher.engine.decisions import DecideAgainAt, Decision
from dispatcher.engine.evolve import evolve
from dispatcher.policy.models import Policy

__all__ = ["Case", "Decision", "decide", "decide_anew", "evolve"]

Rule = Callable[[Case, Policy, datetime], Iterator[Decision]]

# How a case ends by itself.
ENDING: tuple[Rule, ...] = (
    closing.withdrawn,
    urgency.warned_again,  # before what is not grave may end in silence
    closing.expired_on_arrival,
    closing.suppressed,
    closing.confirmed_call,
    closing.met,
)
# What another policy has planned, on hold or not.
UNDER_ANOTHER_POLICY: tuple[Rule, ...] = (replan.attempts, replan.revisit, replan.asked)
# What goes on though it is on hold: money that has moved is stopped all the same.
ON_HOLD: tuple[Rule, ...] = (
    bank_requests.stop_payment_groundless,
    bank_requests.stop_payment_on_hold,
    closing.paused,
)
# What goes on while it is open. Of what is newly sent, money that has moved comes first.
GOING_ON: tuple[Rule, ...] = (
    channels.bad_numbers,
    channels.avoid_bad_numbers,
    channels.avoid_retired_numbers,
    channels.avoid_dropped_channels,
    calls.not_by_machine,
    urgency.somebody_else_answered,
    doubts.doubts,
    bank_requests.stop_payment_groundless,
    bank_requests.stop_payment,
    urgency.phone_route_exhausted,
    doubts.doubts,  # once more: a raised urgency waits less
    channels.skip_channels,
    calls.stop_calling,
    calls.bring_forward,
    sms.sms,
    calls.calls,
    calls.calls_ended,
    visits.visit_needed,
    visits.revisit,
    visits.re_address,
    ladder.acceptance,
    ladder.transfer_offered,
    ladder.offer_lapsed,
    ladder.assign,
    ladder.deadlines,
    ladder.overdue,
    calls.family_calls,
    bank_requests.protect_account,
    bank_requests.ordered,
    bank_requests.lift_protection,
    broadcasts.group_notice,
    visits.ask_for_number,
    visits.ask_for_address,
    unreached.operator_help,
    unreached.employer_approval,
    unreached.doubt,
    unreached.sending_fails,
)
# What is left when it has ended.
AFTERWARDS: tuple[Rule, ...] = (
    bank_requests.stop_payment_groundless,
    bank_requests.stop_payment,
    closing.clear_up,
    channels.skip_unused_channels,
    bank_requests.ordered,
    bank_requests.lift_protection,
    closing.follow_ups,
    closing.hand_over,
)


def decide_anew(case: Case, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """As `decide`, of a case that was last decided on under a policy that says something else."""
    made: list[Decision] = []
    for rule in UNDER_ANOTHER_POLICY:
        if case.is_open:
            case = _run(rule, case, policy, now, made)
    return (*made, *decide(case, policy, now))


def decide(case: Case, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Everything to do about this case now. A DecideAgainAt says when to decide again."""
    made: list[Decision] = []
    for rule in ENDING:
        if case.is_open:
            case = _run(rule, case, policy, now, made)
    if not case.is_open:
        for rule in AFTERWARDS:
            case = _run(rule, case, policy, now, made)
    elif case.is_on_hold:
        for rule in ON_HOLD:
            case = _run(rule, case, policy, now, made)
    else:
        for rule in GOING_ON:
            case = _run(rule, case, policy, now, made)
    case = _run(work_items.ended, case, policy, now, made)
    if case.is_open and not case.is_on_hold and not any(isinstance(each, DecideAgainAt) for each in made):
        case = _run(closing.plan_exhausted, case, policy, now, made)
    case = _run(work_items.urgency_rose, case, policy, now, made)
    _run(work_items.overdue, case, policy, now, made)
    return tuple(made)


def _run(rule: Rule, case: Case, policy: Policy, now: datetime, made: list[Decision]) -> Case:
    for decision in rule(case, policy, now):
        made.append(decision)
        case = evolve(case, decision, now)
    return case
