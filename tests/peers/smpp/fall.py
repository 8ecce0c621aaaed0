"""kill -9 of the worker that holds a link, amid messages whose answers and receipts are still to come.

The stack is as `dispatcher up` starts it, with the SMSC of smsc.js. What nobody knows of ends in doubt, and is settled
by the receipts that the next bind is given; the carrier sees each number once.
"""

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
from sqlalchemy import create_engine, text

from dispatcher import clock, policy, texts, vault
from dispatcher.casework import intake
from dispatcher.casework.office import Office
from dispatcher.clock import Clock
from dispatcher.settings import Settings
from dispatcher.stack import Stack
from dispatcher.store import engine
from dispatcher.wake import Silent, link_lane
from tests.peers.smpp import processes
from tests.peers.smpp.processes import Peer

PEOPLE = 300
_WORKER = f"worker-{link_lane('city-smpp')}"
_PATIENCE_S = 120.0
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

[[providers]]
name = "roster"
adapter = "roster"
channels = ["visit"]
"""
_STATES = text("SELECT coalesce(result, state), count(*) FROM attempts WHERE channel = 'sms' GROUP BY 1 ORDER BY 1")
_TOLD = text("SELECT count(DISTINCT data->>'attempt') FROM journal WHERE event = :event")


def run(note: Callable[..., None]) -> None:
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        processes.smsc(answer_ms=300, receipts="late", late_ms=_LATE_MS) as peer,
        mock.patch.dict(os.environ, {"PEER_PASSWORD": "password"}),
        _stack(Path(folder), peer) as stack,
    ):
        pushing = threading.Thread(target=_push, args=(stack,))
        pushing.start()
        _until(lambda: peer.report()["taken"] >= PEOPLE // 4)
        worker = stack.children[_WORKER].process
        assert worker is not None
        psutil.Process(worker.pid).kill()
        killed_at, before = time.monotonic(), peer.report()
        pushing.join()
        _until(lambda: _states(stack) == {"DELIVERED": PEOPLE})
        took, seen = time.monotonic() - killed_at, peer.report()
        doubted = _told(stack, "attempt_in_doubt")
    twice = [number for number, times in seen["numbers"].items() if times > 1]
    note(True, f"{before['taken']} of {PEOPLE} taken by the SMSC as the link's worker was killed")
    note(seen["binds"] == 2, f"{seen['binds']} binds; all delivered {took:.0f} s after the kill")
    note(doubted > 0, f"{doubted} were in doubt, and were settled by their receipts alone")
    note(len(seen["numbers"]) == PEOPLE and not twice, f"{len(seen['numbers'])} numbers reached, {len(twice)} twice")
    note(seen["most_open"] <= 20, f"at most {seen['most_open']} unanswered at the SMSC, window 20")


@contextmanager
def _stack(home: Path, peer: Peer) -> Iterator[Stack]:
    home.chmod(0o755)
    path = home / "providers.toml"
    path.write_text(_FILE.format(port=peer.said["port"]), "utf-8")
    stack = Stack(Settings(home=home, providers_file=path, hooks_port=0))
    try:
        stack.start_servers()
        stack.start_children()
        stack.wait_until_ready(120)
        threading.Thread(target=stack.watch, daemon=True).start()
        yield stack
    finally:
        stack.stop()


def _push(stack: Stack) -> None:
    sessions = engine.sessions(stack.environment["DISPATCHER_DATABASE_URL"])
    keys = vault.load(stack.settings.key_path, make=False)
    office = Office(policy=policy.load(), vault=keys, clock=Clock("real"), texts=texts.load(), wake=Silent())
    for number in range(PEOPLE):
        with sessions.begin() as session:
            answer, _ = intake.take(session, office, _instruction(number), door="peers")
        assert answer.status == "accepted", answer.reason


def _instruction(number: int) -> bytes:
    body: dict[str, Any] = {
        "instruction_id": f"YJ-{number}",
        "version": 1,
        "source": {"system": "省反诈平台(虚构)", "unit": "YT-FZ"},
        "issued_at": (clock.real_now() - timedelta(seconds=1)).isoformat(),
        "urgency": "high",
        "fraud_type": "F08",
        "channels": ["sms"],
        "victim": {"name": f"何样{number}", "phones": [{"number": f"1540{number:06d}0"}]},
    }
    return json.dumps(body, ensure_ascii=False).encode()


def _states(stack: Stack) -> dict[str, int]:
    return dict(_ask(stack, _STATES))


def _told(stack: Stack, event: str) -> int:
    return int(_ask(stack, _TOLD, event=event)[0][0])


def _ask(stack: Stack, question: Any, **values: str) -> list[Any]:
    asked = create_engine(engine.normalised(stack.environment["DISPATCHER_DATABASE_URL"]))
    with asked.connect() as connection:
        found = [tuple(row) for row in connection.execute(question, values)]
    asked.dispose()
    return found


def _until(is_so: Callable[[], object]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.2)
