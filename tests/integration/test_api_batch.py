"""The API: batches, answered line by line while they are sent."""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from api_fixture import PATIENCE_S, SMALL, Api
from casework_fixture import CaseworkFixture, event, instruction, phone
from sqlalchemy.exc import OperationalError
from test_api_push import problem

from dispatcher.clients import register
from dispatcher.web.api import batches, bodies, intake
from schemas.problems import ProblemCode

PATH = "/v1/instructions:batch"
REFUSED = 200


def lines(bodies_: Sequence[Any]) -> bytes:
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in bodies_)


def answers(response: httpx.Response) -> list[dict[str, Any]]:
    assert (response.status_code, response.headers["content-type"]) == (200, "application/jsonl")
    return [json.loads(line) for line in response.text.splitlines()]


def of_many(count: int) -> list[dict[str, Any]]:
    return [instruction(number, phones=[{"number": phone(number)}]) for number in range(1, count + 1)]


def test_each_line_is_answered_in_order(api: Api) -> None:
    pushed = [*of_many(3), instruction(1), event("withdraw", 2, version=1), instruction(3, name="他人", urgency="low")]
    told = answers(api.client().post(PATH, content=lines(pushed)))
    assert [each["line"] for each in told] == [1, 2, 3, 4, 5, 6]
    assert [each["status"] for each in told] == [*["accepted"] * 3, "duplicate", "accepted", "conflict"]


def test_what_is_no_instruction_stops_no_other(api: Api) -> None:
    garbage = [b"{", b"", b"  ", b"null", b"[1]", b"\xff\xfe", b'"x"', b"x" * 300_000, b'{"victim": 5}']
    body = b"\n".join([*garbage, lines(of_many(1)).strip()])
    client = api.client()
    told = answers(client.post(PATH, content=body))
    assert [each["line"] for each in told] == [1, 4, 5, 6, 7, 8, 9, 10]
    assert [each["status"] for each in told] == [*["refused"] * 7, "accepted"]
    assert len(client.get("/v1/quarantine").json()["items"]) == 7


def test_an_empty_batch(api: Api) -> None:
    assert answers(api.client().post(PATH, content=b"")) == []


def test_a_body_of_another_type(api: Api) -> None:
    told = api.client().post(PATH, content=b"<a/>", headers={"Content-Type": "text/html"})
    problem(told, ProblemCode.MEDIA_TYPE)


def test_more_lines_than_a_batch_may_have(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_LINES", 5)
    *told, end = answers(api.client().post(PATH, content=lines(of_many(9))))
    assert [each["status"] for each in told] == ["accepted"] * 5
    assert (end["code"], end["most_lines"]) == (ProblemCode.TOO_LARGE, 5)


def test_answers_come_while_the_client_sends(api: Api) -> None:
    """The second line is sent only when the first has been answered."""
    first_answered = threading.Event()

    def body() -> Iterator[bytes]:
        one, two = of_many(2)
        yield lines([one])
        assert first_answered.wait(PATIENCE_S)
        yield lines([two])

    with socket.create_connection(("127.0.0.1", urlsplit(api.url).port or 0), PATIENCE_S) as raw:
        key = api.new_key()
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\n"
        raw.sendall(head.encode())
        sent = body()
        received = b""
        for number in (1, 2):
            chunk = next(sent)
            raw.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            while received.count(b'"status":"accepted"') < number:
                received += raw.recv(65536)
            first_answered.set()
        raw.sendall(b"0\r\n\r\n")


def test_a_client_that_reads_only_at_the_end(api: Api) -> None:
    """It sends everything first, and more than any buffer holds waits for it: a refusal names its faults."""
    nobody = instruction(1, phones=[{"number": "none"}] * 15)
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        raw.settimeout(PATIENCE_S)
        raw.connect(("127.0.0.1", urlsplit(api.url).port))
        body = lines([nobody] * REFUSED)
        head = f"POST {PATH} HTTP/1.0\r\nAuthorization: Bearer {api.new_key()}\r\nContent-Length: {len(body)}\r\n\r\n"
        raw.sendall(head.encode() + body)
        received = b"".join(iter(lambda: raw.recv(1 << 20), b""))
    assert len(received) > 100_000  # and the buffers hold less
    assert received.count(b'"status":"refused"') == REFUSED


def test_broken_off_and_sent_again_each_case_is_there_once(api: Api, casework: CaseworkFixture) -> None:
    """In the midst of a line: what came whole is taken, the cut line is refused or comes again whole."""
    whole = lines(of_many(60))
    key = api.new_key()
    with socket.create_connection(("127.0.0.1", urlsplit(api.url).port or 0), PATIENCE_S) as raw:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {len(whole)}\r\n\r\n"
        raw.sendall(head.encode() + whole[: len(whole) // 2])
        raw.recv(1000)
    client = api.with_key(key)
    told = answers(client.post(PATH, content=whole))
    assert {each["status"] for each in told} == {"accepted", "duplicate"}
    assert casework.sql("SELECT count(*), count(DISTINCT case_id) FROM instructions")[0] == (60, 60)
    assert client.get("/v1/quarantine").json()["items"] == []


def broken(api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception, count: int) -> list[dict[str, Any]]:
    """What a client is told whose second slice raises."""
    take, calls = intake.batch.take_lines, iter(range(1000))

    def raising(*words: Any, **more: Any) -> Any:
        if next(calls) > 0:
            raise error
        return take(*words, **more)

    monkeypatch.setattr(batches, "_SLICE", 2)
    monkeypatch.setattr(intake.batch, "take_lines", raising)
    return answers(api.client().post(PATH, content=lines(of_many(count))))


@pytest.mark.parametrize("count", [4, 3, 600])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OperationalError("x", {}, Exception("gone")), ProblemCode.UNAVAILABLE),
        (RuntimeError("ours"), ProblemCode.FAULT),
    ],
)
def test_what_ends_a_batch_is_its_last_line(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception, code: ProblemCode, count: int
) -> None:
    """Whether it is the last slice or one in the midst; nobody waits for ever, and no answer looks whole."""
    *told, end = broken(api, monkeypatch, error, count)
    assert [each["status"] for each in told] == ["accepted"] * 2
    assert end["code"] == code


def test_a_key_that_is_revoked_ends_its_batch(api: Api) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(api.url).port or 0), PATIENCE_S) as raw:
        key = api.new_key("leaky")
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\n"
        raw.sendall(head.encode())
        one, two = (lines([each]) for each in of_many(2))
        received = b""
        raw.sendall(f"{len(one):x}\r\n".encode() + one + b"\r\n")
        while b'"accepted"' not in received:
            received += raw.recv(65536)
        with api.services.begin() as work:
            register.revoke(work, "leaky")
        while api.with_key(key).get("/v1/instructions").status_code != 401:
            pass
        raw.sendall(f"{len(two):x}\r\n".encode() + two + b"\r\n0\r\n\r\n")
        received += b"".join(iter(lambda: raw.recv(65536), b""))
    assert received.count(b'"accepted"') == 1 and b'"unauthenticated"' in received


def test_a_head_of_blanks_that_is_too_long_is_told(api: Api) -> None:
    (told,) = answers(api.client().post(PATH, content=b" " * 400_000 + lines(of_many(1))))
    assert told["status"] == "refused"
