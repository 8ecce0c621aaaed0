"""A stack of one's own for demos and benchmarks: fresh, embedded, simulated, gone at the end."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from dispatcher import logging, private_files
from dispatcher.cli.output import err, say
from dispatcher.cli.signals import StopSignals
from dispatcher.settings import read_running, settings
from dispatcher.setup import Services, build_services
from dispatcher.up import Stack, end_leftovers


@contextmanager
def temporary_stack(
    name: str, start: datetime, *, durable: bool = True, receipt_delay_ms: int = 20, serves_api: bool = False
) -> Iterator[tuple[Services, Stack]]:
    """The whole service under HOME/name on a stepped clock. Raises OperatorError."""
    # SIGTERM ends it as Ctrl-C does, so that nothing is left running.
    signals = StopSignals()
    logging.configure("WARNING")
    private_files.close_to_others()
    home = settings().home / name
    if read_running(home) is None:
        end_leftovers(home)
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
    own = {"home": home, "clock": f"stepped:{start.isoformat()}", "hooks_port": 0, "hooks_url": None, "api_port": 0}
    private = {"database_url": None, "redis_url": None, "providers_file": None, "key_file": None, "embedded": "auto"}
    own_settings = settings().model_copy(update=own | private)
    stack = Stack(own_settings, durable=durable, receipt_delay_ms=receipt_delay_ms, serves_api=serves_api)
    stack.stop_asked, stack.supervisor.in_haste = signals.asked, signals.in_haste
    try:
        with err.status(say("正在启动全部服务 …", "starting PostgreSQL, Redis, workers, sweep, hooks …")):
            stack.start_servers()
            stack.start_children()
            stack.wait_until_ready()
        signals.interrupt()
        os.environ |= stack.environment
        settings.cache_clear()
        services = build_services()
        yield services, stack
    finally:
        signals.note()
        with err.status(say("正在停止 …", "stopping …")):
            stack.stop()
