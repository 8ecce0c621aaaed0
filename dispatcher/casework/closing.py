"""What a case's end does beyond the case: sources are told, a false alarm is remembered, an offer lapses."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select

from dispatcher.casework import snapshot
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.context import Context
from dispatcher.casework.moves import ask_person, end_work_item
from dispatcher.engine.case import SUBJECT
from dispatcher.engine.closing import is_asked_at_the_end
from dispatcher.engine.decisions import ReopenCase
from dispatcher.engine.work_items import COME_BACK, is_needed
from dispatcher.store import journal_changes
from dispatcher.store.base import new_id
from dispatcher.store.cases import CaseRow, SuppressionRow
from dispatcher.store.instructions import FeedbackRow, InstructionRow
from dispatcher.store.transfers import TransferRow
from dispatcher.store.vault import SubjectRow
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow
from schemas.vocabulary import CaseState, Resolution, TransferState, WorkItemState


def standing(case_file: CaseFile, case_id: UUID) -> list[InstructionRow]:
    """The newest version of each of the case's instructions, without those withdrawn or told to be false alarms."""
    found = select(InstructionRow).where(InstructionRow.case_id == case_id).order_by(InstructionRow.version)
    newest = {(row.system, row.instruction_id): row for row in case_file.session.scalars(found)}
    return [row for row in newest.values() if row.withdrawn_at is None and row.refuted_at is None]


def tell_sources(case_file: CaseFile, case: CaseRow) -> None:
    """Every source that warned about this person is told how it ended; kept per source."""
    for row in standing(case_file, case.id):
        told = FeedbackRow(
            id=new_id(),
            case_id=case.id,
            instruction=row.id,
            system=row.system,
            direction="out",
            outcome=case.resolution,
            at=case_file.now,
            by="engine",
        )
        case_file.session.add(told)
        data = {"system": row.system, "instruction_id": row.instruction_id, "outcome": case.resolution}
        case_file.note(case.id, "feedback_given", data, rule="every_source_told")


def suppress(case_file: CaseFile, case: CaseRow) -> None:
    """The same trigger of the same source sends nothing by itself for the policy's time.

    Of the sources that said so; where a person of ours did, of those that still warned.
    """
    told = select(FeedbackRow.system).where(
        FeedbackRow.case_id == case.id, FeedbackRow.direction == "in", FeedbackRow.outcome == Resolution.NOT_A_VICTIM
    )
    systems = set(case_file.session.scalars(told)) or {row.system for row in standing(case_file, case.id)}
    found = select(InstructionRow.system, InstructionRow.source_kind).where(
        InstructionRow.case_id == case.id, InstructionRow.system.in_(systems)
    )
    until = _remember_false_alarm(case_file, case.id, set(case_file.session.execute(found.distinct()).tuples()))
    case_file.note(case.id, "trigger_suppressed", {"until": until.isoformat()}, rule="false_alarm")


def reopen(case_file: CaseFile, case: CaseRow, decision: ReopenCase) -> None:
    """The case goes on; what is asked for at the end of a case is asked for anew when it ends again."""
    before = case.resolution
    case.state, case.resolution, case.closed_at = CaseState.OPEN, None, None
    case.money_avoided = case.money_avoided_basis = None
    case.asked_for = [each for each in case.asked_for if not is_asked_at_the_end(each)]
    for item in case_file.work_items[case.id]:
        if item.done_at is None and is_asked_at_the_end(item.cause):
            end_work_item(case_file.work, case, item, WorkItemState.CANCELLED, rule="item_groundless")
    if decision.overrules:
        case.reopened_at, case.deadlines = case_file.now, {}
        case.expired = case.suppressed = False
        case.paused_at = case.paused_until = None
    case_file.note(case.id, "case_reopened", {"before": before}, rule=decision.rule)


def ask_again(case_file: CaseFile, case_id: UUID) -> None:
    """Of a case that goes on: what its end cancelled, and no rule asks for, waits for a person again."""
    asked = select(WorkItemRow).where(WorkItemRow.case_id == case_id, WorkItemRow.kind.in_(COME_BACK))
    last = {each.cause: each for each in case_file.session.scalars(asked.order_by(WorkItemRow.id))}
    known = snapshot.read(case_file, case_id)
    for row in last.values():
        if row.state is WorkItemState.CANCELLED and is_needed(snapshot.work_item(row), known):
            ask_person(case_file, case_id, row.rule, row.kind, row.cause, about=row.about)


def lapse_offer(case_file: CaseFile, visit: VisitRow) -> None:
    """The offer of a visit, where there is one, stands no longer: nobody answered, or there is nothing to take over."""
    visit.offered_until = None
    for offer in case_file.session.scalars(offers(visit.id)):
        offer.state, offer.decided_at = TransferState.LAPSED, case_file.now


def offers(visit_id: UUID) -> Select[TransferRow]:
    """The offer of a visit that nobody has answered yet, where there is one."""
    return select(TransferRow).where(TransferRow.visit_id == visit_id, TransferRow.state == TransferState.OFFERED)


def _remember_false_alarm(case_file: CaseFile, case_id: UUID, sources: Collection[tuple[str, str | None]]) -> datetime:
    """Remember a false alarm: person, scam type, sources. Returns the time at which it ends by itself."""
    case = case_file.cases[case_id]
    until = case_file.now + case_file.context.policy.suppress_for
    id_digest = case_file.session.scalar(select(SubjectRow.id_digest).where(SubjectRow.id == case.subject_id))
    people = {phone.digest for phone in case_file.phones[case_id] if phone.party == SUBJECT}
    people |= {id_digest} if id_digest is not None else set()
    for person in people:
        for system, kind in sources:
            digest = trigger(case_file.context, person, case.fraud_type, system, kind)
            journal_changes.keep_longest(
                case_file.session, case_id, SuppressionRow(digest=digest, case_id=case_id, until=until)
            )
    return until


def trigger(context: Context, person: bytes, fraud_type: str, system: str, source_kind: str | None) -> bytes:
    """Blind index of what a false alarm was about, and whose it was."""
    return context.vault.digest("trigger", f"{person.hex()}\0{fraud_type}\0{system}\0{source_kind or ''}")
