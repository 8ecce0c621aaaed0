"""What commands take as arguments, checked alike everywhere: ids, badges, codes, moments. Raises OperatorError."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from dispatcher.errors import OperatorError
from schemas.vocabulary import Code

# Badges stand in the journal, so they may hold nothing but a reference.
_BADGE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_AS_SHOWN = re.compile(r"\d\d-\d\d \d\d:\d\d(:\d\d)?", re.ASCII)
_LEAP_YEAR = 2000  # has every day
AnyCode = TypeVar("AnyCode", bound=Code)

By = Annotated[str, typer.Option("--by", help="操作人警号 badge of who decides")]
Reader = Annotated[
    str | None,
    typer.Option(
        "--by", help="查看人警号:另示理由与备注原文,留痕 badge of who reads: reasons and remarks too, on the record"
    ),
]
Reason = Annotated[str, typer.Option(help="理由(存入个人信息库) why; kept in the vault")]
Precinct = Annotated[
    str | None,
    typer.Option(help="派出所代码,选其现有或曾移交的上门任务 precinct: cases with a visit it has or gave away"),
]
# Of a client or a webhook: letters that any log and file name can hold.
Name = Annotated[str, typer.Argument(metavar="NAME", help="名称:字母、数字、- 与 _ letters, digits, - and _")]
OverlapHours = Annotated[
    float, typer.Option(min=0, max=24 * 90, help="旧密钥继续有效的小时数 hours for which the old ones are good too")
]
VisitId = Annotated[str, typer.Argument(metavar="VISIT", help="上门单编号 its number or id")]
Json = Annotated[bool, typer.Option("--json", help="JSON")]


def uuid(text: str, name: str, see: str) -> UUID:
    """An id; `see` is the command that lists them."""
    try:
        return UUID(text)
    except ValueError:
        raise OperatorError(f"{name} 编号有误", f"{name} must be an id; see `{see}`") from None


def badge(text: str, option: str) -> str:
    """A badge, never a name."""
    if not _BADGE.fullmatch(text):
        raise OperatorError(f"{option} 应为警号", f"{option} wants a badge: letters, digits, - and _")
    return text


def name(text: str) -> str:
    """A name as `Name` has it."""
    if not _BADGE.fullmatch(text):
        raise OperatorError("NAME 含有不可用的字符或过长", "NAME: letters, digits, - and _, 40 at most")
    return text


def code(text: str, among: Iterable[AnyCode], option: str) -> AnyCode:
    """A code of the vocabulary, in whatever case it was typed."""
    known = {code.value.lower(): code for code in among}
    chosen = known.get(text.lower())
    if chosen is None:
        raise OperatorError(
            f"{option} 代码有误", f"{option}: one of {', '.join(code.value for code in known.values())}"
        )
    return chosen


def zone() -> ZoneInfo:
    """The policy's time zone, in which every time is read and shown, wherever the host is."""
    from dispatcher.policy import load
    from dispatcher.settings import settings

    return load(settings().policy_file).timezone


def moment(text: str | None, option: str) -> datetime | None:
    """A time in ISO 8601, or as the lists show it; without a zone it is in the policy's, like those."""
    if text is None:
        return None
    try:
        at = _as_shown(text, datetime.now(zone())) if _AS_SHOWN.fullmatch(text) else datetime.fromisoformat(text)
        at = at if at.tzinfo else at.replace(tzinfo=zone())
        at.astimezone(UTC), at.astimezone(zone())  # neither before the first day that there is nor after the last
    except (ValueError, OverflowError):
        raise OperatorError(
            f"{option} 时间格式有误", f"{option} wants ISO 8601, e.g. 2026-03-02T09:00:00+08:00"
        ) from None
    return at


def _as_shown(text: str, now: datetime) -> datetime:
    """A month, a day and a time, of the year that brings it nearest to now. Raises ValueError."""
    in_a_leap_year = datetime.fromisoformat(f"{_LEAP_YEAR}-{text}").replace(tzinfo=now.tzinfo)
    found = []
    for year in (now.year - 1, now.year, now.year + 1):
        with suppress(ValueError):  # 29 February
            found.append(in_a_leap_year.replace(year=year))
    if not found:
        raise ValueError(text)
    return min(found, key=lambda at: abs(at - now))


def period(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """From when to when; either may be left open."""
    begin, end = moment(since, "--since"), moment(until, "--until")
    if begin is not None and end is not None and begin >= end:
        raise OperatorError("--since 须早于 --until", "--since must be before --until")
    return begin, end
