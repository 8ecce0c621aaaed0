"""The pure decision function: (case, policy, now) -> decisions, each with the rule that made it.

No I/O, no clock of its own. Rules run in the order below; each sees what those before it decided.
Deciding twice on the same case changes nothing the second time.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from dispatcher.engine import closing, messages, visits
from dispatcher.engine.case import Case
from dispatcher.engine.decisions import Decision, Look
from dispatcher.engine.evolve import evolve
from dispatcher.policy.models import Policy

__all__ = ["Case", "Decision", "decide", "evolve"]

Rule = Callable[[Case, Policy, datetime], Iterator[Decision]]

_ENDING: tuple[Rule, ...] = (
    closing.withdrawn,
    closing.expired_on_arrival,
    closing.confirmed_call,
    closing.met,
)
_GOING_ON: tuple[Rule, ...] = (
    messages.bad_numbers,
    messages.avoid_bad_numbers,
    closing.somebody_else_answered,
    closing.phone_route_exhausted,
    messages.skip_channels,
    messages.stop_calling,
    messages.bring_forward,
    messages.doubts,
    messages.sms,
    messages.calls,
    visits.visit_needed,
    visits.revisit,
    visits.acceptance,
    visits.assign,
    visits.deadlines,
    visits.overdue,
    messages.family_calls,
)


def decide(case: Case, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """Everything to do about this case now. A Look says when to decide again."""
    made: list[Decision] = []
    was_open = case.is_open
    for rule in _ENDING:
        if case.is_open:
            case = _run(rule, case, policy, now, made)
    if case.is_open and not case.expired:
        for rule in _GOING_ON:
            case = _run(rule, case, policy, now, made)
        if not any(isinstance(each, Look) for each in made):
            _run(closing.plan_exhausted, case, policy, now, made)
    elif not case.is_open:
        case = _run(closing.clear_up, case, policy, now, made)
        if was_open:
            made.extend(closing.follow_ups(case, policy))
    return tuple(made)


def _run(rule: Rule, case: Case, policy: Policy, now: datetime, made: list[Decision]) -> Case:
    for decision in rule(case, policy, now):
        made.append(decision)
        case = evolve(case, decision, now)
    return case
