"""`python -m tests.faults [DRILL…]`: play drills one after the other, and print one table. Exit 1 where one failed."""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from random import SystemRandom

from rich.console import Console
from rich.table import Table

from tests.faults.drill import Row
from tests.faults.table import DRILLS, Drill

# A mount of ours that nobody else sees; who is not root gets it in a user namespace.
_OWN_MOUNTS = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-Um", "--map-current-user", "--keep-caps")
_LONG, _SHORT = (2000, 40.0), (60, 10.0)
_err = Console(stderr=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Fault drills; see docs/faults.md.")
    parser.add_argument("drills", nargs="*", metavar="DRILL", help=f"{', '.join(DRILLS)}; all where none is named")
    parser.add_argument("--short", action="store_true", help="a few drills in small")
    parser.add_argument("--instructions", type=int)
    parser.add_argument("--per-second", type=float)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--quiet-within", type=float, default=240.0, metavar="S", help="give up after so long")
    parser.add_argument("--keep", type=Path, help="folder under which each drill's data stays")
    parser.add_argument("--rows", type=Path, metavar="FILE", help="keep each row here; what passed is not played again")
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    unknown = sorted(set(given.drills) - DRILLS.keys())
    if unknown:
        parser.error(f"no drill {', '.join(unknown)}; one of {', '.join(DRILLS)}")
    if given.list:
        for drill in DRILLS.values():
            print(f"{drill.name:20} {drill.what}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    count, per_second = _SHORT if given.short else _LONG
    seed = given.seed if given.seed is not None else SystemRandom().randrange(10_000)
    chosen = [DRILLS[name] for name in given.drills] or [
        each for each in DRILLS.values() if each.in_short or not given.short
    ]
    _err.print(f"seed {seed}; --seed {seed} (make faults SEED={seed}) repeats it")
    wanted = {(each.name, seed, given.instructions or count) for each in chosen}
    rows = [row for row in _kept(given.rows) if row.passed and (row.drill, row.seed, row.instructions) in wanted]
    chosen = [each for each in chosen if each.name not in {row.drill for row in rows}]
    for number, drill in enumerate(chosen, start=1):
        words = [
            "--instructions",
            f"{given.instructions or count}",
            "--per-second",
            f"{given.per_second or per_second}",
        ]
        words += ["--seed", f"{seed}", "--quiet-within", f"{given.quiet_within}"]
        words += ["--keep", str(given.keep / drill.name)] if given.keep else []
        rows.append(_played(drill, words, f"{number}/{len(chosen)} {drill.name}"))
        _tell(rows[-1])
        _keep(rows[-1], given.rows)
    _print(rows, seed)
    return not all(row.passed for row in rows)


def _kept(file: Path | None) -> list[Row]:
    """What was played before: the whole table takes an hour, which may come in pieces."""
    if file is None or not file.exists():
        return []
    return [Row(**json.loads(line)) for line in file.read_text().splitlines()]


def _keep(row: Row, file: Path | None) -> None:
    if file is not None:
        with file.open("a") as kept:
            kept.write(json.dumps(asdict(row)) + "\n")


def _played(drill: Drill, words: list[str], title: str) -> Row:
    """One drill in a process of its own, its progress on one line."""
    command = [sys.executable, "-m", "tests.faults.drill", drill.name, *words]
    with subprocess.Popen(
        [*(_OWN_MOUNTS if drill.small_disk_mb else ()), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        lines: deque[str] = deque(maxlen=12)
        try:
            with _err.status(title) as status:
                for line in _lines(process):
                    lines.append(line)
                    status.update(f"{title}: {line[:120]}")
            assert process.stdout is not None
            out = process.stdout.read()
        except BaseException:
            process.terminate()  # it ends its stack
            raise
    if not out:
        return Row(drill.name, drill.what, 0, 0, broken=["the drill itself ended:", *lines])
    return Row(**json.loads(out))


def _lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stderr is not None
    yield from (line.strip() for line in process.stderr if line.strip())


def _tell(row: Row) -> None:
    _err.print(f"{'[green]passed[/]' if row.passed else '[red]FAILED[/]'} {row.drill} in {row.took_s:.0f} s")
    for each in row.broken:
        _err.print(f"  {each}", highlight=False, markup=False, soft_wrap=True)


def _print(rows: list[Row], seed: int) -> None:
    table = Table(title=f"Fault drills, seed {seed}", title_justify="left")
    table.add_column("drill")
    table.add_column("fault")
    names = ("instructions", "faults injected", "lost", "doubled and unmarked", "in doubt")
    for name in (*names, "longest recovery, s", "longest doubt, s"):
        table.add_column(name, justify="right")
    table.add_column("invariants")
    for row in rows:
        counts = (row.instructions, row.faults, row.lost, row.doubled, row.in_doubt, row.recovery_s, row.doubt_s)
        table.add_row(row.drill, row.what, *map(str, counts), "hold" if row.passed else f"{len(row.broken)} broken")
    Console(width=None if sys.stdout.isatty() else 170).print(table)


if __name__ == "__main__":
    sys.exit(main())
