"""What sources are told of their cases: which entries, to whom, in which order, and page by page."""

import threading
from contextlib import suppress
from typing import Any
from uuid import UUID

from api_fixture import Api
from casework_fixture import SYSTEM, CaseworkFixture, Scripted, event, instruction, phone, withdrawal
from sqlalchemy.exc import IntegrityError
from test_api_push import problem
from visits_fixture import Load, act, assign, case_with_visit, decide_as_supervisor, visit_of

from dispatcher.reporting import source_events as reading
from dispatcher.store import source_event_rules
from dispatcher.store.source_events import SourceEventRow, Told, give_positions, write
from dispatcher.supervision import decisions, splits
from providers.base import Answered
from schemas.problems import ProblemCode
from schemas.read_models.source_events import CloudEvent, sequence
from schemas.vocabulary import Channel, ClientScope, Result, SourceEvent

OTHER = "another"
FLAG = "number_invalid"


def give(casework: CaseworkFixture) -> None:
    with casework.sessions.begin() as session:
        give_positions(session)


def told(casework: CaseworkFixture, system: str = SYSTEM) -> list[CloudEvent]:
    """All that this source has been told, in its order."""
    give(casework)
    with casework.sessions() as session:
        return reading.page(session, {system}, after=0, limit=1000).items


def kinds(casework: CaseworkFixture, system: str = SYSTEM) -> list[tuple[str, dict[str, Any]]]:
    """Types with their details, without the flag that every invented number has."""
    found = [(each.type.removeprefix("warning-dispatcher."), each.data.details) for each in told(casework, system)]
    return [each for each in found if each[1].get("flags") != [FLAG]]


def test_what_is_accepted_and_what_is_doubtful_in_it(casework: CaseworkFixture) -> None:
    case_id = casework.open(urgency="whatever they call it")
    (first, *_) = told(casework)
    assert (first.data.system, first.data.case, first.data.instructions) == (SYSTEM, case_id, ["YJ-1"])
    assert kinds(casework) == [
        ("accepted", {"instruction_id": "YJ-1", "version": 1, "urgency": "high"}),
        ("flagged", {"instruction_id": "YJ-1", "version": 1, "flags": ["urgency_label_unknown", FLAG]}),
        ("asked", {"instruction_id": "YJ-1", "version": 1, "for": ["urgency_label_unknown"]}),
    ]


def test_the_first_true_contact_is_told_once(casework: CaseworkFixture) -> None:
    casework.open(channels=["voice"], urgency="critical")
    casework.pass_time(minutes=5)
    casework.deliver(Scripted([Answered(Result.ANSWERED_SUBJECT, confirmed=True)]))
    assert kinds(casework)[-1] == ("contacted", {"channel": "voice"})
    casework.push(instruction(urgency="critical", version=2, channels=["voice"], phones=[{"number": phone(9)}]))
    casework.pass_time(hours=1)
    casework.deliver(Scripted([Answered(Result.ANSWERED_SUBJECT, confirmed=True)]))
    assert [kind for kind, _ in kinds(casework)].count("contacted") == 1


def test_a_visit_from_its_opening_to_the_meeting(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework)
    casework.pass_time(minutes=10)  # A did not sign for it
    case = casework.case(case_id)
    while not casework.attempts(case_id, Channel.VISIT)[-1].rung:
        casework.pass_time(minutes=10)
    assign(casework)
    act(casework, case_id, "accept")
    late = [name for name in ("met_by", "report_by") if name in case.deadlines]
    casework.pass_time(hours=24)
    assert visit_of(casework, case_id).state == "accepted"
    act(casework, case_id, "depart")
    act(casework, case_id, "arrive")
    act(casework, case_id, "report", result=Result.MET_DISSUADED)
    found = kinds(casework)
    assert found[1] == ("escalated", {"by": "visit"})
    assert ("escalated", {"by": "ladder", "rung": 1}) in found
    assert [each["deadline"] for kind, each in found if kind == "overdue"] == late
    assert [kind for kind in found if kind[0] in ("contacted", "met", "resolved")] == [
        ("contacted", {"channel": "visit"}),
        ("met", {"result": "MET_DISSUADED"}),
        ("resolved", {"resolution": "DISSUADED_IN_TIME"}),
    ]
    assert {kind for kind, _ in found} == {"accepted", "escalated", "overdue", "contacted", "met", "resolved"}


def test_a_child_met_without_a_guardian_was_not_met(casework: CaseworkFixture, load: Load) -> None:
    load()
    case_id = case_with_visit(casework, vulnerability=["minor"])
    for step in ("accept", "depart", "arrive"):
        act(casework, case_id, step)
    act(casework, case_id, "report", result=Result.MET_DISSUADED, guardian_present=False)
    assert not {"met", "contacted"} & {kind for kind, _ in kinds(casework)}


def test_what_only_the_source_can_clear_up(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.push(instruction(phones=[{"number": "15400009999"}]))  # same version, other content
    casework.open(2, phones=[], addresses=[{"text": "样板路1号"}], channels=["voice"], urgency="critical")
    asked = [details for kind, details in kinds(casework) if kind == "asked"]
    assert asked[0] == {"version": 1, "for": ["conflict"]}
    assert [each["for"] for each in asked[1:]] == [["number_request"]]
    assert "due_at" in asked[1]
    assert told(casework)[1].data.case == case_id


def test_a_case_that_is_closed_and_goes_on(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.push(event("feedback", outcome="SELF_AWARE"))
    decide_as_supervisor(casework, decisions.reopen, case_id)
    assert kinds(casework)[1:3] == [("resolved", {"resolution": "SELF_AWARE"}), ("reopened", {"before": "SELF_AWARE"})]


def test_nothing_of_one_source_is_told_to_another(casework: CaseworkFixture) -> None:
    """Two sources warn of one person, and each reads of its own instruction; a withdrawn one is told the end."""
    case_id = casework.open()
    other = {"source": {"system": OTHER}, "instruction_id": "N-9", "note": "x"}
    assert casework.push(instruction(urgency="odd", **other)).case == str(case_id)
    assert casework.push(instruction(urgency="critical", version=1, **other)).status == "conflict"
    assert casework.push(instruction(2, source={"system": "a third"})).status == "accepted"
    casework.push(withdrawal(1))
    casework.push(event("feedback", outcome="SELF_AWARE", instruction_id="N-9", source={"system": OTHER}))
    first, second = (" ".join(each.model_dump_json() for each in told(casework, name)) for name in (SYSTEM, OTHER))
    assert "N-9" not in first and OTHER not in first and "conflict" not in first and "odd" not in first
    assert "YJ-1" not in second and SYSTEM not in second
    assert [kind for kind, _ in kinds(casework)] == ["accepted", "escalated", "escalated", "resolved"]
    assert [kind for kind, _ in kinds(casework, OTHER)][:4] == ["accepted", "flagged", "asked", "asked"]
    assert kinds(casework, OTHER)[-1][0] == "resolved"
    assert [kind for kind, _ in kinds(casework, "a third")] == ["accepted"]


def test_who_was_split_off_is_told_nothing_more_of_the_case(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    casework.push(instruction(source={"system": OTHER}, instruction_id="N-9"))
    own = decide_as_supervisor(casework, splits.split, case_id, "N-9")
    before = len(told(casework, OTHER))
    casework.push(event("feedback", outcome="SELF_AWARE"))
    assert len(told(casework, OTHER)) == before
    assert casework.case(UUID(str(own))).state == "open"


def test_no_personal_data_and_every_type_has_its_rule(casework: CaseworkFixture, load: Load) -> None:
    test_a_visit_from_its_opening_to_the_meeting(casework, load)
    written = " ".join(each.model_dump_json() for each in told(casework))
    for value in ("何样1", "15400000001", "样板路1号"):
        assert value not in written
    assert {rule.type for rule in source_event_rules.RULES} == set(SourceEvent)


def test_what_becomes_visible_late_is_missed_by_nobody(casework: CaseworkFixture) -> None:
    """Written first and committed last: who reads by ids, or by numbers, would have passed it over."""
    case_id = casework.open(1)
    (*_, read) = told(casework)
    with casework.sessions() as slow:
        write(slow, [Told(SourceEvent.MET, case_id, 99, casework.now, {}, None)])
        casework.open(2)
        (*_, read) = told(casework)
        assert read.data.instructions == ["YJ-2"]
        slow.commit()
    give(casework)
    with casework.sessions() as session:
        (late,) = reading.page(session, {SYSTEM}, after=int(read.sequence), limit=10).items
    assert (late.type, late.data.instructions) == ("warning-dispatcher.met", ["YJ-1"])


def test_of_two_that_give_positions_none_gives_one_twice(casework: CaseworkFixture) -> None:
    for number in range(1, 30):
        casework.open(number)

    def go_on() -> None:
        for _ in range(5):
            with suppress(IntegrityError):
                give(casework)

    threads = [threading.Thread(target=go_on) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    give(casework)
    positions = sorted(row.position for row in casework.rows(SourceEventRow))
    assert positions == list(range(1, len(positions) + 1))


def test_the_feed_is_read_page_by_page(api: Api, casework: CaseworkFixture) -> None:
    client, other = api.client(), api.client("north", systems={OTHER})
    for number in range(1, 4):
        casework.open(number)
    assert client.get("/v1/events").json() == {"items": [], "next": sequence(0)}  # nothing has its place yet
    give(casework)
    read, after = [], "0"
    while page := client.get("/v1/events", params={"after": after, "limit": 2}).json()["items"]:
        read += page
        after = page[-1]["sequence"]
    assert [each["data"]["instructions"] for each in read] == [[f"YJ-{number}"] for number in (1, 1, 2, 2, 3, 3)]
    assert client.get("/v1/events", params={"after": after}).json() == {"items": [], "next": after}
    assert other.get("/v1/events").json()["items"] == []
    for after in ("x", "-1", str(2**63)):
        problem(client.get("/v1/events", params={"after": after}), ProblemCode.MALFORMED)
    problem(api.client("pusher", scopes={ClientScope.PUSH}).get("/v1/events"), ProblemCode.OUT_OF_SCOPE)
