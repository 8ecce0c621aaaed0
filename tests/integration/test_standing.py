"""A case says what its standing instructions say: updates, joins, conflicts, withdrawals, false alarms, holds."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import START, SYSTEM, CaseworkFixture, Scripted, event, instruction, phone, resident, withdrawal

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.intake import content, early
from dispatcher.store.cases import AddressRow, PhoneRow
from dispatcher.store.instructions import InstructionRow
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import decisions, pauses, work_items
from dispatcher.supervision.decisions import SupervisorDecision
from dispatcher.supervision.work_items import WorkItemResult
from providers.base import Answered
from schemas.instruction import Address, Event
from schemas.vocabulary import Result

PERSON = {"id_number": resident(1)}
OTHER = {"source": {"system": "运营商预警(虚构)"}, **PERSON}
BOSS = SupervisorDecision("S-1", "核实中")
pytestmark = pytest.mark.usefixtures("staff")


def kinds(casework: CaseworkFixture) -> list[str]:
    return [row.kind for row in casework.rows(WorkItemRow) if row.done_at is None]


def standing_numbers(casework: CaseworkFixture) -> int:
    return sum(row.retired_at is None for row in casework.rows(PhoneRow))


def patch(version: int = 2, number: int = 1, **changes: Any) -> dict[str, Any]:
    paths = {name.replace("__", "."): value for name, value in changes.items()}
    return event("update", number, version=version, patch=paths)


def test_an_update_replaces_what_its_source_said(casework: CaseworkFixture) -> None:
    risk = {"amount_at_risk_yuan": 90000, "suspected_remote_control": True}
    case_id = casework.open(fraud_type="F01", language="en", channels=["sms", "voice"], risk=risk)
    changed = {"fraud_type": "F08", "language": "zh-CN", "channels": ["voice"], "name": "高某"}
    casework.push(instruction(version=2, risk={"amount_at_risk_yuan": 9000}, **changed))
    case = casework.case(case_id)
    assert (case.fraud_type, case.language, case.channels, case.amount_at_risk) == ("F08", "zh-CN", ["voice"], 9000)
    assert not case.case_facts.suspected_remote_control
    [entry] = casework.journal(case_id, "facts_changed")
    assert entry.rule == "newer_version"
    assert set(entry.data["changed"]) == {"amount_at_risk", "channels", "facts", "fraud_type", "language", "texts"}
    casework.pass_time(minutes=10)
    provider = Scripted()
    casework.deliver(provider)
    [call] = [message for message in provider.sent if message.script]
    assert "高" in call.script


def test_money_corrected_downward_is_corrected(casework: CaseworkFixture) -> None:
    transfer = {"at": START.isoformat(), "amount_yuan": 50000}
    case_id = casework.open(risk={"transfers": [transfer]})
    casework.push(instruction(version=2, risk={"transfers": [transfer | {"amount_yuan": 5000}]}))
    case = casework.case(case_id)
    assert (case.money_transferred, case.money_lost, case.money_moved) == (5000, 5000, True)


def test_transfers_of_two_sources_are_united(casework: CaseworkFixture) -> None:
    early = {"at": START.isoformat(), "amount_yuan": 5000}
    late = {"at": (START + timedelta(hours=1)).isoformat(), "amount_yuan": 300}
    case_id = casework.open(risk={"transfers": [early]})
    casework.open(2, risk={"transfers": [early, late]}, **OTHER)
    assert casework.case(case_id).money_transferred == 5300


def test_the_newest_word_stands_whichever_comes_last(casework: CaseworkFixture) -> None:
    case_id = casework.open(fraud_type="F01", issued_at=(START + timedelta(hours=1)).isoformat())
    casework.open(2, fraud_type="F03", issued_at=START.isoformat(), **OTHER)
    assert casework.case(case_id).fraud_type == "F01"


def test_no_lesser_type_replaces_a_graver_one(casework: CaseworkFixture) -> None:
    case_id = casework.open(fraud_type="F08")
    casework.open(2, fraud_type="F03", issued_at=(START + timedelta(hours=1)).isoformat(), **OTHER)
    assert casework.case(case_id).fraud_type == "F08"
    [entry] = casework.journal(case_id, "facts_changed")
    assert (entry.rule, entry.data["changed"]) == ("joined", ["numbers", "texts"])


def test_a_lower_urgency_is_offered_and_not_taken(casework: CaseworkFixture) -> None:
    case_id = casework.open(urgency="critical")
    casework.push(instruction(version=2, urgency="low"))
    assert casework.case(case_id).urgency == "critical"
    assert kinds(casework) == ["urgency_review"]
    assert casework.journal(case_id, "duty_planned")[0].rule == "urgency_lowered"


def test_one_of_two_withdrawn_takes_along_what_it_alone_said(casework: CaseworkFixture) -> None:
    place = {"kind": "hotel", "text": "(invented) 9"}
    case_id = casework.open()
    casework.open(2, urgency="critical", fraud_type="F12", addresses=[place], **OTHER)
    assert (standing_numbers(casework), casework.case(case_id).fraud_type) == (2, "F12")
    casework.push(withdrawal(2))
    assert (standing_numbers(casework), casework.case(case_id).fraud_type) == (1, "F08")
    assert [row.retired_at is None for row in casework.rows(AddressRow)] == [False]
    assert casework.case(case_id).urgency == "critical"
    assert "urgency_review" in kinds(casework)


def test_where_a_supervisor_found_the_person_stays_whatever_sources_say(casework: CaseworkFixture) -> None:
    casework.sql("INSERT INTO units (code, name, kind) VALUES ('YT-WC-01', 'x', 'precinct')")
    case_id = casework.open(addresses=[{"kind": "residence", "text": "(invented) 1"}])
    hotel = Address(kind="hotel", text="(invented) 8", precinct_code="YT-WC-01")
    with casework.begin() as work:
        decisions.locate(work, case_id, BOSS, hotel)
    casework.push(instruction(version=2, addresses=[{"kind": "residence", "text": "(invented) 2"}]))
    assert [row.retired_at is None for row in casework.rows(AddressRow)] == [False, True, True]


def test_a_conflict_stands_until_it_is_decided(casework: CaseworkFixture) -> None:
    casework.open()
    other = instruction(phones=[{"number": phone(7)}])
    casework.push(other)
    casework.push(other | {"trace_id": "again"})
    assert kinds(casework) == ["conflict"]
    casework.push(instruction(version=2, note="只改备注"))
    assert standing_numbers(casework) == 2
    [duty] = casework.rows(WorkItemRow)
    with casework.begin() as work:
        work_items.done(work, duty.id, WorkItemResult(), by="S-1")
    assert standing_numbers(casework) == 1
    assert [each.rule for each in casework.journal(duty.case_id, "facts_changed")][-1] == "conflict_decided"


@pytest.mark.parametrize("extra", [{"push_time": "2026-03-02T09:01:00+08:00"}, {"trace_id": "t1"}, {"zz": {"a": 1}}])
def test_a_redelivery_may_differ_in_what_nobody_knows(casework: CaseworkFixture, extra: dict[str, Any]) -> None:
    casework.open()
    assert casework.push(instruction() | extra).status == "duplicate"


@pytest.mark.parametrize(
    "same",
    [
        {"issued_at": "2026-03-02T01:00:00Z"},
        {"phones": [{"number": "+86 154 0000 0001"}]},
        {"urgency": " high "},
    ],
)
def test_content_is_compared_as_it_is_understood(casework: CaseworkFixture, same: dict[str, Any]) -> None:
    casework.open()
    assert casework.push(instruction(**same)).status == "duplicate"


def test_a_withdrawal_before_its_instruction_is_applied_when_it_comes(casework: CaseworkFixture) -> None:
    casework.push(withdrawal(1))
    case_id = casework.open(urgency="critical")
    assert (casework.case(case_id).state, casework.case(case_id).resolution) == ("closed", "WITHDRAWN")
    assert casework.deliver(Scripted()) == []
    assert [each.pushed_again_at for each in casework.quarantined()] == [START]


def test_patches_before_their_instruction_are_applied_in_order(casework: CaseworkFixture) -> None:
    casework.push(patch(3, fraud_type="F12"))
    casework.push(patch(2, fraud_type="F03", urgency="critical"))
    case_id = casework.open(urgency="medium")
    case = casework.case(case_id)
    assert ([row.version for row in casework.rows(InstructionRow)], case.fraud_type) == ([1, 2, 3], "F12")
    assert case.urgency == "critical"


def test_an_early_event_without_a_source_waits_for_any(casework: CaseworkFixture) -> None:
    named = withdrawal(1) | {"source": {"system": "another"}}
    casework.push(named)
    case_id = casework.open()
    assert casework.case(case_id).state == "open"
    casework.push(withdrawal(2) | {"source": {"system": SYSTEM}})
    assert casework.case(casework.open(2)).state == "closed"


def test_a_false_alarm_of_one_source_leaves_the_other_warning(casework: CaseworkFixture) -> None:
    case_id = casework.open(1, urgency="low", phones=[{"number": phone(1)}])
    casework.open(2, urgency="critical", phones=[{"number": phone(2)}], **OTHER)
    casework.push(event("feedback", 1, outcome="NOT_A_VICTIM"))
    case = casework.case(case_id)
    assert (case.state, case.urgency) == ("open", "critical")
    assert (standing_numbers(casework), kinds(casework)) == (1, ["feedback_review"])
    casework.push(event("feedback", 2, outcome="NOT_A_VICTIM"))
    assert casework.case(case_id).resolution == "NOT_A_VICTIM"


@pytest.mark.parametrize(
    "graver",
    [{"urgency": "critical"}, {"risk": {"transfer_ongoing": True}}, {"source": {"system": "another"}}],
)
def test_after_a_false_alarm_what_is_grave_is_sent(casework: CaseworkFixture, graver: dict[str, Any]) -> None:
    casework.open(1, urgency="low")
    casework.push(event("feedback", 1, outcome="NOT_A_VICTIM"))
    again = casework.open(2, **({"urgency": "high"} | PERSON | graver))
    assert not casework.case(again).suppressed
    assert casework.deliver(Scripted())


@pytest.mark.parametrize(
    ("again", "goes_on"),
    [
        ({"urgency": "critical"}, True),
        ({"risk": {"transfer_ongoing": True}}, True),
        (OTHER, True),
        ({"fraud_type": "F12"}, True),
        ({}, False),
    ],
)
def test_a_paused_case_that_is_warned_about_again_has_a_next_step(
    casework: CaseworkFixture, again: dict[str, Any], goes_on: bool
) -> None:
    case_id = casework.open(1, urgency="high")
    with casework.begin() as work:
        pauses.pause(work, case_id, BOSS)
    casework.open(2, **(PERSON | again))
    case = casework.case(case_id)
    assert (case.paused_at is None) == goes_on
    assert ("held_case" in kinds(casework)) != goes_on
    assert bool(casework.deliver(Scripted())) == goes_on
    assert {each.rule for each in casework.journal(case_id)} & {"hold_ended", "held_case"} == {
        "hold_ended" if goes_on else "held_case"
    }


def test_feedback_that_contradicts_a_closed_case_is_put_before_a_person(casework: CaseworkFixture) -> None:
    case_id = casework.open(1)
    casework.push(event("feedback", 1, outcome="DISSUADED_IN_TIME"))
    casework.push(event("feedback", 1, outcome="ALREADY_TRANSFERRED_ALL", note="x"))
    assert casework.case(case_id).resolution == "DISSUADED_IN_TIME"
    assert "feedback_review" in kinds(casework)
    assert "feedback_contradicts" in {each.rule for each in casework.journal(case_id, "duty_planned")}


def test_a_later_loss_that_two_sources_report_counts_once(casework: CaseworkFixture) -> None:
    case_id = casework.open(1)
    casework.open(2, **OTHER)
    for number in (1, 2):
        casework.push(event("later_loss", number, loss_yuan=5000))
    assert casework.case(case_id).money_lost == 5000


LOSS = event("later_loss", 1, loss_yuan=5000)
TOLD = {"amount_yuan": 3000}
LATER = {"at": (START + timedelta(hours=2)).isoformat()}
EARLIER = {"at": (START - timedelta(hours=2)).isoformat()}


@pytest.mark.parametrize("loss_first", [True, False])
@pytest.mark.parametrize(
    ("transfers", "lost"),
    [
        ([TOLD], 8000),
        ([TOLD, {"amount_yuan": 5000}], 8000),
        ([TOLD, {"amount_yuan": 5000} | LATER], 8000),
        ([TOLD, {"amount_yuan": 2000} | LATER, {"amount_yuan": 3000}], 8000),
        ([TOLD, {"amount_yuan": 7000}], 10000),
        ([TOLD, {"amount_yuan": 1000} | EARLIER], 9000),
        ([{"amount_yuan": 500} | EARLIER], 5500),
    ],
)
@pytest.mark.parametrize("issued", [timedelta(0), timedelta(hours=3)])
def test_a_later_loss_that_a_newer_version_lists_counts_once(
    casework: CaseworkFixture, transfers: list[Any], lost: int, issued: timedelta, *, loss_first: bool
) -> None:
    case_id = casework.open(1, risk={"transfers": [TOLD]}, issued_at=(START - timedelta(minutes=1)).isoformat())
    casework.pass_time(hours=3)
    update = instruction(1, version=2, risk={"transfers": transfers}, issued_at=(START + issued).isoformat())
    for line in [LOSS, update] if loss_first else [update, LOSS]:
        casework.push(line)
    assert casework.case(case_id).money_lost == lost


def test_a_later_loss_that_another_source_lists_counts_once(casework: CaseworkFixture) -> None:
    case_id = casework.open(1, risk={"transfers": [TOLD]})
    casework.push(LOSS)
    casework.pass_time(hours=2)
    late = (START + timedelta(hours=1)).isoformat()
    casework.open(2, risk={"transfers": [{"amount_yuan": 4000}]}, issued_at=late, **OTHER)
    assert casework.case(case_id).money_lost == 8000
    casework.push(withdrawal(2))
    assert (casework.case(case_id).money_lost, casework.case(case_id).money_transferred) == (8000, 3000)


@pytest.mark.parametrize("text", ["无", "-", "N/A", "000000000000000000", "1.10101199003071E+17", "110101********7463"])
def test_a_worthless_number_joins_nobody(casework: CaseworkFixture, text: str) -> None:
    first, second = casework.open(1, id_number=text), casework.open(2, id_number=text)
    assert first != second
    assert len(casework.deliver(Scripted())) == 2
    casework.push(event("feedback", 1, outcome="NOT_A_VICTIM"))
    assert not casework.case(casework.open(3, id_number=text)).suppressed


def test_a_doubtful_number_joins_with_a_second_match_only(casework: CaseworkFixture) -> None:
    doubtful = "110101199003074690"
    first = casework.open(1, id_number=doubtful)
    assert casework.open(2, id_number=doubtful) != first
    assert casework.open(3, id_number=doubtful, name="何样1") == first
    assert casework.open(4, id_number=doubtful, phones=[{"number": phone(1)}]) == first


def test_two_sources_number_their_contacts_alike_and_both_are_kept(casework: CaseworkFixture) -> None:
    def child(number: int) -> dict[str, Any]:
        return {"contacts": [{"relation": "女儿", "name": f"何{number}", "phone": phone(number)}]}

    casework.open(1, **child(901))
    casework.open(2, **child(902), **OTHER)
    assert [row.party for row in casework.rows(PhoneRow)] == [
        "subject",
        "contact:child:0",
        "subject",
        "contact:child:1",
    ]


def test_the_receipt_after_an_update_still_settles(casework: CaseworkFixture) -> None:
    casework.open(1)
    [call] = casework.deliver(Scripted())
    casework.push(instruction(version=2, phones=[{"number": phone(3)}]))
    assert casework.receipt(call.send_key, Answered(Result.DELIVERED))


def test_a_contact_whose_relation_is_not_understood_is_a_persons_to_call(casework: CaseworkFixture) -> None:
    case_id = casework.open(contacts=[{"relation": "隔壁", "name": "何某", "phone": phone(900)}])
    assert kinds(casework) == ["contact_review"]
    assert casework.journal(case_id, "duty_planned")[0].rule == "relation_unknown"


@pytest.mark.parametrize(
    ("relation", "party"), [("朋友", "contact:friend:0"), ("监护人", "contact:other:0"), ("母亲", "contact:parent:0")]
)
def test_a_contact_whose_guardianship_is_denied_is_a_persons_to_look_into(
    casework: CaseworkFixture, relation: str, party: str
) -> None:
    contact = {"relation": relation, "name": "何某", "phone": phone(900), "basis": "已撤销监护人资格"}
    case_id = casework.open(contacts=[contact], vulnerability=["不满十四周岁"])
    assert [row.party for row in casework.rows(PhoneRow)] == ["subject", party]
    asked = casework.journal(case_id, "duty_planned")
    assert "guardianship_unclear" in [each.rule for each in asked]
    assert "contact_review" in kinds(casework)


def test_an_event_that_its_instruction_overtakes_is_not_left_waiting(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The instruction is committed between the look for it and the keeping of what was to wait for it."""
    lock = early.lock

    def commit_first(work: UnitOfWork, event: Event) -> None:
        casework.open()
        lock(work, event)

    monkeypatch.setattr(early, "lock", commit_first)
    answer = casework.push(withdrawal(1))
    assert (answer.status, casework.quarantined()) == ("accepted", [])
    assert casework.case(UUID(answer.case)).resolution == "WITHDRAWN"


def test_a_patch_that_an_older_version_has_taken_is_a_duplicate(casework: CaseworkFixture) -> None:
    """Older versions stored the digest of the line as it was written."""
    casework.open()
    line = patch(2, urgency="critical")
    casework.push(line)
    raw = json.dumps(line, ensure_ascii=False).encode()
    casework.sql(
        "UPDATE instructions SET content_digest = :old WHERE version = 2",
        old=content.digest_as_written(casework.context, raw),
    )
    assert casework.push(line).status == "duplicate"
    casework.is_tampered = True
