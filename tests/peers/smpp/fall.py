"""kill -9 of the worker that holds a link, amid messages whose answers and receipts are still to come.

The stack is as `dispatcher up` starts it, with the SMSC of smsc.js. What nobody knows of ends in doubt. What the SMSC
took of it is settled by the receipts that the next bind is given; what never left goes out after the wait of its
urgency, marked as a possible duplicate. The carrier sees each number once.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from dispatcher.up import Stack
from dispatcher.wake import link_lane
from tests.peers import stack as stacks
from tests.peers.smpp import processes

PEOPLE = 300
_WORKER = f"worker-{link_lane('city-smpp')}"
_LATE_MS = 14_000  # later than the lease of what was being sent: so long nobody knows of it
_FILE = """
[[providers]]
name = "city-smpp"
adapter = "smpp"
channels = ["sms"]
secret_env = "PEER_PASSWORD"
host = "127.0.0.1"
port = {port}
system_id = "us"
source = "12381"
window = 20
timeout_s = 5
"""
_PATIENCE_S = 240.0  # doubt_wait of a critical case, twice over
_DELIVERED = "SELECT count(DISTINCT case_id) FROM attempts WHERE channel = 'sms' AND result = 'DELIVERED'"
_AGAIN = "SELECT count(*) FROM attempts WHERE channel = 'sms' AND possible_duplicate"
_MORE = "SELECT count(*) - count(DISTINCT case_id) FROM attempts WHERE channel = 'sms'"
_DOUBTED = "SELECT count(DISTINCT data->>'attempt') FROM journal WHERE event = 'attempt_in_doubt'"


def run(note: Callable[..., None]) -> dict[str, Any]:
    """Returns what the SMSC has seen."""
    with (
        processes.smsc(answer_ms=300, receipts="late", late_ms=_LATE_MS) as peer,
        stacks.running(_FILE.format(port=peer.said["port"]), {"PEER_PASSWORD": "password"}) as stack,
    ):
        pushing = threading.Thread(target=_push, args=(stack,))
        pushing.start()
        stacks.until(lambda: peer.report()["taken"] >= PEOPLE // 4)
        worker = stack.supervisor.children[_WORKER].process
        assert worker is not None
        psutil.Process(worker.pid).kill()
        killed_at, before = time.monotonic(), peer.report()
        pushing.join()
        stacks.until(lambda: _count(stack, _DELIVERED) == PEOPLE, _PATIENCE_S)
        took, seen = time.monotonic() - killed_at, peer.report()
        doubted, again, more = (_count(stack, each) for each in (_DOUBTED, _AGAIN, _MORE))
    twice = [number for number, times in seen["numbers"].items() if times > 1]
    note(True, f"{before['taken']} of {PEOPLE} taken by the SMSC as the link's worker was killed")
    note(seen["binds"] == 2, f"{seen['binds']} binds; all delivered {took:.0f} s after the kill")
    note(doubted > again, f"{doubted} were in doubt: {doubted - again} were settled by their receipts alone")
    note(again == more, f"{again} had not left, and were sent after their wait, each marked as a possible duplicate")
    note(len(seen["numbers"]) == PEOPLE and not twice, f"{len(seen['numbers'])} numbers reached, {len(twice)} twice")
    note(seen["most_open"] <= 20, f"at most {seen['most_open']} unanswered at the SMSC, window 20")
    return seen


def _push(stack: Stack) -> None:
    numbers = [f"1540{number:06d}0" for number in range(PEOPLE)]
    stacks.push(stack, (stacks.instruction(f"YJ-{each}", each, "sms", "critical") for each in numbers))


def _count(stack: Stack, question: str) -> int:
    return int(stacks.ask(stack, question)[0][0])
