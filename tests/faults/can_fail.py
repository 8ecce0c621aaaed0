"""`python -m tests.faults.can_fail`: take a safeguard out of a copy of the tree; the drill for it must fail."""

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

_ROOT = Path(__file__).parents[2]
_COPIED = ("dispatcher", "providers", "schemas", "tasks", "tests", "celeryrc.py")
_out = Console()
_SHOWN = 3


@dataclass(frozen=True)
class Sabotage:
    """`text` in `file` becomes `instead`; then `drill` must find that `broken` does not hold."""

    name: str
    file: str
    text: str
    instead: str
    drill: str
    broken: str


SABOTAGES = (
    Sabotage(
        "no-lease",
        "dispatcher/delivery/claim.py",
        "attempt.lease_until = self._work.real_now + timedelta(seconds=lease_s)",
        "attempt.lease_until = None",
        "kill_before_call",
        "nothing_stands",
    ),
    Sabotage(
        "no-lease-check",
        "dispatcher/delivery/provider_call.py",
        "left_s = call.lease_ends_at - clock.lease_clock()",
        "left_s = math.inf",
        "zombie",
        "sent_within_lease",
    ),
    Sabotage(
        "no-limit-on-silence",
        "dispatcher/store/engine.py",
        """    "idle_in_transaction_session_timeout": f"{SILENCE_S}s",
""",
        "",
        "claim_stopped",
        "sent_in_time",
    ),
    Sabotage(
        "no-limit-on-silence-in-a-write",
        "dispatcher/sweep.py",
        "                _do_alone(_end_silent_sessions, services)\n",
        "",
        "write_stopped",
        "sent_in_time",
    ),
    Sabotage(
        "call-then-commit",
        "dispatcher/delivery/pump.py",
        """                calls = self._share(lanes, limit, take)
""",
        """                calls = self._share(lanes, limit, take)
                self._start(calls)
                while self._results.qsize() < len(calls):
                    time.sleep(0.01)
                calls = []
""",
        "kill_before_record",
        "one_message_a_step",
    ),
    Sabotage(
        "no-isolation",
        "dispatcher/delivery/pump.py",
        """                if set_aside.is_outage(error):
                    raise
""",
        "                raise\n",
        "poison",
        "sent_in_time",
    ),
    Sabotage(
        "no-look-by-itself",
        "dispatcher/work_loop.py",
        "IDLE_LOOK_S = 2.0",
        "IDLE_LOOK_S = 600.0",
        "redis_away",
        "critical_in_time",
    ),
    Sabotage(
        "receipts-not-known-again",
        "dispatcher/delivery/receipts.py",
        "    fresh = set(work.session.scalars(kept, keys)) if keys else set()",
        "    fresh = set(by_id)",
        "receipts_odd",
        "receipts_once",
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.can_fail")
    parser.add_argument("--out", type=Path, help="folder for what each drill printed")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    caught = [_is_caught(each, given.seed, given.out) for each in SABOTAGES]
    return not all(caught)


def _is_caught(each: Sabotage, seed: int, out: Path | None) -> bool:
    with tempfile.TemporaryDirectory(prefix="sabotaged-") as folder:
        tree = Path(folder)
        subprocess.run(["cp", "-r", *(_ROOT / name for name in _COPIED), tree], check=True)
        _sabotage(tree / each.file, each)
        command = [sys.executable, "-m", "tests.faults", each.drill, "--instructions", "60", "--per-second", "6"]
        environment = os.environ | {"PYTHONPATH": folder}
        with _out.status(f"{each.name}: {each.drill}"):
            done = subprocess.run(
                [*command, "--seed", str(seed), "--quiet-within", "75"],
                cwd=tree,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
    if out is not None:
        (out / f"drills-{each.name}.txt").write_text(done.stdout, "utf-8")
    is_caught = done.returncode == 1 and f"{each.broken}:" in done.stdout
    _out.print(f"{'[green]caught[/]' if is_caught else '[red]NOT CAUGHT[/]'} {each.name} by {each.drill}")
    lines = done.stdout.splitlines()
    told = [line for line in lines if f"{each.broken}:" in line][:_SHOWN] if is_caught else lines
    _out.print("\n".join(told), highlight=False, markup=False, soft_wrap=True)
    return is_caught


def _sabotage(file: Path, each: Sabotage) -> None:
    source = file.read_text("utf-8")
    if source.count(each.text) != 1:
        raise SystemExit(f"{each.name}: {each.file} no longer has the text to change")
    file.write_text(source.replace(each.text, each.instead), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
