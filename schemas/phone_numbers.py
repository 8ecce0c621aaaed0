"""Phone numbers as sources write them, in E.164.

Validity is an opinion: a number that the library calls invalid is kept and flagged, with the same prefixes taken off.
Digits that may not belong to a number (an extension, a spreadsheet's `.0`) are never run together with it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import accumulate

import phonenumbers
from phonenumbers import CountryCodeSource, PhoneMetadata

from schemas import phone_remarks
from schemas.vocabularies import SHIPPED

HOME = "CN"

# What Number.country can be: one region for each calling code, so +1 is US, wherever it rings.
CALLING_REGIONS = frozenset(regions[0] for regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.values()) - {"001"}

_CALLING_CODES = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
_HOME_CODE = 86
_MOST_DIGITS, _MOST_WRITTEN, _FEWEST_DIGITS, _LONGEST_EXTENSION = 15, 20, 3, 6
_FEWEST_OF_SUBSCRIBER, _LONGEST_AREA = 7, 3
_FEW_LINES = 500  # numbers that are remembered: each is asked for several times while its line is taken

_SPREADSHEET = re.compile(r"[0-9]+(?:[.,][0-9]+)?e[+-]?[0-9]+", re.IGNORECASE)
_FLOAT = re.compile(r"(\+?[0-9]{7,})\.0{1,3}")
_LABEL = re.compile(
    r"(?:tel(?:ephone)?|phone|mobile|cell|(?:联系|移动|固定|办公)?(?:电话|手机|座机|固话)(?:号码?)?|号码)"
    r"(?:[1-9][.:\s]+(?=[+0]|1[3-9][0-9]{9}(?![0-9])))?[.:\s]*",
    re.IGNORECASE,
)
_CHINESE_DIGITS = "〇○零洞一幺壹二贰三叁四肆五伍六陆七柒拐八捌九玖"
_IN_CHINESE = re.compile(rf"[{_CHINESE_DIGITS}\s-]{{7,}}")
_TO_DIGITS = str.maketrans(_CHINESE_DIGITS, "000011122334455667778899")
_REMARK = re.compile(r"\([㐀-鿿]+\)")
_BETWEEN_GROUPS = re.compile(r"[\s\-‐-―−().·/]+")
_MARK = r"(?:转|分机号?|内线|extension|ext\.?|;ext=|[x#,;pw])"
_WITH_EXTENSION = re.compile(
    rf"(?P<base>[+0-9\s\-‐-―−().·/]+?)(?:{_MARK}(?:[\s:.\-]*[0-9]{{1,6}})?[\s)]*)+", re.IGNORECASE
)

# Numbers in China: mobile, 400 and 800, with an area code.
_CHINESE = re.compile("1[3-9][0-9]{9}|[48]00[0-9]{7}")
_CHINESE_WITH_AREA = re.compile("10[0-9]{8}|2[0-9][0-9]{8}|[3-9][0-9]{2}[0-9]{7,8}")
# 110, 12110, 96110, 10086, 1008611: whoever answers is no person that is to be warned.
_SERVICE = re.compile("[0-9]{3,6}|1[0-2][0-9]{5,6}|106[0-9]{8,}")
_SERVICE_WITH_AREA = re.compile("0+(?:10|2[0-9]|[3-9][0-9]{2})(?:1[0-2][0-9]{1,3}|9[56][0-9]{3,4})")
_LOCAL = re.compile("[2-9][0-9]{6,7}")
# The trunk's 0, the country code without a +, what is dialled to go by a cheaper carrier.
_CHINESE_PREFIX = re.compile("0+|86|179[0-9]{2}|12593|193")


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number as it will be dialled."""

    e164: str
    country: str | None
    flags: tuple[str, ...]


@lru_cache(maxsize=_FEW_LINES)
def number(text: str | int, country: str | None = HOME) -> Number:
    """A number in E.164, flagged where it is doubtful; without a country where it has no E.164 form that we know.

    `country` is a region's code or a name of it; it counts only where the number does not name its own. Raises
    ValueError when it can't be dialled: letters, no digits, two numbers, a service's number, or what a spreadsheet has
    left of one.
    """
    try:
        return _number(str(text), country)
    except ValueError:
        alone = phone_remarks.without_remark(str(text))
        if alone is None:
            raise
        found = _number(alone, country)
        return replace(found, flags=(*found.flags, "number_remark"))


def _number(text: str, country: str | None) -> Number:
    written, flags = _without_extension(_readable(text))
    groups, is_international = _groups(written)
    if is_international:
        return _of_calling_code(groups, flags)
    region = SHIPPED.country(country) if country and country.strip() else HOME
    if region is None:
        return _without_country("".join(groups), (*flags, "country_unknown"))
    code = phonenumbers.country_code_for_region(region)
    return _chinese(groups, flags, begins=False) if code == _HOME_CODE else _foreign(groups, code, region, flags)


def _not_diallable(why: str = "") -> ValueError:
    """Never with the value, which is personal data."""
    return ValueError(f"not diallable: {why}" if why else "not diallable")


def _readable(text: str) -> str:
    """Visible, in ASCII digits, without labels, remarks and a spreadsheet's decimals."""
    seen = _REMARK.sub("", phone_remarks.readable(text)).strip(" ,;、。.:")
    if label := _LABEL.match(seen):
        seen = seen[label.end() :]
    if _IN_CHINESE.fullmatch(seen):
        seen = seen.translate(_TO_DIGITS)
    if _SPREADSHEET.fullmatch(seen):
        raise _not_diallable("digits lost by a spreadsheet")
    tail = _FLOAT.fullmatch(seen)
    return tail[1] if tail else seen


def _without_extension(written: str) -> tuple[str, tuple[str, ...]]:
    found = _WITH_EXTENSION.fullmatch(written)
    if found and len(re.sub("[^0-9]", "", found["base"])) >= _FEWEST_OF_SUBSCRIBER:
        return found["base"], ("number_extension",)
    return written, ()


def _groups(written: str) -> tuple[list[str], bool]:
    """The groups of digits, and whether they begin with a country code."""
    groups = [each for each in _BETWEEN_GROUPS.split(written) if each]
    joined = "".join(groups)
    if not re.fullmatch(r"\+?[0-9]{3,}", joined):
        raise _not_diallable()
    access = re.match(r"\+(?:00)*|(?:00)+", joined)
    groups = _dropped(groups, len(access[0]) if access else 0)
    if sum(map(len, groups)) < _FEWEST_DIGITS:
        raise _not_diallable()
    return groups, access is not None


def _dropped(groups: list[str], count: int) -> list[str]:
    """Without so many characters at the start."""
    left = []
    for group in groups:
        left.append(group[count:])
        count = max(0, count - len(group))
    return [each for each in left if each]


def _of_calling_code(groups: list[str], flags: tuple[str, ...]) -> Number:
    joined = "".join(groups)
    code = next((code for code in (joined[:1], joined[:2], joined[:3]) if int(code) in _CALLING_CODES), None)
    if code is None or len(joined) - len(code) < _FEWEST_DIGITS:
        return _without_country(f"+{joined}", (*flags, "number_unparsed"))
    rest = _dropped(groups, len(code))
    return _chinese(rest, flags, begins=True) if int(code) == _HOME_CODE else _foreign(rest, int(code), None, flags)


def _chinese(groups: list[str], flags: tuple[str, ...], *, begins: bool) -> Number:
    """`begins`: the country code stood before it, so that no trunk's 0 need do."""
    if not begins and groups[0] == str(_HOME_CODE) and len(groups) > 1:
        return _chinese(groups[1:], flags, begins=True)
    base, tail = _parted(groups, partial(_chinese_subscriber, begins=begins))
    if not _CHINESE.fullmatch(base) and len(groups[0]) > _LONGEST_AREA:
        local, extension = _parted(groups, lambda digits: digits if _LOCAL.fullmatch(digits) else None)
        base, tail = (local, extension) if 0 < len(extension) <= _LONGEST_EXTENSION else (base, tail)
    if not base:
        base, tail = _parted(groups, partial(_chinese_subscriber, begins=True))
    joined = "".join(groups)
    if not base and _SERVICE_WITH_AREA.fullmatch(joined):
        raise _not_diallable("a service's number")
    written = f"+{_HOME_CODE}{joined}" if begins else joined
    return _numbered(_HOME_CODE, base or joined.lstrip("0"), _with_tail(flags, tail), written)


def _chinese_subscriber(digits: str, *, begins: bool) -> str | None:
    """Without what is only dialled before it; None where no complete number is left."""
    if _CHINESE.fullmatch(digits) or (begins and _CHINESE_WITH_AREA.fullmatch(digits)):
        return digits
    prefix = _CHINESE_PREFIX.match(digits)
    return _chinese_subscriber(digits[prefix.end() :], begins=True) if prefix else None


def _foreign(groups: list[str], code: int, region: str | None, flags: tuple[str, ...]) -> Number:
    """`region`: where the number is dialled in the national form; None where it began with the country code."""
    joined = "".join(groups)
    if region and (abroad := _by_access_code(joined, region)):
        return replace(found := number(abroad), flags=(*found.flags, *flags))
    valid, possible = _subscriber_test(code, region, _is_valid), _subscriber_test(code, region, _is_possible)
    base, tail = valid(joined), ""
    if not base:
        base, tail = _parted(groups, valid)
    base = base or possible(joined) or _shortest(joined, code)
    return _numbered(code, base, _with_tail(flags, tail), joined if region else f"+{code}{joined}")


def _by_access_code(joined: str, region: str) -> str | None:
    """E.164 of a number that begins with what the region dials before a country code."""
    try:
        parsed = phonenumbers.parse(joined, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    if parsed.country_code_source != CountryCodeSource.FROM_NUMBER_WITH_IDD:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _subscriber_test(code: int, region: str | None, accepts: Callable[[int, str], bool]) -> Callable[[str], str | None]:
    def subscriber(digits: str) -> str | None:
        return next((each for each in _readings(digits, code, region) if accepts(code, each)), None)

    return subscriber


def _readings(digits: str, code: int, region: str | None) -> Iterator[str]:
    """As it stands, without trunk prefixes, then without a country code that has no +."""
    trunk = _trunk_prefix(code)
    while digits:
        yield digits
        if not trunk or not digits.startswith(trunk):
            break
        digits = digits.removeprefix(trunk)
    if region and digits.startswith(str(code)):
        yield from _readings(digits.removeprefix(str(code)), code, None)


def _shortest(digits: str, code: int) -> str:
    """Nothing is cut but a trunk's zeros, with which no number abroad is dialled."""
    return digits.lstrip("0") if _trunk_prefix(code) == "0" else digits


def _trunk_prefix(code: int) -> str | None:
    metadata = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(code))
    return metadata.national_prefix if metadata else None


def _is_valid(code: int, subscriber: str) -> bool:
    parsed = _parsed(code, subscriber)
    return parsed is not None and phonenumbers.is_valid_number(parsed)


def _is_possible(code: int, subscriber: str) -> bool:
    parsed = _parsed(code, subscriber)
    return parsed is not None and phonenumbers.is_possible_number(parsed)


def _parsed(code: int, subscriber: str) -> phonenumbers.PhoneNumber | None:
    """None where the library reads other digits: it takes some for a carrier's prefix."""
    try:
        parsed = phonenumbers.parse(f"+{code}{subscriber}")
    except phonenumbers.NumberParseException:
        return None
    is_whole = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == f"+{code}{subscriber}"
    return parsed if is_whole else None


def _parted(groups: list[str], subscriber: Callable[[str], str | None]) -> tuple[str, str]:
    """The shortest run of groups that is a number by itself, and what follows it; nothing where there is none."""
    for count, run in enumerate(accumulate(groups), 1):
        if found := subscriber(run):
            return found, "".join(groups[count:])
    return "", ""


def _with_tail(flags: tuple[str, ...], tail: str) -> tuple[str, ...]:
    if len(tail) > _LONGEST_EXTENSION:
        raise _not_diallable("more than one number")
    return tuple(dict.fromkeys((*flags, "number_extension"))) if tail else flags


def _numbered(code: int, subscriber: str, flags: tuple[str, ...], written: str) -> Number:
    if len(subscriber) < _FEWEST_DIGITS:
        raise _not_diallable()
    if _is_service(code, subscriber):
        raise _not_diallable("a service's number")
    if len(f"{code}{subscriber}") > _MOST_DIGITS:
        return _without_country(written, (*flags, "number_unparsed"))
    country = phonenumbers.region_code_for_country_code(code)
    doubts = () if _is_valid(code, subscriber) else ("number_invalid",)
    return Number(f"+{code}{subscriber}", country, (*doubts, *flags))


def _is_service(code: int, subscriber: str) -> bool:
    """Whether it is an emergency's number or, at home, any service's: too short for a person's."""
    if code == _HOME_CODE:
        return _SERVICE.fullmatch(subscriber) is not None
    return phonenumbers.is_emergency_number(subscriber, phonenumbers.region_code_for_country_code(code))


def _without_country(written: str, flags: tuple[str, ...]) -> Number:
    """Kept as it stands: only a line that takes any number can make something of it."""
    if len(written) > _MOST_WRITTEN:
        raise _not_diallable()
    if len(written.lstrip("+0")) < _FEWEST_OF_SUBSCRIBER:
        raise _not_diallable("a service's number")
    return Number(written, None, flags)
