"""Who is reached by no number, on real rows: what people are asked, and what ends it."""

from uuid import UUID

from casework_fixture import CaseworkFixture, Scripted, instruction, phone

from providers.base import Permanent
from schemas.vocabulary import Result

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
