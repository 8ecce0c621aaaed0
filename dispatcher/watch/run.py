"""The watch at work: once, or round after round."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from sqlalchemy import Engine, NullPool, create_engine

from dispatcher import clock
from dispatcher.clock import Clock
from dispatcher.errors import OperatorError
from dispatcher.settings import Settings
from dispatcher.store.engine import normalised
from dispatcher.watch import notify
from dispatcher.watch.active_alarms import RAISED, ActiveAlarms
from dispatcher.watch.alarms import Alarm, judge
from dispatcher.watch.collect import collect
from dispatcher.watch.facts import Facts
from dispatcher.watch.limits import Limits
from dispatcher.watch.probe import ProbeLoop, Prober, build_prober

Notify = Callable[[str, Alarm], None]


@dataclass(frozen=True)
class Watch:
    """Needs neither keys nor policy, and none of the processes that it watches."""

    settings: Settings
    limits: Limits
    database_url: str
    redis_url: str

    def check(self, *, probe: bool = False) -> None:
        """Raises OperatorError at the start, not at the first alarm."""
        _ = self._webhook
        if self._prober is None and probe:
            raise OperatorError("未设置 DISPATCHER_WATCH_NUMBER", "DISPATCHER_WATCH_NUMBER is not set: nobody to probe")

    def run_once(self, notify_operator: Notify, *, probe: bool = False) -> bool:
        """Judge once. True if all is well."""
        facts = self._collect()
        if probe and self._prober is not None:
            facts = replace(facts, probe=self._prober.probe())
        alarms = judge(facts, self.limits)
        for alarm in alarms:
            self._notify(notify_operator, RAISED, alarm)
        return not alarms

    def run(self, notify_operator: Notify, stop: threading.Event) -> bool:
        """Judge round after round until told to stop. True if no alarm is active in the end."""
        active = ActiveAlarms(timedelta(seconds=self.limits.remind_s))
        loop = ProbeLoop(self._prober, self.limits.probe_every_s) if self._prober else None
        if loop is not None:
            loop.start(stop)
        alive_due = clock.real_now()
        while not stop.is_set():
            facts = replace(self._collect(), probe=loop.last if loop else None)
            is_blind = facts.database is not None
            for state, alarm in active.update(judge(facts, self.limits), facts.at, is_blind=is_blind):
                self._notify(notify_operator, state, alarm)
            if self._webhook is not None and facts.at >= alive_due:
                self._webhook.post(notify.alive(len(active.alarms), facts.at))
                alive_due = facts.at + timedelta(seconds=self.limits.alive_s)
            stop.wait(self.limits.period_s)
        return not active.alarms

    def _collect(self) -> Facts:
        return collect(self._engine, self.redis_url, Clock(self.settings.clock), self.limits)

    def _notify(self, notify_operator: Notify, state: str, alarm: Alarm) -> None:
        notify_operator(state, alarm)
        if self._webhook is not None:
            self._webhook.post(notify.as_json(state, alarm))

    @cached_property
    def _engine(self) -> Engine:
        # A fresh connection for each round: a pooled one may be the one that is dead.
        options = {"connect_timeout": 3, "application_name": "watch", "options": "-c statement_timeout=8s"}
        url = normalised(self.database_url)
        return create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=options)

    @cached_property
    def _webhook(self) -> notify.AlarmWebhook | None:
        return notify.build_webhook(self.limits)

    @cached_property
    def _prober(self) -> Prober | None:
        return build_prober(self.settings, self.limits, self._engine)
