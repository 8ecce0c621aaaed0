"""What a run against peers prints: a line for each thing that had to be so, and a row of the table of `make peers`."""

import json
import os
import sys
from pathlib import Path

TABLE = "PEERS_TABLE"  # where `make peers` gathers the rows


class Ledger:
    """Prints each line, and remembers whether all were right."""

    def __init__(self) -> None:
        self.wrong = 0

    def note(self, is_right: bool, *words: object) -> None:
        self.wrong += not is_right
        _print(f"{'ok   ' if is_right else 'WRONG'} {' '.join(map(str, words))}")

    def close(self) -> int:
        """The exit code."""
        _print(f"{self.wrong} wrong")
        return 1 if self.wrong else 0


def crossed(peer: str, version: str, what: str) -> None:
    """Tell a peer's version and the messages that went between it and us."""
    _print(f"     {peer} {version}: {what}")
    if path := os.environ.get(TABLE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps([peer, version, what], ensure_ascii=False) + "\n")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
