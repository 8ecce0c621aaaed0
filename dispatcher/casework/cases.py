"""Opening a case, or joining the open one of the same person."""

from uuid import UUID

from sqlalchemy import select

from dispatcher.casework import codes, reaches, related
from dispatcher.casework.apply import raise_urgency
from dispatcher.casework.files import CaseFiles
from dispatcher.casework.incoming import Incoming
from dispatcher.casework.people import keep_value, new_subject
from dispatcher.store.base import new_id
from dispatcher.store.cases import CaseRow
from dispatcher.store.vault import SubjectRow
from schemas.vocabulary import CaseState, LinkKind, Urgency


def open_or_join(files: CaseFiles, incoming: Incoming, case_id: UUID | None) -> tuple[UUID, bool]:
    """The case this instruction belongs to: that of its earlier version, the person's open one, or a new one."""
    found = case_id if case_id is not None and _is_open(files, case_id) else None
    found = found or related.open_case(files.session, incoming)
    earlier = open_with_neighbours(files, incoming, found)
    if found is None:
        return open_new(files, incoming, _subject(files, incoming), earlier), False
    join(files, found, incoming, rule="higher_urgency_joined")
    return found, True


def open_with_neighbours(files: CaseFiles, incoming: Incoming, case_id: UUID | None) -> UUID | None:
    """Open a case and all that it may be linked to at once: one after the other, two neighbours would deadlock.

    Gives the earlier case in which a person without an open one was warned.
    """
    earlier = related.warned_before(files.session, files.office, incoming, files.now) if case_id is None else None
    numbers = {phone.digest for phone in incoming.phones}
    if case_id is not None:
        numbers |= related.numbers_of(files.session, case_id)
    files.open({*related.neighbours(files.session, numbers, case_id), *(each for each in (case_id, earlier) if each)})
    return earlier


def _is_open(files: CaseFiles, case_id: UUID) -> bool:
    state = files.session.scalar(select(CaseRow.state).where(CaseRow.id == case_id))
    return state == CaseState.OPEN


def open_new(files: CaseFiles, incoming: Incoming, subject: SubjectRow, earlier: UUID | None) -> UUID:
    """A case of its own, with what is known of the person's earlier ones."""
    pushed, now, session = incoming.pushed, files.now, files.session
    case = CaseRow(
        id=new_id(),
        subject_id=subject.id,
        urgency=incoming.urgency.value,
        urgency_since=now,
        state=CaseState.OPEN.value,
        opened_at=now,
        channels=list(dict.fromkeys(each.value for each in pushed.channels)),
        fraud_type=incoming.fraud_type,
        language=pushed.victim.language,
        policy_version=files.office.policy.version,
        facts=incoming.facts,
        expired=incoming.expired,
        suppressed=related.is_suppressed(session, files.office, incoming, now),
        warned_before=earlier,
        deadlines={},
        raised_for=[],
        asked_for=[],
        amount_at_risk=pushed.risk.amount_at_risk_yuan,
        money_moved=incoming.money_moved,
        money_transferred=incoming.transferred,
        money_lost=incoming.transferred,
        money_stopped=0,
        money_returned=0,
        journal_seq=0,
    )
    for name, value in incoming.texts.items():
        keep_value(session, files.office, subject, name, value)
    files.add(case, subject)
    files.note(
        case.id,
        "case_opened",
        {
            "subject": str(subject.id),
            "urgency": case.urgency,
            "channels": case.channels,
            "fraud_type": case.fraud_type,
            "policy": case.policy_version,
            "expired": case.expired,
            "suppressed": case.suppressed,
            "warned_before": str(earlier) if earlier else None,
            "facts": case.facts,
        },
    )
    codes.issue(files, case, subject)
    reaches.add(files, case, subject, incoming)
    if earlier is not None:
        related.link(files, case.id, earlier, LinkKind.WARNED_BEFORE)
    related.link_shared_numbers(files, case.id)
    return case.id


def join(files: CaseFiles, case_id: UUID, incoming: Incoming, *, rule: str) -> None:
    """One contact plan: all numbers, all addresses, all channels, the higher urgency. The clock stands."""
    case, pushed = files.cases[case_id], incoming.pushed
    subject = files.subject(case_id)
    subject.id_digest = subject.id_digest or incoming.id_digest
    case.channels = list(dict.fromkeys([*case.channels, *(each.value for each in pushed.channels)]))
    case.facts = _worse(case.facts, incoming.facts)
    case.expired = case.expired and incoming.expired
    case.money_moved = case.money_moved or incoming.money_moved
    _join_money(case, incoming)
    if incoming.urgency.rank < Urgency(case.urgency).rank:
        before = case.urgency
        raise_urgency(files, case, incoming.urgency)
        case.rewarned_at = files.now
        files.note(case_id, "urgency_raised", {"before": before, "after": incoming.urgency}, rule=rule)
    reaches.add(files, case, subject, incoming)
    related.link_shared_numbers(files, case_id)


def _worse(known: dict[str, object], new: dict[str, object]) -> dict[str, object]:
    """The safer reading of two sources: what either of them fears is feared."""
    merged = new | known
    for name, value in new.items():
        if value is True:
            merged[name] = True
        elif isinstance(value, list):
            old = known.get(name)
            merged[name] = list(dict.fromkeys([*(old if isinstance(old, list) else []), *value]))
    return merged


def _join_money(case: CaseRow, incoming: Incoming) -> None:
    """Two sources see the same money: the larger figure stands, they are not added."""
    amounts = [each for each in (case.amount_at_risk, incoming.pushed.risk.amount_at_risk_yuan) if each is not None]
    case.amount_at_risk = max(amounts, default=None)
    if incoming.transferred > case.money_transferred:
        case.money_lost += incoming.transferred - case.money_transferred
        case.money_transferred = incoming.transferred


def _subject(files: CaseFiles, incoming: Incoming) -> SubjectRow:
    known = None
    if incoming.id_digest is not None:
        same = select(SubjectRow).where(SubjectRow.id_digest == incoming.id_digest, SubjectRow.wrapped_key.is_not(None))
        known = files.session.scalar(same.order_by(SubjectRow.id.desc()).limit(1))
    return known or new_subject(files.session, files.office, files.now, id_digest=incoming.id_digest)
