"""The whole stack, as `dispatcher up` starts it, with providers of a test's own."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import create_engine, text

from dispatcher import clock, policy, texts, vault
from dispatcher.casework import unit_of_work
from dispatcher.casework.context import Context
from dispatcher.clock import Clock
from dispatcher.intake import instructions
from dispatcher.settings import Settings
from dispatcher.store import engine
from dispatcher.up import Stack
from dispatcher.wake import Silent

_ROSTER = """
[[providers]]
name = "roster"
adapter = "roster"
channels = ["visit"]
"""


@contextmanager
def running(providers: str, environment: Mapping[str, str], hooks_port: int = 0) -> Iterator[Stack]:
    """A stack with these tables of PROVIDERS_FILE and a roster, ready for work."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, mock.patch.dict(os.environ, environment):
        home = Path(folder)
        home.chmod(0o755)
        path = home / "providers.toml"
        path.write_text(providers + _ROSTER, "utf-8")
        without = ",".join(each for each in ("sms", "voice") if f'"{each}"' not in providers)
        stack = Stack(Settings(home=home, providers_file=path, without=without, hooks_port=hooks_port))
        try:
            stack.start_servers()
            stack.start_children()
            stack.wait_until_ready(120)
            threading.Thread(target=stack.supervisor.run, daemon=True).start()
            yield stack
        finally:
            stack.stop()


def instruction(name: str, number: str, channel: str, urgency: str = "high") -> dict[str, Any]:
    return {
        "instruction_id": name,
        "version": 1,
        "source": {"system": "省反诈平台(虚构)", "unit": "YT-FZ"},
        "issued_at": (clock.real_now() - timedelta(seconds=1)).isoformat(),
        "urgency": urgency,
        "fraud_type": "F08",
        "channels": [channel],
        "victim": {"name": f"何样{number[-4:]}", "phones": [{"number": number}]},
    }


def push(stack: Stack, bodies: Iterable[Mapping[str, Any]]) -> None:
    sessions = engine.sessions(stack.environment["DISPATCHER_DATABASE_URL"])
    keys = vault.load(stack.settings.key_path, make=False)
    context = Context(policy=policy.load(), vault=keys, clock=Clock("real"), texts=texts.load(), wake=Silent())
    for body in bodies:
        with unit_of_work.begin(sessions, context) as work:
            answer = instructions.take(work, json.dumps(body, ensure_ascii=False).encode(), door="peers")
        assert answer.status == "accepted", answer.reason


def log(stack: Stack) -> list[dict[str, Any]]:
    """What `dispatcher log --json` says."""
    command = [sys.executable, "-m", "dispatcher.cli", "log", "--json"]
    said = subprocess.run(command, env=os.environ | stack.environment, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in said.stdout.splitlines()]


def ask(stack: Stack, question: str, **values: str) -> list[tuple[Any, ...]]:
    asked = create_engine(engine.normalised(stack.environment["DISPATCHER_DATABASE_URL"]))
    with asked.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(question), values)]
    asked.dispose()
    return found


def logs(stack: Stack) -> str:
    """All that its processes have written."""
    return "".join(path.read_text("utf-8", "replace") for path in (stack.settings.home / "logs").iterdir())


def until(is_so: Callable[[], object], patience_s: float = 120.0) -> None:
    """Raises TimeoutError."""
    end = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.2)
