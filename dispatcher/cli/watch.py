"""watch: the dead-man watch, beside the service and not in it."""

import sys
from typing import Annotated

import typer
from rich.text import Text

from dispatcher.cli.arguments import Json
from dispatcher.cli.output import json_line, out, say
from dispatcher.cli.signals import stop_on_signals
from dispatcher.settings import database_url, read_as, redis_url, settings
from dispatcher.watch import notify
from dispatcher.watch.active_alarms import OVER
from dispatcher.watch.alarms import Alarm
from dispatcher.watch.limits import Limits
from dispatcher.watch.run import Watch

_STATES = {"raised": ("告警", "ALARM"), "standing": ("仍在告警", "still"), "over": ("解除", "over")}


def register(app: typer.Typer) -> None:
    app.command()(watch)


def watch(
    once: Annotated[
        bool, typer.Option("--once", help="只看一次;有告警则退出码 1 / one look; exit 1 on an alarm")
    ] = False,
    probe: Annotated[
        bool, typer.Option("--probe", help="与 --once 同用,另做一次端到端自检 / with --once: probe too")
    ] = False,
    json: Json = False,
) -> None:
    """值守监控:任务停滞、无人负责、巡检停摆等即告警 / the dead-man watch: alarms when warnings stop moving."""
    watcher = Watch(settings(), read_as(Limits), database_url(), redis_url())
    watcher.check(probe=probe)
    tell = _json if json else _line
    is_well = watcher.run_once(tell, probe=probe) if once else watcher.run(tell, stop_on_signals())
    if not is_well:
        raise typer.Exit(1)


def _json(state: str, alarm: Alarm) -> None:
    json_line(notify.as_json(state, alarm))
    sys.stdout.flush()


def _line(state: str, alarm: Alarm) -> None:
    colour = "green" if state == OVER else "red"
    since = alarm.since.isoformat(timespec="seconds")
    out.print(
        Text(say(*_STATES[state]), colour),
        f"{alarm.code}  {say(alarm.zh, alarm.en)}  {say('自', 'since')} {since}",
        highlight=False,
        soft_wrap=True,
    )
