"""`python -m tests.failover`: the fail-over drill as one table, and the operators' history. Exit 1 on a fault."""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from dispatcher import logging
from dispatcher.setup import build_services
from tests.failover import drill
from tests.failover.drill import PHASES, Row
from tests.failover.failover_stack import FailoverStack, Traffic

_WARM_UP_S = 12.0
_err = Console(stderr=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.failover", description=__doc__)
    parser.add_argument("--short", action="store_true", help="one fault instead of three")
    parser.add_argument("--per-second", type=float, default=6.0)
    given = parser.parse_args()
    logging.configure("ERROR")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the stack is ended in order
    phases = PHASES[1:2] if given.short else PHASES
    with tempfile.TemporaryDirectory(prefix="failover-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)  # PostgreSQL runs as somebody else where we are root
        os.environ["DISPATCHER_HOME"] = folder
        with _err.status("starting") as status, FailoverStack.at(home) as stack:
            os.environ |= stack.environment
            services = build_services()
            traffic, rows = Traffic(services, given.per_second), list[Row]()
            with traffic.flowing():
                time.sleep(_WARM_UP_S)
                for phase in phases:
                    rows.append(drill.play(phase, services, stack, status.update))
            status.update("waiting until every SMS has its result")
            broken = [] if drill.wait_until_quiet(services) else ["some SMS have no result"]
            broken += drill.judge_all(services, stack, traffic.pushed)
            history = stack.provider_report("--history", "--name", "A")
    _print(rows, traffic.pushed)
    sys.stdout.write(history)
    broken = [f"{row.phase.name}: {each}" for row in rows for each in row.broken] + broken
    for each in broken:
        print(f"FAILED {each}")
    print("one message to each person, none lost" if not broken else f"{len(broken)} checks failed")
    return int(bool(broken))


def _print(rows: list[Row], pushed: int) -> None:
    table = Table(title=f"Fail-over: gateways A and B share {pushed} warnings; A turns bad", title_justify="left")
    for name in ("fault of A", "what", "why it was left", "traffic moved within, s", "fully back after, s"):
        table.add_column(name)
    table.add_column("A's share at 10 %, 25 %, 50 %, back")
    for row in rows:
        shares = ", ".join(f"{share:.0%}" for share in row.shares)
        cause = row.causes[0] if row.causes else ""
        table.add_row(row.phase.name, row.phase.what, cause, f"{row.moved_s:.1f}", f"{row.back_s:.1f}", shares)
    Console(width=None if sys.stdout.isatty() else 150).print(table)


if __name__ == "__main__":
    sys.exit(main())
