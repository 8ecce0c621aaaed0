"""Writes what the standing instructions say together into their case, and tells in its journal what that changed."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.moves import ask_person, raise_urgency
from dispatcher.casework.personal_data import keep_value
from dispatcher.engine.merge import MergedFacts
from dispatcher.intake import contact_points, later_losses, statements
from dispatcher.store import money
from dispatcher.store.cases import CaseRow
from dispatcher.store.instructions import InstructionRow, QuarantineRow
from schemas.vocabulary import VisitState, WorkItemKind

_RAISED_BY = {"joined": "higher_urgency_joined"}
_WITH_OFFICER = frozenset({VisitState.ASSIGNED, VisitState.ACCEPTED, VisitState.DEPARTED, VisitState.ARRIVED})
# What the officer's card shows of them.
_ON_CARD = frozenset({"fraud_type", "language", "facts", "texts", "numbers", "places"})


def apply(case_file: CaseFile, case_id: UUID, before: MergedFacts | None, *, rule: str, cause: UUID) -> None:
    """Bring the case to what stands now; `before` is what stood until this change.

    What people decided stays: nothing is taken away that `before` had not given. Urgency never falls by itself.
    `rule` names the change, `cause` is the row that brought it.
    """
    after = statements.merged(case_file, case_id)
    if after is None or case_file.subject(case_id).wrapped_key is None:
        return  # its last instruction is gone, or its person was erased: its facts stay as they were
    case = case_file.cases[case_id]
    news = changed(case, before, after)
    _urgency(case_file, case, before, after, _RAISED_BY.get(rule, rule), cause)
    case.fraud_type, case.language = after.fraud_type, after.language
    case.channels = list(after.channels)
    case.case_facts = after.facts
    case.expired = case.expired and after.expired
    case.amount_at_risk = after.amount_at_risk
    case.money_moved = after.money_moved or (case.money_moved and not (before is not None and before.money_moved))
    _money(case_file, case, before or after, after)
    _identity(case_file, case, after)
    _texts(case_file, case, before, after)
    contact_points.bring_up_to_date(case_file, case, before, after, rule=rule)
    if news:
        case_file.note(case_id, "facts_changed", {"changed": sorted(news)}, rule=rule)
    if news & _ON_CARD:
        _tell_officer(case_file, case_id, rule)


def changed(case: CaseRow, before: MergedFacts | None, after: MergedFacts) -> set[str]:
    """The names of what is not as it was."""
    now = {
        "fraud_type": (case.fraud_type, after.fraud_type),
        "language": (case.language, after.language),
        "channels": (set(case.channels), set(after.channels)),
        "facts": (case.case_facts, after.facts),
        "amount_at_risk": (case.amount_at_risk, after.amount_at_risk),
        "transferred": (case.money_transferred, after.transferred),
    }
    if before is not None:
        now |= {
            "texts": (_digests(before), _digests(after)),
            "numbers": (before.numbers, after.numbers),
            "places": (before.places, after.places),
        }
    return {name for name, (was, is_) in now.items() if was != is_}


def _urgency(
    case_file: CaseFile, case: CaseRow, before: MergedFacts | None, after: MergedFacts, rule: str, cause: UUID
) -> None:
    was = case.urgency
    if after.urgency.rank < was.rank:
        raise_urgency(case_file, case, after.urgency)
        case.rewarned_at = case_file.now
        case_file.note(case.id, "urgency_raised", {"before": was, "after": after.urgency}, rule=rule)
    elif before is not None and after.urgency.rank > before.urgency.rank:
        ask_person(case_file, case.id, "urgency_lowered", WorkItemKind.URGENCY_REVIEW, f"urgency_review:{cause}")


def _money(case_file: CaseFile, case: CaseRow, before: MergedFacts, after: MergedFacts) -> None:
    """What later losses add to what was transferred may be the same money, told in a newer version."""
    was, now = (later_losses.beyond(case_file.session, case.id, each) for each in (before, after))
    gone = money.gone(case) + after.transferred + now - case.money_transferred - was
    money.set_gone(case, case_file.attempts[case.id], gone)
    case.money_transferred, case.payees = after.transferred, sorted(after.payees) or None


def _identity(case_file: CaseFile, case: CaseRow, after: MergedFacts) -> None:
    """Who the person is."""
    if identity_differs(case_file, case, after):
        subject, (digest, is_doubtful) = case_file.subject(case.id), after.identity or (None, None)
        subject.id_digest, subject.is_id_doubtful, subject.name_digest = digest, is_doubtful, after.name_digest


def identity_differs(case_file: CaseFile, case: CaseRow, after: MergedFacts) -> bool:
    """Whether the person is known otherwise. What other cases of this person have said stays."""
    subject, (digest, is_doubtful) = case_file.subject(case.id), after.identity or (None, None)
    of_others = select(CaseRow.id).where(CaseRow.subject_id == subject.id, CaseRow.id != case.id).limit(1)
    if subject.id_digest != digest and case_file.session.scalar(of_others) is not None:
        return False
    known = subject.id_digest, bool(subject.is_id_doubtful), subject.name_digest
    return known != (digest, bool(is_doubtful), after.name_digest)


def _texts(case_file: CaseFile, case: CaseRow, before: MergedFacts | None, after: MergedFacts) -> None:
    """The person is named as the newest word has it: the newest value in the vault is the one that is read."""
    known = _digests(before) if before is not None else {}
    new = {name: told for name, (digest, told) in after.texts.items() if known.get(name) != digest}
    subject = case_file.subject(case.id)
    for told in sorted(set(new.values())):
        read = statements.reread(case_file, *_kept(case_file, UUID(told)))
        for name in sorted(each for each, by in new.items() if by == told):
            keep_value(case_file.work, subject, name, read.texts[name])
    for name in sorted(known.keys() - after.texts.keys()):
        keep_value(case_file.work, subject, name, "")  # nobody says it any more


def _digests(facts: MergedFacts) -> dict[str, bytes]:
    return {name: digest for name, (digest, _) in facts.texts.items()}


def _kept(case_file: CaseFile, statement_id: UUID) -> tuple[UUID, Any]:
    """Where a statement's line lies, and when it came."""
    row = case_file.session.get(InstructionRow, statement_id)
    if row is not None:
        return row.raw_value_id, row.received_at
    kept = case_file.session.scalars(select(QuarantineRow).where(QuarantineRow.id == statement_id)).one()
    return kept.value_id, kept.received_at


def _tell_officer(case_file: CaseFile, case_id: UUID, rule: str) -> None:
    """Whoever has the visit reads another card than the one they left with."""
    for visit in case_file.visits[case_id]:
        if visit.state in _WITH_OFFICER:
            case_file.note(case_id, "card_changed", {"visit": str(visit.id), "officer_told": visit.officer}, rule=rule)
