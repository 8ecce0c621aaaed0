"""providers test: one message through one provider, outside any case."""

import asyncio
import os
import time
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.text import Text

from dispatcher import clock, probe_message
from dispatcher.cli import arguments
from dispatcher.cli.arguments import Json
from dispatcher.cli.output import json_line, out, say
from dispatcher.errors import OperatorError
from dispatcher.setup import Services, build_services, links, no_providers
from dispatcher.store.base import new_id
from providers import registry
from providers.base import (
    Accepted,
    Answered,
    InDoubt,
    Message,
    OperationsFault,
    Permanent,
    ProviderSettings,
    SettingsError,
    SwitchChannel,
    Transient,
)
from schemas import normalise
from schemas.vocabulary import Channel, Person

Name = Annotated[str, typer.Argument(metavar="NAME", help="渠道名 name in PROVIDERS_FILE")]
_BY_NUMBER = (Channel.SMS, Channel.VOICE)
_HOME = "CN"
_OUTCOMES = {
    Accepted: ("已受理", "accepted: the provider has it"),
    Answered: ("已有结果", "answered: this came of it"),
    Transient: ("未发出,可稍后再试", "certainly not sent; it may be tried again"),
    Permanent: ("未发出,该号码或内容被拒", "certainly not sent: this number or this text is refused"),
    SwitchChannel: ("未发出,此时不向该号码发送", "certainly not sent: not to this number, not now"),
    OperationsFault: ("未发出,账户、凭据或配置有误,需人工处理", "certainly not sent: account, credentials or set-up"),
    InDoubt: ("存疑,是否发出不明", "in doubt: it left, and no usable answer came"),
}


def test(
    name: Name,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="自有号码 a number of your own, never anybody's")],
    channel: Annotated[str | None, typer.Option(help="sms, voice; 默认取其首个 else its first")] = None,
    country: Annotated[str, typer.Option(help="号码所在地区 the number's region")] = _HOME,
    json: Json = False,
) -> None:
    """经该渠道发一条测试消息,不涉及任何任务 / one test message through it, outside any case; exit 1 if not taken."""
    services = build_services()
    table = _table(services, name)
    way, to = _channel(table, channel), _to(number, country)
    by_voice, key = way is Channel.VOICE, str(new_id())
    text = services.context.texts.trial(chinese=country == _HOME, by_voice=by_voice)
    said = Message(key, way, Person.OTHER, to=to, text=None if by_voice else text, script=text if by_voice else None)
    probe_message.register(services.engine, key, clock.real_now())
    began = time.monotonic()
    try:
        outcome = asyncio.run(probe_message.send(table, said))
    except SettingsError as error:
        raise OperatorError("渠道配置文件有误", str(error)) from None
    took_s = round(time.monotonic() - began, 2)
    _print_outcome({"provider": name, "channel": way.value, "took_s": took_s}, outcome, json)
    if not isinstance(outcome, Accepted | Answered):
        raise typer.Exit(1)


def _table(services: Services, name: str) -> ProviderSettings:
    path = services.settings.providers_file
    if path is None:
        raise no_providers()
    try:
        tables = registry.read(path, os.environ, services.settings.hooks_base)
    except SettingsError as error:
        raise OperatorError("渠道配置文件有误", str(error)) from None
    table = next((table for table in tables if table.name == name), None)
    if table is None:
        known = ", ".join(table.name for table in tables)
        raise OperatorError(f"没有渠道 {name}", f"no provider {name} in {path}; one of: {known}")
    # A link's one bind is its worker's: a test beside it would be refused, or take its receipts.
    if name in links(path, os.environ):
        raise OperatorError(f"{name} 为长连接渠道,不能单独测试", f"{name} is a link, whose one line its worker holds")
    return table


def _channel(table: ProviderSettings, wanted: str | None) -> Channel:
    able = [channel for channel in _BY_NUMBER if channel in table.channels]
    if not able:
        raise OperatorError(
            f"{table.name} 不向号码发送,不能测试",
            f"{table.name} serves neither sms nor voice, so a number can't test it",
        )
    return arguments.code(wanted, able, "--channel") if wanted else able[0]


def _to(number: str, country: str) -> str:
    try:
        return normalise.number(number, country).e164
    except ValueError:
        raise OperatorError("NUMBER 不是可拨打的号码", "NUMBER is not a number that can be dialled") from None


def _print_outcome(about: dict[str, Any], outcome: Any, json: bool) -> None:
    said = {name: value for name, value in asdict(outcome).items() if value not in (None, False)}
    if json:
        json_line(about | {"outcome": type(outcome).__name__} | said)
        return
    colour = "green" if isinstance(outcome, Accepted | Answered) else "red"
    kind = Text(type(outcome).__name__, colour)
    facts = ", ".join(f"{field} {value}" for field, value in said.items())
    words = say(*_OUTCOMES[type(outcome)])
    out.print(kind, f" {words}  {facts}  {about['took_s']} s", highlight=False)
