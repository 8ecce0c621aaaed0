"""How soon a changed policy has reached all open cases, and how soon a critical one is delivered meanwhile."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import func, select

from dispatcher import clock, policy
from dispatcher.bench.latency import arrival
from dispatcher.bench.sample import instruction
from dispatcher.errors import OperatorError
from dispatcher.intake import batch
from dispatcher.policy.content import digest
from dispatcher.setup import Services
from dispatcher.store.cases import CaseRow
from dispatcher.up import Stack
from schemas.vocabulary import CaseState

NIGHT = datetime.fromisoformat("2026-03-02T22:00:00+08:00")  # in the quiet hours: all is planned for the morning
_CHANGES = (('version = "default-1"', 'version = "bench-2"'), ('to = "08:00"', 'to = "09:00"'))
_EVERY_S = 0.5  # a critical one is pushed
_LIMIT_S = 600.0


@dataclass(frozen=True)
class Reached:
    """Seconds from the start of the sweep, and milliseconds from each push of a critical one to the gateway."""

    cases: int
    seconds: float
    critical_ms: list[float]
    load: tuple[float, float, float]  # of the machine, at the end


def measure(services: Services, stack: Stack, cases: int, tell: Callable[[str], None]) -> Reached:
    """Open cases, start every process anew under longer quiet hours, and watch. Raises OperatorError."""
    with clock.hold_clock_driver(services.engine):  # it stays night
        tell(f"0/{cases}")
        _push(services, range(1, cases + 1))
        file = _changed_policy(stack.settings.home)
        new = replace(services, context=replace(services.context, policy=policy.load(file)))
        with (stack.settings.home / "gateway.jsonl").open("rb") as record, _without_sweep(stack, file) as start_sweep:
            _critical(new, record, cases + 1)  # the workers are there again
            start_sweep()
            found: list[float] = []
            begin = time.monotonic()
            while (left := _left(new)) > 0:
                if time.monotonic() - begin > _LIMIT_S:
                    raise OperatorError(
                        f"{left} 件未按新策略处理", f"{left} cases are still as the old policy left them"
                    )
                tell(f"{cases - left}/{cases}")
                found.append(_critical(new, record, cases + 2 + len(found)))
                time.sleep(_EVERY_S)
            return Reached(cases, time.monotonic() - begin, found, os.getloadavg())


def _push(
    services: Services, numbers: range, urgency: str = "medium", channels: tuple[str, ...] = ("sms", "voice")
) -> None:
    lines = [json.loads(instruction(each, NIGHT, urgency=urgency)) | {"channels": channels} for each in numbers]
    raws = [json.dumps(each, ensure_ascii=False).encode() for each in lines]
    answers = batch.take_lines(services.begin, raws, door="bench")
    if refused := next((each for each in answers if not each.taken), None):
        raise OperatorError("基准数据未被受理", f"the bench's own instruction was refused: {refused.reason}")


def _critical(services: Services, record: BinaryIO, number: int) -> float:
    """Milliseconds until the gateway has its SMS: nothing else leaves at night."""
    record.read()
    begin = clock.real_now()
    _push(services, range(number, number + 1), "critical", ("sms",))
    return (arrival(record) - begin).total_seconds() * 1000


def _changed_policy(home: Path) -> Path:
    """The built-in policy with quiet hours that end an hour later."""
    said = Path(policy.__file__).with_name("defaults.toml").read_text("utf-8")
    for old, new in _CHANGES:
        said = said.replace(old, new)
    file = home / "policy.toml"
    file.write_text(said, "utf-8")
    return file


@contextmanager
def _without_sweep(stack: Stack, file: Path) -> Iterator[Callable[[], None]]:
    """Every process but the simulator anew, under this policy; the sweep when it is told to."""
    stack.environment["DISPATCHER_POLICY_FILE"] = str(file)
    commands = {name: child.command for name, child in stack.supervisor.children.items() if name != "simulator"}
    for name in commands:
        stack.supervisor.remove(name)
    for name, command in commands.items():
        if name != "sweep":
            stack.add(name, command)
    yield lambda: stack.add("sweep", commands["sweep"])


def _left(services: Services) -> int:
    other = CaseRow.policy_digest.is_distinct_from(digest(services.context.policy))
    with services.sessions() as session:
        return session.scalar(select(func.count()).where(CaseRow.state == CaseState.OPEN, other)) or 0
