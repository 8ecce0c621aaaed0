"""All runs against peers, and what crossed as one table: python -m tests.peers [--short]

Each run is a target of the Makefile, which installs what it needs. A peer that can't be installed fails its run.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.peers.ledger import TABLE

ALL = ("signatures", "smpp", "jasmin", "kannel", "sip", "pgbouncer")
SHORT = ("kannel", "sip")  # those that install fast


def main() -> int:
    is_short = "--short" in sys.argv
    failed, rows = [], []
    # The short ones go side by side: they mostly wait.
    with ThreadPoolExecutor(len(SHORT) if is_short else 1) as runs:
        begun = {name: runs.submit(_run, name, is_short) for name in (SHORT if is_short else ALL)}
        for name, run in begun.items():
            code, said, crossed = run.result()
            sys.stdout.write(f"\nmake peers-{name}\n{said}")
            sys.stdout.flush()
            rows += [[name, *row] for row in crossed] or [[name, "-", "-", "nothing"]]
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


def _run(name: str, is_short: bool) -> tuple[int, str, list[list[str]]]:
    """The exit code, what was printed, and the rows that the run told."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        done = subprocess.run(
            ["make", "--no-print-directory", f"peers-{name}", f"SHORT={'--short' if is_short else ''}"],
            env=os.environ | {TABLE: file.name},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines = Path(file.name).read_text("utf-8").splitlines()
    return done.returncode, done.stdout, [json.loads(line) for line in lines]


if __name__ == "__main__":
    sys.exit(main())
