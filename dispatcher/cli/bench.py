"""bench: claims about speed, each beside its baseline in one run."""

import statistics
import threading
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy.orm import Session

from dispatcher import clock
from dispatcher.bench import case_copies, growth_data, policy_change
from dispatcher.bench import intake as producers
from dispatcher.bench.case_copies import Template
from dispatcher.bench.deliver import NIGHT, Bench, Round
from dispatcher.bench.growth import DELIVERY, READS, Measured, measure
from dispatcher.bench.growth_limits import Judged, judge
from dispatcher.bench.latency import MORNING, latencies
from dispatcher.cli.output import err, json_line, out, say
from dispatcher.cli.run_progress import ROSTER, load_roster, play
from dispatcher.cli.temporary_stack import temporary_stack
from dispatcher.errors import OperatorError
from dispatcher.settings import settings
from dispatcher.simulate import generate, sample
from dispatcher.visits import roster
from schemas import roster as roster_file

group = typer.Typer(help="基准测试,与对照同场进行 / benchmarks beside their baselines.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="bench")


@group.command()
def deliver(
    instructions: Annotated[int, typer.Option(min=10, help="每侧总数 in all, on each side")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, help="轮数 alternating rounds")] = 5,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """投递与回执速率,与朴素 Celery 任务对照 / delivery beside a naive Celery task (one POST, one INSERT, commit)."""
    per_round = max(1, instructions // rounds)
    with temporary_stack("bench", NIGHT) as (services, stack), err.status("") as status:
        run = Bench(services, stack, per_round, lambda text: status.update(f"{say('轮次', 'round')} {text}"))
        done = list(run.rounds(rounds))
        to_the_end = run.with_receipts()
    _print(done, to_the_end, per_round, json=json)


@group.command()
def intake(
    lines: Annotated[int, typer.Option(min=100, help="每侧总数 in all, on each side")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, help="轮数 alternating rounds")] = 5,
    processes: Annotated[int, typer.Option(min=1, help="推送进程数 producers")] = 2,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """批量受理速率,与逐条受理、朴素 INSERT 对照 / intake by slices, beside one by one and a naive INSERT."""
    per_round, home = max(processes, lines // rounds), settings().home / "bench-intake"
    with err.status("…") as status:

        def tell(text: str) -> None:
            status.update(f"{say('轮次', 'round')} {text}")

        done = list(producers.rounds(home, rounds, per_round, processes, tell))
    _print_intake(done, per_round, processes, json=json)


def _print_intake(done: list[producers.Round], per_round: int, processes: int, *, json: bool) -> None:
    to_one = [each.slices.per_second / each.one.per_second for each in done]
    to_naive = [each.slices.per_second / each.naive.per_second for each in done]
    memory = done[-1].memory_mb
    if json:
        json_line(
            {"per_round": per_round, "processes": processes, "rounds": list(map(asdict, done)), "memory_mb": memory}
        )
        return
    title = say(f"受理,{per_round} 条一轮,{processes} 进程,每秒", f"intake, {per_round} a round, {processes} producers")
    table = Table(title=title, title_justify="left")
    columns = (
        ("轮", "round"),
        ("朴素", "naive"),
        ("逐条", "one by one"),
        ("批量", "slices"),
        ("CPU ms", "CPU ms"),
    )
    for name in columns:
        table.add_column(say(*name), justify="right")
    for number, each in enumerate(done, start=1):
        rates = (f"{side.per_second:.0f}" for side in (each.naive, each.one, each.slices))
        table.add_row(str(number), *rates, f"{each.slices.cpu_ms:.2f}")
    out.print(table)
    for name, ratios in ((("批量/逐条", "slices to one by one"), to_one), (("批量/朴素", "slices to naive"), to_naive)):
        spread = f"{statistics.median(ratios):.2f}  [{min(ratios):.2f} – {max(ratios):.2f}]"
        out.print(f"{say(*name)}: {spread}", highlight=False)
    out.print(f"{say('单进程最大驻留内存', 'most resident memory of a producer')}: {memory:.0f} MB", highlight=False)


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


@group.command()
def policy(
    cases: Annotated[int, typer.Option(min=10, help="未结案件数 open cases")] = 500,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """策略变更后全部未结案件重新处理的用时,及其间特急的送达 / how soon a changed policy reaches every open case."""
    with temporary_stack("bench", policy_change.NIGHT) as (services, stack), err.status("") as status:
        reached = policy_change.measure(services, stack, cases, status.update)
    if json:
        json_line(asdict(reached))
        return
    per_second, slowest = reached.cases / reached.seconds, max(reached.critical_ms)
    load = " ".join(f"{each:.1f}" for each in reached.load)
    out.print(
        say(
            f"{cases} 件未结案件在 {reached.seconds:.1f} 秒内按新策略重新处理({per_second:.0f}/秒);"
            f"其间推送特急 {len(reached.critical_ms)} 件,最慢 {slowest:.0f} 毫秒到达网关;负载 {load}",
            f"{cases} open cases decided on anew in {reached.seconds:.1f} s ({per_second:.0f}/s); of "
            f"{len(reached.critical_ms)} critical ones meanwhile the slowest reached the gateway in {slowest:.0f} ms; "
            f"load {load}",
        ),
        highlight=False,
    )


@group.command()
def api(
    calls: Annotated[int, typer.Option(min=100, help="每轮单条调用数 single calls, each round")] = 1000,
    lines: Annotated[int, typer.Option(min=100, max=100_000, help="批量行数 lines of the batch")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, help="轮数 alternating rounds")] = 3,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """接口受理速率,与朴素 FastAPI 服务对照 / the API beside a naive one (FastAPI, one INSERT of the raw JSON)."""
    from dispatcher.bench.api import Bench as ApiBench  # loaded here, since no other bench needs FastAPI

    with temporary_stack("bench", NIGHT, serves_api=True) as (services, stack), err.status("") as status:
        run = ApiBench(services, stack)
        found = []
        # It stays night: else the clock goes on to the morning, and all that is pushed is delivered meanwhile.
        night = clock.hold_clock_driver(services.engine)
        with night, run.naive() as naive:
            for number in range(rounds):
                status.update(f"{say('轮次', 'round')} {number + 1}/{rounds}")
                found.append((run.single(calls, naive), run.single(calls)))
            status.update(say(f"批量 {lines} 行", f"a batch of {lines}"))
            batch = run.batch(lines)
    singles = [{"naive": asdict(baseline), "api": asdict(ours)} for baseline, ours in found]
    if json:
        json_line({"single": singles, "batch": {"lines": lines, **asdict(batch)}})
        return
    table = Table(title=say(f"单条调用,8 个客户端,每轮 {calls} 条", f"single calls of 8 clients, {calls} a round"))
    for name in (say("轮", "round"), say("朴素/秒", "naive/s"), say("本系统/秒", "ours/s"), "p50 ms", "p99 ms"):
        table.add_column(name, justify="right")
    for number, (baseline, ours) in enumerate(found, start=1):
        told = (baseline.per_second, ours.per_second, ours.p50_ms, ours.p99_ms)
        table.add_row(str(number), *(f"{value:.0f}" for value in told))
    out.print(table)
    urgent = f"{batch.critical_ms:.0f} ms (p95)" if batch.critical_ms is not None else "—"
    memory = f"{batch.memory_mb:.0f} MB"
    out.print(
        say(
            f"批量 {lines} 行:{batch.per_second:.0f}/秒;接口进程内存最高 {memory};同时推送的特急到达网关 {urgent}",
            f"a batch of {lines}: {batch.per_second:.0f}/s; the API's process at most {memory}; "
            f"a critical one beside it reached the gateway in {urgent}",
        ),
        highlight=False,
    )


@group.command()
def prepare(
    attempts: Annotated[
        list[int] | None,
        typer.Option(min=100, help="尝试数,可多次给出 how many attempts; may be repeated  [10000, 1000000]"),
    ] = None,
    instructions: Annotated[
        int, typer.Option(min=10, help="先实际运行的指令数 instructions that are really played")
    ] = 120,
    seed: Annotated[int, typer.Option(help="种子 seed")] = 1,
) -> None:
    """为 growth 准备数据库:运行过的案件复制到一年之内 / databases for `growth`: copies of played cases over a year."""
    folder = _folder()  # before the stack's own settings take the place of ours
    templates = _played(instructions, seed)
    for size in sorted(set(attempts or (10_000, 1_000_000))):
        _make(folder, size, templates)
    out.print(f"{say('已就绪', 'ready')}: {folder}", highlight=False)


def _make(folder: Path, size: int, templates: list[Template]) -> None:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err) as bar:
        task = bar.add_task(say(f"{size:,} 次尝试:案件", f"{size:,} attempts: cases"))

        def tell(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)

        growth_data.make(folder, size, templates, _load_roster, tell)


def _played(instructions: int, seed: int) -> list[Template]:
    """Cases of an invented week that has run on the real stack."""
    start = NIGHT.replace(hour=0)
    with temporary_stack("bench", start, durable=False, receipt_delay_ms=0) as (services, stack):
        threading.Thread(target=stack.supervisor.run, daemon=True).start()
        load_roster(services, sample.bundled().with_name(ROSTER))
        pushes = generate.pushes(instructions, seed, start, generate.DAYS)
        play(services, pushes, 600 + instructions, end=start + timedelta(days=14), grain=timedelta(seconds=60))
        with services.engine.begin() as connection:
            templates = case_copies.read(connection)
    if not templates:
        raise OperatorError("没有可复制的案件", "no case ended that could be copied; give more --instructions")
    return templates


def _load_roster(session: Session) -> None:
    roster.store(session, roster_file.read(sample.bundled().with_name(ROSTER)))


@group.command()
def growth(
    rounds: Annotated[int, typer.Option(min=1, help="轮数 rounds")] = 10,
    rebuild: Annotated[bool, typer.Option(help="含 verify --rebuild")] = True,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """各步骤在各数据量下的用时;超限则退出码 1 / what each step takes on each prepared size; exit 1 over a limit."""
    folder = _folder()
    sizes = growth_data.sizes(folder)
    if not sizes:
        raise OperatorError(
            "没有数据;请先运行 dispatcher bench prepare", "no data; run `dispatcher bench prepare` first"
        )
    with ExitStack() as stack, err.status("") as status:
        databases = [stack.enter_context(growth_data.opened(folder, size)) for size in sizes]
        found = measure(databases, rounds, rebuild=rebuild, tell=status.update)
    judged = judge(found)
    if json:
        for each in found:
            json_line(asdict(each))
        json_line({"limits": list(map(asdict, judged))})
    else:
        _print_growth(found)
        _print_judged(judged)
    if not all(each.kept for each in judged):
        raise typer.Exit(1)


def _folder() -> Path:
    return settings().home / "growth"


def _print_growth(found: list[Measured]) -> None:
    table = Table(title=say("中位用时(毫秒),50 条一批", "median ms, batches of 50"), title_justify="left")
    sizes = (say(f"{each.attempts:,} 次尝试", f"{each.attempts:,} attempts") for each in found)
    for name in (say("步骤", "step"), *sizes, say("末/首", "last to first")):
        table.add_column(name, justify="right")
    for step in (*DELIVERY, *READS):
        medians = [each.median(step) for each in found]
        table.add_row(step, *(f"{each:,.1f}" for each in medians), f"{medians[-1] / medians[0]:.2f}")
    for name, values in (
        ("verify --rebuild s", [each.rebuild_s for each in found]),
        ("verify --rebuild MB", [each.rebuild_mb for each in found]),
        (say("案件", "cases"), [each.cases for each in found]),
        (say("每案件字节", "bytes a case"), [each.bytes_a_case for each in found]),
    ):
        table.add_row(name, *("—" if each is None else f"{each:,.0f}" for each in values), "")
    out.print(table)


def _print_judged(judged: list[Judged]) -> None:
    table = Table(title=say("限值", "limits"), title_justify="left")
    for name in (say("项目", "what"), say("实测", "found"), say("限值", "limit"), ""):
        table.add_column(name, justify="right")
    for each in judged:
        verdict = say("符合", "kept") if each.kept else say("超限", "missed")
        numbers = (f"{number:,.2f}".rstrip("0").rstrip(".") for number in (each.found, each.limit))
        table.add_row(each.name, *numbers, verdict, style=None if each.kept else "red")
    out.print(table)


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
    title = say(f"投递,{per_round} 条一轮,每秒", f"delivery, {per_round} a round, per second")
    table = Table(title=title, title_justify="left")
    columns = (("轮", "round"), ("朴素", "naive"), ("本系统", "ours"), ("倍数", "ratio"), ("仅回执", "receipts"))
    for name in columns:
        table.add_column(say(*name), justify="right")
    for number, round_ in enumerate(done, start=1):
        cells = f"{round_.naive:.0f}", f"{round_.ours:.0f}", f"{round_.ratio:.2f}", f"{round_.receipts:.0f}"
        table.add_row(str(number), *cells)
    out.print(table)
    ratio = f"{statistics.median(ratios):.2f}  [{min(ratios):.2f} – {max(ratios):.2f}]"
    out.print(f"{say('倍数', 'ratio')}: {ratio}", highlight=False)
    spread = f"{statistics.median(receipts):.0f}/s  [{min(receipts):.0f} – {max(receipts):.0f}]"
    out.print(f"{say('仅回执', 'receipts alone, settled')}: {spread}", highlight=False)
    out.print(f"{say('含回执与结案', 'with receipts settled')}: {to_the_end:.0f}/s", highlight=False)
