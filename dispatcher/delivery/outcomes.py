"""What an outcome does to an attempt: from a send, a query, a cancellation or a receipt."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.moves import move_attempt, move_visit
from dispatcher.delivery import understanding
from dispatcher.engine import attempt_states, visit_states
from dispatcher.logging import logger
from dispatcher.store import money
from dispatcher.store.attempts import AttemptRow
from providers.base import (
    Accepted,
    Answered,
    InDoubt,
    NeverTaken,
    OperationsFault,
    Permanent,
    SwitchChannel,
    Transient,
)
from schemas.vocabulary import (
    ANSWERED_BY_STRANGER,
    UNTAKEN,
    Action,
    AttemptState,
    BankRequest,
    Channel,
    Ending,
    Onward,
    Person,
    Result,
    SkipReason,
)

PROVIDER = "provider"
# Its worker may be dead, or stand still and go on later.
LEASE_EXPIRED = InDoubt("lease_expired")
_RECEIPT = "receipt"
_log = logger(__name__)
# Real time: after accepting, a gateway's receipt may be this far on its way before a stepped clock moves.
_ANSWER_GRACE = timedelta(seconds=15)
_ASK_AGAIN = timedelta(seconds=20)
# A gateway may name its wait, but not put a warning off for good.
_LONGEST_NAMED_WAIT_S = 300.0

_UNSETTLED = frozenset({AttemptState.SENDING, AttemptState.ACCEPTED, AttemptState.IN_DOUBT})

ProviderAnswer = Accepted | Answered | Transient | Permanent | SwitchChannel | OperationsFault | InDoubt | NeverTaken


def record(
    case_file: CaseFile,
    case_id: UUID,
    attempt_id: UUID,
    answer: ProviderAnswer,
    *,
    asked: Action | None,
    can_fail_over: bool = False,
    absence_proves: bool = True,
) -> None:
    """Write down what came of one attempt. `asked` is what we did; None: a receipt came.

    A final state is never moved back; only UNKNOWN may still become known, and what was said not to have been taken
    be corrected. `can_fail_over`: another provider may be tried at once where this one certainly did not send it.
    `absence_proves`: that its provider has none, when asked, means that it never arrives.
    """
    attempt = case_file.attempt(case_id, attempt_id)
    corrects = (
        attempt.state == AttemptState.SETTLED and attempt.ending in UNTAKEN and isinstance(answer, Answered | Accepted)
    )
    if not corrects and _is_final(attempt, answer):
        data = {"attempt": str(attempt_id), "asked": asked or _RECEIPT, "state": attempt.state}
        case_file.note(case_id, "word_ignored", data)
        return
    if not understanding.fits(attempt.channel, answer):
        _set_aside(case_file, attempt, answer, asked)
        if asked is None or corrects:
            return  # the true one may still come
    answer = understanding.of_channel(attempt.channel, answer)
    answer = understanding.of_routes(attempt, answer, case_file.attempts[case_id])
    if corrects and isinstance(answer, Answered | Accepted):
        _correct(case_file, attempt, answer)
        return
    attempt.lease_until = None
    if isinstance(answer, Accepted):
        _accepted(case_file, attempt, answer, asked)
    elif isinstance(answer, InDoubt):
        _in_doubt(case_file, attempt, answer, asked)
    elif isinstance(answer, Answered):
        _settle(case_file, attempt, _understand(case_file, attempt, answer), answer.detail)
    elif isinstance(answer, Permanent):
        attempt.number_fault = answer.number_fault or None
        _settle(case_file, attempt, answer.result, answer.detail)
    elif isinstance(answer, SwitchChannel):
        attempt.onward = Onward.NEXT_CHANNEL
        _settle(case_file, attempt, Result.FAILED_PERMANENT, answer.detail)
    elif isinstance(answer, NeverTaken):
        _untaken(case_file, attempt, absence_proves=absence_proves)
    else:
        if can_fail_over:
            attempt.onward = Onward.NEXT_PROVIDER
        if isinstance(answer, Transient):
            attempt.number_fault = answer.number_fault or None
        if isinstance(answer, Transient) and answer.retry_after_s is not None:
            attempt.retry_not_before = case_file.now + timedelta(
                seconds=min(answer.retry_after_s, _LONGEST_NAMED_WAIT_S)
            )
        _settle(case_file, attempt, Result.FAILED_TEMPORARY, answer.detail)
    if isinstance(answer, Answered):
        _close_siblings(case_file, attempt)


def addressed(case_file: CaseFile, case_id: UUID, send_key: UUID, ref: str | None = None) -> UUID | None:
    """Which attempt a report on this key is about: the first sent under it that has no result yet.

    A reference that is none of theirs is that of one which its provider was thought never to have taken.
    """
    sent = [each for each in case_file.attempts[case_id] if each.send_key == send_key]
    waiting = [each for each in sent if each.state in _UNSETTLED or each.result == Result.UNKNOWN]
    untaken = [each for each in sent if each.ending in UNTAKEN and each.ref in (None, ref)]
    if ref is not None and all(each.ref not in (None, ref) for each in waiting):
        waiting = untaken
    return next((each.id for each in (*waiting, *sent)), None)


def cancelled(case_file: CaseFile, case_id: UUID, attempt_id: UUID, *, taken_back: bool) -> None:
    """The provider's answer to a cancellation."""
    attempt = case_file.attempt(case_id, attempt_id)
    if attempt.state != AttemptState.ACCEPTED:
        return
    attempt.lease_until = None
    if taken_back:
        move_attempt(attempt, attempt_states.cancel(attempt, case_file.now))
    else:
        move_attempt(attempt, attempt_states.await_receipt(attempt))
        attempt.due_at = _receipt_due_at(case_file, attempt)
    case_file.note(case_id, "recall_answered", {"attempt": str(attempt_id), "taken_back": taken_back}, actor=PROVIDER)


def _understand(case_file: CaseFile, attempt: AttemptRow, answer: Answered) -> Result:
    """Take over what a final word says beside its result, and give that as it counts for whom was called."""
    result = _as_called(case_file, attempt, answer.result)
    attempt.confirmed = answer.confirmed and not _is_another(attempt, result)
    attempt.answer, attempt.ref = answer.answer, answer.ref or attempt.ref
    _bank_answered(case_file, attempt, answer)
    return result


def _untaken(case_file: CaseFile, attempt: AttemptRow, *, absence_proves: bool) -> None:
    """Its provider has none: never taken, still on its way, or its sender vanished and may yet go on."""
    if absence_proves:
        _settle(case_file, attempt, Result.FAILED_TEMPORARY, ending=Ending.NEVER_TAKEN)
    elif attempt.gave_up_at is None or attempt.possible_duplicate:
        _settle(case_file, attempt, Result.FAILED_TEMPORARY, ending=Ending.NOT_THERE)
    else:
        _in_doubt(case_file, attempt, InDoubt("not_there_yet"), Action.QUERY)


def _correct(case_file: CaseFile, attempt: AttemptRow, answer: Answered | Accepted) -> None:
    """It was taken after all: the log says so, and what was sent in its place is a duplicate.

    What became of it may still be unknown.
    """
    result, detail = Result.UNKNOWN, None
    if isinstance(answer, Answered):
        result, detail = _understand(case_file, attempt, answer), answer.detail
    attempt.ref = answer.ref or attempt.ref
    move_attempt(attempt, attempt_states.correct(attempt, result, case_file.now))
    attempt.detail, attempt.ending = detail, None
    for other in case_file.attempts[attempt.case_id]:
        if other.send_key == attempt.send_key and other.id > attempt.id:
            other.possible_duplicate = True
    _note_first_contact(case_file, attempt)
    _note(case_file, attempt, "attempt_corrected", ref=attempt.ref, result=result, detail=detail)


def _set_aside(case_file: CaseFile, attempt: AttemptRow, answer: ProviderAnswer, asked: Action | None) -> None:
    """A result that its channel can't give, such as that of a visit for a call, is not believed: told, and no more."""
    result = getattr(answer, "result", None)
    facts = {"attempt": str(attempt.id), "asked": asked or _RECEIPT, "result": result}
    _log.warning("result_set_aside", provider=attempt.provider, channel=attempt.channel, **facts)
    case_file.note(attempt.case_id, "word_ignored", facts | {"state": attempt.state})


def _is_final(attempt: AttemptRow, answer: ProviderAnswer) -> bool:
    if attempt.state in _UNSETTLED:
        return False
    late_knowledge = attempt.result == Result.UNKNOWN and isinstance(answer, Answered)
    return not (attempt.state == AttemptState.SETTLED and late_knowledge)


def _accepted(case_file: CaseFile, attempt: AttemptRow, answer: Accepted, asked: Action | None) -> None:
    waited_out = asked is Action.QUERY and attempt.state == AttemptState.ACCEPTED and not answer.held
    if waited_out and attempt.channel != Channel.VISIT:
        _settle(case_file, attempt, Result.UNKNOWN, ending=Ending.NO_RECEIPT)
        return
    attempt.ref = answer.ref or attempt.ref
    if attempt.action == Action.CANCEL:
        return  # being taken back; that it was queued is no news
    is_visit = attempt.channel == Channel.VISIT
    move_attempt(attempt, attempt_states.accept(attempt, awaits_receipt=not is_visit))
    if is_visit:
        _assigned(case_file, attempt, answer.ref)
    else:
        attempt.due_at = _receipt_due_at(case_file, attempt)
        if not answer.held:
            attempt.lease_until = case_file.work.real_now + _ANSWER_GRACE
    _note(case_file, attempt, "attempt_accepted", ref=attempt.ref, held=answer.held or None)


def _receipt_due_at(case_file: CaseFile, attempt: AttemptRow) -> datetime:
    """When its provider is asked, if no receipt has come by then."""
    return case_file.now + case_file.context.policy.receipt_wait.of(attempt.channel)


def _assigned(case_file: CaseFile, attempt: AttemptRow, badge: str | None) -> None:
    visit = next(each for each in case_file.visits[attempt.case_id] if each.id == attempt.visit_id)
    if visit.attempt_id == attempt.id:
        return  # heard of again: the officer may have gone on meanwhile
    move_visit(visit, visit_states.assign(visit))
    visit.officer, visit.attempt_id, visit.assigned_at = badge, attempt.id, case_file.now
    visit.first_assigned_at = visit.first_assigned_at or case_file.now
    data = {"visit": str(visit.id), "attempt": str(attempt.id), "officer": badge, "rung": attempt.rung}
    case_file.note(attempt.case_id, "visit_assigned", data, actor=PROVIDER)


def _in_doubt(case_file: CaseFile, attempt: AttemptRow, answer: InDoubt, asked: Action | None) -> None:
    """Asked about at once, then every 20 s, until the engine's wait for this urgency is over."""
    again = _ASK_AGAIN if asked is Action.QUERY else timedelta()
    before, attempt.due_at = attempt.state, case_file.now + again
    if asked is Action.SEND and answer is not LEASE_EXPIRED:
        attempt.gave_up_at = case_file.work.real_now
    if before in (AttemptState.ACCEPTED, AttemptState.IN_DOUBT):
        _note(case_file, attempt, "status_unknown", detail=answer.detail)
    if before is AttemptState.ACCEPTED:
        move_attempt(attempt, attempt_states.await_receipt(attempt))
        return
    move_attempt(attempt, attempt_states.doubt(attempt))
    case_file.work.wake(attempt.lane)
    if before is not AttemptState.IN_DOUBT:
        attempt.was_in_doubt = True
        _note(case_file, attempt, "attempt_in_doubt", detail=answer.detail)


def unsupported(case_file: CaseFile, case_id: UUID, attempt_id: UUID) -> None:
    """No provider can reach this destination: left out before anything is sent."""
    attempt = case_file.attempt(case_id, attempt_id)
    move_attempt(attempt, attempt_states.skip(attempt, case_file.now))
    attempt.skip_reason = SkipReason.UNSUPPORTED_DESTINATION
    if attempt.hook is BankRequest.STOP_PAYMENT:
        money.note_asked(attempt, case_file.cases[case_id])  # a person rings the bank about so much
    data = {"attempt": str(attempt.id), "channel": attempt.channel, "reason": attempt.skip_reason}
    case_file.note(case_id, "attempt_skipped", data, rule="unsupported_destination")


def _bank_answered(case_file: CaseFile, attempt: AttemptRow, answer: Answered) -> None:
    """How much was stopped, how long the account is protected. Lost and stopped stay figures of their own."""
    if attempt.hook is None:
        return
    if answer.hours is not None:
        attempt.granted_until = case_file.now + timedelta(hours=answer.hours)
    if answer.stopped_yuan:
        case = case_file.cases[attempt.case_id]
        attempt.stopped_yuan = answer.stopped_yuan
        money.add_stopped(case, answer.stopped_yuan)
        data = {"stopped": answer.stopped_yuan, "lost": case.money_lost, "attempt": str(attempt.id)}
        case_file.note(attempt.case_id, "money_stopped", data, actor=PROVIDER, rule=attempt.hook)


def _as_called(case_file: CaseFile, attempt: AttemptRow, result: Result) -> Result:
    """A named contact who answers is family or guardian, not the subject, whatever the gateway calls it.

    A stranger on a phone that is thought to be forwarded is the forwarding.
    """
    if result is Result.ANSWERED_NOT_SUBJECT and attempt.person == Person.SUBJECT:
        forwarded = case_file.cases[attempt.case_id].case_facts.suspected_call_forwarding
        return Result.SUSPECTED_FORWARDING if forwarded else result
    if result is Result.ANSWERED_SUBJECT and attempt.person != Person.SUBJECT:
        return {Person.GUARDIAN: Result.ANSWERED_GUARDIAN, Person.FAMILY: Result.ANSWERED_FAMILY}.get(
            attempt.person, Result.ANSWERED_NOT_SUBJECT
        )
    return result


def _is_another(attempt: AttemptRow, result: Result) -> bool:
    """Whoever pressed the key was not the one who was called: never a contact."""
    family = result is Result.ANSWERED_FAMILY and attempt.person != Person.FAMILY
    return family or result in ANSWERED_BY_STRANGER


def _settle(
    case_file: CaseFile, attempt: AttemptRow, result: Result, detail: str | None = None, ending: Ending | None = None
) -> None:
    move_attempt(attempt, attempt_states.settle(attempt, result, case_file.now))
    attempt.detail, attempt.ending = detail, ending
    _note_first_contact(case_file, attempt)
    _note(case_file, attempt, "attempt_settled", result=result, detail=detail or ending)


def _note_first_contact(case_file: CaseFile, attempt: AttemptRow) -> None:
    case = case_file.cases[attempt.case_id]
    if attempt.is_contact and case.first_contact_at is None:
        case.first_contact_at, case.first_contact_channel = case_file.now, attempt.channel


def _close_siblings(case_file: CaseFile, settled: AttemptRow) -> None:
    """One message was sent twice under one key: its receipt settles the first and closes the second."""
    for other in case_file.attempts[settled.case_id]:
        if other.send_key != settled.send_key or other.id == settled.id or other.settled_at is not None:
            continue
        move_attempt(other, attempt_states.cancel(other, case_file.now))
        other.lease_until, other.ending = None, Ending.SETTLED_BY_FIRST
        _note(case_file, other, "attempt_closed", by=str(settled.id))


def _note(case_file: CaseFile, attempt: AttemptRow, event: str, **data: Any) -> None:
    """What is news in this entry. Its provider stands in the one before, due times in the changed columns beside it."""
    facts = {
        "attempt": str(attempt.id),
        "channel": attempt.channel,
        "confirmed": attempt.confirmed or None,
        "answer": attempt.answer,
    }
    case_file.note(attempt.case_id, event, facts | data, actor=PROVIDER)
