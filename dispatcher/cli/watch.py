"""watch: the dead-man watch, beside the service and not in it."""

import sys
from collections.abc import Callable, Mapping
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from dispatcher.cli import arguments
from dispatcher.cli.arguments import Json
from dispatcher.cli.output import err, json_line, out, say
from dispatcher.cli.signals import stop_on_signals
from dispatcher.settings import database_url, read_as, redis_url, settings
from dispatcher.watch import notify
from dispatcher.watch.active_alarms import OVER
from dispatcher.watch.alarms import Alarm, Code
from dispatcher.watch.limits import Limits
from dispatcher.watch.run import Watch

_STATES = {"raised": ("告警", "ALARM"), "standing": ("仍在告警", "still"), "over": ("解除", "over")}
# What to type first; `kind` and `about` are the alarm's. An alarm without a row is mended elsewhere: docs/watch.md.
_PROVIDER = "dispatcher providers --history --name {about}"
COMMANDS: Mapping[Code, str] = {
    Code.SWEEP_SILENT: "dispatcher sweep",
    Code.CASE_WITHOUT_NEXT_STEP: "dispatcher case list",
    **dict.fromkeys(
        (
            *(Code.LADDER_EXHAUSTED, Code.DEADLINE_MISSED, Code.HUMAN_WAITING),
            *(Code.ROSTER_EMPTY, Code.URGENT_REFUSED),
        ),
        "dispatcher worklist --kind {kind}",
    ),
    Code.ROW_HELD: "dispatcher worklist --kind fault",
    Code.EARLY_LINES: "dispatcher quarantine list",
    Code.WEBHOOK_NOT_TAKEN: "dispatcher webhook dead {about}",
    Code.WORK_LATE: "dispatcher log --state planned",
    Code.CHANNEL_DOWN: "dispatcher providers",
    **dict.fromkeys((Code.PROVIDER_OUT, Code.PROVIDER_PAUSED, Code.DOUBTS_RISING), _PROVIDER),
}


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
    tell = _json if json else _line(_zone())
    is_well = watcher.run_once(tell, probe=probe) if once else watcher.run(tell, stop_on_signals())
    if not is_well:
        raise typer.Exit(1)


def _json(state: str, alarm: Alarm) -> None:
    json_line(notify.as_json(state, alarm))
    sys.stdout.flush()


def _line(zone: ZoneInfo) -> Callable[[str, Alarm], None]:
    """Prints an alarm, its time in this zone, and what to type first."""

    def tell(state: str, alarm: Alarm) -> None:
        since = f"{alarm.since.astimezone(zone):%m-%d %H:%M:%S}"
        told = (str(alarm.code), say(alarm.zh, alarm.en), f"{say('自', 'since')} {since}")
        command = COMMANDS[alarm.code] if state != OVER and alarm.code in COMMANDS else ""
        do = command.format(about=alarm.about, kind=alarm.about.partition(":")[0])
        colour = "green" if state == OVER else "red"
        line = "  ".join(filter(None, (*told, do)))
        out.print(Text(say(*_STATES[state]), colour), line, highlight=False, soft_wrap=True)

    return tell


def _zone() -> ZoneInfo:
    """The policy's; the built-in one's where that can't be read, for an alarm in another zone is better than none."""
    from dispatcher.policy import PolicyError, load

    try:
        return arguments.zone()
    except PolicyError as error:
        err.print(str(error), style="yellow", highlight=False, soft_wrap=True)
        return load().timezone
