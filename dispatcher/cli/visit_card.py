"""visit card: what an officer reads before the door. Personal data, for the officer who has the visit."""

from typing import Annotated, Any

import typer

from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import Json, VisitId
from dispatcher.cli.output import json_line, out
from dispatcher.setup import build_services
from dispatcher.visits import card as visit_card
from schemas.vocabulary import Code, Result, VisitState


class Language(Code):
    ZH = "zh", "中文", "Chinese"
    EN = "en", "英文", "English"


def card(
    visit_id: VisitId,
    officer: Annotated[str | None, typer.Option(help="警号;不是承办人则只见掩码 badge; others see it masked")] = None,
    language: Annotated[str | None, typer.Option(help="zh, en; 缺省两种 both where left out")] = None,
    json: Json = False,
) -> None:
    """上门卡(含个人信息,读取留痕) / the officer's card; each reading is on the record."""
    badge = arguments.badge(officer, "--officer") if officer else None
    chosen: list[Language] = [arguments.code(language, Language, "--language")] if language else list(Language)
    services = build_services()
    with services.begin() as work:
        content = visit_card.read(work, lookups.visit(work.session, visit_id), officer=badge)
    if json:
        lines = [{language.value: line[language.value] for language in chosen} for line in content.get("lines", ())]
        json_line(content | ({"lines": lines} if "lines" in content else {}))
    else:
        _print(content, chosen)


def _print(content: dict[str, Any], languages: list[Language]) -> None:
    minor = "   未成年人 minor" if content["minor"] else ""
    _line(f"{content['name'] or '姓名不详 name unknown'}   {VisitState(content['state']).label}{minor}")
    _line(f"  派出所 precinct: {content['precinct'] or '—'}")
    if content["masked"]:
        _line("  非承办民警,仅显示掩码 masked: only the officer who has the visit sees more")
        return
    _line(f"  语言 language: {content['language']}   任务码 task code: {content['code'] or '—'}")
    for number, place in enumerate(content["addresses"], start=1):
        until = f"(至 until {place['valid_until']})" if place["valid_until"] else ""
        tried = f"   已试 tried: {Result(place['tried']).label}" if place["tried"] else ""
        away = "" if place["precinct"] in (None, content["precinct"]) else f"   他所辖区 of {place['precinct']}"
        mark = "→" if place["next"] else " "
        _line(f"{mark} {number}. {place['label']}: {place['text']}{until}{away}{tried}")
    _line(f"  电话 phones: {', '.join(content['phones']) or '—'}")
    for contact in content["contacts"]:
        _line(f"  {contact['label']}: {contact['name'] or '—'} {contact['phone']}")
    for note in content["notes"]:
        _line(f"  来源备注 note of {note['source']}: {note['text']}")
    for line in content["lines"]:
        _line("  · " + " / ".join(line[language.value] for language in languages))
    _line(f"  出示 show: {content['show']}")


def _line(text: str) -> None:
    out.print(text, highlight=False)
