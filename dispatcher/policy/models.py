"""The policy's form. Every number of domain practice stands in a TOML file that these models check."""

from datetime import datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from dispatcher.policy.fields import (
    Answer,
    Clock,
    Count,
    Day,
    Duration,
    Few,
    Many,
    NotEmpty,
    Part,
    Rest,
    ShortRest,
    Soon,
    Window,
    Windows,
    Zone,
    at_most,
    between,
    quiet_span,
)
from dispatcher.policy.plans import Plan, Plans
from schemas import normalise
from schemas.errors import bilingual
from schemas.vocabulary import FRAUD_TYPES, Channel, Rung, Urgency

__all__ = ["MANY_FAILURES", "Plan", "Policy", "Window"]

_MOST_QUIET = timedelta(hours=18)
MANY_FAILURES = 20
_MOST_AFTER_MANY = timedelta(minutes=10)


def _readable(version: str) -> str:
    if not version.isprintable() or version != version.strip():
        raise ValueError(
            bilingual("不得含有控制字符,首尾不得有空格", "holds characters that can't be seen, or blanks at an end")
        )
    return version


class QuietHours(Part):
    begin: Clock = Field(alias="from")
    end: Clock = Field(alias="to")

    @field_validator("end")
    @classmethod
    def _leaves_a_day(cls, end: time, info: ValidationInfo) -> time:
        begin = info.data.get("begin")
        if begin is not None and quiet_span(begin, end) > _MOST_QUIET:
            raise ValueError(
                bilingual(
                    "免打扰时段几乎占满全天,每天至少留出 6 小时",
                    "quiet hours hold nearly the whole day: leave at least 6 hours of it",
                )
            )
        return end


class WorkingHours(Part):
    days: tuple[Day, ...]
    begin: Clock = Field(alias="from")
    end: Clock = Field(alias="to")


class SmsCap(Part):
    """Per person, whatever number and whatever case; a rise in urgency permits one more."""

    again_after: Rest
    per_day: Many


class Revisit(Part):
    """A refusal or an empty home is visited again in one of the windows, but not at once."""

    after: Soon
    windows: Windows


class WarnedAgain(Part):
    within: Duration
    at_least: Urgency


class Codes(Part):
    valid_for: Duration
    yes_per_code: Count
    checks_per_minute: Count
    wrong_checks: Count
    wrong_checks_within: Duration


class Protection(Part):
    remind_before: Duration


class Broadcast(Part):
    again_after: Duration


class Minors(Part):
    under: Annotated[int, Field(ge=0, le=18, strict=True)]


class Retry(Part):
    waits: Annotated[tuple[ShortRest, ...], NotEmpty, at_most(20)]
    doubt_sends: Few

    def wait(self, failures: int) -> timedelta:
        """The wait after so many failures in a row; the last one repeats, and after very many it grows."""
        wait = self.waits[min(failures, len(self.waits)) - 1]
        beyond = failures - MANY_FAILURES
        if beyond <= 0:
            return wait
        return max(wait, min(timedelta(minutes=1 << min(beyond - 1, 4)), _MOST_AFTER_MANY))


class ReceiptWait(Part):
    sms: ShortRest
    voice: ShortRest
    visit: ShortRest
    broadcast: ShortRest
    hook: ShortRest

    def of(self, channel: Channel) -> timedelta:
        wait: timedelta = getattr(self, channel.value)
        return wait


class UrgencyLabels(Part):
    """Labels that win over the vocabulary's; files of before there was one have all of theirs here."""

    critical: tuple[str, ...] = ()
    high: tuple[str, ...] = ()
    medium: tuple[str, ...] = ()
    low: tuple[str, ...] = ()

    def of(self, urgency: Urgency) -> tuple[str, ...]:
        labels: tuple[str, ...] = getattr(self, urgency.value)
        return labels


class Policy(Part):
    version: Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_readable)]
    timezone: Zone
    ladder: Annotated[tuple[Rung, ...], NotEmpty, at_most(12)]
    bad_number_for: Duration
    suppress_for: Duration
    number_request_within: Answer
    pause_ends_after: Annotated[Duration, between("1m", "30d")]
    family_not_told: tuple[Literal[FRAUD_TYPES], ...]  # type: ignore[valid-type]
    grave_types: tuple[Literal[FRAUD_TYPES], ...]  # type: ignore[valid-type]
    volatile_fields: tuple[str, ...]
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
    urgency_labels: UrgencyLabels = UrgencyLabels()
    urgency: Plans

    @field_validator("ladder")
    @classmethod
    def _climbs(cls, ladder: tuple[Rung, ...]) -> tuple[Rung, ...]:
        """Each fault is a line of its own."""
        order = [list(Rung).index(rung) for rung in ladder]
        faults = []
        if ladder[0] is not Rung.OFFICER:
            faults.append(bilingual("须从 officer 开始", "must start at officer, who is nearest"))
        if ladder[-1] is not Rung.CENTRE:
            faults.append(bilingual("须以 centre 结束", "must end with centre, so that somebody is always told"))
        if order != sorted(order):
            faults.append(bilingual("只能逐级向上", f"must not go down; the order is {', '.join(Rung)}"))
        if faults:
            raise ValueError("\n".join(faults))
        return ladder

    def plan(self, urgency: Urgency) -> Plan:
        plan: Plan = getattr(self.urgency, urgency.value)
        return plan

    def rung_of(self, role: Rung) -> int:
        """The highest rung of the ladder that is not above this role; the first is an officer's."""
        order = list(Rung).index
        return max(number for number, rung in enumerate(self.ladder) if order(rung) <= order(role))

    def role_at(self, rung: int) -> Rung:
        """Whom a rung asks. One that this ladder has no more, since it was cut short, is its top."""
        return self.ladder[min(rung, len(self.ladder) - 1)]

    def answer_by(self, urgency: Urgency, now: datetime) -> datetime:
        """By when somebody has to see to what waits for a person and has no date of its own."""
        return now + self.plan(urgency).answer_within

    def urgency_of(self, label: str) -> Urgency | None:
        """The urgency by its code, or by a label of this policy's own; None leaves it to the vocabulary."""
        folded = fold_label(label)
        if folded in set(Urgency):
            return Urgency(folded)
        return next((urgency for urgency in Urgency if folded in self.urgency_labels.of(urgency)), None)


def fold_label(label: str) -> str:
    """A label as it is compared: plain width, lower case."""
    return normalise.fold_width(label).lower()
