"""What a supervisor decides about a case: each order with a reason, on the record, and no further than it says."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import START, CaseworkFixture, Scripted, event, instruction, phone, resident, withdrawal
from visits_fixture import ORDER, Load, act, assign, case_with_visit, decide_as_supervisor, visit_of

from dispatcher.errors import Refused
from dispatcher.store.cases import AddressRow, CaseRow, LinkRow
from dispatcher.store.vault import VaultValueRow
from dispatcher.supervision import decisions, pauses, splits
from dispatcher.supervision.decisions import SupervisorDecision
from providers import tiers
from providers.base import Answered
from schemas.instruction import Address
from schemas.refusals import RefusalCode
from schemas.vocabulary import BankRequest, Relation, Resolution, Result

SAME_PERSON = {"id_number": resident(1)}
EMPLOYER = {"relation": "单位", "name": "样板公司", "phone": "15400009001"}


def deadlines(casework: CaseworkFixture, case_id: UUID) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(at) for name, at in casework.case(case_id).deadlines.items()}


def place(precinct: str, text: str = "海棠酒店302", until: datetime | None = None) -> Address:
    return Address(kind="current", text=text, precinct_code=precinct, valid_until=until)


def test_every_order_is_on_the_record_and_its_reason_in_the_vault(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    decide_as_supervisor(casework, pauses.pause, case_id)
    [entry] = casework.journal(case_id, "supervisor_ordered")
    assert (entry.actor, entry.rule) == ("S-1", "paused")
    kept = casework.rows(VaultValueRow, VaultValueRow.field == "remark")
    assert [str(each.id) for each in kept] == [entry.data["reason"]]
    assert ORDER.reason not in str([each.data for each in casework.journal(case_id)])


def test_each_order_stands_in_the_journal_under_its_own_name(casework: CaseworkFixture, load: Load) -> None:
    load()
    contacts = [EMPLOYER, {"relation": "社区网格员", "phone": "15400009003"}]
    late = (START - timedelta(minutes=5)).isoformat()
    case_id = casework.open(valid_until=late, channels=["sms", "voice"], contacts=contacts)
    decide_as_supervisor(casework, decisions.revive, case_id)
    decide_as_supervisor(casework, decisions.call, case_id, Relation.EMPLOYER)
    decide_as_supervisor(casework, decisions.call, case_id, Relation.COMMUNITY)
    decide_as_supervisor(casework, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT)
    decide_as_supervisor(casework, decisions.ask_bank, case_id, BankRequest.LIFT_PROTECTION)
    decide_as_supervisor(casework, decisions.locate, case_id, place("P2"))
    decide_as_supervisor(casework, pauses.pause, case_id)
    decide_as_supervisor(casework, pauses.resume, case_id)
    decide_as_supervisor(casework, decisions.close, case_id, Resolution.SELF_AWARE)
    assert [each.rule for each in casework.journal(case_id, "supervisor_ordered")] == [
        *("revived", "call_employer", "call_community", "protect_account_ordered", "lift_protection_ordered"),
        *("located", "paused", "resumed", "closed_by_supervisor"),
    ]


# What nobody sees is no reason: spaces of all widths, joiners, fillers, marks of direction.
BLANK = ("", "  ", "\t", "\u3000", "\u200b", "\u2800", "\u3164", "\ufeff\u00ad", " \u200d\u2060 ", "\u202e", "\ufe0f")


@pytest.mark.parametrize("reason", BLANK)
def test_an_order_without_a_reason_is_refused(casework: CaseworkFixture, reason: str) -> None:
    case_id = casework.open()
    for order in (decisions.revive, pauses.pause, pauses.resume):
        with pytest.raises(Refused, match=RefusalCode.REASON_MISSING):
            decide_as_supervisor(casework, order, case_id, by=SupervisorDecision("S-1", reason))
    with pytest.raises(Refused, match=RefusalCode.REASON_MISSING):
        decide_as_supervisor(
            casework, decisions.ask_bank, case_id, BankRequest.PROTECT_ACCOUNT, by=SupervisorDecision("S-1", reason)
        )
    assert casework.journal(case_id, "supervisor_ordered") == []


def test_a_case_that_has_ended_takes_no_orders(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.push(withdrawal())
    with pytest.raises(Refused, match=RefusalCode.CASE_ENDED):
        decide_as_supervisor(casework, pauses.pause, case_id)
    with pytest.raises(Refused, match=RefusalCode.NO_CASE):
        decide_as_supervisor(casework, pauses.pause, UUID(int=7))


def test_what_came_too_late_is_revived(casework: CaseworkFixture) -> None:
    case_id = casework.open(valid_until=(START - timedelta(minutes=5)).isoformat(), channels=["sms", "voice"])
    assert (casework.waiting_for(case_id), casework.attempts(case_id)) == ("centre", [])
    decide_as_supervisor(casework, decisions.revive, case_id)
    case = casework.case(case_id)
    assert (case.expired, casework.waiting_for(case.id), case.state) == (False, None, "open")
    assert {each.channel for each in casework.attempts(case_id)} == {"sms", "voice"}
    with pytest.raises(Refused, match=RefusalCode.NOTHING_TO_REVIVE):
        decide_as_supervisor(casework, decisions.revive, case_id)


def test_a_trigger_that_was_a_false_alarm_is_revived(casework: CaseworkFixture) -> None:
    casework.open(1)
    casework.push(event("feedback", outcome="NOT_A_VICTIM"))
    case_id = casework.open(2, **SAME_PERSON)
    assert (casework.case(case_id).suppressed, casework.waiting_for(case_id)) == (True, "centre")
    decide_as_supervisor(casework, decisions.revive, case_id)
    assert [each.channel for each in casework.attempts(case_id)] == ["sms"]


def test_a_supervisor_closes_with_a_reason(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework, channels=["sms", "visit"])
    decide_as_supervisor(casework, decisions.close, case_id, Resolution.SELF_AWARE)
    case = casework.case(case_id)
    assert (case.state, case.resolution) == ("closed", "SELF_AWARE")
    assert visit_of(casework, case_id).state == "cancelled"
    assert casework.journal(case_id, "case_closed")[0].rule == "closed_by_supervisor"


@pytest.mark.parametrize("resolution", [Resolution.WITHDRAWN, Resolution.EXPIRED])
def test_what_only_a_source_or_time_can_end_no_person_chooses(
    casework: CaseworkFixture, resolution: Resolution
) -> None:
    case_id = casework.open()
    with pytest.raises(Refused, match="wrong_resolution allowed=DISSUADED_IN_TIME,SELF_AWARE"):
        decide_as_supervisor(casework, decisions.close, case_id, resolution)
    assert casework.case(case_id).state == "open"


def test_while_paused_nothing_happens_by_itself(casework: CaseworkFixture) -> None:
    case_id = casework.open(channels=["sms", "voice"])
    decide_as_supervisor(casework, pauses.pause, case_id)
    assert casework.waiting_for(case_id) == "centre"
    casework.pass_time(hours=3)
    assert casework.deliver(Scripted()) == []
    with pytest.raises(Refused, match=RefusalCode.CASE_PAUSED):
        decide_as_supervisor(casework, pauses.pause, case_id)
    decide_as_supervisor(casework, pauses.resume, case_id)
    assert "sms" in [each.message.channel for each in casework.deliver(Scripted()) if each.message]
    with pytest.raises(Refused, match=RefusalCode.CASE_NOT_PAUSED):
        decide_as_supervisor(casework, pauses.resume, case_id)


def test_a_pause_moves_the_deadlines_and_nothing_brings_them_back(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    before = deadlines(casework, case_id)
    assert before
    decide_as_supervisor(casework, pauses.pause, case_id)
    casework.pass_time(hours=1)
    decide_as_supervisor(casework, pauses.resume, case_id)
    casework.pass_time(seconds=30)
    assert deadlines(casework, case_id) == {name: at + timedelta(hours=1) for name, at in before.items()}


def test_the_time_to_accept_stands_still_in_a_pause(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    casework.pass_time(minutes=1)
    decide_as_supervisor(casework, pauses.pause, case_id)
    casework.pass_time(hours=1)
    decide_as_supervisor(casework, pauses.resume, case_id)
    assert visit_of(casework, case_id).officer == "A"
    casework.pass_time(seconds=59)
    assert visit_of(casework, case_id).officer == "A"
    casework.pass_time(seconds=2)
    assert visit_of(casework, case_id).officer is None


def test_a_pause_pushes_nothing_into_the_quiet_hours(casework: CaseworkFixture) -> None:
    case_id = casework.open(urgency="medium", channels=["voice"])
    [call] = casework.attempts(case_id, "voice")
    decide_as_supervisor(casework, pauses.pause, case_id)
    casework.pass_time(hours=12, minutes=35)  # 21:35
    decide_as_supervisor(casework, pauses.resume, case_id)
    [call] = casework.attempts(case_id, "voice")
    assert call.due_at == START.replace(day=3, hour=8)


def test_a_revisit_keeps_its_window_through_a_pause(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    act(casework, case_id, "accept")
    act(casework, case_id, "report", result=Result.MET_REFUSED)
    [planned] = [each for each in casework.attempts(case_id, "visit") if each.state == "planned"]
    decide_as_supervisor(casework, pauses.pause, case_id)
    casework.pass_time(hours=4)
    decide_as_supervisor(casework, pauses.resume, case_id)
    assert [each.due_at for each in casework.attempts(case_id, "visit") if each.state == "planned"] == [planned.due_at]


def test_an_employer_is_called_only_on_order_each_time_anew(casework: CaseworkFixture) -> None:
    case_id = casework.open(contacts=[EMPLOYER], channels=["sms", "voice"])
    employer = Relation.EMPLOYER

    def calls() -> list[Any]:
        return [each for each in casework.attempts(case_id, "voice") if each.party.startswith("contact:employer")]

    casework.pass_time(minutes=50)
    assert calls() == []
    decide_as_supervisor(casework, decisions.call, case_id, employer)
    assert [(each.rule, each.person) for each in calls()] == [("call_employer", "other")]
    with pytest.raises(Refused, match="no_contact_to_call relation=employer"):
        decide_as_supervisor(casework, decisions.call, case_id, employer)
    with pytest.raises(Refused, match="no_contact_to_call relation=community"):
        decide_as_supervisor(casework, decisions.call, case_id, Relation.COMMUNITY)
    casework.deliver(Scripted([Answered(Result.BUSY)] * 9))
    casework.pass_time(minutes=50)
    assert len(calls()) == 1
    decide_as_supervisor(casework, decisions.call, case_id, employer)
    assert len(calls()) == 2


def test_a_community_worker_is_asked_for_help_on_order(casework: CaseworkFixture) -> None:
    worker = {"relation": "社区网格员", "phone": "15400009003"}
    case_id = casework.open(contacts=[worker], channels=["sms", "voice"])
    decide_as_supervisor(casework, decisions.call, case_id, Relation.COMMUNITY)
    [call] = [each for each in casework.attempts(case_id, "voice") if each.party != "subject"]
    assert (call.rule, call.party, call.due_at) == ("call_community", "contact:community:0", START)


def test_a_call_to_a_community_worker_holds_what_the_tier_may_see_and_leaves(casework: CaseworkFixture) -> None:
    worker = {"relation": "社区网格员", "phone": "15400009003"}
    case_id = casework.open(contacts=[worker], channels=["sms", "voice"])
    decide_as_supervisor(casework, decisions.call, case_id, Relation.COMMUNITY)
    provider = Scripted([Answered(Result.BUSY)] * 9)
    casework.pass_time(minutes=1)
    casework.deliver(provider)
    [call] = [each for each in provider.sent if each.relation is Relation.COMMUNITY]
    body = {name: getattr(call, name) for name in ("to", "script", "text", "collect") if getattr(call, name)}
    assert tiers.fault(body, call) is None
    assert {"to", "script"} <= body.keys()


def test_a_community_worker_is_spoken_to_in_chinese_whoever_the_victim_is(casework: CaseworkFixture) -> None:
    """And the voice that reads it out is told so."""
    worker = {"relation": "社区网格员", "phone": "15400009003"}
    case_id = casework.open(contacts=[worker], channels=["sms", "voice"], language="en")
    decide_as_supervisor(casework, decisions.call, case_id, Relation.COMMUNITY)
    provider = Scripted([Answered(Result.BUSY)] * 9)
    casework.pass_time(minutes=1)
    casework.deliver(provider)
    heard = {each.relation: each for each in provider.sent if each.script}
    assert {relation: each.language for relation, each in heard.items()} == {None: "en", Relation.COMMUNITY: "zh-CN"}
    assert (heard[Relation.COMMUNITY].script or "").startswith("您好")


def test_family_needs_no_order_and_takes_none(casework: CaseworkFixture) -> None:
    case_id = casework.open(contacts=[{"relation": "配偶", "phone": "15400009002"}])
    with pytest.raises(Refused, match="wrong_relation allowed=employer,community"):
        decide_as_supervisor(casework, decisions.call, case_id, Relation.SPOUSE)


def test_the_visit_follows_the_person_and_its_clock_stands(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    before = deadlines(casework, case_id)
    casework.pass_time(minutes=1)
    decide_as_supervisor(casework, decisions.locate, case_id, place("P2", until=START + timedelta(hours=6)))
    assign(casework)
    visit = visit_of(casework, case_id)
    assert (visit.precinct_code, visit.officer, deadlines(casework, case_id)) == ("P2", "Z", before)
    assert casework.journal(case_id, "visit_re_addressed")[0].data["officer_told"] == "A"


def test_who_comes_back_is_found_there_again(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    for minutes, precinct, text in ((1, "P2", "海棠酒店"), (1, "P1", "南站"), (1, "P2", "海棠酒店")):
        casework.pass_time(minutes=minutes)
        decide_as_supervisor(casework, decisions.locate, case_id, place(precinct, text))
        assert visit_of(casework, case_id).precinct_code == precinct


def test_a_place_turns_out_to_be_another_precincts(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    casework.pass_time(minutes=1)
    decide_as_supervisor(casework, decisions.locate, case_id, place("P1"))
    casework.pass_time(minutes=1)
    decide_as_supervisor(casework, decisions.locate, case_id, place("P2"))
    assert visit_of(casework, case_id).precinct_code == "P2"
    assert len(casework.rows(AddressRow, AddressRow.kind == "current")) == 1


def test_nobody_is_located_in_an_unknown_precinct_or_in_the_past(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    with pytest.raises(Refused, match="no_unit unit=P9"):
        decide_as_supervisor(casework, decisions.locate, case_id, place("P9"))
    with pytest.raises(Refused, match=RefusalCode.ADDRESS_EXPIRED):
        decide_as_supervisor(casework, decisions.locate, case_id, place("P2", until=START))
    assert casework.rows(AddressRow, AddressRow.kind == "current") == []


def two_joined(casework: CaseworkFixture) -> UUID:
    case_id = casework.open(1)
    body = instruction(2, **SAME_PERSON, phones=[{"number": phone(1)}, {"number": phone(2)}])
    assert casework.push(body).case == str(case_id)
    return case_id


def numbers(casework: CaseworkFixture, case_id: UUID) -> int:
    found = casework.sql("SELECT count(*) FROM phones WHERE case_id = :case AND retired_at IS NULL", case=case_id)
    return int(found[0][0])


def test_an_instruction_that_joined_the_wrong_person_is_split_off(casework: CaseworkFixture) -> None:
    case_id = two_joined(casework)
    assert numbers(casework, case_id) == 2
    own = decide_as_supervisor(casework, splits.split, case_id, "YJ-2")
    assert own != case_id
    assert (numbers(casework, case_id), numbers(casework, own)) == (1, 2)
    assert {(each.case_id, each.other_id) for each in casework.rows(LinkRow, LinkRow.kind == "split")} == {
        (case_id, own),
        (own, case_id),
    }
    assert casework.case(own).subject_id != casework.case(case_id).subject_id
    assert casework.journal(own, "instruction_split_off")[0].data["instruction_id"] == "YJ-2"
    casework.push(withdrawal(2))
    assert (casework.case(own).resolution, casework.case(case_id).state) == ("WITHDRAWN", "open")


def test_the_next_version_of_a_split_instruction_finds_its_own_case(casework: CaseworkFixture) -> None:
    case_id = two_joined(casework)
    own = decide_as_supervisor(casework, splits.split, case_id, "YJ-2")
    assert casework.push(instruction(2, **SAME_PERSON, version=2)).case == str(own)


@pytest.mark.parametrize("instruction_id", ["YJ-1", "YJ-9"])
def test_only_one_of_several_can_be_split_off(casework: CaseworkFixture, instruction_id: str) -> None:
    case_id = casework.open()
    with pytest.raises(Refused, match=RefusalCode.INSTRUCTION_NOT_JOINED):
        decide_as_supervisor(casework, splits.split, case_id, instruction_id)


def test_a_withdrawn_instruction_is_not_brought_back_by_a_split(casework: CaseworkFixture) -> None:
    case_id = two_joined(casework)
    casework.push(withdrawal(2))
    with pytest.raises(Refused, match=RefusalCode.INSTRUCTION_WITHDRAWN):
        decide_as_supervisor(casework, splits.split, case_id, "YJ-2")
    assert len(casework.rows(CaseRow)) == 1


def test_what_is_left_behind_with_withdrawn_instructions_only_ends(casework: CaseworkFixture) -> None:
    case_id = two_joined(casework)
    casework.push(withdrawal(1))
    own = decide_as_supervisor(casework, splits.split, case_id, "YJ-2")
    assert (casework.case(case_id).resolution, casework.case(own).state) == ("WITHDRAWN", "open")


def test_one_id_of_two_sources_is_not_split_blindly(casework: CaseworkFixture) -> None:
    case_id = two_joined(casework)
    casework.push(instruction(2, **SAME_PERSON, source={"system": "another"}))
    with pytest.raises(Refused, match=RefusalCode.INSTRUCTION_OF_TWO_SOURCES):
        decide_as_supervisor(casework, splits.split, case_id, "YJ-2")
