"""What a policy says of one urgency: a table of TOML for each, checked key by key."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from dispatcher.policy.fields import Count, Duration, Part
from dispatcher.policy.triggers import BankTrigger, VisitTrigger
from schemas.errors import bilingual
from schemas.vocabulary import BankRequest, Urgency


class Sms(Part):
    after: Duration


class Voice(Part):
    after: Duration
    within: Duration | None = None
    again: Duration
    per_day: Count | None = None
    later_days: tuple[Count, ...] | None = None
    rounds: Annotated[Count | None, Field(validate_default=True)] = None
    confirmed_closes: bool

    @property
    def days(self) -> tuple[int, ...]:
        """How many calls there are on the first day, the second, and so on; none: no day bounds them.

        If `later_days` is left out, each day has half as many as the day before.
        """
        if self.per_day is None:
            return ()
        if self.later_days is not None:
            return (self.per_day, *self.later_days)
        return tuple(self.per_day >> day for day in range(self.per_day.bit_length()))

    @field_validator("rounds")
    @classmethod
    def _bounded(cls, rounds: int | None, info: ValidationInfo) -> int | None:
        if rounds is None and "per_day" in info.data and info.data["per_day"] is None:
            raise ValueError(
                bilingual(
                    "请给出 per_day 或 rounds,否则外呼没有止境",
                    "give per_day or rounds: calls without a bound would never end",
                )
            )
        return rounds


class Visit(Part):
    on: tuple[VisitTrigger, ...]
    no_contact_after: Annotated[Duration | None, Field(validate_default=True)] = None
    accept_within: Duration
    met_within: Duration | None = None
    report_within: Duration

    @field_validator("no_contact_after")
    @classmethod
    def _complete(cls, after: timedelta | None, info: ValidationInfo) -> timedelta | None:
        if after is None and VisitTrigger.NO_CONTACT in info.data.get("on", ()):
            raise ValueError(
                bilingual("触发条件 no_contact 需要此项", "trigger no_contact needs no_contact_after; give a duration")
            )
        return after


class Family(Part):
    after: Duration
    money_moved_after: Duration
    refused_after: Duration
    again: Duration
    rounds: Count


class Hooks(Part):
    """What is asked of the bank, and on what."""

    stop_payment: tuple[BankTrigger, ...] = ()
    protect_account: tuple[BankTrigger, ...] = ()

    def on(self, hook: BankRequest) -> tuple[BankTrigger, ...]:
        triggers: tuple[BankTrigger, ...] = getattr(self, hook.value, ())
        return triggers


class Plan(Part):
    """What happens to a case of one urgency."""

    own: ClassVar[Urgency]

    doubt_wait: Duration
    answer_within: Duration
    held_in_quiet_hours: bool
    follow_up: tuple[Duration, ...]
    phone_route_exhausted_raises_to: Urgency | None = None
    sms: Sms
    voice: Voice
    visit: Visit
    family: Family | None = None
    hooks: Hooks = Hooks()

    @field_validator("answer_within")
    @classmethod
    def _is_some_time(cls, within: timedelta) -> timedelta:
        if within < timedelta(minutes=1):
            raise ValueError(bilingual("至少 1m,否则时刻都在催办", "at least 1m, or everybody is told all the time"))
        return within

    @field_validator("phone_route_exhausted_raises_to")
    @classmethod
    def _rises(cls, to: Urgency | None) -> Urgency | None:
        if to is not None and to.rank >= cls.own.rank:
            raise ValueError(
                bilingual(
                    f"循环升级:{to} 不高于 {cls.own},请改为更高的紧急程度或删去此项",
                    f"a loop of raises: {to} is not above {cls.own}; name a higher urgency, or leave this out",
                )
            )
        return to


class CriticalPlan(Plan):
    own = Urgency.CRITICAL


class HighPlan(Plan):
    own = Urgency.HIGH


class MediumPlan(Plan):
    own = Urgency.MEDIUM


class LowPlan(Plan):
    own = Urgency.LOW


class Plans(Part):
    critical: CriticalPlan
    high: HighPlan
    medium: MediumPlan
    low: LowPlan
