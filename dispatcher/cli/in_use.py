"""What a start goes by, as `up` says it: policy, providers, texts and roster, so that a wrong one is seen at once."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from dispatcher import policy
from dispatcher.cli.output import minute, say
from dispatcher.policy.content import digest
from dispatcher.reporting.roster_in_force import roster_in_force
from dispatcher.settings import Settings
from dispatcher.texts import approved

_DIGITS = 12


def in_use(found: Settings, providers_file: str, session: Session) -> Iterator[str]:
    """A line each."""
    in_force, texts = policy.load(found.policy_file), approved.load(found.texts_folder)
    version = say("版本", "version")
    by = f"{say('批准', 'approved by')} {texts.edition.by} {_day(texts.edition.at)}" if texts.edition.by else ""
    yield _line(
        say("处置策略", "policy"),
        _named(found.policy_file),
        f"{version} {in_force.version}",
        f"{say('摘要', 'digest')} {digest(in_force)[:_DIGITS]}",
    )
    yield _line(say("渠道配置", "providers"), providers_file)
    yield _line(say("文本", "texts"), _named(found.texts_folder), f"{version} {texts.version}", by)
    yield _line(say("值班表", "roster"), _roster(session))


def _line(what: str, *told: str) -> str:
    return f"{what}: {'   '.join(filter(None, told))}"


def _named(path: Path | None) -> str:
    return str(path) if path else say("产品自带", "the product's own")


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else ""


def _roster(session: Session) -> str:
    found = roster_in_force(session)
    if not found.officers:
        return say("尚未载入,无人在册", "none loaded, nobody is on it")
    since = found.loaded_at or found.looked_since
    at, count = f"{_day(since)[:5]}{minute(since)}", found.officers
    if found.loaded_at is None:
        return say(f"在册 {count} 人,{at} 之前载入", f"{count} officers, loaded before {at}")
    return say(f"在册 {count} 人,{at} 载入", f"{count} officers, loaded {at}")
