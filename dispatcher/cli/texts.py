"""texts: what people are told, to read and to check. Needs no database."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from dispatcher import texts
from dispatcher.cli.output import err, json_line, out
from dispatcher.errors import OperatorError
from dispatcher.setup import load_texts
from dispatcher.texts.preview import preview
from schemas.errors import bilingual
from schemas.vocabulary import FRAUD_TYPES

group = typer.Typer(help="预警文本 / what people are told: preview, check.", no_args_is_help=True)

_FAULTY = 1
_LANGUAGES = ("zh-CN", "en")
_OCCASIONS = (1, 2, 3)
_HEARERS = {
    "subject": "本人 subject",
    "guardian_of_minor": "未成年人的监护人 guardian of a minor",
    "family": "家属及其他 family and others",
    "employer": "单位 employer",
    "community": "社区 community",
}

Choice = TypeVar("Choice", str, int)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="texts")


@group.command("preview")
def show(
    type_: Annotated[str | None, typer.Option("--type", help="诈骗类型 scam type, e.g. F01")] = None,
    language: Annotated[str | None, typer.Option(help="语言 language: zh-CN, en")] = None,
    occasion: Annotated[int | None, typer.Option(help="第几次提醒 which warning: 1, 2, 3")] = None,
    json: Annotated[bool, typer.Option("--json", help="每行一条 JSON / one JSON object a line")] = False,
) -> None:
    """预览短信、语音和上门提示(数据为虚构) / every SMS, script and cue, with made-up data."""
    chosen = (
        _chosen(type_.upper() if type_ else None, FRAUD_TYPES, "--type"),
        _chosen(language, _LANGUAGES, "--language"),
        _chosen(occasion, _OCCASIONS, "--occasion"),
    )
    for record in preview(load_texts(), *chosen):
        if json:
            json_line(record)
        else:
            for line in _shown(record):
                out.print(line, markup=False, highlight=False, soft_wrap=True)


@group.command()
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="编辑后的文件 an edited TOML file")]) -> None:
    """检查编辑后的文本文件,每个问题一行 / one line per fault in an edited file; exit 1 if any."""
    try:
        texts.load(file)
    except texts.TextsError as error:
        for fault in error.faults:
            err.print(fault, markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(_FAULTY) from None
    out.print(bilingual("文本可用", "the texts can be used"), highlight=False)


def _chosen(value: Choice | None, known: Sequence[Choice], option: str) -> Sequence[Choice]:
    if value is None:
        return known
    if value not in known:
        raise OperatorError(f"{option} 有误", f"{option}: one of {', '.join(map(str, known))}")
    return (value,)


def _shown(record: dict[str, Any]) -> Iterator[str]:
    match record["kind"]:
        case "sms":
            verdict = "; ".join(record["faults"]) or "合格 ok"
            yield f"{_heading(record, '短信 SMS')}, {verdict}"
            yield f"  {record['text']}"
        case "voice":
            yield _heading(record, f"语音 voice, {_HEARERS[record['hearer']]}")
            yield f"  按1前 before key 1: {record['before']}"
            yield f"  按1后 after key 1:  {record['after']}"
        case "cue":
            yield f"{record['type']} 上门提示 cue"
            yield f"  {bilingual(record['zh'], record['en'])}"


def _heading(record: dict[str, Any], what: str) -> str:
    ordinal = f"第{record['occasion']}次 #{record['occasion']}"
    return f"{record['type']} {record['language']} {what}, {ordinal}, {record['characters']} 字 characters"
