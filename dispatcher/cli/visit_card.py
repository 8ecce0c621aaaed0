"""visit card: what an officer reads before the door. Personal data, for the officer who has the visit."""

from typing import Annotated, Any

import typer

from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import Json, VisitId
from dispatcher.cli.output import json_line, name_of, out, say
from dispatcher.cli.output import language as screen_language
from dispatcher.setup import build_services
from dispatcher.visits import card as visit_card
from schemas.vocabulary import Code, Result, VisitState


class Language(Code):
    ZH = "zh", "中文", "Chinese"
    EN = "en", "英文", "English"


def card(
    visit_id: VisitId,
    officer: Annotated[str | None, typer.Option(help="警号;不是承办人则只见掩码 badge; others see it masked")] = None,
    language: Annotated[str | None, typer.Option(help="zh, en; 缺省为屏幕语言 else that of the screen")] = None,
    json: Json = False,
) -> None:
    """上门卡(含个人信息,读取留痕) / the officer's card; each reading is on the record."""
    badge = arguments.badge(officer, "--officer") if officer else None
    chosen: Language | None = arguments.code(language, Language, "--language") if language else None
    services = build_services()
    with services.begin() as work:
        content = visit_card.read(work, lookups.visit(work.session, visit_id), officer=badge)
    if json:
        spoken = list(Language) if chosen is None else [chosen]
        lines = [{each.value: line[each.value] for each in spoken} for line in content.get("lines", ())]
        json_line(content | ({"lines": lines} if "lines" in content else {}))
    else:
        _print(content, chosen.value if chosen else screen_language())


def _print(content: dict[str, Any], spoken: str) -> None:
    minor = say("   未成年人", "   minor") if content["minor"] else ""
    name = content["name"] or say("姓名不详", "name unknown")
    _line(f"{name}   {name_of(VisitState(content['state']))}{minor}")
    _line(f"  {say('派出所', 'precinct')}: {content['precinct'] or '—'}")
    if content["masked"]:
        _line("  " + say("非承办民警,仅显示掩码", "masked: only the officer who has the visit sees more"))
        return
    _line(
        f"  {say('语言', 'language')}: {content['language']}   {say('任务码', 'task code')}: {content['code'] or '—'}"
    )
    for number, place in enumerate(content["addresses"], start=1):
        _line(f"{'→' if place['next'] else ' '} {number}. {_address(place, content['precinct'])}")
    _line(f"  {say('电话', 'phones')}: {', '.join(content['phones']) or '—'}")
    for contact in content["contacts"]:
        _line(f"  {name_of(contact['relation'])}: {contact['name'] or '—'} {contact['phone']}")
    for note in content["notes"]:
        _line(f"  {say('来源备注', 'note of')} {note['source']}: {note['text']}")
    for line in content["lines"]:
        _line(f"  · {line[spoken]}")
    _line(f"  {say('出示', 'show')}: {content['show']}")


def _address(place: dict[str, Any], precinct: str | None) -> str:
    until = say(f"(至 {place['valid_until']})", f" (until {place['valid_until']})") if place["valid_until"] else ""
    of = place["precinct"]
    away = "" if of in (None, precinct) else say(f"   属 {of} 辖区", f"   of {of}")
    result = name_of(Result(place["tried"])) if place["tried"] else ""
    tried = say(f"   已试:{result}", f"   tried: {result}") if result else ""
    return f"{name_of(place['kind'])}: {place['text']}{until}{away}{tried}"


def _line(text: str) -> None:
    out.print(text, highlight=False)
