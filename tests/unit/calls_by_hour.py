"""How often a person whom nobody reaches is called: counted on the engine itself, drawn for docs/policy.md.

`python tests/unit/calls_by_hour.py` (`make plots`) draws the picture anew.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

from builders import MONDAY, number
from engine_harness import EngineHarness
from histories import due

from dispatcher.policy import load
from schemas.vocabulary import AttemptState, Channel, Result, Urgency

DAYS = 10
PLOT = Path(__file__).parents[2] / "docs" / "calls-by-hour.svg"
Calls = list[list[int]]
"""For each day, the calls of each of its hours."""

_CELL, _LEFT, _TOP, _RIGHT, _BOTTOM = 28, 64, 84, 60, 16
_FULL_RADIUS = 12  # of the hour with most calls; the area tells how many there are
_FEWEST_WRITTEN = 4  # calls of one hour that are also told as a number: for fewer the dot is too small
_STYLE = (
    "text{font:12px sans-serif;fill:#333}.title{font-size:15px;font-weight:bold}.few{fill:#666}.in{fill:#fff}"
    ".night{fill:#e8eaf0}.dot{fill:#b3261e}.line{stroke:#ddd}.right{text-anchor:end}.middle{text-anchor:middle}"
)


def count(days: int = DAYS) -> Calls:
    """The calls of a critical case that nobody answers, warned on a Monday at 10:00."""
    harness = EngineHarness.of(Urgency.CRITICAL, numbers=(number("n1"),))
    end = harness.now + timedelta(days=days)
    while harness.now < end:
        for attempt in due(harness):
            voice = attempt.channel is Channel.VOICE
            no_one = Result.NOBODY_ON_DUTY if attempt.channel is Channel.VISIT else Result.DELIVERED
            harness.settled(harness.sending(attempt), Result.NO_ANSWER if voice else no_one)
        later = [each.due_at for each in harness.in_state(AttemptState.PLANNED)] + harness.looks
        harness.at(min(later, default=end))
    called = Counter((each.made_at.day, each.made_at.hour) for each in harness.made(Channel.VOICE) if each.sent_at)
    return [[called[MONDAY.day + day, hour] for hour in range(24)] for day in range(days)]


def table(calls: Calls) -> str:
    rows = ["day " + " ".join(f"{hour:02d}" for hour in range(24)) + "  all"]
    for day, hours in enumerate(calls, 1):
        rows.append(f"{day:>3} " + " ".join(f"{each or '·':>2}" for each in hours) + f"  {sum(hours):>3}")
    return "\n".join(rows) + "\n"


def svg(calls: Calls) -> str:
    """A row for each day, a column for each hour, a dot for the calls of one hour."""
    width, height = _LEFT + 24 * _CELL + _RIGHT, _TOP + len(calls) * _CELL + _BOTTOM
    title = "Calls to a person who never answers, hour by hour"
    shapes = "\n".join((*_axes(len(calls)), *_rows(calls)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n"
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n'
        f'<text class="title" x="{_LEFT}" y="24">{title}</text>\n'
        f'<text class="few" x="{_LEFT}" y="44">critical, warned on day 1 at 10:00; '
        "a larger dot is more calls; grey: quiet hours</text>\n"
        f"{shapes}\n</svg>\n"
    )


def _axes(days: int) -> Iterator[str]:
    """Quiet hours, hours and days."""
    quiet, bottom = load().quiet_hours, _TOP + days * _CELL
    for begin, end in ((time(0), quiet.end), (quiet.begin, None)):
        left, right = _x(_hours(begin)), _x(_hours(end) if end else 24)
        size = f'width="{right - left:g}" height="{bottom - _TOP}"'
        yield f'<rect class="night" x="{left:g}" y="{_TOP}" {size}/>'
    for hour in range(0, 25, 2):
        yield f'<path class="line" d="M{_x(hour):g} {_TOP}V{bottom}"/>'
        yield f'<text class="few middle" x="{_x(hour):g}" y="{_TOP - 8}">{hour:02d}</text>'
    yield f'<text class="few right" x="{_LEFT - 16}" y="{_TOP - 8}">day</text>'
    yield f'<text class="few right" x="{_x(24) + 44:g}" y="{_TOP - 8}">in all</text>'


def _rows(calls: Calls) -> Iterator[str]:
    most = max(map(max, calls))
    for day, hours in enumerate(calls):
        y = _TOP + day * _CELL + _CELL / 2
        yield f'<path class="line" d="M{_LEFT} {y + _CELL / 2:g}H{_x(24):g}"/>'
        yield f'<text class="right" x="{_LEFT - 10}" y="{y + 4:g}">{day + 1}</text>'
        yield f'<text class="right" x="{_x(24) + 44:g}" y="{y + 4:g}">{sum(hours)}</text>'
        for hour, made in enumerate(hours):
            if made:
                radius = _FULL_RADIUS * (made / most) ** 0.5
                yield f'<circle class="dot" cx="{_x(hour + 0.5):g}" cy="{y:g}" r="{radius:.2f}"/>'
            if made >= _FEWEST_WRITTEN:
                yield f'<text class="in middle" x="{_x(hour + 0.5):g}" y="{y + 4:g}">{made}</text>'


def _x(hours: float) -> float:
    return _LEFT + hours * _CELL


def _hours(at: time) -> float:
    return at.hour + at.minute / 60


if __name__ == "__main__":
    PLOT.write_text(svg(count()), "utf-8")
