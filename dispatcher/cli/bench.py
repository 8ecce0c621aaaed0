"""bench: claims about speed, each beside its baseline in one run."""

import statistics
from typing import Annotated

import typer
from rich.table import Table

from dispatcher.bench.deliver import NIGHT, Bench, Round
from dispatcher.cli.output import err, json_line, out
from dispatcher.cli.temporary_stack import temporary_stack

group = typer.Typer(help="基准测试,与对照同场进行 / benchmarks beside their baselines.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="bench")


@group.callback()
def _group() -> None:
    """Keeps `bench deliver` a command of a group."""


@group.command()
def deliver(
    instructions: Annotated[int, typer.Option(min=10, help="每侧总数 in all, on each side")] = 5000,
    rounds: Annotated[int, typer.Option(min=1, help="轮数 alternating rounds")] = 5,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """投递速率,与朴素 Celery 任务对照 / delivery beside a naive Celery task (one POST, one INSERT, commit)."""
    per_round = max(1, instructions // rounds)
    with temporary_stack("bench", NIGHT) as (services, stack), err.status("") as status:
        run = Bench(services, stack, per_round, lambda text: status.update(f"轮次 round {text}"))
        done = list(run.rounds(rounds))
        to_the_end = run.with_receipts()
    _print(done, to_the_end, per_round, json=json)


def _print(done: list[Round], to_the_end: float, per_round: int, *, json: bool) -> None:
    ratios = [round_.ratio for round_ in done]
    if json:
        rounds = [{"naive": round_.naive, "ours": round_.ours, "ratio": round_.ratio} for round_ in done]
        json_line(
            {
                "per_round": per_round,
                "rounds": rounds,
                "ratio_median": statistics.median(ratios),
                "ratio_min": min(ratios),
                "ratio_max": max(ratios),
                "ours_with_receipts": to_the_end,
            }
        )
        return
    table = Table(title=f"投递 delivery, {per_round} 条一轮 a round; 每秒 per second", title_justify="left")
    for name in ("轮 round", "朴素 naive", "本系统 ours", "倍数 ratio"):
        table.add_column(name, justify="right")
    for number, round_ in enumerate(done, start=1):
        table.add_row(str(number), f"{round_.naive:.0f}", f"{round_.ours:.0f}", f"{round_.ratio:.2f}")
    out.print(table)
    out.print(f"倍数 ratio: {statistics.median(ratios):.2f}  [{min(ratios):.2f} – {max(ratios):.2f}]", highlight=False)
    out.print(f"含回执与结案 with receipts settled: {to_the_end:.0f}/s", highlight=False)
