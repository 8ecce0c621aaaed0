"""A snapshot of a case: its rows as the plain values that the engine decides on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from dispatcher.casework import other_cases
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.other_cases import OtherCases
from dispatcher.engine.case import SUBJECT, Attempt, Case, Number, Place, Visit, WorkItem
from dispatcher.store import money
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import AddressRow, CaseRow, PhoneRow
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow
from schemas.vocabulary import Channel, Relation, Vulnerability


def read(case_file: CaseFile, case_id: UUID) -> Case:
    """One case as the engine sees it."""
    return _read(case_file, [case_id])[case_id]


def read_all(case_file: CaseFile) -> dict[UUID, Case]:
    """All cases of the file, by their ids."""
    return _read(case_file, list(case_file.cases))


def _read(case_file: CaseFile, case_ids: Sequence[UUID]) -> dict[UUID, Case]:
    rows = [case_file.cases[each] for each in case_ids]
    others = other_cases.read(case_file, rows)
    return {
        row.id: case_of(
            row,
            case_file.phones[row.id],
            case_file.places[row.id],
            case_file.attempts[row.id],
            case_file.visits[row.id],
            case_file.work_items[row.id],
            case_file.bad,
            others,
            case_file.past_calls,
        )
        for row in rows
    }


def case_of(
    row: CaseRow,
    phones: Iterable[PhoneRow],
    places: Iterable[AddressRow],
    attempts: Iterable[AttemptRow],
    visits: Iterable[VisitRow],
    work_items: Iterable[WorkItemRow],
    bad: dict[bytes, frozenset[Channel]],
    others: OtherCases,
    past_calls: Mapping[UUID, int],
) -> Case:
    facts = row.case_facts
    return Case(
        id=str(row.id),
        urgency=row.urgency,
        state=row.state,
        opened_at=row.opened_at,
        urgency_since=row.urgency_since,
        channels=frozenset(row.channels),
        fraud_type=row.fraud_type,
        numbers=tuple(_numbers(row, phones, bad, others, past_calls)),
        attempts=tuple(_attempt(each, row) for each in attempts),
        visits=tuple(_visit(each) for each in visits),
        places=tuple(_place(each) for each in places if each.retired_at is None),
        area=row.area,
        minor=facts.minor,
        hearing_impaired=Vulnerability.HEARING in facts.vulnerability,
        life_at_risk=facts.life_at_risk,
        withdrawn=row.withdrawn_at is not None,
        expired=row.expired,
        suppressed=row.suppressed,
        paused=row.paused_at is not None,
        paused_until=row.paused_until,
        warned_before=row.warned_before is not None,
        rewarned_at=row.rewarned_at,
        reopened_at=row.reopened_at,
        noticed_at=others.noticed.get(row.id),
        down=others.down,
        money_moved=row.money_moved,
        amount_at_risk=row.amount_at_risk,
        money_transferred=row.money_transferred,
        money_lost=row.money_lost,
        deadlines={name: datetime.fromisoformat(at) for name, at in row.deadlines.items()},
        raise_causes=frozenset(row.raised_for),
        asked_causes=frozenset(row.asked_for),
        work_items=tuple(work_item(each) for each in work_items if each.done_at is None),
        resolution=row.resolution,
    )


def _numbers(
    row: CaseRow,
    phones: Iterable[PhoneRow],
    bad: dict[bytes, frozenset[Channel]],
    others: OtherCases,
    past_calls: Mapping[UUID, int],
) -> Iterator[Number]:
    standing = sorted((each for each in phones if each.retired_at is None), key=lambda phone: phone.position)
    own = {each.digest for each in standing if each.party == SUBJECT}
    for each in standing:
        yield Number(
            id=str(each.id),
            party=each.party,
            person=each.person,
            bad_for=bad.get(each.digest, frozenset()),
            relation=relation_of(each.party),
            shared=each.party != SUBJECT and each.digest in own,
            used=others.used.get((row.id, each.digest), ()),
            past_calls=past_calls.get(each.id, 0),
        )


def relation_of(party: str) -> Relation | None:
    """How a party stands to the subject; None for the subject."""
    return None if party == SUBJECT else Relation(party.split(":")[1])


def _place(row: AddressRow) -> Place:
    return Place(str(row.id), row.kind, row.added_at, row.precinct_code, row.valid_until)


def _attempt(row: AttemptRow, case: CaseRow) -> Attempt:
    return Attempt(
        id=str(row.id),
        channel=row.channel,
        party=row.party,
        person=row.person,
        state=row.state,
        due_at=row.due_at,
        send_key=str(row.send_key),
        bank_request=row.hook,
        warning_number=row.occasion,
        number_id=_text(row.phone_id),
        visit_id=_text(row.visit_id),
        rung=row.rung,
        result=row.result,
        onward=row.onward,
        confirmed=row.confirmed,
        answer=row.answer,
        ending=row.ending,
        number_fault=bool(row.number_fault),
        return_reason=row.return_reason,
        recalled_at=row.recalled_at,
        sent_at=row.sent_at,
        settled_at=row.settled_at,
        retry_not_before=row.retry_not_before,
        retry_of=_text(row.retry_of),
        retry_kind=row.retry_kind,
        possible_duplicate=row.possible_duplicate,
        skip_reason=row.skip_reason,
        granted_until=row.granted_until,
        left_yuan=None if row.asked_yuan is None else max(0, row.asked_yuan - case.money_stopped),
        lacks_payee=money.lacks_payee(row, case),
    )


def _visit(row: VisitRow) -> Visit:
    return Visit(
        id=str(row.id),
        state=row.state,
        opened_at=row.opened_at,
        precinct=row.precinct_code,
        not_before=row.not_before,
        not_after=row.not_after,
        moved_at=row.moved_at,
        ladder_after=_text(row.ladder_after),
        offered_until=row.offered_until,
        guardian_present=bool(row.guardian_present),
        assigned_at=row.assigned_at,
        attempt_id=_text(row.attempt_id),
        result=row.result,
    )


def work_item(row: WorkItemRow) -> WorkItem:
    """A work item as the engine sees it."""
    return WorkItem(
        str(row.id),
        row.kind,
        row.cause,
        row.role,
        row.due_at,
        row.climb_at,
        row.urgency,
        row.climbs,
        is_taken=row.taken_at is not None,
        opened_at=row.planned_at,
    )


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
