"""The stack of the drill: real workers, and two simulated gateways of one channel as processes of their own."""

import base64
import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from dispatcher import clock
from dispatcher.intake import instructions
from dispatcher.ports import own_port
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.up import Stack
from providers.simulator.record import Line

GATEWAYS = ("A", "B")
TIMEOUT_S, SLOW_S = 10, 1
_TABLE = """
[[providers]]
name = "{name}"
adapter = "http_gateway"
channels = ["sms"]
timeout_s = {timeout_s}
slow_s = {slow_s}
base_url = "http://127.0.0.1:{port}"
secret_env = "DISPATCHER_SIMULATOR_SECRET"
"""


@dataclass
class FailoverStack(Stack):
    ports: dict[str, int] = field(default_factory=dict)

    @classmethod
    def at(cls, home: Path) -> "FailoverStack":
        ports = {name: own_port() for name in GATEWAYS}
        path = home / "providers.toml"
        tables = (
            _TABLE.format(name=name, timeout_s=TIMEOUT_S, slow_s=SLOW_S, port=port) for name, port in ports.items()
        )
        path.write_text("".join(tables), "utf-8")
        return cls(Settings(home=home, providers_file=path, without="voice,visit", hooks_port=0), ports=ports)

    def start_children(self) -> None:
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.environment["DISPATCHER_SIMULATOR_SECRET"] = secret
        for name, port in self.ports.items():
            command = [sys.executable, "-m", "providers.simulator", "--port", str(port)]
            self.add(f"gateway-{name}", [*command, "--record", str(self._record(name))])
        super().start_children()

    def turn(self, name: str, **faults: Any) -> None:
        """Give a gateway these faults and no others."""
        url = f"http://127.0.0.1:{self.ports[name]}/control/faults"
        headers = {"Authorization": f"Bearer {self.environment['DISPATCHER_SIMULATOR_SECRET']}"}
        httpx.put(url, json=faults, headers=headers, trust_env=False, timeout=20).raise_for_status()

    def taken(self, name: str) -> list[Line]:
        """The messages that a gateway took, by its own record."""
        lines = (Line.model_validate_json(line) for line in self._record(name).read_bytes().splitlines())
        return [line for line in lines if line.event in ("message", "repeat")]

    def provider_report(self, *words: str) -> str:
        """What `dispatcher providers` prints of it."""
        command = [sys.executable, "-m", "dispatcher.cli", "providers", *words]
        done = subprocess.run(command, env=os.environ | self.environment, capture_output=True, text=True, check=True)
        return done.stdout

    def _record(self, name: str) -> Path:
        return self.settings.home / f"gateway-{name}.jsonl"

    def __enter__(self) -> "FailoverStack":
        try:
            self.start_servers()
            self.start_children()
            self.wait_until_ready(120)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@dataclass
class Traffic:
    """Warnings at a steady pace, one SMS to each of ever new people."""

    services: Services
    per_second: float
    pushed: int = 0

    @contextlib.contextmanager
    def flowing(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._push_on, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _push_on(self, over: threading.Event) -> None:
        begin = time.monotonic()
        for number in count(1):
            if over.wait(max(0.0, begin + number / self.per_second - time.monotonic())):
                return
            with self.services.begin() as work:
                instructions.take(work, _instruction(number), door="drill")
            self.pushed += 1


def _instruction(number: int) -> bytes:
    body = {
        "op": "create",
        "instruction_id": f"FO-{number}",
        "version": 1,
        "source": {"system": "省反诈平台(虚构)", "unit": "YT-FZ"},
        "issued_at": clock.real_now().isoformat(),
        "urgency": "high",
        "fraud_type": "F08",
        "channels": ["sms"],
        "victim": {"name": f"何样{number}", "phones": [{"number": f"154{number:08d}"}]},
    }
    return json.dumps(body, ensure_ascii=False).encode()
