"""What a human's order makes of a case: pure, like the rules, but never on its own."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from dispatcher.engine import caps, closing, numbers, places, times
from dispatcher.engine.bank_requests import bank as ask
from dispatcher.engine.case import MONEY_GONE, SUBJECT, Case
from dispatcher.engine.decisions import CloseCase, Decision, OpenVisit, PlanAttempt, ReopenCase
from dispatcher.engine.sending import plan
from dispatcher.policy.models import Policy
from schemas.vocabulary import BankRequest, Channel, Person, Relation, Urgency

_REOPENED = "reopened_by_supervisor"
ASSIGNED_BY_PERSON = "assigned_by_person"


def call(case: Case, relation: Relation, now: datetime) -> tuple[Decision, ...]:
    """One call to a named contact; nothing where there is none, or one is under way."""
    parties = dict.fromkeys(number.party for number in case.numbers if number.relation is relation)
    for party in parties:
        left = numbers.usable(case, Channel.VOICE, party)
        if left and not any(map(case.is_pending, case.on(Channel.VOICE, party))):
            return (
                plan(
                    f"call_{relation}", Channel.VOICE, left[0], times.Due(now), warning_number=caps.warning_number(case)
                ),
            )
    return ()


def bank(bank_request: BankRequest, now: datetime) -> PlanAttempt:
    """One question to the bank."""
    return ask(f"{bank_request}_ordered", bank_request, now)


def assign(case: Case, visit_id: str, rung: int, now: datetime) -> PlanAttempt:
    """A visit goes to the officer whom a person names."""
    return PlanAttempt(
        ASSIGNED_BY_PERSON,
        Channel.VISIT,
        SUBJECT,
        Person.SUBJECT,
        now,
        visit_id=visit_id,
        rung=rung,
        warning_number=caps.warning_number(case),
    )


def reopen(case: Case, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """A case that had ended goes on, and somebody goes to the person again: who was contacted before does not count."""
    where = places.precinct(case, policy, now) or (case.visits[-1].precinct if case.visits else None)
    return ReopenCase(_REOPENED, overrules=True), OpenVisit(_REOPENED, where)


def correct(before: Case, after: Case, visit_id: str, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """What a corrected report makes of a case that has ended: another end, or it goes on.

    Where the report had not ended it, only money that is gone undoes what a person decided. Of a case that is open the
    rules decide.
    """
    last = after.last_report
    if after.is_open or after.withdrawn or last is None or last.id != visit_id:
        return ()
    ends = tuple(each for each in closing.met(after, policy, now) if isinstance(each, CloseCase))
    had_ended_it = before.resolution in closing.OF_A_MEETING and any(closing.met(before, policy, now))
    if not had_ended_it and not any(each.resolution in MONEY_GONE for each in ends):
        return ()
    return ReopenCase("report_corrected"), *ends


def moved(deadlines: Mapping[str, str], by: timedelta) -> dict[str, str]:
    """Deadlines after a pause."""
    return {name: (datetime.fromisoformat(at) + by).isoformat() for name, at in deadlines.items()}


def after_pause(policy: Policy, channel: Channel, urgency: Urgency, due_at: datetime, stood: timedelta) -> datetime:
    """When a planned attempt goes after a pause. A visit keeps its time of day, and nobody is rung in quiet hours."""
    if channel is Channel.VISIT:
        return due_at
    return due_at + stood if channel is Channel.HOOK else times.awake(policy, urgency, times.Due(due_at + stood)).at
