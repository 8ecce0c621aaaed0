"""Sixteen workers at once against a receiving end: no limit is ever exceeded there, and each is used.

    python -m tests.limits [--short]

Exit 1 where a limit was exceeded, or less than 95 % (in short: 80 %) of what it allows was used.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dispatcher import embedded
from providers import limits
from providers.base import ProviderSettings
from schemas.vocabulary import Channel
from tests.limits import receiver
from tests.limits.judge import Row, allowed_in, most_at_once, most_in
from tests.limits.worker import Demand, work

WORKERS = 16
SETTLED_S = 2.0  # until every worker asks
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PER_SECOND, NUMBERS, LINES, RESERVED = 50, 24, 8, 0.2
# For how many seconds, the windows of a number, and the share of each limit that must be used at least: on a machine
# that others keep busy for a moment, that moment is no small part of the short form.
LONG = (180, ["1/10s", "8/100s"], 0.95)
SHORT = (30, ["1/2s", "10/24s"], 0.8)
HOLD_S = 1.0  # how long a line takes for a call


def demands(port: int, callee: list[str]) -> list[Demand]:
    """Three providers, each with one kind of limit."""
    tables = {
        "rate": (0.0, {"rate": [f"{PER_SECOND}/1s"], "reserved_urgent": RESERVED}, 5, 0),
        "callee": (0.0, {"callee": callee}, 1, NUMBERS),
        "lines": (HOLD_S, {"at_once": LINES, "reserved_urgent": RESERVED}, 2, 0),
    }
    return [
        Demand(
            ProviderSettings(
                name=name,
                adapter="http_gateway",
                channels=frozenset({Channel.SMS}),
                secret=SECRET,
                limits=limits.read(table),
                options={"base_url": f"http://127.0.0.1:{port}/{name}/{hold}"},
            ),
            at_once,
            numbers,
        )
        for name, (hold, table, at_once, numbers) in tables.items()
    ]


def play(folder: Path, duration: int, callee: list[str]) -> tuple[list[dict[str, Any]], float]:
    """Returns the record of the receiving end, and the seconds from the moment that all workers were ready."""
    spawn = multiprocessing.get_context("spawn")
    server, record = embedded.redis(folder), folder / "record.jsonl"
    ours, theirs = spawn.Pipe()
    gateway = spawn.Process(target=receiver.serve, args=(record, theirs))
    gateway.start()
    asked = demands(ours.recv(), callee)
    ready, stop = spawn.Barrier(WORKERS + 1), spawn.Event()
    crew = [
        spawn.Process(target=work, args=(number, server.url, asked, WORKERS, ready, stop)) for number in range(WORKERS)
    ]
    try:
        for each in crew:
            each.start()
        ready.wait()
        began = time.monotonic()
        time.sleep(duration)
        stop.set()
        for each in crew:
            each.join(30)
        if any(each.exitcode for each in crew):
            sys.exit("a worker failed")
        return [json.loads(line) for line in record.read_text().splitlines()], began
    finally:
        for each in (*crew, gateway):
            each.kill()
        server.stop()


def judged(record: list[dict[str, Any]], began: float, duration: int, callee: list[str]) -> Iterator[Row]:
    """A row for each limit. Use is counted once every worker asks, and until they are told to stop."""
    lines = [each for each in record if each["provider"] == "lines"]
    rate = [each for each in record if each["provider"] == "rate"]
    begin, end = began + SETTLED_S, began + duration
    used = sum(begin <= each["came"] < end for each in rate) / (PER_SECOND * (end - begin))
    yield Row(f"rate {PER_SECOND}/1s", PER_SECOND, most_in((each["came"] for each in rate), 1.0), used)
    routine = [each["came"] for each in rate if each["id"].startswith("routine")]
    yield Row("  of it routine", int(PER_SECOND * (1 - RESERVED)), most_in(routine, 1.0))
    busy = sum(max(0.0, min(each["left"], end) - max(each["came"], begin)) for each in lines)
    spans = [(each["came"], each["left"]) for each in lines]
    yield Row(f"lines {LINES}", LINES, most_at_once(spans), busy / (LINES * (end - begin)))
    routine_spans = [(each["came"], each["left"]) for each in lines if each["id"].startswith("routine")]
    yield Row("  of it routine", int(LINES * (1 - RESERVED)), most_at_once(routine_spans))
    by_number = defaultdict(list)
    for each in record:
        if each["provider"] == "callee":
            by_number[each["to"]].append(each["came"])
    rates = limits.read({"callee": callee}).callee
    could = sum(allowed_in(rates, end - min(times)) for times in by_number.values())
    sent = sum(at < end for times in by_number.values() for at in times)
    for i, each in enumerate(rates):
        most = max(most_in(times, float(each.seconds)) for times in by_number.values())
        yield Row(f"callee {each}", each.places, most, sent / could if i == 0 else None)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    duration, callee, least_used = SHORT if parser.parse_args().short else LONG
    with tempfile.TemporaryDirectory() as folder:
        record, began = play(Path(folder), duration, callee)
    rows = list(judged(record, began, duration, callee))
    print(f"{WORKERS} workers, {duration} s, {len(record)} messages, {os.cpu_count()} cores")
    print(f"{'limit':<16} {'allowed':>8} {'most seen':>10} {'used':>7}")
    for row in rows:
        used = "" if row.used is None else f"{row.used:.1%}"
        print(f"{row.name:<16} {row.allowed:>8} {row.most:>10} {used:>7} {'' if row.holds(least_used) else ' ✗'}")
    return 0 if all(row.holds(least_used) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
