"""Dates and times as people, spreadsheets and other programs write them.

No library's guesses: dateutil completes what is missing from today's date, and takes 03/07 for March or July.
"""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from schemas import chinese_numerals
from schemas.reading import Doubt
from schemas.reading.words import fold

HERE = ZoneInfo("Asia/Shanghai")  # a time without a zone is one of ours

_DATE = (
    r"(?P<year>\d{4})(?:\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*[日号]?"
    r"|(?P<mm>\d\d)(?P<dd>\d\d))"
)
_HALF = r"上午|下午|早上|晚上|凌晨|中午|am|pm"
_CLOCK = (
    rf"\s*(?:t|,|(?P<half>{_HALF}))?\s*(?:(?P<hour>\d{{1,2}})\s*(?:[:时点]\s*(?P<minute>\d{{1,2}})?"
    r"(?:\s*[:分]\s*(?P<second>\d{1,2})?)?秒?)|(?P<HH>\d\d)(?P<MM>\d\d)(?P<SS>\d\d)?)"
    rf"(?:[.,](?P<fraction>\d{{1,9}}))?\s*(?:(?P<half_after>{_HALF})(?![a-z]))?"
)
_ZONE = (
    r"\s*(?P<name>z|utc|gmt|cst)?\s*(?P<offset>[+-]\d{1,2}(?::?\d{2})?)?(?:\s+[a-z]{3,4}(?![a-z/]))?"
    r"\s*(?:\[(?P<id>[\w/+:-]+)\]|(?P<place>[a-z]+/[a-z_]+))?"
)
_TIME = re.compile(rf"{_DATE}(?:{_CLOCK})?{_ZONE}")
# A year, or a year and a month: without a day, or with one that is masked or that no month has.
_INCOMPLETE = re.compile(
    r"(?P<year>(?:19|20)\d\d)(?:\s*[-/.年]\s*(?P<month>\d{1,2}|[x*?]{1,2})(?:\s*[-/.月]\s*(?:\d{1,2}|[x*?]{1,2}))?"
    r"|(?P<mm>\d\d|[x*?]{2})(?:\d\d|[x*?]{2})?)?\s*[年月日号]?(?:出生|生)?(?:[ t]00:00(?::00)?)?"
)
_YEAR_IN_CHINESE = re.compile("^[〇○零一二三四五六七八九]{4}(?=年)")
_PART_IN_CHINESE = re.compile("[一二三四五六七八九十]{1,3}(?=[月日号])")
_DASHES = re.compile(r"[‐-―−]")
_AFTERNOON = frozenset({"下午", "晚上", "pm"})
_MORNING = frozenset({"上午", "早上", "凌晨", "am"})

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Thu Nov 26 21:20:00 CST 2026 (Java) · Thu, 26 Nov 2026 13:20:00 GMT (HTTP) · Nov 26, 2026 9:20:00 PM (Gson)
_IN_ENGLISH = tuple(
    re.compile(form)
    for form in (
        r"[a-z]{3} (?P<month>[a-z]{3}) (?P<day>\d{1,2}) (?P<rest>[\d:]+ [a-z]{3}(?:[+-][\d:]+)?) (?P<year>\d{4})",
        r"[a-z]{3}, (?P<day>\d{1,2}) (?P<month>[a-z]{3}) (?P<year>\d{4}) (?P<rest>.+)",
        r"(?P<month>[a-z]{3}) (?P<day>\d{1,2}), (?P<year>\d{4}),?(?P<rest>.*)",
    )
)
_ZONES = {"z": UTC, "utc": UTC, "gmt": UTC, "cst": HERE}  # CST here is China's, not Chicago's
_MANY_DIGITS = re.compile(r"-?[0-9]{8,15}")
_PLACE_WORD = re.compile(r"[a-z]+")
_OFFSET = re.compile(r"([+-]\d{1,2}):?(\d{2})?")
_PARTS = tuple(
    zip(("year", "month", "day", "hour", "minute", "second"), ("year", "mm", "dd", "HH", "MM", "SS"), strict=True)
)
_NOTHING, _LONGEST = "", 100  # what no model takes for a time; characters that are read at all
_DIGITS = frozenset({8, 12, 14})  # 20261126, 202611262120, 20261126212000
_MILLISECONDS_FROM = 10**10


def birth_date(value: object, doubt: Doubt) -> object:
    """A date; of one that is incomplete the latest that it can mean.

    A child that is taken for a grown-up is called by a machine.
    """
    found = calendar_date(value, doubt)
    if isinstance(found, date) or isinstance(value, bool) or not isinstance(value, str | int | float):
        return found
    latest = _latest_date(str(int(value)) if isinstance(value, float) and value.is_integer() else str(value))
    if latest is None:
        return found
    doubt("date_incomplete")
    return latest


def _latest_date(text: str) -> date | None:
    incomplete = _INCOMPLETE.fullmatch(_plain(text)) if len(text) <= _LONGEST else None
    if incomplete is None:
        return None
    year, month = int(incomplete["year"]), incomplete["month"] or incomplete["mm"] or ""
    month_number = int(month) if month.isdecimal() and 1 <= int(month) <= 12 else 12
    return date(year, month_number, monthrange(year, month_number)[1])


def calendar_date(value: object, doubt: Doubt) -> object:
    """A date; a moment is the day that it was here."""
    if isinstance(value, bool):
        return _NOTHING
    if isinstance(value, str) and _MANY_DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, int | float) and not _is_written_out(value):
        return _date_of_epoch(value)
    found = _read(value)
    if found is None:
        return value
    at, has_clock = found
    return (at.astimezone(HERE) if at.tzinfo and has_clock else at).date()


def moment(value: object, doubt: Doubt) -> object:
    """A moment; a date alone is its beginning."""
    return _moment(value, doubt, timedelta(0))


def end(value: object, doubt: Doubt) -> object:
    """A moment up to which something holds; a date alone is its end."""
    return _moment(value, doubt, timedelta(days=1))


def _moment(value: object, doubt: Doubt, of_a_date: timedelta) -> object:
    if isinstance(value, bool):
        return _NOTHING
    found = _read(value)
    if found is None:
        return value
    at, has_clock = found
    if at.tzinfo is None:
        doubt("zone_missing")
        at = at.replace(tzinfo=HERE)
    if has_clock:
        return at
    doubt("time_missing")
    return at + of_a_date if at.year < 2101 else value


def _read(value: object) -> tuple[datetime, bool] | None:
    """What is written out as year, month and day, and whether a time of day is with it; None for anything else."""
    try:
        if isinstance(value, list):  # as Jackson writes a LocalDateTime
            return (datetime(*value[:6]), len(value) > 3) if len(value) > 2 else None  # noqa: DTZ001 - it has no zone
        if isinstance(value, int | float) and _is_written_out(value):
            value = str(int(value))
        if not isinstance(value, str) or len(value) > _LONGEST:
            return None
        found = _TIME.fullmatch(_from_english(_plain(value)))
        return _of_parts(found.groupdict()) if found else None
    except (ValueError, OverflowError, TypeError, KeyError):
        return None


def _of_parts(part: dict[str, str | None]) -> tuple[datetime, bool]:
    year, month, day, hour, minute, second = (int(part[one] or part[other] or 0) for one, other in _PARTS)
    half = part["half"] or part["half_after"]
    if half in _AFTERNOON and hour < 12:
        hour += 12
    elif half in _MORNING and hour == 12:
        hour = 0
    if not (hour < 24 or (hour, minute, second) == (24, 0, 0)) or minute > 59 or second > 59:
        raise ValueError("no such time")
    microseconds = int((part["fraction"] or "")[:6].ljust(6, "0"))
    at = datetime(year, month, day) + timedelta(hours=hour, minutes=minute, seconds=second, microseconds=microseconds)  # noqa: DTZ001 - below
    has_clock = bool(part["hour"] or part["HH"])
    return at.replace(tzinfo=_zone(part["name"], part["offset"], part["place"] or part["id"])), has_clock


def _zone(name: str | None, offset: str | None, place: str | None) -> tzinfo | None:
    if offset is not None:
        hours, minutes = _OFFSET.fullmatch(offset).groups("0")  # type: ignore[union-attr]  # it is a part of _ZONE
        return timezone(timedelta(hours=int(hours), minutes=int(f"{hours[0]}{minutes}")))
    if name is not None:
        return _ZONES[name]
    return ZoneInfo(_PLACE_WORD.sub(lambda word: word[0].capitalize(), place)) if place else None


def _plain(text: str) -> str:
    """As it is matched: folded, one sort of dash, Arabic digits."""
    folded = _YEAR_IN_CHINESE.sub(lambda year: chinese_numerals.figures(year[0]), _DASHES.sub("-", fold(text)))
    return _PART_IN_CHINESE.sub(lambda part: str(chinese_numerals.whole(part[0]) or part[0]), folded)


def _from_english(text: str) -> str:
    for form in _IN_ENGLISH:
        found = form.fullmatch(text)
        if found:
            return f"{found['year']}-{_MONTHS.index(found['month']) + 1}-{found['day']} {found['rest']}"
    return text


def _is_written_out(value: float) -> bool:
    digits = str(int(value)) if value == value and abs(value) < 10**15 else ""
    return len(digits) in _DIGITS and digits[:2] in ("19", "20") and value == int(value)


def _date_of_epoch(value: float) -> object:
    """Seconds or milliseconds since 1970, as clients send a day; a few digits are neither."""
    if abs(value) < 10**8:
        return _NOTHING
    try:
        seconds = value / 1000 if abs(value) > _MILLISECONDS_FROM else value
        return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)).astimezone(HERE).date()
    except (OverflowError, ValueError):
        return _NOTHING
