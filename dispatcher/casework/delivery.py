"""Delivery: claim what is due, most urgent first; write down what came of it.

Between the two lies the provider call, outside any transaction. A claim commits the attempt
as `sending` with a lease before anything leaves the house.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from dispatcher import clock
from dispatcher.casework import outcomes
from dispatcher.casework.files import CaseFiles, entry
from dispatcher.casework.office import Office
from dispatcher.casework.people import sealed
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow, PhoneRow
from dispatcher.store.vault import SubjectRow, VaultValueRow
from dispatcher.vault import Erased
from dispatcher.wake import ROUTINE, URGENT
from providers.base import InDoubt, Message, OperationsFault, Permanent
from providers.registry import Registry
from schemas.vocabulary import AttemptState, Channel, Person, Result

# A routine worker takes urgent rows too, urgent ones first; the urgent worker keeps itself free.
_LANES = {URGENT: (URGENT,), ROUTINE: (URGENT, ROUTINE)}
_LEASE_MARGIN = timedelta(seconds=5)


@dataclass(frozen=True)
class Errand:
    """One thing to do at one provider, already committed."""

    case_id: UUID
    attempt_id: UUID
    send_key: str
    action: str  # send, query, cancel
    provider: str | None
    message: Message | None


@dataclass(frozen=True)
class Done:
    errand: Errand
    word: outcomes.Word | bool  # bool: whether a cancellation was granted


def claim(session: Session, office: Office, registry: Registry, lane: str, limit: int) -> list[Errand]:
    """Claim up to `limit` due attempts and commit them to the caller's transaction as in hand."""
    now, real = office.clock.now(session), clock.real_now()
    due = (
        select(AttemptRow, CaseRow)
        .join(CaseRow, CaseRow.id == AttemptRow.case_id)
        .where(_is_due(now), AttemptRow.lane.in_(_LANES[lane]))
        .order_by(AttemptRow.urgency_rank, AttemptRow.due_at)
        .limit(limit)
        # The case is locked too, or left for the next round: no claim races a withdrawal.
        .with_for_update(skip_locked=True, key_share=True, of=[AttemptRow, CaseRow])
    )
    rows = session.execute(due).tuples().all()
    if not rows:
        return []
    letters = _Letters(session, office, rows)
    errands = []
    for attempt, case in rows:
        action = attempt.action or "send"
        # Only the provider that was given a message can say what became of it.
        is_new = action == "send"
        provider = registry.for_channel(Channel(attempt.channel)) if is_new else registry.get(attempt.provider)
        timeout = timedelta(seconds=provider.timeout_s if provider else 0)
        attempt.lease_until = real + timeout + _LEASE_MARGIN
        message = None
        if is_new:
            attempt.provider = provider.name if provider else None
            message = letters.message(attempt, case)
            attempt.state, attempt.action, attempt.sent_at = AttemptState.SENDING.value, None, now
            case.journal_seq += 1
            data = {"attempt": str(attempt.id), "channel": attempt.channel, "provider": attempt.provider}
            session.add(entry(case.id, case.journal_seq, now, "worker", "attempt_sending", attempt.rule, data))
        errands.append(Errand(case.id, attempt.id, str(attempt.send_key), action, attempt.provider, message))
    return errands


def record(session: Session, office: Office, results: Iterable[Done]) -> set[str]:
    """Write results down, journal them, let the engine decide what comes next. Gives the lanes to wake."""
    results = list(results)
    files = CaseFiles(session, office)
    files.open({done.errand.case_id for done in results})
    for done in results:
        errand, word = done.errand, done.word
        if isinstance(word, bool):
            outcomes.cancelled(files, errand.case_id, errand.attempt_id, taken_back=word)
        else:
            outcomes.record(files, errand.case_id, errand.attempt_id, word, asked=errand.action)
    files.decide()
    return files.lanes


def due_lanes(session: Session, office: Office) -> list[str]:
    """Lanes with something to do now."""
    waiting = select(AttemptRow.lane).where(_is_due(office.clock.now(session))).distinct()
    return list(session.scalars(waiting))


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Something is to be done, its product time has come, and nobody has it in hand (real time)."""
    free = or_(AttemptRow.lease_until.is_(None), AttemptRow.lease_until < clock.real_now())
    return and_(AttemptRow.action.is_not(None), AttemptRow.due_at <= now, free)


NO_PROVIDER = OperationsFault("no_provider")
WITHOUT_PROVIDER: Mapping[str, outcomes.Word | bool] = {
    "send": NO_PROVIDER,
    "query": InDoubt("provider_gone"),
    "cancel": False,
}
UNREADABLE = Permanent(Result.FAILED_PERMANENT, "unreadable")


class _Letters:
    """Writes the messages of one claim: numbers and surnames come out of the vault here and nowhere earlier."""

    def __init__(self, session: Session, office: Office, rows: Iterable[tuple[AttemptRow, CaseRow]]) -> None:
        self._office = office
        phone_ids = {attempt.phone_id for attempt, _ in rows if attempt.phone_id and attempt.action == "send"}
        named = {case.subject_id for attempt, case in rows if attempt.channel == Channel.VOICE}
        owner = aliased(SubjectRow)
        numbers = (
            select(PhoneRow.id, VaultValueRow, owner)
            .join(VaultValueRow, VaultValueRow.id == PhoneRow.value_id)
            .join(owner, owner.id == VaultValueRow.subject_id)
            .where(PhoneRow.id.in_(phone_ids))
        )
        self._numbers = {key: (value, subject) for key, value, subject in session.execute(numbers).tuples()}
        self._people: dict[tuple[UUID, str], tuple[VaultValueRow, SubjectRow]] = {}
        if named:
            is_name = or_(VaultValueRow.field.in_(("name", "gender")), func.starts_with(VaultValueRow.field, "name:"))
            values = (
                select(VaultValueRow, owner)
                .join(owner, owner.id == VaultValueRow.subject_id)
                .where(VaultValueRow.subject_id.in_(named), is_name)
                .order_by(VaultValueRow.id)
            )
            for value, subject in session.execute(values).tuples():
                self._people[value.subject_id, value.field] = (value, subject)

    def message(self, attempt: AttemptRow, case: CaseRow) -> Message | None:
        """The message to send; None where the person has been erased."""
        channel, person = Channel(attempt.channel), Person(attempt.person)
        try:
            to = self._open(self._numbers.get(attempt.phone_id)) if attempt.phone_id else None
            script = self._script(attempt, case, person) if channel is Channel.VOICE else None
        except (Erased, InvalidTag):
            # One damaged or erased value must not hold up the others of its slice.
            return None
        return Message(
            send_key=str(attempt.send_key),
            channel=channel,
            person=person,
            to=to,
            text=self._office.texts.sms(case.fraud_type, case.language) if channel is Channel.SMS else None,
            script=script,
            collect=channel is Channel.VOICE,
            visit_id=str(attempt.visit_id) if attempt.visit_id else None,
            rung=attempt.rung,
        )

    def _script(self, attempt: AttemptRow, case: CaseRow, person: Person) -> str:
        is_subject = person is Person.SUBJECT
        name = self._person(case, "name" if is_subject else f"name:{attempt.party}")
        gender = self._person(case, "gender") if is_subject else None
        return self._office.texts.voice(case.fraud_type, case.language, person, _surname(name), gender)

    def _person(self, case: CaseRow, field: str) -> str | None:
        return self._open(self._people.get((case.subject_id, field)))

    def _open(self, kept: tuple[VaultValueRow, SubjectRow] | None) -> str | None:
        if kept is None:
            return None
        value, subject = kept
        return self._office.vault.open(sealed(value), subject.key_id, subject.wrapped_key)


_DOUBLE_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯")


def _surname(name: str | None) -> str | None:
    if not name:
        return None
    if name.isascii():
        return name.split(",")[0] if "," in name else name.split()[-1]
    return name[:2] if name.startswith(_DOUBLE_SURNAMES) else name[0]
