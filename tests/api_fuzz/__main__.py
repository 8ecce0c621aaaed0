"""Fuzz the API with schemathesis, all checks: python -m tests.api_fuzz [--short]. On a stack of its own."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from dispatcher.cli.demo_client import key_of_demo_client
from dispatcher.settings import Settings
from dispatcher.up import Stack

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LONG, SHORT = 2000, 10  # examples an operation


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="api-fuzz-") as folder:
        home = Path(folder)
        settings = Settings(home=home, hooks_port=0, api_port=0)
        # Nothing is delivered: the doors are under test, not what is behind them.
        stack = Stack(settings, durable=False, serves_api=True, workers={"casework": "casework,celery"})
        try:
            stack.start_servers()
            stack.start_children()
            stack.wait_until_ready()
            code = _fuzz(stack, asked)
        finally:
            stack.stop()
        return max(code, _faults(home / "logs" / "api.log"))


def _fuzz(stack: Stack, asked: argparse.Namespace) -> int:
    demo = key_of_demo_client(stack)
    if demo is None:
        raise RuntimeError("a new stack has a demo client")
    shown = {"Authorization": f"Bearer {demo[0]}"}
    document = stack.settings.home / "openapi.json"
    document.write_bytes(httpx.get(f"{stack.url('api')}/openapi.json", headers=shown, trust_env=False).content)
    st = [Path(sys.executable).with_name("st"), "--config-file", HERE / "schemathesis.toml", "run", document]
    st += ["--url", stack.url("api"), "--max-examples", str(SHORT if asked.short else LONG), "--no-color"]
    st += ["--seed", str(asked.seed)] if asked.seed is not None else []
    # What is covered case by case takes a minute.
    st += ["--phases", "examples,fuzzing,stateful"] if asked.short else []
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.api_fuzz.hooks"}
    keys = ["--header", f"Authorization: {shown['Authorization']}"], []
    return max(subprocess.run([*st, *each], env=environment, cwd=ROOT, check=False).returncode for each in keys)


def _faults(log: Path) -> int:
    """Tracebacks of the server, which no client sees."""
    told = [line for line in log.read_text("utf-8").splitlines() if '"level": "error"' in line]
    for line in told:
        sys.stderr.write(line[:2000] + "\n")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
