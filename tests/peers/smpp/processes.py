"""Peers as processes: started, told, asked, ended."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NODE_MODULES = HERE / "npm" / "node_modules"
JASMIN = HERE / "jasmin"  # made by `make peers-smpp`
SIMULATOR = JASMIN / "jasmin-0.11.0"


@dataclass
class Peer:
    process: subprocess.Popen[str]
    said: dict[str, Any]  # as it came up

    def tell(self, **words: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def report(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        self.tell(report=True)
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found


@contextmanager
def running(*command: str | Path) -> Iterator[Peer]:
    """A peer that says in one line of JSON where it listens."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        if not first:
            raise RuntimeError(f"{command[0]} did not start")
        yield Peer(process, json.loads(first))
    finally:
        process.kill()
        process.wait()


@contextmanager
def smsc(**told: Any) -> Iterator[Peer]:
    """The SMSC of smsc.js."""
    with running("node", HERE / "smsc.js") as peer:
        peer.tell(**told)
        yield peer


@contextmanager
def simulators(*classes: str) -> Iterator[dict[str, int]]:
    """Classes of Jasmin's simulator, by their port."""
    with running(JASMIN / "venv" / "bin" / "python", "-P", HERE / "jasmin_smsc.py", SIMULATOR, *classes) as peer:
        yield peer.said


def versions() -> dict[str, str]:
    """Of what is on the other side. Raises where something is not installed: a peer is never left out."""
    simulator = (SIMULATOR / "PKG-INFO").read_text("utf-8")
    python = [JASMIN / "venv" / "bin" / "python", "-c", "import importlib.metadata as m; print(m.version('twisted'))"]
    return {
        "node": _said("node", "--version"),
        "npm smpp": npm_version(),
        "jasmin (sdist)": next(line for line in simulator.splitlines() if line.startswith("Version: "))[9:],
        "twisted": _said(*python),
    }


def npm_version() -> str:
    package: dict[str, str] = json.loads((NODE_MODULES / "smpp" / "package.json").read_text("utf-8"))
    return package["version"]


def _said(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
