"""The watch at work: once, or round after round."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from sqlalchemy import Engine, NullPool, create_engine

from dispatcher.clock import Clock
from dispatcher.errors import OperatorError
from dispatcher.settings import Settings
from dispatcher.store.engine import normalised
from dispatcher.watch import tell
from dispatcher.watch.alarms import Alarm, judge
from dispatcher.watch.facts import Facts
from dispatcher.watch.limits import Limits
from dispatcher.watch.look import look
from dispatcher.watch.probe import Prober, Rounds, prober
from dispatcher.watch.standing import RAISED, Standing

Say = Callable[[str, Alarm], None]


@dataclass(frozen=True)
class Watch:
    """Needs neither keys nor policy, and none of the processes that it watches."""

    settings: Settings
    limits: Limits
    database_url: str
    redis_url: str

    def check(self, *, probe: bool = False) -> None:
        """Raises OperatorError at the start, not at the first alarm."""
        _ = self._hook
        if self._prober is None and probe:
            raise OperatorError("未设置 DISPATCHER_WATCH_NUMBER", "DISPATCHER_WATCH_NUMBER is not set: nobody to probe")

    def once(self, say: Say, *, probe: bool = False) -> bool:
        """One look. True where all is well."""
        facts = self._look()
        if probe and self._prober is not None:
            facts = replace(facts, probe=self._prober.probe())
        alarms = judge(facts, self.limits)
        for alarm in alarms:
            self._tell(say, RAISED, alarm)
        return not alarms

    def go_on(self, say: Say, stop: threading.Event) -> bool:
        """Look until told to stop; tell what is news. True where no alarm stands in the end."""
        standing = Standing(timedelta(seconds=self.limits.remind_s))
        rounds = Rounds(self._prober, self.limits.probe_every_s) if self._prober else None
        if rounds is not None:
            rounds.start(stop)
        while not stop.is_set():
            facts = replace(self._look(), probe=rounds.last if rounds else None)
            for state, alarm in standing.news(judge(facts, self.limits), facts.at):
                self._tell(say, state, alarm)
            stop.wait(self.limits.period_s)
        return not standing.alarms

    def _look(self) -> Facts:
        return look(self._engine, self.redis_url, Clock(self.settings.clock), self.limits)

    def _tell(self, say: Say, state: str, alarm: Alarm) -> None:
        say(state, alarm)
        if self._hook is not None:
            self._hook.post(tell.as_json(state, alarm))

    @cached_property
    def _engine(self) -> Engine:
        # A fresh connection for each look: a pooled one may be the one that is dead.
        options = {"connect_timeout": 3, "application_name": "watch", "options": "-c statement_timeout=8s"}
        url = normalised(self.database_url)
        return create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=options)

    @cached_property
    def _hook(self) -> tell.BankRequest | None:
        return tell.hook(self.limits)

    @cached_property
    def _prober(self) -> Prober | None:
        return prober(self.settings, self.limits, self._engine)
