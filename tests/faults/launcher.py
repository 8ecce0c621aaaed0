"""Starts a process that dies or raises at a chosen point, or whose clock is wrong. Only drills start them this way."""

import asyncio
import os
import runpy
import signal
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import timedelta
from functools import wraps
from pathlib import Path
from random import Random
from typing import Any

from dispatcher import clock
from dispatcher.delivery.provider_call import ProviderCall
from providers.base import Provider
from schemas.vocabulary import Action

STOPPED_CALLS = "stopped_calls"  # a file under DISPATCHER_HOME: keys of calls in which their sender was stopped
CALM = "calm"  # a file under DISPATCHER_HOME: no poison, and nobody stands still, from now on
_SPARED = (2, 10)  # how often the point is passed before it kills: drawn anew for each life
_STILL_SPARED = (10, 60)  # before it stands still once more
_IN_CALL_S = 0.002


def before_call(countdown: Callable[[], None], _value: float) -> None:
    """Between the commit of `sending` and the call."""
    from dispatcher.delivery.pump import Pump

    start = Pump._start

    @wraps(start)
    def patched(pump: Pump, calls: list[Any]) -> None:
        if any(call.action is Action.SEND for call in calls):
            countdown()
        start(pump, calls)

    Pump._start = patched  # type: ignore


def before_record(countdown: Callable[[], None], _value: float) -> None:
    """Between the gateway's answer and its record."""
    from dispatcher.delivery import provider_call

    make_call = provider_call._call

    @wraps(make_call)
    async def patched(provider: Provider, call: ProviderCall) -> Any:
        answer = await make_call(provider, call)
        if call.action is Action.SEND:
            countdown()
        return answer

    provider_call._call = patched


def before_wake(countdown: Callable[[], None], _value: float) -> None:
    """Between the commit of a record, or of a receipt's settling, and the ring for what it planned."""
    from dispatcher.wake import CeleryWake

    deliver = CeleryWake.deliver

    @wraps(deliver)
    def patched(wake: CeleryWake, *lanes: str) -> None:
        if lanes:
            countdown()
        deliver(wake, *lanes)

    CeleryWake.deliver = patched  # type: ignore


def wrong_clock(_countdown: Callable[[], None], seconds: float) -> None:
    """This worker's clock alone is off."""
    right = clock.real_now
    clock.real_now = lambda: right() + timedelta(seconds=seconds)


def stand_still(_countdown: Callable[[], None], seconds: float) -> None:
    """Stopped for so long, over and over: in the claim, before the call, and in the call."""
    from dispatcher.delivery import provider_call, pump

    under_way: set[str] = set()
    pass_by = _stopping(seconds, "claim", "start", "call", under_way=under_way)
    _stop_in_claim(pass_by)
    start, make_call = pump.Pump._start, provider_call._call

    @wraps(start)
    def before_call(self: pump.Pump, calls: list[ProviderCall]) -> None:
        if any(call.action is Action.SEND for call in calls):
            pass_by("start")
        start(self, calls)

    @wraps(make_call)
    async def in_call(provider: Provider, call: ProviderCall) -> Any:
        if call.action is not Action.SEND:
            return await make_call(provider, call)
        under_way.add(call.send_key)
        asyncio.get_running_loop().call_later(_IN_CALL_S, pass_by, "call")
        try:
            return await make_call(provider, call)
        finally:
            under_way.discard(call.send_key)

    pump.Pump._start, provider_call._call = before_call, in_call  # type: ignore


def stopped_in_claim(_countdown: Callable[[], None], seconds: float) -> None:
    """Stopped for so long in the middle of a claim, its transaction open and its rows locked, over and over."""
    _stop_in_claim(_stopping(seconds, "claim"))


def stopped_in_write(_countdown: Callable[[], None], seconds: float) -> None:
    """Stopped for so long between two rows of a write, its transaction open and PostgreSQL waiting for the second."""
    from psycopg import Cursor

    pass_by = _stopping(seconds, "write")
    executemany = Cursor.executemany

    @wraps(executemany)
    def in_write(cursor: Any, query: Any, rows: Iterable[Any], **named: Any) -> None:
        executemany(cursor, query, _passing_by(rows), **named)

    def _passing_by(rows: Iterable[Any]) -> Iterator[Any]:
        for number, row in enumerate(rows):
            if number:
                pass_by("write")
            yield row

    Cursor.executemany = in_write  # type: ignore


def _stop_in_claim(pass_by: Callable[[str], None]) -> None:
    from dispatcher.delivery import pump

    claim = pump.claim

    @wraps(claim)
    def in_claim(*given: Any, **named: Any) -> list[ProviderCall]:
        found = claim(*given, **named)
        if found:
            pass_by("claim")
        return found

    pump.claim = in_claim


def _stopping(seconds: float, *points: str, under_way: Collection[str] = ()) -> Callable[[str], None]:
    """Called at each of these points; now and then it stops this process for so long.

    The keys of the calls that are under way then are kept: their senders had looked at their leases.
    """
    chance, home = Random(os.getpid()), Path(os.environ["DISPATCHER_HOME"])
    left = {point: chance.randint(*_SPARED) for point in points}

    def pass_by(point: str) -> None:
        left[point] -= 1
        if left[point] <= 0 and not (home / CALM).exists():
            left[point] = chance.randint(*_STILL_SPARED)
            subprocess.Popen(["sh", "-c", f"sleep {seconds}; kill -CONT {os.getpid()}"], start_new_session=True)
            # Written last, and again when it goes on: other threads begin calls until the very stop.
            _keep_stopped(under_way)
            # To this thread: the process as a whole may let it run on for some milliseconds, out of the claim too.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
            _keep_stopped(under_way)

    return pass_by


def _keep_stopped(under_way: Collection[str]) -> None:
    with (Path(os.environ["DISPATCHER_HOME"]) / STOPPED_CALLS).open("a") as kept:
        kept.writelines(f"{key}\n" for key in list(under_way))


class Poison(RuntimeError):
    """Raised by what is done for a poisoned case."""


def poison(_countdown: Callable[[], None], share: float) -> None:
    """Getting a message ready, recording, settling and deciding raise for this share of the cases, each for others."""
    from dispatcher import engine, sweep
    from dispatcher.delivery import outcomes
    from dispatcher.delivery.compose import MessageComposer

    def outcome_of(case_file: Any, case_id: object, *_: object, asked: Action | None, **__: object) -> str:
        return f"{'record' if asked else 'settle'} {case_id}"

    _poison(MessageComposer, "message", share, lambda composer, attempt, case: f"claim {case.id}")
    _poison(outcomes, "record", share, outcome_of)
    _poison(engine, "decide", share, lambda case, *_: f"decide {case.id}")
    _poison(sweep, "judge", 1.0, lambda *_: "judge")  # a step that is about no case


def poison_intake(share: float) -> None:
    """Reading an instruction raises for this share of them."""
    from dispatcher.intake import normalised

    _poison(normalised, "read", share, lambda context, pushed, *_: f"intake {pushed.instruction_id}")


def _poison(owner: Any, name: str, share: float, about: Callable[..., str]) -> None:
    """The same in every process: whether it raises depends on the name of what it is done for."""
    done, calm = getattr(owner, name), Path(os.environ["DISPATCHER_HOME"]) / CALM

    @wraps(done)
    def patched(*given: Any, **named: Any) -> Any:
        if zlib.crc32(about(*given, **named).encode()) < share * 2**32 and not calm.exists():
            raise Poison
        return done(*given, **named)

    setattr(owner, name, patched)


FAULTS = {
    each.__name__: each
    for each in (
        *(before_call, before_record, before_wake, wrong_clock),
        *(stand_still, stopped_in_claim, stopped_in_write, poison),
    )
}


def _countdown(chance: Random) -> Callable[[], None]:
    left = [chance.randint(*_SPARED)]

    def pass_by() -> None:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return pass_by


def main() -> None:
    fault, value, seed, module, *words = sys.argv[1:]
    sys.argv = [module, *words]
    FAULTS[fault](_countdown(Random(f"{seed}:{os.getpid()}")), float(value))
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
