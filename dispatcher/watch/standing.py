"""Which alarms are news: raised, still standing after a while, or over."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dispatcher.watch.alarms import Alarm, Code

RAISED, STANDING, OVER = "raised", "standing", "over"


@dataclass
class Standing:
    """Remembers what was told. An alarm is as old as its first sight, however its facts change."""

    remind: timedelta
    alarms: dict[tuple[Code, str], Alarm] = field(default_factory=dict)
    _told: dict[tuple[Code, str], datetime] = field(default_factory=dict)

    def news(self, alarms: Iterable[Alarm], at: datetime) -> list[tuple[str, Alarm]]:
        """What to tell now. Alarms that are not among these are over."""
        found = {alarm.key: alarm for alarm in alarms}
        over = [(OVER, alarm) for key, alarm in self.alarms.items() if key not in found]
        for key, alarm in found.items():
            known = self.alarms.get(key)
            found[key] = alarm if known is None else replace(alarm, since=min(alarm.since, known.since))
        raised = [(RAISED, alarm) for key, alarm in found.items() if key not in self.alarms]
        reminders = [
            (STANDING, alarm)
            for key, alarm in found.items()
            if key in self.alarms and self._told[key] + self.remind <= at
        ]
        self.alarms = found
        self._told = {key: self._told.get(key, at) for key in found}
        self._told |= {alarm.key: at for _, alarm in reminders}
        return [*over, *raised, *reminders]
