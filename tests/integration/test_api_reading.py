"""The API: what a centre reads, page by page."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from api_fixture import Api
from casework_fixture import CaseworkFixture, Scripted, event
from test_api_push import problem, push
from test_codes import code_of

from schemas.instruction import PUSHED, json_schema
from schemas.problems import ProblemCode


def pages(client: httpx.Client, path: str, **query: Any) -> list[list[dict[str, Any]]]:
    found, after = [], None
    while True:
        page = client.get(path, params=query | ({"after": after} if after else {})).json()
        found.append(page["items"])
        after = page["next"]
        if after is None:
            return found


def test_lists_page_by_key(api: Api) -> None:
    client = api.client()
    for number in range(1, 8):
        push(client, number=number)
    listed = pages(client, "/v1/instructions", limit=3)
    assert [[each["instruction_id"] for each in page] for page in listed] == [
        ["YJ-1", "YJ-2", "YJ-3"],
        ["YJ-4", "YJ-5", "YJ-6"],
        ["YJ-7"],
    ]
    attempts = [each["attempt"] for page in pages(client, "/v1/attempts", limit=2) for each in page]
    assert len(attempts) == len(set(attempts)) == 7


def test_filters(api: Api) -> None:
    client = api.client()
    push(client, number=1, urgency="critical")
    push(client, number=2)
    client.post("/v1/instructions/YJ-2:withdraw", json=event("withdraw", number=2, version=1))

    def found(**query: Any) -> list[str]:
        return [each["instruction_id"] for each in client.get("/v1/instructions", params=query).json()["items"]]

    assert found(urgency="critical") == ["YJ-1"]
    assert found(case_state="closed") == ["YJ-2"]
    assert found(system="nobody") == []
    assert found(since="2027-01-01T00:00:00Z") == []
    assert found(until="2027-01-01T00:00:00Z") == ["YJ-1", "YJ-2"]
    of_one = client.get("/v1/attempts", params={"instruction_id": "YJ-1"}).json()["items"]
    assert {name for each in of_one for name in each["instructions"]} == {"YJ-1"}


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1001}, {"after": "x"}, {"since": "yesterday"}, {"odd": 1}])
def test_a_query_that_cannot_be_read(api: Api, query: dict[str, Any]) -> None:
    told = problem(api.client().get("/v1/instructions", params=query), ProblemCode.MALFORMED)
    assert next(iter(query)) in told["errors"][0]["where"]


def test_an_instruction_with_its_versions(api: Api) -> None:
    client = api.client(systems={"a", "b"})
    push(client, source={"system": "a"})
    push(client, source={"system": "a"}, version=2)
    told = client.get("/v1/instructions/YJ-1").json()
    assert (told["newest"]["version"], [each["version"] for each in told["versions"]]) == (2, [1, 2])
    push(client, source={"system": "b"})
    problem(client.get("/v1/instructions/YJ-1"), ProblemCode.AMBIGUOUS)
    assert client.get("/v1/instructions/YJ-1", params={"system": "b"}).json()["newest"]["version"] == 1


def test_what_is_not_there(api: Api) -> None:
    client = api.client()
    for path in (f"/v1/cases/{uuid4()}", "/v1/instructions/nobody", "/v1/instructions/a%00b", "/v1/schema/odd"):
        problem(client.get(path), ProblemCode.NOT_FOUND)
    problem(client.get("/v1/cases/YJ-1"), ProblemCode.MALFORMED)
    problem(client.get("/v1/nothing"), ProblemCode.NOT_FOUND)
    problem(client.delete("/v1/instructions"), ProblemCode.METHOD_NOT_ALLOWED)


def test_a_case_is_told_as_the_command_line_tells_it(api: Api, casework: CaseworkFixture) -> None:
    client = api.client()
    case = push(client).json()["case"]
    casework.deliver()
    report = client.get(f"/v1/cases/{case}").json()
    assert [each["event"] for each in report["journal"]] == casework.events(case)
    assert [each["attempt"] for each in report["attempts"]] == [str(row.id) for row in casework.attempts(case)]


@pytest.mark.parametrize("op", PUSHED)
def test_the_schema_of_each_op(api: Api, op: str) -> None:
    assert api.client().get(f"/v1/schema/{op}").json() == json_schema(op)


def check(client: httpx.Client, **changes: Any) -> httpx.Response:
    question = {"code": "123456", "last_four": "0001", "operator": "OP-17"}
    return client.post("/v1/callback-check", json=question | changes)


def test_a_task_code_is_checked(api: Api, casework: CaseworkFixture) -> None:
    client = api.client()
    case = push(client).json()["case"]
    casework.deliver(Scripted())
    code = code_of(casework, UUID(case))
    assert check(client, code=code).json() == {"genuine": True}
    assert check(client, code=code, last_four="9999").json() == {"genuine": False}
    problem(check(client, code="12"), ProblemCode.MALFORMED)


@pytest.mark.parametrize("change", [{"code": 123456}, {"operator": "a b"}, {"odd": 1}, {"operator": None}])
def test_a_question_that_cannot_be_read_is_not_repeated(api: Api, change: dict[str, Any]) -> None:
    told = check(api.client(), **change)
    problem(told, ProblemCode.MALFORMED)
    assert "123456" not in told.text and "a b" not in told.text


def test_who_guesses_codes_is_stopped_and_no_other(api: Api) -> None:
    client = api.client()
    answers = [check(client, code=f"{number:06d}") for number in range(100)]
    assert answers[-1].status_code == 429 and int(answers[-1].headers["retry-after"]) >= 1
    assert check(client, operator="OP-18").status_code == 200


def test_a_check_under_a_key_is_counted_once(api: Api, casework: CaseworkFixture) -> None:
    client = api.client()
    question = {"code": "123456", "last_four": "0001", "operator": "OP-17"}
    for _ in range(3):
        assert client.post("/v1/callback-check", json=question, headers={"Idempotency-Key": "c-1"}).status_code == 200
    assert casework.sql("SELECT count(*) FROM code_checks")[0][0] == 1
