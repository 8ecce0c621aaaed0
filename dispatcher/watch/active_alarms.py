"""Which alarms to notify of: raised, still active after a while, or over."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dispatcher.watch.alarms import Alarm, Code

RAISED, STANDING, OVER = "raised", "standing", "over"


@dataclass
class ActiveAlarms:
    """Remembers the alarms and when each was sent. An alarm keeps its first time, however its facts change."""

    remind: timedelta
    alarms: dict[tuple[Code, str], Alarm] = field(default_factory=dict)
    _sent_at: dict[tuple[Code, str], datetime] = field(default_factory=dict)

    def update(self, alarms: Iterable[Alarm], at: datetime, *, is_blind: bool = False) -> list[tuple[str, Alarm]]:
        """Returns what to send now. Alarms that are not among these are over, unless nothing could be looked at."""
        found = {alarm.key: alarm for alarm in alarms}
        if is_blind:
            found = self.alarms | found
        over = [(OVER, alarm) for key, alarm in self.alarms.items() if key not in found]
        for key, alarm in found.items():
            known = self.alarms.get(key)
            found[key] = alarm if known is None else replace(alarm, since=min(alarm.since, known.since))
        raised = [(RAISED, alarm) for key, alarm in found.items() if key not in self.alarms]
        reminders = [
            (STANDING, alarm)
            for key, alarm in found.items()
            if key in self.alarms and (self._sent_at[key] + self.remind <= at or not alarm.new <= self.alarms[key].new)
        ]
        self.alarms = found
        self._sent_at = {key: self._sent_at.get(key, at) for key in found}
        self._sent_at |= {alarm.key: at for _, alarm in reminders}
        return [*over, *raised, *reminders]
