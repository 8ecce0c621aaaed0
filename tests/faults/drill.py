"""`python -m tests.faults.drill NAME`: one drill in a process of its own. Prints one JSON line."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from dispatcher import logging
from dispatcher.delivery import due
from dispatcher.setup import Services, build_services
from dispatcher.store.set_aside import SetAsideRow
from dispatcher.visits import roster
from schemas import roster as form
from tests.faults import invariants, launcher, snapshot, traffic
from tests.faults.celery_traffic import CeleryTraffic
from tests.faults.fault_stack import FaultStack, Launch
from tests.faults.http_traffic import HttpTraffic
from tests.faults.invariants import Invariant
from tests.faults.snapshot import Snapshot
from tests.faults.table import DRILLS, WORKERS, Drill

_ROSTER = Path(form.__file__).parents[1] / "dispatcher" / "samples" / "roster.toml"
_HORIZON_S = 60.0  # what is due later than this is a time to come
_SHOWN = 20
_FEWEST_POISONED = 4  # cases at each step, however few instructions come


@dataclass
class Row:
    """What one drill came to."""

    drill: str
    what: str
    seed: int
    instructions: int
    faults: int = 0
    lost: int = 0
    doubled: int = 0
    in_doubt: int = 0
    recovery_s: float = 0.0
    doubt_s: float = 0.0
    took_s: float = 0.0
    broken: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not (self.lost or self.doubled or self.broken)


@dataclass(frozen=True)
class Size:
    """How much goes through, how fast, and how long all may take to be quiet again."""

    instructions: int
    per_second: float
    quiet_within_s: float


def play(drill: Drill, size: Size, seed: int, home: Path, tell: Callable[[str], None]) -> Row:
    """Raises what the stack raises where it does not start."""
    begin, chance = time.monotonic(), Random(seed)
    row = Row(drill.name, drill.what, seed, size.instructions)
    launch: Launch = {name: (fault, str(value), str(seed)) for name, (fault, value) in drill.launch.items()}
    share = max(drill.poison, _FEWEST_POISONED / size.instructions) if drill.poison else 0.0
    if share:
        launch |= dict.fromkeys((*WORKERS, "sweep"), ("poison", str(share), str(seed)))
    with _fault_stack(drill, home, launch) as stack:
        os.environ |= stack.environment
        if share:
            launcher.poison_intake(share)
        services = build_services()
        with services.begin() as work:
            roster.load(work, form.read(_ROSTER))
        stack.gateway(**drill.gateway, seed=seed)
        for name, (fault, value) in drill.launch.items():
            if value:  # a fault that lasts, not a point at which to die
                stack.note(f"{name}: {fault} {value}")
        kind = CeleryTraffic if drill.over_celery else HttpTraffic if drill.over_http else traffic.Traffic
        flow = kind(services, stack, traffic.pushes(size.instructions, seed), size.per_second)
        with flow.flowing():
            while flow.is_pushing:
                tell(f"pushed {flow.pushed}/{len(flow.pushes)}, faults {len(stack.injections)}")
                time.sleep(drill.every_s * chance.uniform(0.8, 1.2) if drill.inject else 0.5)
                if drill.inject and flow.is_pushing:
                    drill.inject(stack, chance)
            if share:
                tell(f"waiting {drill.lasts_s:.0f} s more with the fault")
                time.sleep(drill.lasts_s)
            row.faults = len(stack.injections) + stack.gateway_injections(drill.gateway)
            stack.calm()
            flow.push_again()
            patience = size.quiet_within_s + drill.retries_s
            if not _is_quiet_within(patience, services, stack, flow, tell):
                row.broken.append(f"not quiet after {patience:.0f} s")
        tell("looking at what became of it")
        seen = snapshot.read(services, home / "gateway.jsonl", flow.taken, drill.blocks_s)
        if isinstance(flow, CeleryTraffic):
            seen.broken = flow.broken
        _judge(row, drill, seen, stack)
    row.took_s = round(time.monotonic() - begin, 1)
    return row


def _fault_stack(drill: Drill, home: Path, launch: Launch) -> FaultStack:
    stack = FaultStack.at(home, launch, patient=drill.patient, serves_api=drill.over_http)
    if drill.small_disk_mb:
        stack.data.mkdir(parents=True)
        size = f"size={drill.small_disk_mb}m"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", stack.data], check=True)
    return stack


def _is_quiet_within(
    seconds: float, services: Services, stack: FaultStack, flow: traffic.Traffic, tell: Callable[[str], None]
) -> bool:
    """Two looks in a row find nothing due or under way, here or at the gateway."""
    until, looks = time.monotonic() + seconds, 0
    while time.monotonic() < until and looks < 2:
        time.sleep(1)
        tell(f"waiting until all is quiet, {until - time.monotonic():.0f} s at most")
        looks = looks + 1 if flow.waiting == 0 and _is_quiet(services, stack) else 0
    return looks == 2


def _is_quiet(services: Services, stack: FaultStack) -> bool:
    try:
        with services.begin() as work:
            seen = due.find_due_work(work)
            is_set_aside = work.session.scalar(select(SetAsideRow.id).where(SetAsideRow.ended_at.is_(None)).limit(1))
    except DBAPIError:
        return False
    soon = seen.next_at is not None and (seen.next_at - seen.now).total_seconds() < _HORIZON_S
    return seen.is_quiet and not soon and not is_set_aside and stack.receipts_under_way() == 0


def _judge(row: Row, drill: Drill, now: Snapshot, stack: FaultStack) -> None:
    more = invariants.POISONED if drill.poison else invariants.SOUND
    if drill.critical_within_s is not None:
        more = (*more, invariants.critical_in_time(stack.spans, drill.critical_within_s))
    if drill.sent_within_s is not None:
        more = (*more, invariants.sent_in_time(drill.sent_within_s))
    if drill.recovers_within_s is not None:
        more = (*more, invariants.sent_after_fault(stack.spans, drill.recovers_within_s))
    kinds = invariants.LOST, invariants.DOUBLED, (*invariants.OTHERS, *more)
    lost, doubled, others = (_asked(each, now) for each in kinds)
    row.faults += len(now.set_aside)
    row.lost, row.doubled = len(lost), len(doubled)
    row.in_doubt = sum(each.was_in_doubt for each in now.attempts)
    row.recovery_s, row.doubt_s = _recovery_s(now, stack), round(now.longest_doubt_s, 1)
    row.broken += [*lost[:_SHOWN], *doubled[:_SHOWN], *others[:_SHOWN]]
    if drill.leaves_no_doubt and now.doubts_of_ours:
        row.broken.append(f"{now.doubts_of_ours} attempts in doubt: the soft shutdown did not finish what it held")
    if drill.recovers_within_s is not None:
        row.broken += [f"{each} by itself" for each in stack.ended]
    if not row.faults:
        row.broken.append("no fault was injected: the drill proved nothing")


def _asked(those: tuple[Invariant, ...], now: Snapshot) -> list[str]:
    return [f"{getattr(each, '__qualname__', '?').split('.')[0]}: {found}" for each in those for found in each(now)]


def _recovery_s(now: Snapshot, stack: FaultStack) -> float:
    """The longest time from a fault's end to the next message at the gateway."""
    seen = sorted(datetime.fromisoformat(line.at) for line in now.lines if line.event != "receipt")
    waits = [
        min((at for at in seen if at >= injection.over_at), default=injection.over_at) - injection.over_at
        for injection in stack.injections
    ]
    return round(max((wait.total_seconds() for wait in waits), default=0.0), 1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.drill")
    parser.add_argument("name", choices=DRILLS)
    parser.add_argument("--instructions", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--per-second", type=float, required=True)
    parser.add_argument("--quiet-within", type=float, default=240.0, metavar="S")
    parser.add_argument("--keep", type=Path, help="folder that stays, for looking at afterwards")
    given = parser.parse_args()
    logging.configure("ERROR")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the stack is ended in order

    def tell(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        home = given.keep or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o755)  # PostgreSQL runs as somebody else where we are root
        os.environ["DISPATCHER_HOME"] = str(home)
        size = Size(given.instructions, given.per_second, given.quiet_within)
        row = play(DRILLS[given.name], size, given.seed, home, tell)
        told = json.dumps(asdict(row), ensure_ascii=False)
        (home / "row.json").write_text(told, "utf-8")
    print(told)
    return not row.passed


if __name__ == "__main__":
    sys.exit(main())
