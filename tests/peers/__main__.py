"""All runs against peers, and what crossed as one table: python -m tests.peers [--short]

Each run is a target of the Makefile, which installs what it needs. A peer that can't be installed fails its run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.peers.ledger import TABLE

ALL = ("signatures", "smpp", "jasmin", "kannel", "sip")
SHORT = ("kannel", "sip")  # those that install fast


def main() -> int:
    is_short = "--short" in sys.argv
    failed, rows = [], []
    for name in SHORT if is_short else ALL:
        began = time.monotonic()
        code, crossed = _run(f"peers-{name}", "SHORT=--short" if is_short else "SHORT=")
        rows += [[name, *row] for row in crossed] or [[name, "-", "-", "nothing crossed"]]
        rows[-1][-1] += f" · {time.monotonic() - began:.0f} s"
        if code:
            failed.append(name)
    table = Table(title="peers", title_justify="left")
    for title in ("run", "peer", "version", "what crossed"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=160).print(table)
    sys.stdout.write(f"failed: {', '.join(failed)}\n" if failed else "all peers did as they must\n")
    return 1 if failed else 0


def _run(target: str, word: str) -> tuple[int, list[list[str]]]:
    """The exit code, and the rows that the run told."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        sys.stdout.write(f"\nmake {target}\n")
        sys.stdout.flush()
        done = subprocess.run(["make", "--no-print-directory", target, word], env=os.environ | {TABLE: file.name})
        lines = Path(file.name).read_text("utf-8").splitlines()
    return done.returncode, [json.loads(line) for line in lines]


if __name__ == "__main__":
    sys.exit(main())
