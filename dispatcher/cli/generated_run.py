"""simulate --generate: an invented week, and a summary of what became of it."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import typer
from rich.table import Table

from dispatcher.cli.output import json_line, label, out
from dispatcher.cli.run_progress import ROSTER, load_roster, play
from dispatcher.cli.temporary_stack import temporary_stack
from dispatcher.settings import read_running, settings
from dispatcher.setup import Services, build_services
from dispatcher.simulate import generate, sample, summary
from schemas.vocabulary import IntakeStatus, Rung, Urgency

START = datetime.fromisoformat("2026-03-02T00:00:00+08:00")
_OVER_AFTER = timedelta(days=14)
_MINUTE = timedelta(minutes=1)
# A week of seconds has more stops than a week of half minutes, and each stop costs all processes a look.
_GRAIN = timedelta(seconds=60)
_OPEN = {"attempt": "尝试进行中 an attempt under way", "time": "到期时间 a time to come", summary.NOBODY: "无人 NOBODY"}
_MONEY = {
    "amount_at_risk": "涉险 at risk",
    "transferred": "已转出 transferred",
    "lost": "损失 lost",
    "stopped": "止付 stopped",
    "avoided": "避免 avoided",
    "returned": "返还 returned",
}


def play_generated(count: int, seed: int | None, days: int, timeout: float | None, *, json: bool) -> None:
    """Play it, print the summary; exit 1 where an open case waits for nobody or a cap was broken."""
    seed = secrets.randbelow(10**6) if seed is None else seed
    if not json:
        out.print(f"种子 seed {seed}", highlight=False)
    with _running_or_temporary() as (services, start):
        pushes = generate.pushes(count, seed, start, days)
        load_roster(services, sample.bundled().with_name(ROSTER))
        began = time.monotonic()
        played = play(services, pushes, timeout or 600 + count, end=start + _OVER_AFTER, grain=_GRAIN)
        facts: dict[str, Any] = {
            "seed": seed,
            "instructions": count,
            "pushes": len(pushes),
            "wall_s": round(time.monotonic() - began, 1),
            "steps": played.steps,
            "ended_at": played.ended_at.isoformat() if played.ended_at else None,
            "answers": dict(Counter(answer.status.value for answer in played.answers.values())),
        }
        with services.begin() as work:
            facts |= summary.read(
                work.session, services.context.policy, played.cases.values(), played.ended_at or start
            )
    if json:
        json_line(facts)
    else:
        _print(facts)
    caps = facts["sms_caps"]
    if facts["waits_for_nobody"] or caps["too_many"] or caps["too_soon"]:
        raise typer.Exit(1)


@contextmanager
def _running_or_temporary() -> Iterator[tuple[Services, datetime]]:
    """The running `up`, where its clock is stepped and its people are simulated; else a stack of our own."""
    running = read_running(settings().home)
    environment = running.environment if running is not None else {}
    stepped = environment.get("DISPATCHER_CLOCK", "").startswith("stepped:")
    if stepped and "DISPATCHER_SIMULATOR_URL" in environment:
        services = build_services()
        with services.sessions() as session:
            now = services.context.clock.now(session)
        yield services, now.replace(second=0, microsecond=0) + _MINUTE
        return
    # Nothing of it is kept, so it need not outlive a power cut.
    with temporary_stack("week", START, durable=False, receipt_delay_ms=0) as (services, stack):
        threading.Thread(target=stack.supervisor.run, daemon=True).start()
        yield services, START


def _print(facts: dict[str, Any]) -> None:
    answers = "、".join(f"{IntakeStatus(name).label} {count}" for name, count in facts["answers"].items())
    out.print(f"推送 pushed {facts['pushes']}: {answers}", highlight=False)
    out.print(_crossed("案件 cases", facts["cases"], "紧急 urgency", lambda code: Urgency(code).label, "resolution"))
    out.print(
        _crossed("尝试 attempts", facts["attempts"], "渠道 channel", lambda code: label("channel", code), "result")
    )
    out.print(_contacts(facts["minutes_to_contact"]))
    waits = "、".join(f"{_whom(who)} {count}" for who, count in facts["open"].items()) or "无 none"
    visits, caps = facts["visits"], facts["sms_caps"]
    money = " · ".join(f"{text} ¥{facts['money'][name]:,}" for name, text in _MONEY.items())
    for line in (
        f"未结案件等待 open cases wait for: {waits}",
        f"未结且无人负责 open cases that wait for nobody: {len(facts['waits_for_nobody'])}",
        f"上门 visits: 派出 opened {visits['opened']}, 反馈 reported {visits['reported']}, 见到 met {visits['met']}"
        f" ({visits['met_rate'] or 0:.0%}), 取消 cancelled {visits['cancelled']}",
        f"短信上限 SMS caps: 每号每日最多 most a day {caps['most_a_day']}, 超日限 too many {caps['too_many']}, "
        f"间隔过短 too soon {caps['too_soon']}, 因升级加发 for a rise {caps['rises']}",
        f"金额,各自独立 money, each figure by itself: {money}",
        f"用时 took {facts['wall_s'] / 60:.1f} min, 时钟步数 clock steps {facts['steps']}, "
        f"结束于 ended at {facts['ended_at']}",
        *(f"无人负责 waits for nobody: {case_id}" for case_id in facts["waits_for_nobody"]),
        f"种子 seed {facts['seed']}",
    ):
        out.print(line, highlight=False)


def _crossed(title: str, counts: dict[str, dict[str, int]], head: str, named: Any, field: str) -> Table:
    """Outcomes down, groups across."""
    table = Table(title=title, title_justify="left")
    table.add_column(head)
    for group in counts:
        table.add_column(named(group), justify="right")
    for outcome in sorted({outcome for group in counts.values() for outcome in group}):
        cells = [str(group.get(outcome, "")) for group in counts.values()]
        table.add_row(f"{label(field, outcome) or label('state', outcome)} {outcome}", *cells)
    table.add_row("合计 total", *(str(sum(group.values())) for group in counts.values()), style="bold")
    return table


def _contacts(minutes: dict[str, dict[str, float]]) -> Table:
    table = Table(title="首次真实接触(分钟) minutes to the first true contact", title_justify="left")
    for name in ("紧急 urgency", "已接触 contacted", "P50", "P90"):
        table.add_column(name, justify="right")
    for urgency, row in minutes.items():
        table.add_row(Urgency(urgency).label, str(row["contacted"]), str(row["p50"]), str(row["p90"]))
    return table


def _whom(who: str) -> str:
    return _OPEN.get(who) or Rung(who).label
