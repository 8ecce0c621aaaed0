"""How long is too long. Each is a variable DISPATCHER_WATCH_…; the values here are our defaults."""

from pydantic import Field, SecretStr

from dispatcher.settings import FromEnvironment
from schemas.vocabulary import Urgency


class Limits(FromEnvironment):
    prefix = "DISPATCHER_WATCH_"

    period_s: float = Field(default=5, ge=1)  # between two rounds
    answer_s: float = Field(default=10, ge=1)  # a server that takes longer does not answer
    remind_s: float = Field(default=600, ge=1)  # an active alarm is sent again
    alive_s: float = Field(default=300, ge=1)  # the webhook hears that the watch itself is alive
    sweep_s: float = Field(default=10, ge=2)
    late_critical_s: float = Field(default=15, ge=1)
    late_high_s: float = Field(default=30, ge=1)
    late_medium_s: float = Field(default=120, ge=1)
    late_low_s: float = Field(default=300, ge=1)
    late_receipt_s: float = Field(default=30, ge=1)
    doubt_window_s: float = Field(default=600, ge=60)
    doubt_least: int = Field(default=5, ge=1)  # fewer doubts than this say nothing about a provider
    doubt_share: float = Field(default=0.2, gt=0, le=1)
    doubt_rise: float = Field(default=3, gt=1)  # times the share of the hour before …
    doubt_rise_share: float = Field(default=0.05, gt=0, le=1)  # … and at least this
    url: str | None = None
    secret: SecretStr | None = None
    number: str | None = None  # the number that a probe is sent to; without it there is none
    country: str = "CN"
    provider: str | None = None  # left out: the first for SMS
    text: str = Field(default="【测试】预警派发系统自检短信,请忽略。", min_length=1, max_length=200)
    probe_every_s: float = Field(default=60, ge=10)
    probe_wait_s: float = Field(default=30, ge=1)  # for its receipt, and for a worker to have read it

    def late(self, urgency: Urgency) -> float:
        seconds: float = getattr(self, f"late_{urgency}_s")
        return seconds
