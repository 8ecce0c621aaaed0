"""texts: what people are told, to read and to check. Needs no database."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.table import Table

from dispatcher import texts
from dispatcher.cli.arguments import Json
from dispatcher.cli.output import err, json_line, language, out, say, wide_table
from dispatcher.errors import OperatorError
from dispatcher.settings import settings
from dispatcher.texts import approved
from dispatcher.texts.preview import preview
from schemas.folding import is_blank
from schemas.vocabulary import FRAUD_TYPES

group = typer.Typer(
    help="预警文本 / what people are told: version, preview, check, approve.",
    invoke_without_command=True,
    no_args_is_help=False,
)

_FAULTY = 1
_LONGEST_NAME = 60
_LANGUAGES = ("zh-CN", "en")
_OCCASIONS = (1, 2, 3)
_HEARERS = {
    "subject": ("本人", "subject"),
    "guardian_of_minor": ("未成年人的监护人", "guardian of a minor"),
    "family": ("家属及其他", "family and others"),
    "employer": ("单位", "employer"),
    "community": ("社区", "community"),
}

Choice = TypeVar("Choice", str, int)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="texts")


@group.callback()
def texts_(context: typer.Context, json: Json = False) -> None:
    """在用文本的版本、批准人与各短信条数 / the texts in use: version, who approved them, messages of each SMS."""
    if context.invoked_subcommand is not None:
        return
    folder = settings().texts_folder
    in_use = approved.load(folder)
    about = {
        "version": in_use.version,
        "by": in_use.edition.by,
        "at": in_use.edition.at.isoformat() if in_use.edition.at else None,
        "edited": approved.is_edited(folder) if folder else False,
    }
    lengths = [
        {name: record[name] for name in ("type", "language", "occasion", "characters", "alphabet", "parts")}
        for record in preview(in_use, FRAUD_TYPES, _LANGUAGES, _OCCASIONS)
        if record["kind"] == "sms"
    ]
    if json:
        json_line(about | {"sms": lengths})
        return
    out.print(_about(about), highlight=False, soft_wrap=True)
    out.print(_lengths(lengths))


@group.command()
def approve(
    by: Annotated[str, typer.Option("--by", help="批准人姓名或警号 name or badge of who approves")], json: Json = False
) -> None:
    """批准编辑中的文本,成为下一版本 / put the edited texts into use as the next version; processes take it at start."""
    folder = settings().texts_folder
    if folder is None:
        raise OperatorError(
            "未设置 DISPATCHER_TEXTS_FOLDER", "DISPATCHER_TEXTS_FOLDER is not set; name the folder of your texts"
        )
    if is_blank(by) or len(by.strip()) > _LONGEST_NAME:
        raise OperatorError(f"--by 应为 1 至 {_LONGEST_NAME} 字", f"--by wants 1 to {_LONGEST_NAME} characters")
    new = approved.approve(folder, by.strip(), datetime.now(UTC))
    if json:
        json_line({"version": new.version, "by": new.edition.by})
    else:
        out.print(say(f"已批准版本 {new.version}", f"approved version {new.version}"), highlight=False)


@group.command("preview")
def show(
    type_: Annotated[str | None, typer.Option("--type", help="诈骗类型 scam type, e.g. F01")] = None,
    of_language: Annotated[str | None, typer.Option("--language", help="语言 language: zh-CN, en")] = None,
    occasion: Annotated[int | None, typer.Option(help="第几次提醒 which warning: 1, 2, 3")] = None,
    json: Annotated[bool, typer.Option("--json", help="每行一条 JSON / one JSON object a line")] = False,
) -> None:
    """预览短信、语音和上门提示(数据为虚构) / every SMS, script and cue, with made-up data."""
    chosen = (
        _chosen(type_.upper() if type_ else None, FRAUD_TYPES, "--type"),
        _chosen(of_language, _LANGUAGES, "--language"),
        _chosen(occasion, _OCCASIONS, "--occasion"),
    )
    for record in preview(approved.load(settings().texts_folder), *chosen):
        if json:
            json_line(record)
        else:
            for line in _shown(record):
                out.print(line, highlight=False, soft_wrap=True)


@group.command()
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="编辑后的文件 an edited TOML file")]) -> None:
    """检查编辑后的文本文件,每个问题一行 / one line per fault in an edited file; exit 1 if any."""
    try:
        texts.load(file)
    except texts.TextsError as error:
        for fault in error.errors:
            err.print(fault, highlight=False, soft_wrap=True)
        raise typer.Exit(_FAULTY) from None
    out.print(say("文本可用", "the texts can be used"), highlight=False)


def _about(about: dict[str, Any]) -> str:
    if about["by"] is None:
        return say(f"版本 {about['version']} 产品自带", f"version {about['version']}, the product's own")
    edited = "\n" + say("另有未获批的改动", "there are edits that nobody approved") if about["edited"] else ""
    version, by = (say("版本", "version"), say("批准", "approved by"))
    return f"{version} {about['version']}  {by} {about['by']}  {about['at']}{edited}"


def _lengths(lines: list[dict[str, Any]]) -> Table:
    """A line for each type and language, with the three occasions side by side."""
    columns = (say("类型", "type"), say("语言", "language"), *(say(f"第{n}次", f"#{n}") for n in _OCCASIONS))
    table = wide_table(say("短信条数", "messages of each SMS"), *columns)
    for first in range(0, len(lines), len(_OCCASIONS)):
        three = lines[first : first + len(_OCCASIONS)]
        cells = [f"{each['parts']} ({each['alphabet']}, {each['characters']})" for each in three]
        table.add_row(three[0]["type"], three[0]["language"], *cells)
    return table


def _chosen(value: Choice | None, known: Sequence[Choice], option: str) -> Sequence[Choice]:
    if value is None:
        return known
    if value not in known:
        raise OperatorError(f"{option} 有误", f"{option}: one of {', '.join(map(str, known))}")
    return (value,)


def _shown(record: dict[str, Any]) -> Iterator[str]:
    match record["kind"]:
        case "sms":
            verdict = "; ".join(record["faults"]) or say("合格", "ok")
            yield f"{_heading(record, say('短信', 'SMS'))}, {verdict}"
            yield f"  {record['text']}"
        case "voice":
            yield _heading(record, f"{say('语音', 'voice')}, {say(*_HEARERS[record['hearer']])}")
            yield f"  {say('按1前', 'before key 1')}: {record['before']}"
            yield f"  {say('按1后', 'after key 1')}: {record['after']}"
        case "cue":
            yield f"{record['type']} {say('上门提示', 'cue')}"
            yield f"  {record[language()]}"


def _heading(record: dict[str, Any], what: str) -> str:
    ordinal = say(f"第{record['occasion']}次", f"#{record['occasion']}")
    length = say(f"{record['characters']} 字", f"{record['characters']} characters")
    return f"{record['type']} {record['language']} {what}, {ordinal}, {length}"
