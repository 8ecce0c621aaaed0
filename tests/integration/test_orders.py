"""What a supervisor decides about a case: each order with a reason, on the record, and no further than it says."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from desk import START, Desk, Scripted, event, instruction, phone, withdrawal
from station import ORDER, Load, act, assign, case_with_visit, give, visit_of

from dispatcher.errors import OperatorError
from dispatcher.store.cases import AddressRow, CaseRow, LinkRow
from dispatcher.store.vault import VaultValueRow
from dispatcher.supervision import decisions, pauses, splits
from dispatcher.supervision.decisions import SupervisorDecision
from providers.base import Answered
from schemas.instruction import Address
from schemas.vocabulary import BankRequest, Relation, Resolution, Result

SAME_PERSON = {"id_number": "990101198001010001"}
EMPLOYER = {"relation": "单位", "name": "样板公司", "phone": "15400009001"}


def deadlines(desk: Desk, case_id: UUID) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(at) for name, at in desk.case(case_id).deadlines.items()}


def place(precinct: str, text: str = "海棠酒店302", until: datetime | None = None) -> Address:
    return Address(kind="current", text=text, precinct_code=precinct, valid_until=until)


def test_every_order_is_on_the_record_and_its_reason_in_the_vault(desk: Desk) -> None:
    case_id = desk.open()
    give(desk, pauses.pause, case_id)
    [entry] = desk.journal(case_id, "supervisor_ordered")
    assert (entry.actor, entry.rule) == ("S-1", "paused")
    kept = desk.rows(VaultValueRow, VaultValueRow.field == "remark")
    assert [str(each.id) for each in kept] == [entry.data["reason"]]
    assert ORDER.reason not in str([each.data for each in desk.journal(case_id)])


def test_each_order_stands_in_the_journal_under_its_own_name(desk: Desk, load: Load) -> None:
    load()
    contacts = [EMPLOYER, {"relation": "社区网格员", "phone": "15400009003"}]
    late = (START - timedelta(minutes=5)).isoformat()
    case_id = desk.open(valid_until=late, channels=["sms", "voice"], contacts=contacts)
    give(desk, decisions.revive, case_id)
    give(desk, decisions.call, case_id, Relation.EMPLOYER)
    give(desk, decisions.call, case_id, Relation.COMMUNITY)
    give(desk, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT)
    give(desk, decisions.ask_bank, case_id, BankRequest.LIFT_PROTECTION)
    give(desk, decisions.locate, case_id, place("P2"))
    give(desk, pauses.pause, case_id)
    give(desk, pauses.resume, case_id)
    give(desk, decisions.close, case_id, Resolution.SELF_AWARE)
    assert [each.rule for each in desk.journal(case_id, "supervisor_ordered")] == [
        *("revived", "call_employer", "call_community", "protect_account_ordered", "lift_protection_ordered"),
        *("located", "paused", "resumed", "closed_by_supervisor"),
    ]


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_order_without_a_reason_is_refused(desk: Desk, reason: str) -> None:
    case_id = desk.open()
    for order in (decisions.revive, pauses.pause, pauses.resume):
        with pytest.raises(OperatorError, match="give the reason"):
            give(desk, order, case_id, by=SupervisorDecision("S-1", reason))
    with pytest.raises(OperatorError, match="give the reason"):
        give(desk, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT, by=SupervisorDecision("S-1", reason))
    assert desk.journal(case_id, "supervisor_ordered") == []


def test_a_case_that_has_ended_takes_no_orders(desk: Desk) -> None:
    case_id = desk.open()
    desk.push(withdrawal())
    with pytest.raises(OperatorError, match="has ended; nothing was changed"):
        give(desk, pauses.pause, case_id)
    with pytest.raises(OperatorError, match="no case"):
        give(desk, pauses.pause, UUID(int=7))


def test_what_came_too_late_is_revived(desk: Desk) -> None:
    case_id = desk.open(valid_until=(START - timedelta(minutes=5)).isoformat(), channels=["sms", "voice"])
    assert (desk.case(case_id).waiting_for, desk.attempts(case_id)) == ("centre", [])
    give(desk, decisions.revive, case_id)
    case = desk.case(case_id)
    assert (case.expired, case.waiting_for, case.state) == (False, None, "open")
    assert {each.channel for each in desk.attempts(case_id)} == {"sms", "voice"}
    with pytest.raises(OperatorError, match="neither expired nor suppressed"):
        give(desk, decisions.revive, case_id)


def test_a_trigger_that_was_a_false_alarm_is_revived(desk: Desk) -> None:
    desk.open(1)
    desk.push(event("feedback", outcome="NOT_A_VICTIM"))
    case_id = desk.open(2, **SAME_PERSON)
    assert (desk.case(case_id).suppressed, desk.case(case_id).waiting_for) == (True, "centre")
    give(desk, decisions.revive, case_id)
    assert [each.channel for each in desk.attempts(case_id)] == ["sms"]


def test_a_supervisor_closes_with_a_reason(desk: Desk, load: Load) -> None:
    load()
    case_id = case_with_visit(desk, channels=["sms", "visit"])
    give(desk, decisions.close, case_id, Resolution.SELF_AWARE)
    case = desk.case(case_id)
    assert (case.state, case.resolution) == ("closed", "SELF_AWARE")
    assert visit_of(desk, case_id).state == "cancelled"
    assert desk.journal(case_id, "case_closed")[0].rule == "closed_by_supervisor"


@pytest.mark.parametrize("resolution", [Resolution.WITHDRAWN, Resolution.EXPIRED])
def test_what_only_a_source_or_time_can_end_no_person_chooses(desk: Desk, resolution: Resolution) -> None:
    case_id = desk.open()
    with pytest.raises(OperatorError, match="one of: DISSUADED_IN_TIME, SELF_AWARE"):
        give(desk, decisions.close, case_id, resolution)
    assert desk.case(case_id).state == "open"


def test_while_paused_nothing_happens_by_itself(desk: Desk) -> None:
    case_id = desk.open(channels=["sms", "voice"])
    give(desk, pauses.pause, case_id)
    assert desk.case(case_id).waiting_for == "S-1"
    desk.pass_time(hours=3)
    assert desk.deliver(Scripted()) == []
    with pytest.raises(OperatorError, match="paused already"):
        give(desk, pauses.pause, case_id)
    give(desk, pauses.resume, case_id)
    assert "sms" in [each.message.channel for each in desk.deliver(Scripted()) if each.message]
    with pytest.raises(OperatorError, match="not paused"):
        give(desk, pauses.resume, case_id)


def test_a_pause_moves_the_deadlines_and_nothing_brings_them_back(desk: Desk, load: Load) -> None:
    load()
    case_id = case_with_visit(desk)
    before = deadlines(desk, case_id)
    assert before
    give(desk, pauses.pause, case_id)
    desk.pass_time(hours=1)
    give(desk, pauses.resume, case_id)
    desk.pass_time(seconds=30)
    assert deadlines(desk, case_id) == {name: at + timedelta(hours=1) for name, at in before.items()}


def test_the_time_to_accept_stands_still_in_a_pause(desk: Desk, load: Load) -> None:
    load()
    case_id = case_with_visit(desk)
    desk.pass_time(minutes=1)
    give(desk, pauses.pause, case_id)
    desk.pass_time(hours=1)
    give(desk, pauses.resume, case_id)
    assert visit_of(desk, case_id).officer == "A"
    desk.pass_time(seconds=59)
    assert visit_of(desk, case_id).officer == "A"
    desk.pass_time(seconds=2)
    assert visit_of(desk, case_id).officer is None


def test_a_pause_pushes_nothing_into_the_quiet_hours(desk: Desk) -> None:
    case_id = desk.open(urgency="medium", channels=["voice"])
    [call] = desk.attempts(case_id, "voice")
    give(desk, pauses.pause, case_id)
    desk.pass_time(hours=12, minutes=35)  # 21:35
    give(desk, pauses.resume, case_id)
    [call] = desk.attempts(case_id, "voice")
    assert call.due_at == START.replace(day=3, hour=8)


def test_a_revisit_keeps_its_window_through_a_pause(desk: Desk, load: Load) -> None:
    load()
    case_id = case_with_visit(desk)
    act(desk, case_id, "accept")
    act(desk, case_id, "report", result=Result.MET_REFUSED)
    [planned] = [each for each in desk.attempts(case_id, "visit") if each.state == "planned"]
    give(desk, pauses.pause, case_id)
    desk.pass_time(hours=4)
    give(desk, pauses.resume, case_id)
    assert [each.due_at for each in desk.attempts(case_id, "visit") if each.state == "planned"] == [planned.due_at]


def test_an_employer_is_called_only_on_order_each_time_anew(desk: Desk) -> None:
    case_id = desk.open(contacts=[EMPLOYER], channels=["sms", "voice"])
    employer = Relation.EMPLOYER

    def calls() -> list[Any]:
        return [each for each in desk.attempts(case_id, "voice") if each.party.startswith("contact:employer")]

    desk.pass_time(minutes=50)
    assert calls() == []
    give(desk, decisions.call, case_id, employer)
    assert [(each.rule, each.person) for each in calls()] == [("call_employer", "other")]
    with pytest.raises(OperatorError, match="one is being called"):
        give(desk, decisions.call, case_id, employer)
    with pytest.raises(OperatorError, match="no community contact"):
        give(desk, decisions.call, case_id, Relation.COMMUNITY)
    desk.deliver(Scripted([Answered(Result.BUSY)] * 9))
    desk.pass_time(minutes=50)
    assert len(calls()) == 1
    give(desk, decisions.call, case_id, employer)
    assert len(calls()) == 2


def test_a_community_worker_is_asked_for_help_on_order(desk: Desk) -> None:
    worker = {"relation": "社区网格员", "phone": "15400009003"}
    case_id = desk.open(contacts=[worker], channels=["sms", "voice"])
    give(desk, decisions.call, case_id, Relation.COMMUNITY)
    [call] = [each for each in desk.attempts(case_id, "voice") if each.party != "subject"]
    assert (call.rule, call.party, call.due_at) == ("call_community", "contact:community:0", START)


def test_a_community_worker_is_spoken_to_in_chinese_whoever_the_victim_is(desk: Desk) -> None:
    """And the voice that reads it out is told so."""
    worker = {"relation": "社区网格员", "phone": "15400009003"}
    case_id = desk.open(contacts=[worker], channels=["sms", "voice"], language="en")
    give(desk, decisions.call, case_id, Relation.COMMUNITY)
    provider = Scripted([Answered(Result.BUSY)] * 9)
    desk.pass_time(minutes=1)
    desk.deliver(provider)
    heard = {each.relation: each for each in provider.sent if each.script}
    assert {relation: each.language for relation, each in heard.items()} == {None: "en", Relation.COMMUNITY: "zh-CN"}
    assert (heard[Relation.COMMUNITY].script or "").startswith("您好")


def test_family_needs_no_order_and_takes_none(desk: Desk) -> None:
    case_id = desk.open(contacts=[{"relation": "配偶", "phone": "15400009002"}])
    with pytest.raises(OperatorError, match="employer, community"):
        give(desk, decisions.call, case_id, Relation.SPOUSE)


def test_the_visit_follows_the_person_and_its_clock_stands(desk: Desk, load: Load) -> None:
    load()
    case_id = case_with_visit(desk)
    before = deadlines(desk, case_id)
    desk.pass_time(minutes=1)
    give(desk, decisions.locate, case_id, place("P2", until=START + timedelta(hours=6)))
    assign(desk)
    visit = visit_of(desk, case_id)
    assert (visit.precinct_code, visit.officer, deadlines(desk, case_id)) == ("P2", "Z", before)
    assert desk.journal(case_id, "visit_re_addressed")[0].data["officer_told"] == "A"


def test_who_comes_back_is_found_there_again(desk: Desk, load: Load) -> None:
    load()
    case_id = case_with_visit(desk)
    for minutes, precinct, text in ((1, "P2", "海棠酒店"), (1, "P1", "南站"), (1, "P2", "海棠酒店")):
        desk.pass_time(minutes=minutes)
        give(desk, decisions.locate, case_id, place(precinct, text))
        assert visit_of(desk, case_id).precinct_code == precinct


def test_a_place_turns_out_to_be_another_precincts(desk: Desk, load: Load) -> None:
    load()
    case_id = case_with_visit(desk)
    desk.pass_time(minutes=1)
    give(desk, decisions.locate, case_id, place("P1"))
    desk.pass_time(minutes=1)
    give(desk, decisions.locate, case_id, place("P2"))
    assert visit_of(desk, case_id).precinct_code == "P2"
    assert len(desk.rows(AddressRow, AddressRow.kind == "current")) == 1


def test_nobody_is_located_in_an_unknown_precinct_or_in_the_past(desk: Desk, load: Load) -> None:
    load()
    case_id = case_with_visit(desk)
    with pytest.raises(OperatorError, match="no unit P9 in the roster"):
        give(desk, decisions.locate, case_id, place("P9"))
    with pytest.raises(OperatorError, match="in the past"):
        give(desk, decisions.locate, case_id, place("P2", until=START))
    assert desk.rows(AddressRow, AddressRow.kind == "current") == []


def two_joined(desk: Desk) -> UUID:
    case_id = desk.open(1)
    body = instruction(2, **SAME_PERSON, phones=[{"number": phone(1)}, {"number": phone(2)}])
    assert desk.push(body).case == str(case_id)
    return case_id


def numbers(desk: Desk, case_id: UUID) -> int:
    found = desk.sql("SELECT count(*) FROM phones WHERE case_id = :case AND retired_at IS NULL", case=case_id)
    return int(found[0][0])


def test_an_instruction_that_joined_the_wrong_person_is_split_off(desk: Desk) -> None:
    case_id = two_joined(desk)
    assert numbers(desk, case_id) == 2
    own, _ = give(desk, splits.split, case_id, "YJ-2")
    assert own != case_id
    assert (numbers(desk, case_id), numbers(desk, own)) == (1, 2)
    assert {(each.case_id, each.other_id) for each in desk.rows(LinkRow, LinkRow.kind == "split")} == {
        (case_id, own),
        (own, case_id),
    }
    assert desk.case(own).subject_id != desk.case(case_id).subject_id
    assert desk.journal(own, "instruction_split_off")[0].data["instruction_id"] == "YJ-2"
    desk.push(withdrawal(2))
    assert (desk.case(own).resolution, desk.case(case_id).state) == ("WITHDRAWN", "open")


def test_the_next_version_of_a_split_instruction_finds_its_own_case(desk: Desk) -> None:
    case_id = two_joined(desk)
    own, _ = give(desk, splits.split, case_id, "YJ-2")
    assert desk.push(instruction(2, **SAME_PERSON, version=2)).case == str(own)


@pytest.mark.parametrize("instruction_id", ["YJ-1", "YJ-9"])
def test_only_one_of_several_can_be_split_off(desk: Desk, instruction_id: str) -> None:
    case_id = desk.open()
    with pytest.raises(OperatorError, match="only one of several joined"):
        give(desk, splits.split, case_id, instruction_id)


def test_a_withdrawn_instruction_is_not_brought_back_by_a_split(desk: Desk) -> None:
    case_id = two_joined(desk)
    desk.push(withdrawal(2))
    with pytest.raises(OperatorError, match="withdrawn"):
        give(desk, splits.split, case_id, "YJ-2")
    assert len(desk.rows(CaseRow)) == 1


def test_what_is_left_behind_with_withdrawn_instructions_only_ends(desk: Desk) -> None:
    case_id = two_joined(desk)
    desk.push(withdrawal(1))
    own, _ = give(desk, splits.split, case_id, "YJ-2")
    assert (desk.case(case_id).resolution, desk.case(own).state) == ("WITHDRAWN", "open")


def test_one_id_of_two_sources_is_not_split_blindly(desk: Desk) -> None:
    case_id = two_joined(desk)
    desk.push(instruction(2, **SAME_PERSON, source={"system": "another"}))
    with pytest.raises(OperatorError, match="two sources"):
        give(desk, splits.split, case_id, "YJ-2")
