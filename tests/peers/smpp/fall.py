"""kill -9 of the worker that holds a link, amid messages whose answers and receipts are still to come.

The stack is as `dispatcher up` starts it, with the SMSC of smsc.js. What nobody knows of ends in doubt, and is settled
by the receipts that the next bind is given; the carrier sees each number once.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from dispatcher.stack import Stack
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
_STATES = "SELECT coalesce(result, state), count(*) FROM attempts WHERE channel = 'sms' GROUP BY 1 ORDER BY 1"
_TOLD = "SELECT count(DISTINCT data->>'attempt') FROM journal WHERE event = :event"


def run(note: Callable[..., None]) -> dict[str, Any]:
    """Gives what the SMSC has seen."""
    with (
        processes.smsc(answer_ms=300, receipts="late", late_ms=_LATE_MS) as peer,
        stacks.running(_FILE.format(port=peer.said["port"]), {"PEER_PASSWORD": "password"}) as stack,
    ):
        pushing = threading.Thread(target=_push, args=(stack,))
        pushing.start()
        stacks.until(lambda: peer.report()["taken"] >= PEOPLE // 4)
        worker = stack.children[_WORKER].process
        assert worker is not None
        psutil.Process(worker.pid).kill()
        killed_at, before = time.monotonic(), peer.report()
        pushing.join()
        stacks.until(lambda: _states(stack) == {"DELIVERED": PEOPLE})
        took, seen = time.monotonic() - killed_at, peer.report()
        doubted = _told(stack, "attempt_in_doubt")
    twice = [number for number, times in seen["numbers"].items() if times > 1]
    note(True, f"{before['taken']} of {PEOPLE} taken by the SMSC as the link's worker was killed")
    note(seen["binds"] == 2, f"{seen['binds']} binds; all delivered {took:.0f} s after the kill")
    note(doubted > 0, f"{doubted} were in doubt, and were settled by their receipts alone")
    note(len(seen["numbers"]) == PEOPLE and not twice, f"{len(seen['numbers'])} numbers reached, {len(twice)} twice")
    note(seen["most_open"] <= 20, f"at most {seen['most_open']} unanswered at the SMSC, window 20")
    return seen


def _push(stack: Stack) -> None:
    stacks.push(stack, (stacks.instruction(f"YJ-{number}", f"1540{number:06d}0", "sms") for number in range(PEOPLE)))


def _states(stack: Stack) -> dict[str, int]:
    return {str(state): int(count) for state, count in stacks.ask(stack, _STATES)}


def _told(stack: Stack, event: str) -> int:
    return int(stacks.ask(stack, _TOLD, event=event)[0][0])
