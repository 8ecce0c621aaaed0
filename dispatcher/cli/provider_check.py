"""providers check: what is wrong with a providers file, before a process starts with it. Needs no database."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from dispatcher.cli.output import err, out, say
from dispatcher.errors import OperatorError
from dispatcher.settings import settings
from dispatcher.setup import ProvidersError, check_channels, look_at
from providers import reach
from providers.oddities import oddities
from providers.registry import Registry

_FAULTY = 1


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="渠道配置文件 a providers file")],
    online: Annotated[
        bool, typer.Option("--online", help="另试各服务商能否连通,不发送任何消息 connect to each too; sends nothing")
    ] = False,
) -> None:
    """检查渠道配置文件:错误每行一条(退出码 1),可疑之处以 odd: 开头 / every fault and oddity of a providers file."""
    try:
        found = look_at(file, os.environ, settings().without)
    except ProvidersError as error:
        raise _faulty(*error.faults) from None
    try:
        check_channels(found)
    except OperatorError as error:
        raise _faulty(str(error)) from None
    for odd in oddities(found):
        out.print(f"odd: {odd}", highlight=False, soft_wrap=True)
    told = asyncio.run(_reached(found, online=online))
    for each in told:
        _print_reached(each)
    if any(each.fault for each in told):
        raise typer.Exit(_FAULTY)
    out.print(say("渠道配置可用", "the providers can be used"), highlight=False)


async def _reached(found: Registry, *, online: bool) -> list[reach.Reached]:
    try:
        return list(await asyncio.gather(*map(reach.reached, found.all()))) if online else []
    finally:
        await found.close()


def _print_reached(told: reach.Reached) -> None:
    if told.fault:
        word, colour = say("未连通", "not reached"), "red"
    elif told.address:
        word, colour = say("已连通", "reached"), "green"
    else:
        word, colour = say("无须连接", "has no host"), ""
    out.print(Text(word, colour), f"{told.provider} {told.address or ''} {told.fault or ''}".rstrip(), soft_wrap=True)


def _faulty(*faults: str) -> typer.Exit:
    for fault in faults:
        err.print(fault, highlight=False, soft_wrap=True)
    return typer.Exit(_FAULTY)
