"""Rules of what banks and groups are asked for. The product asks; it never moves money."""

from collections.abc import Iterator
from datetime import datetime

from dispatcher.engine.case import SUBJECT, Attempt, Case
from dispatcher.engine.decisions import AskHuman, Decision, Oblige, Plan, Skip
from dispatcher.engine.sending import again, awake, last_of
from dispatcher.engine.times import Due
from dispatcher.policy.models import Policy
from schemas.vocabulary import (
    AttemptState,
    Channel,
    Hook,
    Person,
    Resolution,
    Result,
    Rung,
    SkipReason,
    WorkItemKind,
)

_DONE = frozenset({Result.STOPPED, Result.STOPPED_PARTLY, Result.GRANTED, Result.LIFTED})
# After one of these a measure has no ground any more.
NO_GROUND = frozenset({Resolution.NOT_A_VICTIM, Resolution.WITHDRAWN, Resolution.DUPLICATE_MERGED})


def stop_payment(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Money has moved: the bank is asked to stop it, before all else, and is not waited for."""
    if _triggered(case, policy, Hook.STOP_PAYMENT):
        yield from _ask_bank(case, policy, Hook.STOP_PAYMENT, now)


def protect_account(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Refused: the bank is asked to protect the account for a time."""
    if _triggered(case, policy, Hook.PROTECT_ACCOUNT):
        yield from _ask_bank(case, policy, Hook.PROTECT_ACCOUNT, now)


def _triggered(case: Case, policy: Policy, hook: Hook) -> bool:
    given = {"money_moved": case.money_moved, "refused": bool(case.refusals)}
    return any(given[trigger] for trigger in policy.plan(case.urgency).hooks.on(hook))


def _ask_bank(case: Case, policy: Policy, hook: Hook, now: datetime) -> Iterator[Decision]:
    made = case.hooks(hook)
    if any(map(case.is_pending, made)):
        return
    last = last_of(made)
    if last is None:
        yield bank(hook.value, hook, now)
    elif last.result is Result.FAILED_TEMPORARY:
        yield again(case, policy, last, now)
    elif last.result not in _DONE and f"bank:{last.id}" not in case.asked_for:
        # Refused, unknown, or no bank to ask: somebody rings the bank.
        yield AskHuman("bank_not_reached", Rung.CENTRE, f"bank:{last.id}")


def ordered(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """What a human asked of the bank is pursued like what a rule asks, also when the case has ended."""
    for hook in Hook:
        # Whatever a rule asked for already is pending, or with a person.
        if case.hooks(hook) and has_ground(case, hook):
            yield from _ask_bank(case, policy, hook, now)


def has_ground(case: Case, hook: Hook | None) -> bool:
    """A measure needs its ground; lifting one never does."""
    return hook is Hook.LIFT_PROTECTION or case.resolution not in NO_GROUND


def bank(rule: str, hook: Hook, due_at: datetime) -> Plan:
    """One question to the bank."""
    return Plan(rule, Channel.HOOK, SUBJECT, Person.SUBJECT, due_at, hook=hook)


def lift_protection(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A granted protection is to be lifted: shortly before it ends, or at once where its ground is gone."""
    granted = standing_protection(case)
    if granted is None or granted.granted_until is None:
        return
    if f"lift:{granted.id}" not in case.asked_for:
        due_at = max(now, granted.granted_until - policy.protection.remind_before)
        yield Oblige("lift_reminder", WorkItemKind.LIFT_PROTECTION, due_at, f"lift:{granted.id}")
    if case.resolution in NO_GROUND and f"groundless:{granted.id}" not in case.asked_for:
        yield Oblige("protection_groundless", WorkItemKind.LIFT_PROTECTION, now, f"groundless:{granted.id}")


def standing_protection(case: Case) -> Attempt | None:
    """The last one granted, unless it was lifted after that."""
    last = next((each for each in reversed(case.attempts) if each.result in (Result.GRANTED, Result.LIFTED)), None)
    return last if last is not None and last.result is Result.GRANTED else None


def group_notice(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Where the centre asked for a broadcast: scam pattern and area, once in a while for each."""
    tried = tuple(each for each in case.attempts if each.channel is Channel.BROADCAST)
    if Channel.BROADCAST not in case.channels or any(each.state is AttemptState.SKIPPED for each in tried):
        return
    made = case.on(Channel.BROADCAST)
    if any(map(case.is_pending, made)):
        return
    last = last_of(made)
    if last is not None:
        if last.result is Result.FAILED_TEMPORARY:
            yield again(case, policy, last, now)
    elif case.area is None:
        yield Skip("no_area", Channel.BROADCAST, SkipReason.UNSUPPORTED_DESTINATION)
    elif case.noticed_at is not None and now < case.noticed_at + policy.broadcast.again_after:
        yield Skip("noticed_lately", Channel.BROADCAST, SkipReason.CAP_REACHED)
    else:
        due = awake(case, policy, Due(now))
        yield Plan("group_notice", Channel.BROADCAST, SUBJECT, Person.OTHER, due.at, held_by=due.held_by)
