"""What waits for a person when its case's urgency rises: due sooner, on the record, and rebuilt from the journal."""

from datetime import timedelta
from uuid import UUID

from casework_fixture import CaseworkFixture, instruction, resident
from visits_fixture import employ

from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import work_items
from schemas.vocabulary import Urgency, WorkItemKind

SAME_PERSON = {"id_number": resident(1)}


def conflicting(casework: CaseworkFixture) -> UUID:
    """A medium case whose version came with other content."""
    case_id = casework.open(urgency="medium")
    casework.push(instruction(urgency="medium", fraud_type="F01"))
    return case_id


def conflict(casework: CaseworkFixture, case_id: UUID) -> WorkItemRow:
    (item,) = (each for each in casework.items(case_id) if each.kind is WorkItemKind.CONFLICT)
    return item


def within(casework: CaseworkFixture, urgency: Urgency) -> timedelta:
    return casework.context.policy.plan(urgency).answer_within


def test_what_waits_is_due_as_soon_as_the_urgency_that_joins_has_it(casework: CaseworkFixture) -> None:
    case_id = conflicting(casework)
    before = conflict(casework, case_id)
    assert before.due_at == casework.now + within(casework, Urgency.MEDIUM)
    casework.pass_time(minutes=1)
    assert casework.push(instruction(2, urgency="critical", **SAME_PERSON)).case == str(case_id)
    after = conflict(casework, case_id)
    assert after.due_at == after.climb_at == casework.now + within(casework, Urgency.CRITICAL) < before.due_at
    [told] = casework.journal(case_id, "duty_brought_forward")
    assert (told.rule, told.data["duty"]) == ("work_item_urgency_rose", str(after.id))
    assert casework.verdict().differences == []


def test_whoever_has_it_in_hand_has_less_time(casework: CaseworkFixture) -> None:
    case_id = conflicting(casework)
    employ(casework)
    with casework.begin() as work:
        work_items.take(work, conflict(casework, case_id).id, by="S-1")
    casework.push(instruction(2, urgency="critical", **SAME_PERSON))
    item = conflict(casework, case_id)
    assert (item.taken_by, item.climb_at) == ("S-1", casework.now + within(casework, Urgency.CRITICAL))
    casework.pass_time(minutes=5)
    casework.advance()
    item = conflict(casework, case_id)
    assert (item.taken_by, item.climbs) == (None, 1)


def test_what_waited_before_items_had_an_urgency_is_brought_forward_too(casework: CaseworkFixture) -> None:
    case_id = conflicting(casework)
    casework.sql("UPDATE duties SET urgency = NULL")
    casework.push(instruction(2, urgency="critical", **SAME_PERSON))
    item = conflict(casework, case_id)
    assert (item.urgency, item.due_at) == (Urgency.CRITICAL, casework.now + within(casework, Urgency.CRITICAL))
