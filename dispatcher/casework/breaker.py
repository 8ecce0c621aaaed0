"""Circuit breaker 熔断: how a provider stands, judged by what its last sends came to. Pure; all times are real.

closed → open (it fails, dawdles, or leaves doubt) → returning, a step every 10 s → closed. An operations fault takes
it out until a human resumes it, or for five minutes: a fault may be mended at the vendor's.
The numbers are our defaults, no vendor's.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from providers.base import InDoubt, OperationsFault, Outcome, Provider, Transient
from schemas.vocabulary import Cause, Channel, Health

WINDOW_S = 30  # what is looked at …
RECENT_S = 3  # … and the end of it, by which a failure is known to be complete
STEPS = (0.1, 0.25, 0.5)  # of its weight, while it comes back
STEP = timedelta(seconds=10)
QUIET_STEP = timedelta(minutes=5)  # a step without any answer, good or bad
COOL_DOWN = timedelta(seconds=15)  # doubled each time that it opens again before it is fully back …
LONGEST_COOL_DOWN = timedelta(minutes=5)  # … up to this
MENDED_AFTER = timedelta(minutes=5)  # the last of the policy's waits between two tries, as shipped

_BAD_SHARE, _SLOW_SHARE, _DOUBT_SHARE = 0.5, 0.5, 0.2
_ANSWERS = 3  # good ones end a long cool-down


class Kind(StrEnum):
    """What one send tells of its provider."""

    GOOD = "good"
    SLOW = "slow"
    ERROR = "error"
    DOUBT = "doubt"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Counts:
    good: int = 0
    slow: int = 0
    error: int = 0
    doubt: int = 0
    fault: int = 0

    @property
    def bad(self) -> int:
        return self.error + self.doubt

    @property
    def answered(self) -> int:
        return self.good + self.slow

    @property
    def all(self) -> int:
        return self.answered + self.bad


@dataclass(frozen=True, slots=True)
class Window:
    """Counts of the last 30 s and of the last 3 s since the standing last changed; `in_a_row`: bad ones at its end."""

    whole: Counts = Counts()
    recent: Counts = Counts()
    in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class BreakerState:
    """`step` of STEPS while it returns; `trips`: how often it opened since it was last fully back."""

    health: Health
    since: datetime
    step: int = 0
    trips: int = 0

    @property
    def share(self) -> float | None:
        """Of its weight; 0: only where no other is in use, as a refusal costs less than not to try; None: never."""
        return share_of(self.health, self.step)


@dataclass(frozen=True, slots=True)
class _Bounds:
    least: int  # sends without which a share says nothing
    in_a_row: int


OUT_OF_USE = (Health.OPEN, Health.OUT)  # by itself: whoever paused one knows of it
_SHARES = {Health.CLOSED: 1.0, Health.OPEN: 0.0, Health.OUT: 0.0, Health.PAUSED: None}
_BOUNDS = {Health.CLOSED: _Bounds(10, 6), Health.RETURNING: _Bounds(4, 2)}
Change = tuple[BreakerState, Cause]


def share_of(health: Health, step: int) -> float | None:
    """See BreakerState.share."""
    return STEPS[step] if health is Health.RETURNING else _SHARES[health]


def kind_of(outcome: Outcome, took_s: float, slow_s: float) -> Kind:
    """A refusal of one person's message is an answer like any other."""
    if isinstance(outcome, OperationsFault):
        return Kind.FAULT
    if isinstance(outcome, InDoubt):
        return Kind.DOUBT
    if isinstance(outcome, Transient) and not outcome.number_fault:
        return Kind.ERROR
    return Kind.SLOW if took_s > slow_s else Kind.GOOD


def is_judged(provider: Provider) -> bool:
    """The roster is ours: what it can't assign climbs the ladder."""
    return provider.capabilities.channels != {Channel.VISIT}


def judge(standing: BreakerState, window: Window, now: datetime, *, has_other: bool) -> Change | None:
    """What becomes of it; None where it stands as before.

    `has_other`: each of its channels has another provider in full use. Without, slowness and a part in doubt
    are borne: it still delivers, and there is nowhere to go.
    """
    if standing.health is Health.PAUSED:
        return None
    if standing.health in OUT_OF_USE:
        return _cooled(standing, window, now)
    if window.whole.fault:
        return BreakerState(Health.OUT, now, trips=standing.trips), Cause.FAULT
    cause = _why_open(window, _BOUNDS[standing.health], has_other=has_other)
    if cause is not None:
        return BreakerState(Health.OPEN, now, trips=standing.trips + 1), cause
    return _next_step(standing, window, now) if standing.health is Health.RETURNING else None


def returning(standing: BreakerState, now: datetime) -> BreakerState:
    """At the first step of its return."""
    return replace(standing, health=Health.RETURNING, since=now, step=0)


def cool_down(trips: int) -> timedelta:
    """For how long it stays open, this being the how-manieth time in a row."""
    return min(COOL_DOWN * (1 << min(trips - 1, 10)), LONGEST_COOL_DOWN)


def _cooled(standing: BreakerState, window: Window, now: datetime) -> Change | None:
    age, is_open = now - standing.since, standing.health is Health.OPEN
    if age >= (cool_down(standing.trips) if is_open else MENDED_AFTER):
        return returning(standing, now), Cause.COOLED
    # Where there is no other it is tried all the same; by now it is no answer to what was sent before.
    answers = window.whole.good >= _ANSWERS and window.recent.good and not window.recent.bad
    return (returning(standing, now), Cause.ANSWERS) if answers and age >= COOL_DOWN else None


def _why_open(window: Window, bounds: _Bounds, *, has_other: bool) -> Cause | None:
    whole, recent = window.whole, window.recent
    if window.in_a_row >= bounds.in_a_row and not recent.answered:
        return Cause.IN_A_ROW
    if whole.all >= bounds.least and whole.bad >= _BAD_SHARE * whole.all:
        return Cause.ERRORS
    if has_other and whole.all >= bounds.least and whole.doubt >= _DOUBT_SHARE * whole.all:
        return Cause.DOUBTS
    if has_other and recent.all >= bounds.least / 2 and recent.slow >= _SLOW_SHARE * recent.all:
        return Cause.SLOW
    return None


def _next_step(standing: BreakerState, window: Window, now: datetime) -> Change | None:
    age = now - standing.since
    if age < (STEP if window.whole.good else QUIET_STEP):
        return None
    if standing.step + 1 < len(STEPS):
        return replace(standing, since=now, step=standing.step + 1), Cause.STEP
    return BreakerState(Health.CLOSED, now), Cause.BACK
