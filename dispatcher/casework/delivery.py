"""Delivery: claim what is due, most urgent first; write down what came of it.

Between the two lies the provider call, outside any transaction. A claim commits the attempt
as `sending` with a lease before anything leaves the house.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from dispatcher import clock
from dispatcher.casework import links, outcomes
from dispatcher.casework.choosing import Chooser
from dispatcher.casework.files import CaseFiles, entry
from dispatcher.casework.letters import Letters
from dispatcher.casework.office import Office
from dispatcher.store import changes
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow
from dispatcher.wake import LINK, ROUTINE, URGENT
from providers.base import InDoubt, Inquiry, Message, OperationsFault, Permanent, Provider
from providers.registry import Registry
from schemas.vocabulary import AttemptState, Channel, Result

# A routine worker takes urgent rows too, urgent ones first; the urgent worker keeps itself free. A link has its own.
_LANES = {ROUTINE: (URGENT, ROUTINE)}
_LEASE_MARGIN = timedelta(seconds=5)
Moment = datetime | BindParameter[datetime]


@dataclass(frozen=True)
class Errand:
    """One thing to do at one provider, already committed."""

    case_id: UUID
    attempt_id: UUID
    send_key: str
    action: str  # send, query, cancel
    provider: str | None
    message: Message | None
    inquiry: Inquiry | None = None
    others_left: bool = False  # a passing refusal may go to another provider at once


@dataclass(frozen=True)
class Done:
    errand: Errand
    word: outcomes.Word | bool  # bool: whether a cancellation was granted


def claim(session: Session, office: Office, registry: Registry, lane: str, limit: int) -> list[Errand]:
    """Claim up to `limit` due attempts and commit them to the caller's transaction as in hand."""
    now, real_now = office.clock.now(session), clock.shared_now(session)
    due = (
        select(AttemptRow, CaseRow)
        .join(CaseRow, CaseRow.id == AttemptRow.case_id)
        .where(is_due(now, real_now), AttemptRow.lane.in_(_LANES.get(lane, (lane,))))
        .order_by(AttemptRow.urgency_rank, AttemptRow.due_at)
        .limit(limit)
        # The case is locked too, or left for the next round: no claim races a withdrawal.
        .with_for_update(skip_locked=True, key_share=True, of=[AttemptRow, CaseRow])
    )
    rows = session.execute(due).tuples().all()
    if not rows:
        return []
    letters = Letters(session, office, rows)
    chooser = Chooser(session, registry, (attempt for attempt, _ in rows), office.standings.shares(session))
    errands, out_of_reach = [], []
    for attempt, case in rows:
        # Only the provider that was given a message can say what became of it; on a link's lane it is settled already.
        is_new = attempt.action == "send"
        is_open = is_new and not lane.startswith(LINK)
        country = letters.country(attempt)
        provider = chooser.choose(attempt, country) if is_open else registry.get(attempt.provider)
        if provider is not None and links.belongs_elsewhere(provider, lane):
            links.hand_over(session, office, attempt, case, provider, now)
        elif is_open and provider is None and _out_of_reach(registry, attempt, country):
            out_of_reach.append(attempt)
        else:
            message = letters.message(attempt, case) if is_new else None
            inquiry = letters.inquiry(attempt, provider) if attempt.action == "query" else None
            others_left = is_new and provider is not None and chooser.is_another_left(attempt, country, provider)
            errand = _take(session, attempt, case, provider, message, inquiry, now, real_now)
            errands.append(replace(errand, others_left=others_left))
    if out_of_reach:
        _leave_out(session, office, out_of_reach)
    return errands


def _out_of_reach(registry: Registry, attempt: AttemptRow, country: str | None) -> bool:
    """No provider reaches this country, or there is no bank or group to ask. A missing SMS gateway is a fault."""
    channel = Channel(attempt.channel)
    is_expected = registry.serves(channel) or channel in (Channel.HOOK, Channel.BROADCAST)
    return is_expected and not registry.reaching(channel, country)


def _leave_out(session: Session, office: Office, attempts: list[AttemptRow]) -> None:
    files = CaseFiles(session, office)
    files.open({each.case_id for each in attempts})
    for each in attempts:
        outcomes.unsupported(files, each.case_id, each.id)
    files.decide()


def _take(
    session: Session,
    attempt: AttemptRow,
    case: CaseRow,
    provider: Provider | None,
    message: Message | None,
    inquiry: Inquiry | None,
    now: datetime,
    real_now: datetime,
) -> Errand:
    """Put an attempt in hand, with a lease; a new one is committed as `sending`."""
    action = attempt.action or "send"
    timeout = timedelta(seconds=provider.timeout_s if provider else 0)
    attempt.lease_until = real_now + timeout + _LEASE_MARGIN
    if action == "send":
        attempt.provider = provider.name if provider else None
        attempt.state, attempt.action, attempt.sent_at = AttemptState.SENDING.value, None, now
        case.journal_seq += 1
        data = {"attempt": str(attempt.id), "channel": attempt.channel, "provider": attempt.provider}
        changes.write(session, entry(case.id, case.journal_seq, now, "worker", "attempt_sending", attempt.rule, data))
    return Errand(case.id, attempt.id, str(attempt.send_key), action, attempt.provider, message, inquiry)


def record(session: Session, office: Office, results: Iterable[Done]) -> tuple[set[str], list[Done]]:
    """Write results down, journal them, let the engine decide what comes next.

    Gives the lanes to wake, and the results whose cases somebody else holds: one locked case holds up no other.
    """
    results = list(results)
    files = CaseFiles(session, office)
    files.open_soon({done.errand.case_id for done in results})
    held = []
    for done in results:
        errand, word = done.errand, done.word
        if errand.case_id not in files.cases:
            held.append(done)
            continue
        if isinstance(word, bool):
            outcomes.cancelled(files, errand.case_id, errand.attempt_id, taken_back=word)
        else:
            outcomes.record(
                files, errand.case_id, errand.attempt_id, word, asked=errand.action, others_left=errand.others_left
            )
    files.decide()
    return files.lanes, held


def due_lanes(session: Session, office: Office) -> list[str]:
    """Lanes with something to do now."""
    waiting = select(AttemptRow.lane).where(is_due(office.clock.now(session), clock.shared_now(session))).distinct()
    return list(session.scalars(waiting))


def is_due(now: Moment, real_now: Moment) -> ColumnElement[bool]:
    """Something is to be done, its product time has come, and nobody has it in hand (real time)."""
    free = or_(AttemptRow.lease_until.is_(None), AttemptRow.lease_until < real_now)
    return and_(AttemptRow.action.is_not(None), AttemptRow.due_at <= now, free)


NO_PROVIDER = OperationsFault("no_provider")
WITHOUT_PROVIDER: Mapping[str, outcomes.Word | bool] = {
    "send": NO_PROVIDER,
    "query": InDoubt("provider_gone"),
    "cancel": False,
}
UNREADABLE = Permanent(Result.FAILED_PERMANENT, "unreadable")
