"""simulate: play a sample file against the running dispatcher."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from dispatcher.casework import roster
from dispatcher.cli.output import err, json_line, out, short_time
from dispatcher.errors import OperatorError
from dispatcher.setup import House, house
from dispatcher.simulate import sample
from dispatcher.simulate.run import Outcome, Play, Progress
from schemas import roster as form

ROSTER = "roster.toml"


def register(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    file: Annotated[
        Path | None, typer.Argument(help="样例文件;默认为自带样例 sample file; default: the bundled one")
    ] = None,
    cases: Annotated[str, typer.Option(help="只演示这些样例 only these cases, e.g. S01,S02")] = "",
    timeout: Annotated[float, typer.Option(help="秒 seconds (real time)")] = 600.0,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """按剧本演示 / feed a sample file: instructions and events at their times, people as scripted."""
    parts = house()
    pushes = sample.read(file or sample.bundled(), tuple(name for name in cases.split(",") if name))
    load_roster(parts, (file or sample.bundled()).with_name(ROSTER))
    played = play(parts, pushes, timeout)
    for name, answer in played.answers.items():
        if json:
            json_line({"name": name, "status": answer.status, "case": answer.case, "reason": answer.reason})
        else:
            out.print(name, answer.status.label, answer.case or "", answer.reason or "", highlight=False)


def load_roster(parts: House, path: Path) -> None:
    """The roster that lies beside the sample file, if there is one."""
    if not path.exists():
        return
    try:
        found = form.read(path)
    except form.RosterError as error:
        raise OperatorError("值班表有误", str(error)) from None
    with parts.sessions.begin() as session:
        roster.load(session, found)


def play(parts: House, pushes: list[sample.Push], timeout_s: float) -> Outcome:
    """Play with a progress line: product time, pushes, cases settled."""
    columns = (
        TextColumn("演示 play {task.fields[at]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Bar(*columns, console=err) as bar:
        task = bar.add_task("play", total=len(pushes), at="", note="")

        def tell(progress: Progress) -> None:
            note = f"已推送 pushed {progress.pushed}/{progress.to_push}"
            bar.update(
                task,
                completed=progress.settled,
                total=max(progress.cases, 1),
                at=short_time(progress.at.isoformat()),
                note=note,
            )

        return Play(parts, pushes, tell).run(timeout_s)
