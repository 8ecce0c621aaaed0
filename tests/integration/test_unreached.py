"""Who is reached by no number, on real rows: what people are asked, and what ends it."""

from uuid import UUID

from casework_fixture import CaseworkFixture, Scripted, instruction, phone
from visits_fixture import decide_as_supervisor

from dispatcher.supervision import decisions
from providers.base import Answered, InDoubt, Permanent
from schemas.vocabulary import Relation, Result

VERSION = {"urgency": "critical", "channels": ["voice"]}


def open_items(casework: CaseworkFixture, case_id: UUID) -> set[str]:
    return {str(each.kind) for each in casework.items(case_id)}


def test_the_operator_is_asked_until_a_number_comes_by_an_update(casework: CaseworkFixture) -> None:
    case_id = casework.open(**VERSION)
    casework.pass_time(seconds=30)
    casework.deliver(Scripted([Permanent(Result.INVALID_NUMBER, "no such number")]))
    assert open_items(casework, case_id) >= {"operator_help", "number_request"}
    [item] = [each for each in casework.items(case_id) if each.kind == "operator_help"]
    assert (item.rule, item.role, (item.due_at - casework.now).total_seconds()) == ("operator_help", "centre", 300)
    casework.push(instruction(version=2, **VERSION, phones=[{"number": phone(1)}, {"number": phone(77)}]))
    assert "operator_help" not in open_items(casework, case_id)
    assert [each.state for each in casework.attempts(case_id, "voice")] == ["settled", "planned"]
    ended = [each.data["kind"] for each in casework.journal(case_id, "duty_done")]
    assert sorted(ended) == ["number_request", "operator_help"]
    assert casework.verdict().differences == []


def test_the_employer_is_called_when_a_supervisor_says_so_and_the_question_is_answered(
    casework: CaseworkFixture,
) -> None:
    case_id = casework.open(**VERSION, contacts=[{"relation": "老板", "name": "何样九", "phone": phone(9)}])
    casework.pass_time(seconds=30)
    casework.deliver(Scripted([Permanent(Result.INVALID_NUMBER, "no such number")]))
    assert "employer_approval" in open_items(casework, case_id)
    casework.pass_time(hours=1)
    casework.deliver(Scripted())
    assert len(casework.attempts(case_id, "voice")) == 1
    decide_as_supervisor(casework, decisions.call, case_id, Relation.EMPLOYER)
    assert "employer_approval" not in open_items(casework, case_id)
    [entry] = [each for each in casework.journal(case_id, "duty_done") if each.data["kind"] == "employer_approval"]
    assert (entry.actor, entry.rule) == ("S-1", "call_employer")
    casework.deliver(Scripted([Answered(Result.ANSWERED_NOT_SUBJECT)]))
    assert "employer_approval" not in open_items(casework, case_id)
    assert casework.verdict().differences == []


def test_what_stays_in_doubt_is_a_persons_to_ring_about_until_a_late_receipt_tells(casework: CaseworkFixture) -> None:
    case_id, doubt = casework.open(), InDoubt("ReadTimeout")
    for _ in range(casework.context.policy.retry.doubt_sends):
        assert "doubt" not in open_items(casework, case_id)
        while casework.deliver(Scripted([doubt] * 5, statuses=[doubt] * 5)):
            pass
        casework.pass_time(minutes=3)
        casework.advance()
    assert "doubt" in open_items(casework, case_id)
    casework.clear_leases()
    assert casework.receipt(casework.attempts(case_id, "sms")[0].send_key, Result.DELIVERED)
    assert "doubt" not in open_items(casework, case_id)
    assert casework.verdict().differences == []
