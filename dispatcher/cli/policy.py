"""policy: is a policy file usable, is anything odd about it, and what does it do when. Needs no database."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from dispatcher import policy
from dispatcher.cli.output import err, json_line, name_of, out, say
from dispatcher.errors import OperatorError
from dispatcher.policy import Policy, timeline
from dispatcher.policy.fields import duration_text
from dispatcher.policy.flatten import flatten, plain
from dispatcher.policy.lint import lint
from dispatcher.policy.timeline import NAMES, ORIGINS, TICKS, Step
from dispatcher.policy.upgrade import lacking, toml, upgraded
from dispatcher.settings import settings
from schemas import edited_file
from schemas.vocabulary import Urgency

group = typer.Typer(help="处置策略 / the policy: check, upgrade, show.", no_args_is_help=True)

_FAULTY = 1
# All of it fits into 100 columns.
_TICK_WIDTH = 4
_AXIS_WIDTH = (len(TICKS) - 1) * _TICK_WIDTH + 2  # one more for whatever is later
_AXIS = ("", "")
_COLUMNS = {("步骤", "step"): 20, ("起算", "from"): 18, _AXIS: _AXIS_WIDTH, ("时间", "when"): 24}
_COMMON = {
    "quiet_hours": ("免打扰", "quiet hours"),
    "revisit": ("错时再访", "revisit"),
    "working_hours": ("工作时间", "working hours"),
    "sms_cap": ("短信上限", "SMS cap"),
    "warned_again": ("再次预警", "warned again"),
    "retry": ("失败重试", "retry"),
    "receipt_wait": ("等待回执", "receipt wait"),
}


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="policy")


@group.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="策略文件 a policy file")],
    strict: Annotated[bool, typer.Option("--strict", help="有可疑之处也算失败 / exit 1 on oddities too")] = False,
) -> None:
    """检查策略文件:错误每行一条(退出码 1),可疑之处以 odd: 开头 / every fault and oddity of a policy, one a line."""
    try:
        checked = policy.load(file)
    except policy.PolicyError as error:
        for fault in error.errors:
            err.print(fault, highlight=False, soft_wrap=True)
        raise typer.Exit(_FAULTY) from None
    odd = list(lint(checked))
    for finding in odd:
        out.print(f"odd: {finding}", highlight=False, soft_wrap=True)
    if odd and strict:
        raise typer.Exit(_FAULTY)
    out.print(say("策略可用", "the policy can be used"), highlight=False)


@group.command()
def upgrade(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="旧策略文件 a policy file of an older version")],
    to: Annotated[Path | None, typer.Option(help="写入新文件 where to write the upgraded file")] = None,
) -> None:
    """列出旧策略缺少的项及内置值,--to 写入新文件 / what an older policy lacks; --to writes an upgraded one."""
    try:
        text = edited_file.text_of(file.read_bytes())
        added = lacking(text)
        whole = upgraded(text, added)
    except OSError as error:
        raise OperatorError("无法读取策略文件", f"{file}: can't be read ({error.strerror})") from None
    except ValueError as error:
        raise OperatorError("策略文件无法自动补齐,请手工修改", f"{file}: can't be added to: {error}") from None
    for key, value in added.items():
        out.print(f"+ {key} = {toml(value)}", highlight=False, markup=False, soft_wrap=True)
    if not added:
        out.print(say("无需补齐", "nothing is missing"), highlight=False)
    if to is not None:
        if to.exists():
            raise OperatorError("目标文件已存在", f"{to} is there already; nothing was written")
        to.write_text(whole, encoding="utf-8")
        check(to)


@group.command()
def show(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="默认为生效的策略 the one in force")] = None,
    urgency: Annotated[str | None, typer.Option(help="紧急程度 urgency: critical, high, medium, low")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """以时间线显示策略 / a policy as time lines, one for each urgency."""
    chosen = _urgencies(urgency)
    shown = policy.load(file or settings().policy_file)
    if json:
        json_line(_record(shown, chosen))
        return
    for level in chosen:
        out.print(_drawn(shown, level))
        out.print()
    marks = say("o 首次   + 再次   ! 期限   > 更晚", "o first   + again   ! deadline   > later")
    out.print(f"{marks}\n", highlight=False)
    out.print(_common(shown))


def _urgencies(name: str | None) -> list[Urgency]:
    if name is None:
        return list(Urgency)
    if name not in set(Urgency):
        raise OperatorError("--urgency 有误", f"--urgency: one of {', '.join(Urgency)}")
    return [Urgency(name)]


def _record(shown: Policy, chosen: Iterable[Urgency]) -> dict[str, Any]:
    return {
        "version": shown.version,
        "our_default": _is_ours(shown),
        "time_lines": {
            level.value: [timeline.record(step) for step in timeline.steps(shown.plan(level), shown)]
            for level in chosen
        },
        "settings": {key: plain(value) for key, value in flatten(shown)},
    }


def _is_ours(shown: Policy) -> bool:
    return shown == policy.load(None)


def _title(shown: Policy, what: str) -> str:
    ours = say("(本系统默认)", " (our default)") if _is_ours(shown) else ""
    return f"{what}  {say('策略', 'policy')} {shown.version}{ours}"


def _drawn(shown: Policy, urgency: Urgency) -> Table:
    table = Table(title=_title(shown, name_of(urgency)), title_justify="left", box=None, padding=(0, 1, 0, 0))
    ticks = "".join(f"{duration_text(tick):<{_TICK_WIDTH}}" for tick in TICKS)
    for name, width in _COLUMNS.items():
        head = ticks.rstrip() if name == _AXIS else say(*name)
        table.add_column(head, width=width, header_style="bold", overflow="fold")
    for step in timeline.steps(shown.plan(urgency), shown):
        table.add_row(say(*NAMES[step.step]), say(*ORIGINS[step.origin]), _axis(step), step.text)
    return table


def _axis(step: Step) -> Text:
    """The row's marks: the last column stands for everything that is later than the last tick."""
    cells = [" " if column % _TICK_WIDTH else "." for column in range(_AXIS_WIDTH)]
    for at in reversed(step.at):
        column = timeline.column(at, _TICK_WIDTH)
        mark = "!" if step.is_deadline else "o" if at == step.at[0] else "+"
        cells[-1 if column is None else column] = ">" if column is None else mark
    return Text("".join(cells), style="red" if step.is_deadline else "green")


def _common(shown: Policy) -> Table:
    """What holds at every urgency."""
    table = Table(
        title=_title(shown, say("通用", "common")), title_justify="left", box=None, padding=(0, 1, 0, 0), width=99
    )
    table.show_header = False
    table.add_column(width=26)
    table.add_column(overflow="fold")
    table.add_row(say("值班梯次", "ladder"), " → ".join(name_of(rung) for rung in shown.ladder))
    held = ", ".join(name_of(level) for level in Urgency if shown.plan(level).held_in_quiet_hours)
    table.add_row(say("夜间推迟", "held at night"), held)
    for name, title in _COMMON.items():
        values = flatten(getattr(shown, name))
        table.add_row(say(*title), ", ".join(f"{key} {_short(plain(value))}" for key, value in values))
    return table


def _short(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)
