"""What the commands that play pushes share: the roster, and the progress line."""

from datetime import datetime, timedelta
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from dispatcher.cli.output import err, say, short_time
from dispatcher.errors import OperatorError
from dispatcher.setup import Services
from dispatcher.simulate.run import Outcome, Play, Progress
from dispatcher.simulate.sample import Push
from dispatcher.visits import roster
from schemas import roster as form

ROSTER = "roster.toml"


def load_roster(services: Services, path: Path) -> None:
    """The roster that lies beside the sample file, if there is one."""
    if not path.exists():
        return
    try:
        roster_file = form.read(path)
    except form.RosterError as error:
        raise OperatorError("值班表有误", str(error)) from None
    with services.begin() as work:
        roster.load(work, roster_file)


def play(
    services: Services,
    pushes: list[Push],
    timeout_s: float,
    end: datetime | None = None,
    grain: timedelta = timedelta(0),
) -> Outcome:
    """Play with a progress line: product time, pushes, cases settled."""
    columns = (
        TextColumn(say("演示", "play") + " {task.fields[at]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Bar(*columns, console=err) as bar:
        task = bar.add_task("play", total=len(pushes), at="", note="")

        def update_bar(progress: Progress) -> None:
            note = f"{say('已推送', 'pushed')} {progress.pushed}/{progress.to_push}"
            bar.update(
                task,
                completed=progress.settled,
                total=max(progress.cases, 1),
                at=short_time(progress.at),
                note=note,
            )

        return Play(services, pushes, update_bar, end, grain).run(timeout_s)
