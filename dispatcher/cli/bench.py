"""bench: claims about speed, each beside its baseline in one run."""

import statistics
from typing import Annotated

import typer
from rich.table import Table

from dispatcher.bench.deliver import NIGHT, Bench, Round
from dispatcher.bench.latency import MORNING, latencies
from dispatcher.cli.output import err, json_line, out
from dispatcher.cli.temporary_stack import temporary_stack

group = typer.Typer(help="基准测试,与对照同场进行 / benchmarks beside their baselines.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="bench")


@group.command()
def deliver(
    instructions: Annotated[int, typer.Option(min=10, help="每侧总数 in all, on each side")] = 5000,
    rounds: Annotated[int, typer.Option(min=1, help="轮数 alternating rounds")] = 5,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """投递与回执速率,与朴素 Celery 任务对照 / delivery beside a naive Celery task (one POST, one INSERT, commit)."""
    per_round = max(1, instructions // rounds)
    with temporary_stack("bench", NIGHT) as (services, stack), err.status("") as status:
        run = Bench(services, stack, per_round, lambda text: status.update(f"轮次 round {text}"))
        done = list(run.rounds(rounds))
        to_the_end = run.with_receipts()
    _print(done, to_the_end, per_round, json=json)


@group.command()
def latency(
    instructions: Annotated[int, typer.Option(min=1, help="条数 one after the other")] = 50,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """空闲时从推送到网关收到的毫秒数 / milliseconds from push to gateway, on an idle stack."""
    with temporary_stack("bench", MORNING) as (services, stack), err.status("…"):
        found = sorted(latencies(services, stack, instructions))
    facts = {
        "instructions": len(found),
        "p50_ms": statistics.median(found),
        "p90_ms": found[len(found) * 9 // 10],
        "max_ms": found[-1],
    }
    if json:
        json_line(facts)
    else:
        out.print("  ".join(f"{name}: {value:.0f}" for name, value in facts.items()), highlight=False)


def _print(done: list[Round], to_the_end: float, per_round: int, *, json: bool) -> None:
    ratios, receipts = [round_.ratio for round_ in done], [round_.receipts for round_ in done]
    if json:
        rounds = [
            {"naive": each.naive, "ours": each.ours, "ratio": each.ratio, "receipts": each.receipts} for each in done
        ]
        json_line(
            {
                "per_round": per_round,
                "rounds": rounds,
                "ratio_median": statistics.median(ratios),
                "ratio_min": min(ratios),
                "ratio_max": max(ratios),
                "receipts_median": statistics.median(receipts),
                "receipts_min": min(receipts),
                "receipts_max": max(receipts),
                "ours_with_receipts": to_the_end,
            }
        )
        return
    table = Table(title=f"投递 delivery, {per_round} 条一轮 a round; 每秒 per second", title_justify="left")
    for name in ("轮 round", "朴素 naive", "本系统 ours", "倍数 ratio", "仅回执 receipts"):
        table.add_column(name, justify="right")
    for number, round_ in enumerate(done, start=1):
        cells = f"{round_.naive:.0f}", f"{round_.ours:.0f}", f"{round_.ratio:.2f}", f"{round_.receipts:.0f}"
        table.add_row(str(number), *cells)
    out.print(table)
    out.print(f"倍数 ratio: {statistics.median(ratios):.2f}  [{min(ratios):.2f} – {max(ratios):.2f}]", highlight=False)
    spread = f"{statistics.median(receipts):.0f}/s  [{min(receipts):.0f} – {max(receipts):.0f}]"
    out.print(f"仅回执 receipts alone, settled: {spread}", highlight=False)
    out.print(f"含回执与结案 with receipts settled: {to_the_end:.0f}/s", highlight=False)
