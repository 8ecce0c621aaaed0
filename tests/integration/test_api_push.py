"""The API: what is pushed one by one, and what is answered."""

import json
from typing import Any

import httpx
import pytest
from api_fixture import Api
from casework_fixture import START, SYSTEM, CaseworkFixture, event, instruction, phone
from sqlalchemy import select

from dispatcher.store.instructions import InstructionRow, QuarantineRow
from dispatcher.store.journal import JournalRow
from schemas.problems import PROBLEMS, ProblemCode

PROBLEM = "application/problem+json"


def problem(response: httpx.Response, code: ProblemCode) -> dict[str, Any]:
    """The body of a response that is this problem."""
    body: dict[str, Any] = response.json()
    assert (response.status_code, response.headers["content-type"]) == (PROBLEMS[code].status, PROBLEM), response.text
    assert (body["code"], body["status"]) == (code, response.status_code)
    return body


def push(client: httpx.Client, *, key: str | None = None, **changes: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/v1/instructions", json=instruction(**changes), headers=headers)


def tell(client: httpx.Client, path: str, op: str, key: str | None = None, **said: Any) -> httpx.Response:
    body = {name: value for name, value in event(op, **said).items() if name not in ("op", "instruction_id")}
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"/v1/instructions/YJ-1:{path}", json=body, headers=headers)


def test_what_is_answered_is_committed(api: Api, casework: CaseworkFixture) -> None:
    answer = push(api.client())
    assert answer.status_code == 201
    with casework.sessions() as session:
        (row,) = session.scalars(select(InstructionRow))
    assert answer.json() == {
        "instruction_id": "YJ-1",
        "version": 1,
        "status": "accepted",
        "case": str(row.case_id),
        "received_at": row.received_at.isoformat(),
        "flags": row.flags,
        "repeated": False,
        "reason": None,
    }


def test_the_same_again_gets_the_first_answer(api: Api) -> None:
    client = api.client()
    first = push(client, urgency="whatever they call it")
    again = push(client, urgency="whatever they call it")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["flags"] != []
    assert again.json() == first.json() | {"repeated": True}


def test_a_conflict_shows_both_and_says_what_is_applied(api: Api) -> None:
    client = api.client()
    push(client)
    told = problem(push(client, phones=[{"number": phone(7)}]), ProblemCode.CONFLICT)
    assert told["applied"] == "safer_union"
    assert told["stored"]["victim"]["phones"] == [{"number": phone(1)}]
    assert told["received"]["victim"]["phones"] == [{"number": phone(7)}]
    assert len(told["work_items"]) == 1


@pytest.mark.parametrize("odd", ["NaN", "1e999", "-Infinity", "9" * 5000, r'"\ud800"'])
def test_a_conflict_of_what_json_does_not_have_is_told_too(api: Api, odd: str) -> None:
    client = api.client()
    push(client)
    raw = json.dumps(instruction(phones=[{"number": phone(7)}]))[:-1] + f', "odd": {odd}}}'
    for _ in range(2):
        problem(client.post("/v1/instructions", content=raw.encode()), ProblemCode.CONFLICT)


def test_a_patch_changes_nobody_into_another(api: Api) -> None:
    client = api.client()
    push(client)
    for path in ("victim.id_number", "victim.0.id_number", "victim.0"):
        told = client.put("/v1/instructions/YJ-1", json={"version": 2, "patch": {path: "x"}, "at": START.isoformat()})
        problem(told, ProblemCode.REFUSED)


def test_an_older_version_is_stale(api: Api) -> None:
    client = api.client()
    push(client, version=2)
    problem(push(client, version=1), ProblemCode.STALE)


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"", b"\xff", b'{"instruction_id": "X"}'])
def test_what_is_refused_is_kept(api: Api, body: bytes) -> None:
    client = api.client()
    told = problem(client.post("/v1/instructions", content=body), ProblemCode.REFUSED)
    assert " / " in told["detail"]
    (kept,) = client.get("/v1/quarantine").json()["items"]
    assert (kept["status"], kept["reason"]) == ("refused", told["detail"])


def test_a_refusal_holds_nothing_of_what_was_pushed(api: Api) -> None:
    told = api.client().post("/v1/instructions", json=instruction(version="某某 15400000001"))
    assert told.status_code == 422 and "15400000001" not in told.text


def test_a_newer_version_by_its_path(api: Api) -> None:
    client = api.client()
    case = push(client).json()["case"]
    whole = client.put("/v1/instructions/YJ-1", json=instruction(version=2, urgency="critical"))
    assert (whole.status_code, whole.json()["case"], whole.json()["version"]) == (201, case, 2)
    patch = {"version": 3, "patch": {"urgency": "high"}, "at": START.isoformat()}
    patched = client.put("/v1/instructions/YJ-1", json=patch)
    assert (patched.status_code, patched.json()["version"]) == (201, 3)
    assert client.put("/v1/instructions/YJ-1", json=patch).status_code == 200


def test_a_path_and_a_body_that_name_different_instructions(api: Api) -> None:
    told = api.client().put("/v1/instructions/YJ-2", json=instruction(1))
    assert "instruction_id" in problem(told, ProblemCode.REFUSED)["detail"]


def test_withdrawn_and_told_of(api: Api) -> None:
    client = api.client()
    case = push(client).json()["case"]
    assert tell(client, "feedback", "feedback", outcome="DISSUADED_IN_TIME").status_code == 201
    assert tell(client, "later-loss", "later_loss", loss_yuan=500).status_code == 201
    assert tell(client, "withdraw", "withdraw", version=1).status_code == 201
    assert client.get(f"/v1/cases/{case}").json()["resolution"] == "DISSUADED_IN_TIME"


def test_an_event_that_comes_before_its_instruction_is_kept(api: Api) -> None:
    client = api.client()
    early = tell(client, "withdraw", "withdraw", version=1)
    assert (early.status_code, early.json()["case"]) == (202, None)
    assert push(client).status_code == 201
    assert client.get("/v1/instructions/YJ-1").json()["newest"]["case_state"] == "closed"


def test_a_loss_told_again_under_its_key_counts_once(api: Api) -> None:
    """Whether the first answer arrived or not: the same key is the same event."""
    client = api.client()
    case = push(client).json()["case"]
    first = tell(client, "later-loss", "later_loss", key="loss-1", loss_yuan=500)
    again = tell(client, "later-loss", "later_loss", key="loss-1", loss_yuan=500)
    assert first.json() == again.json() and again.headers["idempotency-replayed"] == "true"
    assert client.get(f"/v1/cases/{case}").json()["money"]["lost"] == 500
    problem(tell(client, "later-loss", "later_loss", key="loss-1", loss_yuan=900), ProblemCode.KEY_REUSED)
    assert client.get(f"/v1/cases/{case}").json()["money"]["lost"] == 500


def test_a_key_is_each_clients_own(api: Api) -> None:
    one, other = api.client("one"), api.client("other")
    assert push(one, key="K").status_code == 201
    assert push(other, key="K", number=2).status_code == 201


def test_a_refused_line_under_a_key_may_come_again_mended(api: Api) -> None:
    client = api.client()
    problem(push(client, key="K", version=0), ProblemCode.REFUSED)
    assert push(client, key="K").status_code == 201


def test_a_source_of_another(api: Api, casework: CaseworkFixture) -> None:
    """A client speaks for its own sources; where it has one alone, its lines need not say so."""
    client = api.client()
    foreign = problem(push(client, source={"system": "other"}), ProblemCode.REFUSED)
    assert "source.system" in foreign["detail"]
    body = instruction(2)
    del body["source"]
    assert client.post("/v1/instructions", json=body).status_code == 201
    with casework.sessions() as session:
        assert [row.system for row in session.scalars(select(InstructionRow))] == [SYSTEM]


def test_a_source_of_another_kind(api: Api) -> None:
    for system in ({}, [SYSTEM], 5, None, True):
        problem(push(api.client(f"centre-{type(system).__name__}"), source={"system": system}), ProblemCode.REFUSED)


def test_a_source_that_stands_twice_is_none_of_the_clients(api: Api) -> None:
    raw = json.dumps(instruction())[:-1] + ', "source": {"system": "other"}}'
    problem(api.client().post("/v1/instructions", content=raw.encode()), ProblemCode.REFUSED)


def test_too_large_and_of_another_type(api: Api) -> None:
    client = api.client()
    problem(client.post("/v1/instructions", content=b" " * 300_000), ProblemCode.TOO_LARGE)
    told = client.post("/v1/instructions", content=b"<a/>", headers={"Content-Type": "application/xml"})
    problem(told, ProblemCode.MEDIA_TYPE)


def test_each_call_is_on_the_record_without_its_body(api: Api, casework: CaseworkFixture) -> None:
    client = api.client()
    push(client)
    client.get("/v1/instructions/YJ-1")
    client.get("/v1/instructions/YJ-2")
    with casework.sessions() as session:
        calls = session.scalars(select(JournalRow).where(JournalRow.event == "api_called").order_by(JournalRow.seq))
        told = [(each.actor, each.data["method"], each.data["route"], each.data["status"]) for each in calls]
    one = "/v1/instructions/{instruction_id}"
    expected = [("POST", "/v1/instructions", 201), ("GET", one, 200), ("GET", one, 404)]
    assert told == [("centre", *each) for each in expected]


def test_whatever_becomes_of_a_push_it_is_on_the_record_once_with_its_status(
    api: Api, casework: CaseworkFixture
) -> None:
    client = api.client()
    answers = [
        push(client),
        push(client),
        push(client, version=3, urgency="critical"),
        push(client, version=2),
        push(client, version=3, urgency="low"),
        client.post("/v1/instructions", content=b"{"),
        client.post("/v1/instructions", content=b"x" * 300_000),
        client.post("/v1/instructions/YJ-9:withdraw", json={"version": 1, "at": START.isoformat(), "by": "A"}),
        client.post("/v1/instructions", json=instruction(2), headers={"Idempotency-Key": "one"}),
        client.post("/v1/instructions", json=instruction(3), headers={"Idempotency-Key": "one"}),
    ]
    told = [each.status_code for each in answers]
    assert {200, 201, 202, 409, 413, 422} <= set(told)
    with casework.sessions() as session:
        calls = session.scalars(select(JournalRow).where(JournalRow.event == "api_called").order_by(JournalRow.seq))
        assert [each.data["status"] for each in calls] == told


def test_a_line_of_a_client_is_kept_under_its_name(api: Api, casework: CaseworkFixture) -> None:
    api.client("north").post("/v1/instructions", content=b"{")
    with casework.sessions() as session:
        assert [row.door for row in session.scalars(select(QuarantineRow))] == ["api:north"]


def test_what_stands_twice_is_flagged_whether_the_source_is_named_or_not(api: Api) -> None:
    client = api.client()
    for number, changes in ((1, {}), (2, {"source": None})):
        body = {name: value for name, value in (instruction(number) | changes).items() if value is not None}
        raw = json.dumps(body)[:-1] + ', "note": "a", "note": "b"}'
        assert "duplicate_key:note" in client.post("/v1/instructions", content=raw.encode()).json()["flags"]


def test_a_time_of_an_offset_that_no_place_has(api: Api) -> None:
    client = api.client()
    for number, offset in ((1, "+23:59"), (2, "-23:59"), (3, "+14:00")):
        told = push(client, number=number, valid_until=f"2026-04-02T09:00:00{offset}")
        assert told.status_code == 201, told.text
