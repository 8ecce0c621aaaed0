"""How soon the gateway has the SMS of one instruction, on a stack that has nothing else to do."""

import random
import time
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from dispatcher import clock
from dispatcher.bench.sample import instruction
from dispatcher.errors import OperatorError
from dispatcher.intake import instructions
from dispatcher.setup import Services
from dispatcher.up import Stack
from providers.simulator.record import Line

MORNING = datetime.fromisoformat("2026-03-02T10:00:00+08:00")
_PAUSE_S = 0.3, 0.8  # so that no round falls together with what looks at fixed times
_LIMIT_S = 30.0


def latencies(services: Services, stack: Stack, count: int) -> Iterator[float]:
    """Milliseconds from before an instruction is taken until the gateway has its SMS, one after the other."""
    with (stack.settings.home / "gateway.jsonl").open("rb") as record, clock.hold_clock_driver(services.engine):
        for number in range(1, count + 1):
            time.sleep(random.uniform(*_PAUSE_S))
            record.read()
            begin = clock.real_now()
            with services.begin() as work:
                instructions.take(work, instruction(number, MORNING), door="bench")
            yield (arrival(record) - begin).total_seconds() * 1000


def arrival(record: BinaryIO) -> datetime:
    """When the next message reached the gateway, by its own record."""
    until = time.monotonic() + _LIMIT_S
    while time.monotonic() < until:
        for line in record:
            found = Line.model_validate_json(line)
            if found.event == "message":
                return datetime.fromisoformat(found.at)
        time.sleep(0.005)
    raise OperatorError(f"网关在 {_LIMIT_S:.0f} 秒内未收到短信", f"the gateway got no SMS in {_LIMIT_S:.0f} s")
