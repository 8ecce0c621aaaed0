"""The end-to-end probe: a harmless text to a test number, its receipt, and a worker that read it.

It belongs to no case and no person: it goes to the gateway's adapter directly, and its receipt settles nothing. What
it proves is the way: gateway, hooks, PostgreSQL, sweep or Redis, worker.
"""

import asyncio
import os
import threading
import time
from dataclasses import dataclass

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from dispatcher import clock, probe_message
from dispatcher.errors import OperatorError
from dispatcher.settings import Settings
from dispatcher.setup import links
from dispatcher.store.base import new_id
from dispatcher.watch.facts import Probe
from dispatcher.watch.limits import Limits
from providers import registry
from providers.base import Accepted, Answered, InDoubt, Message, ProviderSettings, SettingsError
from schemas import normalise
from schemas.vocabulary import Channel, Person

_ASK_EVERY_S = 0.3
_ARRIVED = text("SELECT bool_or(settled_at IS NOT NULL) FROM receipts WHERE send_key = :key")


@dataclass(frozen=True)
class Prober:
    """Sends to one number through one provider. Built by `build_prober`, which checks both."""

    table: ProviderSettings
    to: str
    engine: Engine
    limits: Limits

    def probe(self) -> Probe:
        """Send one message from end to end. Never raises: to find what goes wrong is its purpose."""
        at, key = clock.real_now(), str(new_id())
        try:
            probe_message.register(self.engine, key, at)
            message = Message(key, Channel.SMS, Person.OTHER, to=self.to, text=self.limits.text)
            said = asyncio.run(probe_message.send(self.table, message))
        except Exception as error:  # noqa: BLE001 - a fault in somebody's adapter is what a probe is to find
            return Probe(at, "send", type(error).__name__)
        # In doubt is no answer yet: the receipt tells.
        if not isinstance(said, Accepted | Answered | InDoubt):
            return Probe(at, "send", type(said).__name__)
        until = time.monotonic() + self.limits.probe_wait_s
        stuck: str | None = "receipt"
        while stuck is not None and time.monotonic() < until:
            time.sleep(_ASK_EVERY_S)
            stuck = self._stuck(key)
        return Probe(at, stuck, type(said).__name__ if stuck else "")

    def _stuck(self, key: str) -> str | None:
        try:
            with self.engine.connect() as connection:
                is_read = connection.scalar(_ARRIVED, {"key": key})
        except SQLAlchemyError:
            return "receipt"
        return "receipt" if is_read is None else None if is_read else "worker"


@dataclass
class ProbeLoop:
    """Probes over and over in a thread: a probe that waits holds up no alarm."""

    prober: Prober
    every_s: float
    last: Probe | None = None

    def start(self, stop: threading.Event) -> None:
        threading.Thread(target=self._run, args=(stop,), daemon=True).start()

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.last = self.prober.probe()
            stop.wait(self.every_s)


def build_prober(settings: Settings, limits: Limits, engine: Engine) -> Prober | None:
    """None if no test number is set. Raises OperatorError if the number or the provider can't be used."""
    if limits.number is None:
        return None
    try:
        number = normalise.number(limits.number, limits.country)
    except ValueError:
        raise OperatorError(
            "DISPATCHER_WATCH_NUMBER 不是可拨打的号码", "DISPATCHER_WATCH_NUMBER is not a number that can be dialled"
        ) from None
    if settings.providers_file is None:
        raise OperatorError(
            "未设置 DISPATCHER_PROVIDERS_FILE", "DISPATCHER_PROVIDERS_FILE is not set: a probe needs it"
        )
    try:
        tables = registry.read(settings.providers_file, os.environ, settings.hooks_base)
    except SettingsError as error:
        raise OperatorError("渠道配置文件有误", str(error)) from None
    # A link's one bind is its worker's: a probe beside it would be refused, or take its receipts.
    linked = links(settings.providers_file, os.environ)
    for table in tables:
        if Channel.SMS in table.channels and limits.provider in (None, table.name) and table.name not in linked:
            return Prober(table, number.e164, engine, limits)
    raise OperatorError(
        "没有可用于自检的短信渠道(长连接渠道不能自检)",
        "no SMS provider for the probe, which can't use one behind a link; check DISPATCHER_WATCH_PROVIDER",
    )
