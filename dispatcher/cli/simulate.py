"""simulate: play a sample file, or an invented week, against the running dispatcher."""

from pathlib import Path
from typing import Annotated

import typer

from dispatcher.cli.generated_run import play_generated
from dispatcher.cli.output import json_line, name_of, out
from dispatcher.cli.run_progress import ROSTER, load_roster, play
from dispatcher.errors import OperatorError
from dispatcher.setup import build_services
from dispatcher.simulate import generate, sample


def register(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    file: Annotated[
        Path | None, typer.Argument(help="样例文件;默认为自带样例 sample file; default: the bundled one")
    ] = None,
    cases: Annotated[str, typer.Option(help="只演示这些样例 only these cases, e.g. S01,S02")] = "",
    made: Annotated[
        int | None, typer.Option("--generate", min=1, help="生成这么多条随机指令 invent so many instructions")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="随机种子,可重现 the same seed gives the same week")] = None,
    days: Annotated[int, typer.Option(min=1, max=7, help="分布天数 spread over so many days")] = generate.DAYS,
    timeout: Annotated[float | None, typer.Option(help="秒 seconds (real time)")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """按剧本演示 / feed a sample file, or an invented week: all at their times, people as scripted."""
    if made is None:
        _file(file or sample.bundled(), cases, timeout or 600.0, json=json)
    elif file is not None or cases:
        raise OperatorError(
            "--generate 不能与样例文件同用", "--generate makes its own cases; give no file and no --cases"
        )
    else:
        play_generated(made, seed, days, timeout, json=json)


def _file(file: Path, cases: str, timeout: float, *, json: bool) -> None:
    pushes = sample.read(file, tuple(name for name in cases.split(",") if name))
    services = build_services()
    load_roster(services, file.with_name(ROSTER))
    played = play(services, pushes, timeout)
    for name, answer in played.answers.items():
        if json:
            json_line({"name": name, "status": answer.status, "case": answer.case, "reason": answer.reason})
        else:
            out.print(name, name_of(answer.status), answer.case or "", answer.reason or "", highlight=False)
    if played.left:
        raise OperatorError(f"{len(played.left)} 个任务无人负责", f"cases that wait for nobody: {sorted(played.left)}")
