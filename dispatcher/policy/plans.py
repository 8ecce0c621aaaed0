"""What a policy says of one urgency: a table of TOML for each, checked key by key."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from dispatcher.policy.fields import Answer, Duration, Few, Many, Part, Rest, ShortRest, Soon, at_most
from dispatcher.policy.triggers import BankTrigger, VisitTrigger
from schemas.errors import bilingual
from schemas.vocabulary import BankRequest, Urgency


class Sms(Part):
    after: Soon


class Voice(Part):
    after: Soon
    within: Soon | None = None
    again: Rest
    per_day: Many | None = None
    later_days: Annotated[tuple[Many, ...], at_most(30)] | None = None
    rounds: Annotated[Many | None, Field(validate_default=True)] = None
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
    no_contact_after: Annotated[Soon | None, Field(validate_default=True)] = None
    accept_within: ShortRest
    met_within: Soon | None = None
    report_within: Soon

    @field_validator("no_contact_after")
    @classmethod
    def _complete(cls, after: timedelta | None, info: ValidationInfo) -> timedelta | None:
        if after is None and VisitTrigger.NO_CONTACT in info.data.get("on", ()):
            raise ValueError(
                bilingual("触发条件 no_contact 需要此项", "trigger no_contact needs no_contact_after; give a duration")
            )
        return after


class Family(Part):
    after: Soon
    money_moved_after: Soon
    refused_after: Soon
    again: Rest
    rounds: Few


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

    doubt_wait: ShortRest
    answer_within: Answer
    held_in_quiet_hours: bool
    follow_up: Annotated[tuple[Duration, ...], at_most(20)]
    phone_route_exhausted_raises_to: Urgency | None = None
    sms: Sms
    voice: Voice
    visit: Visit
    family: Family | None = None
    hooks: Hooks = Hooks()

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
