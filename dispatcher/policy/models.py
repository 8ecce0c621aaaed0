"""The policy's form. Every number of domain practice stands in a TOML file that these models check."""

import re
from datetime import time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from schemas import normalise
from schemas.vocabulary import FRAUD_TYPES, Channel, Hook, Rung, Urgency

_DURATION = re.compile(r"(\d+)(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(value: object) -> object:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('give a duration such as "90s", "5m", "2h" or "7d"')
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _window(value: object) -> object:
    try:
        begin, end = str(value).split("-")
        return Window(begin=time.fromisoformat(begin), end=time.fromisoformat(end))
    except ValueError:
        raise ValueError('give a window such as "06:30-08:30"') from None


def _zone(value: object) -> object:
    try:
        return ZoneInfo(str(value))
    except (ValueError, KeyError, OSError):
        raise ValueError('give a time zone such as "Asia/Shanghai"') from None


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Window(Part):
    begin: time
    end: time


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Windows = tuple[Annotated[Window, BeforeValidator(_window)], ...]
Trigger = Literal["receipt", "no_contact", "refused", "phone_route_exhausted"]
HookTrigger = Literal["money_moved", "refused"]
Count = Annotated[int, Field(ge=1)]
Days = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class QuietHours(Part):
    begin: time = Field(alias="from")
    end: time = Field(alias="to")


class WorkingHours(Part):
    days: tuple[Days, ...]
    begin: time = Field(alias="from")
    end: time = Field(alias="to")


class SmsCap(Part):
    """Per person, whatever number and whatever case; a rise in urgency permits one more."""

    again_after: Duration
    per_day: Count


class Revisit(Part):
    """A refusal or an empty home is visited again in one of the windows, but not at once."""

    after: Duration
    windows: Annotated[Windows, Field(min_length=1)]


class WarnedAgain(Part):
    within: Duration
    at_least: Urgency


class Codes(Part):
    valid_for: Duration
    checks_per_minute: Count


class Protection(Part):
    remind_before: Duration


class Broadcast(Part):
    again_after: Duration


class Minors(Part):
    under: Annotated[int, Field(ge=0, le=18)]


class Retry(Part):
    waits: Annotated[tuple[Duration, ...], Field(min_length=1)]
    doubt_sends: Annotated[int, Field(ge=1)]

    def wait(self, failures: int) -> timedelta:
        """The wait after so many failures in a row; the last one repeats."""
        return self.waits[min(failures, len(self.waits)) - 1]


class ReceiptWait(Part):
    sms: Duration
    voice: Duration
    visit: Duration
    broadcast: Duration
    hook: Duration

    def of(self, channel: Channel) -> timedelta:
        wait: timedelta = getattr(self, channel.value)
        return wait


class Sms(Part):
    after: Duration


class Voice(Part):
    after: Duration
    within: Duration | None = None
    again: Duration
    per_day: Annotated[int, Field(ge=1)] | None = None
    rounds: Annotated[int, Field(ge=1)] | None = None
    confirmed_closes: bool

    @model_validator(mode="after")
    def _bounded(self) -> "Voice":
        if self.per_day is None and self.rounds is None:
            raise ValueError("give per_day or rounds: calls without a bound would never end")
        return self


class Visit(Part):
    on: tuple[Trigger, ...]
    no_contact_after: Duration | None = None
    accept_within: Duration
    met_within: Duration | None = None
    report_within: Duration

    @model_validator(mode="after")
    def _complete(self) -> "Visit":
        if "no_contact" in self.on and self.no_contact_after is None:
            raise ValueError("trigger no_contact needs no_contact_after")
        return self


class Family(Part):
    after: Duration
    money_moved_after: Duration
    refused_after: Duration
    again: Duration
    rounds: Annotated[int, Field(ge=1)]


class Hooks(Part):
    """What is asked of the bank, and on what."""

    stop_payment: tuple[HookTrigger, ...] = ()
    protect_account: tuple[HookTrigger, ...] = ()

    def on(self, hook: Hook) -> tuple[HookTrigger, ...]:
        triggers: tuple[HookTrigger, ...] = getattr(self, hook.value, ())
        return triggers


class Plan(Part):
    """What happens to a case of one urgency."""

    doubt_wait: Duration
    held_in_quiet_hours: bool
    follow_up: tuple[Duration, ...]
    phone_route_exhausted_raises_to: Urgency | None = None
    sms: Sms
    voice: Voice
    visit: Visit
    family: Family | None = None
    hooks: Hooks = Hooks()


class Plans(Part):
    critical: Plan
    high: Plan
    medium: Plan
    low: Plan


class UrgencyLabels(Part):
    critical: tuple[str, ...]
    high: tuple[str, ...]
    medium: tuple[str, ...]
    low: tuple[str, ...]


class Policy(Part):
    version: Annotated[str, Field(min_length=1, max_length=40)]
    timezone: Annotated[ZoneInfo, BeforeValidator(_zone)]
    ladder: Annotated[tuple[Rung, ...], Field(min_length=1)]
    bad_number_for: Duration
    suppress_for: Duration
    number_request_within: Duration
    family_not_told: tuple[Literal[FRAUD_TYPES], ...]  # type: ignore[valid-type]
    quiet_hours: QuietHours
    working_hours: WorkingHours
    sms_cap: SmsCap
    revisit: Revisit
    warned_again: WarnedAgain
    minors: Minors
    codes: Codes
    protection: Protection
    broadcast: Broadcast
    retry: Retry
    receipt_wait: ReceiptWait
    urgency_labels: UrgencyLabels
    urgency: Plans

    @model_validator(mode="after")
    def _ends_at_the_centre(self) -> "Policy":
        if self.ladder[-1] is not Rung.CENTRE:
            raise ValueError("ladder must end with centre, so that somebody is always told")
        return self

    def plan(self, urgency: Urgency) -> Plan:
        plan: Plan = getattr(self.urgency, urgency.value)
        return plan

    def urgency_of(self, label: str) -> Urgency | None:
        """The urgency that a source's label stands for; None where it is unknown."""
        folded = normalise.fold_width(label).lower()
        if folded in set(Urgency):
            return Urgency(folded)
        return next((u for u in Urgency if folded in getattr(self.urgency_labels, u.value)), None)
