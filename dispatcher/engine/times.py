"""Clock arithmetic of the policy: quiet hours, windows, days. Time is always an argument."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dispatcher.policy.models import Policy, Window
from schemas.vocabulary import Hold, Urgency

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Due:
    """When something goes, and what held it until then."""

    at: datetime
    held_by: tuple[Hold, ...] = ()

    def until(self, at: datetime, hold: Hold) -> "Due":
        """Held until `at`, where that is later."""
        return self if at <= self.at else Due(at, (*(each for each in self.held_by if each is not hold), hold))


def local_day(policy: Policy, at: datetime) -> date:
    """The calendar day in the policy's time zone."""
    return at.astimezone(policy.timezone).date()


def next_day(policy: Policy, at: datetime) -> datetime:
    """Midnight that ends this day."""
    return datetime.combine(local_day(policy, at) + timedelta(days=1), time.min, policy.timezone)


def awake(policy: Policy, urgency: Urgency, due: Due) -> Due:
    """`due`, or the end of the quiet hours it falls into where this urgency is held in them."""
    is_held = policy.plan(urgency).held_in_quiet_hours
    return due.until(_after_quiet_hours(policy, due.at), Hold.QUIET_HOURS) if is_held else due


def _after_quiet_hours(policy: Policy, at: datetime) -> datetime:
    local = at.astimezone(policy.timezone)
    quiet = policy.quiet_hours
    over_midnight = quiet.begin > quiet.end
    now = local.time()
    in_evening, in_morning = now >= quiet.begin, now < quiet.end
    if not (in_evening or in_morning if over_midnight else in_evening and in_morning):
        return at
    day = local.date() + timedelta(days=1) if over_midnight and in_evening else local.date()
    return datetime.combine(day, quiet.end, policy.timezone)


def waking_hours(policy: Policy, at: datetime) -> tuple[datetime, datetime]:
    """From when until when the quiet hours leave people awake on this day."""
    day, quiet = local_day(policy, at), policy.quiet_hours
    begin = datetime.combine(day, quiet.end, policy.timezone)
    ends_today = quiet.begin > quiet.end
    return begin, datetime.combine(day, quiet.begin, policy.timezone) if ends_today else next_day(policy, at)


def next_window(windows: tuple[Window, ...], policy: Policy, after: datetime) -> datetime:
    """The first moment of a window that begins after `after`."""
    local = after.astimezone(policy.timezone)
    begins = (
        datetime.combine(local.date() + timedelta(days=offset), window.begin, policy.timezone)
        for offset in (0, 1)
        for window in windows
    )
    return min(begin for begin in begins if begin > local)


def window_end(windows: tuple[Window, ...], policy: Policy, begin: datetime) -> datetime:
    """The end of the window that begins at `begin`."""
    local = begin.astimezone(policy.timezone)
    return min(datetime.combine(local.date(), w.end, policy.timezone) for w in windows if w.begin == local.time())


def is_working(policy: Policy, at: datetime) -> bool:
    """Whether people are at work at this moment."""
    local, hours = at.astimezone(policy.timezone), policy.working_hours
    return _DAYS[local.weekday()] in hours.days and hours.begin <= local.time() < hours.end
