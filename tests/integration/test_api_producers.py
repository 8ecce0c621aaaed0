"""Eight clients push the same lines over HTTP in any order, one by one or as batches; the end is that of one in order.

DISPATCHER_TEST_PRODUCER_LINES sets how many lines there are; `make concurrent-producers` takes a thousand.
"""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random

import httpx
import pytest
from api_fixture import Api
from casework_fixture import SYSTEM, CaseworkFixture
from concurrent_producers import Line, final_state, lines, push_all, push_until_taken

CLIENTS = 8
LINES = int(os.environ.get("DISPATCHER_TEST_PRODUCER_LINES", "25"))
SEED = int(os.environ.get("SEED", "1"))
SYSTEMS = {SYSTEM, "运营商预警(虚构)"}


def push_one(client: httpx.Client, pushed: list[Line]) -> list[str]:
    """By the call for it. Returns the status as `push` names it."""
    (line,) = pushed
    if line.get("op") == "withdraw":
        answer = client.post(f"/v1/instructions/{line['instruction_id']}:withdraw", json=line)
    else:
        answer = client.post("/v1/instructions", json=line)
    told = answer.json()
    if not answer.is_success:
        return [told["code"]]
    return ["duplicate" if told["repeated"] else told["status"]]


def push_batch(client: httpx.Client, pushed: list[Line]) -> list[str]:
    body = b"\n".join(json.dumps(line).encode() for line in pushed)
    answer = client.post("/v1/instructions:batch", content=body)
    return [json.loads(line)["status"] for line in answer.text.splitlines()]


@pytest.mark.timeout(3600)
def test_any_order_over_http_ends_as_one_producer_in_order(
    api: Api, casework: CaseworkFixture, new_casework: Callable[[], CaseworkFixture]
) -> None:
    dice = Random(SEED)
    # Who speaks for two sources says which one an event is of.
    pushed = [{"source": {"system": SYSTEM}} | line for line in lines(LINES, dice)]
    alone = new_casework()
    push_all(alone, pushed)
    ways = [(push_one, 1), (push_batch, 20)]
    clients = [api.client(f"client-{number}", systems=SYSTEMS) for number in range(CLIENTS)]

    def run(number: int) -> list[str]:
        way, together = ways[number % len(ways)]
        return push_until_taken(partial(way, clients[number]), orders[number], together)

    orders = [dice.sample(pushed, len(pushed)) for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as threads:
        answers = {status for statuses in threads.map(run, range(CLIENTS)) for status in statuses}
    assert answers >= {"accepted", "duplicate", "conflict", "stale"}
    expected, actual = final_state(alone), final_state(casework)
    assert expected["open"] and not expected["orphans"]
    differing = {name: (actual[name] - rows, rows - actual[name]) for name, rows in expected.items()}
    assert {name: both for name, both in differing.items() if any(both)} == {}
    assert casework.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]
