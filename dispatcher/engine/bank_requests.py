"""Rules of what a bank is asked for. The product asks; it never moves money."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from dispatcher.engine.case import SUBJECT, Attempt, Case
from dispatcher.engine.decisions import CancelAttempt, Decision, OpenWorkItem, PlanAttempt
from dispatcher.engine.sending import again, failures_in_a_row, last_of, run_of_failures, same_errand
from dispatcher.policy.models import Policy
from dispatcher.policy.triggers import BankTrigger
from schemas.vocabulary import (
    AttemptState,
    BankRequest,
    Channel,
    Person,
    Resolution,
    Result,
    WorkItemKind,
)

IS_DONE = frozenset({Result.STOPPED, Result.STOPPED_PARTLY, Result.GRANTED, Result.LIFTED})
# What each trigger of the policy stands for.
_GROUNDS: Mapping[BankTrigger, Callable[[Case], bool]] = {
    BankTrigger.MONEY_MOVED: lambda case: case.money_has_moved,
    BankTrigger.REFUSED: lambda case: bool(case.refusals),
}
_SOON_TOLD = 3  # failures in a row: within a minute by the usual waits, and money is gone in minutes
# After one of these a measure has no ground any more.
NO_GROUND = frozenset({Resolution.NOT_A_VICTIM, Resolution.WITHDRAWN, Resolution.DUPLICATE_MERGED})


def stop_payment(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Money has moved: the bank is asked to stop it, before all else, and is not waited for; also when it ended so."""
    if has_ground(case, BankRequest.STOP_PAYMENT) and _triggered(case, policy, BankRequest.STOP_PAYMENT):
        yield from _ask_bank(case, policy, BankRequest.STOP_PAYMENT, now)


def stop_payment_on_hold(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """What came too late to be acted on by itself still has its money stopped; a pause is a person's word."""
    if not case.paused:
        yield from stop_payment(case, policy, now)


def stop_payment_groundless(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Nothing has left after all, as a corrected report has it: what is only planned is not asked."""
    if not has_money_to_stop(case, policy):
        for each in case.bank_requests(BankRequest.STOP_PAYMENT):
            if each.state is AttemptState.PLANNED:
                yield CancelAttempt("stop_payment_groundless", each.id)


def has_money_to_stop(case: Case, policy: Policy) -> bool:
    """Whether there is something to stop; nobody but a rule asks for it."""
    has_left = case.money_has_moved or case.money_lost > 0
    return has_left or _triggered(case, policy, BankRequest.STOP_PAYMENT)


def protect_account(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """Refused: the bank is asked to protect the account for a time."""
    if _triggered(case, policy, BankRequest.PROTECT_ACCOUNT):
        yield from _ask_bank(case, policy, BankRequest.PROTECT_ACCOUNT, now)


def _triggered(case: Case, policy: Policy, bank_request: BankRequest) -> bool:
    return any(_GROUNDS[trigger](case) for trigger in policy.plan(case.urgency).hooks.on(bank_request))


def _ask_bank(case: Case, policy: Policy, bank_request: BankRequest, now: datetime) -> Iterator[Decision]:
    made = case.bank_requests(bank_request)
    if any(map(case.is_pending, made)):
        return
    last = last_of(made)
    if last is None:
        yield bank(bank_request.value, bank_request, now)
    elif last.result is Result.FAILED_TEMPORARY:
        yield again(case, policy, last, now)
        yield from _tell_of_failing(case, policy, last, now)
    elif _has_more_left(case, policy, last):
        yield bank("stop_payment_more", bank_request, now)
    elif last.result not in IS_DONE and f"bank:{last.id}" not in case.asked_causes:
        # Refused, unknown, or no bank to ask: somebody rings the bank.
        due_at = policy.answer_by(case.urgency, now)
        yield OpenWorkItem("bank_not_reached", WorkItemKind.BANK_NOT_REACHED, due_at, f"bank:{last.id}")


def _tell_of_failing(case: Case, policy: Policy, last: Attempt, now: datetime) -> Iterator[Decision]:
    """A line that fails again and again: a person rings the bank meanwhile, and again where more has left since."""
    failing = run_of_failures(same_errand(case, last))
    if failures_in_a_row(failing) < _SOON_TOLD:
        return
    told = [each for each in failing if f"bank:{each.id}" in case.asked_causes]
    is_known = told and (case.has_item(f"bank:{told[-1].id}") or not _is_more_than(case, told[-1]))
    if not is_known:
        due_at = policy.answer_by(case.urgency, now)
        yield OpenWorkItem("bank_not_reached", WorkItemKind.BANK_NOT_REACHED, due_at, f"bank:{last.id}")


def _is_more_than(case: Case, asked: Attempt) -> bool:
    return asked.lacks_payee or (asked.left_yuan is not None and case.money_lost > asked.left_yuan)


def _has_more_left(case: Case, policy: Policy, last: Attempt) -> bool:
    """More is lost than the bank was told of, or it went elsewhere too; whoever rings it about the last request asks
    for that as well."""
    # Where the bank has answered after all, that item is over: nobody rings about what left since.
    is_rung = last.result not in IS_DONE and case.has_item(f"bank:{last.id}")
    return _is_more_than(case, last) and not is_rung and _triggered(case, policy, BankRequest.STOP_PAYMENT)


def ordered(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """What a human asked of the bank is pursued like what a rule asks, also when the case has ended."""
    for bank_request in BankRequest:
        # Whatever a rule asked for already is pending, or with a person.
        is_asked = bank_request is not BankRequest.STOP_PAYMENT or has_money_to_stop(case, policy)
        if is_asked and case.bank_requests(bank_request) and has_ground(case, bank_request):
            yield from _ask_bank(case, policy, bank_request, now)


def has_ground(case: Case, bank_request: BankRequest | None) -> bool:
    """A measure needs its ground; lifting one never does."""
    return bank_request is BankRequest.LIFT_PROTECTION or case.resolution not in NO_GROUND


def bank(rule: str, bank_request: BankRequest, due_at: datetime) -> PlanAttempt:
    """One question to the bank."""
    return PlanAttempt(rule, Channel.HOOK, SUBJECT, Person.SUBJECT, due_at, bank_request=bank_request)


def lift_protection(case: Case, policy: Policy, now: datetime) -> Iterator[Decision]:
    """A granted protection is to be lifted: shortly before it ends, or at once where its ground is gone."""
    granted = standing_protection(case)
    if granted is None or granted.granted_until is None:
        return
    if f"lift:{granted.id}" not in case.asked_causes:
        due_at = max(now, granted.granted_until - policy.protection.remind_before)
        yield OpenWorkItem("lift_reminder", WorkItemKind.LIFT_PROTECTION, due_at, f"lift:{granted.id}")
    if case.resolution in NO_GROUND and f"groundless:{granted.id}" not in case.asked_causes:
        due_at = policy.answer_by(case.urgency, now)
        yield OpenWorkItem("protection_groundless", WorkItemKind.LIFT_PROTECTION, due_at, f"groundless:{granted.id}")


def standing_protection(case: Case) -> Attempt | None:
    """The last one granted, unless it was lifted after that."""
    last = next((each for each in reversed(case.attempts) if each.result in (Result.GRANTED, Result.LIFTED)), None)
    return last if last is not None and last.result is Result.GRANTED else None
