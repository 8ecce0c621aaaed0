"""simulate --generate: an invented week, and a summary of what became of it."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import typer
from rich.table import Table

from dispatcher.cli.output import MONEY, json_line, label, name_of, out, say
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
_OPEN = {
    "attempt": ("尝试进行中", "an attempt under way"),
    "time": ("到期时间", "a time to come"),
    summary.NOBODY: ("无人", "NOBODY"),
}


def play_generated(count: int, seed: int | None, days: int, timeout: float | None, *, json: bool) -> None:
    """Play it, print the summary; exit 1 where an open case waits for nobody or a cap was broken."""
    seed = secrets.randbelow(10**6) if seed is None else seed
    if not json:
        out.print(f"{say('种子', 'seed')} {seed}", highlight=False)
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
    answers = _listed(f"{name_of(IntakeStatus(name))} {count}" for name, count in facts["answers"].items())
    out.print(say(f"推送 {facts['pushes']} 行:{answers}", f"{facts['pushes']} pushed: {answers}"), highlight=False)
    by_urgency, by_channel = say("紧急", "urgency"), say("渠道", "channel")
    out.print(
        _crossed(say("案件", "cases"), facts["cases"], by_urgency, lambda code: name_of(Urgency(code)), "resolution")
    )
    out.print(
        _crossed(say("尝试", "attempts"), facts["attempts"], by_channel, lambda code: label("channel", code), "result")
    )
    out.print(_contacts(facts["minutes_to_contact"]))
    for line in (*_told(facts), f"{say('种子', 'seed')} {facts['seed']}"):
        out.print(line, highlight=False)


def _told(facts: dict[str, Any]) -> Iterator[str]:
    visits, caps, nobody = facts["visits"], facts["sms_caps"], facts["waits_for_nobody"]
    waits = _listed(f"{_whom(who)} {count}" for who, count in facts["open"].items()) or say("无", "none")
    yield say(f"未结案件等待:{waits}", f"open cases wait for: {waits}")
    yield say(f"未结且无人负责:{len(nobody)}", f"open cases that wait for nobody: {len(nobody)}")
    opened, reported, met, cancelled = (visits[name] for name in ("opened", "reported", "met", "cancelled"))
    rate = f"{visits['met_rate'] or 0:.0%}"
    yield say(
        f"上门:派出 {opened},反馈 {reported},见到 {met}({rate}),取消 {cancelled}",
        f"visits: {opened} opened, {reported} reported, {met} met ({rate}), {cancelled} cancelled",
    )
    most, many, soon, rises = (caps[name] for name in ("most_a_day", "too_many", "too_soon", "rises"))
    yield say(
        f"短信上限:每号每日最多 {most},超日限 {many},间隔过短 {soon},因升级加发 {rises}",
        f"SMS caps: at most {most} a day, {many} too many, {soon} too soon, {rises} for a rise",
    )
    figures = {name.removeprefix("amount_"): value for name, value in facts["money"].items()}
    money = " · ".join(f"{say(*text)} ¥{figures[name]:,}" for name, text in MONEY.items())
    yield say(f"金额,各自独立:{money}", f"money, each figure by itself: {money}")
    took = f"{facts['wall_s'] / 60:.1f} min"
    yield say(
        f"用时 {took},时钟步数 {facts['steps']},结束于 {facts['ended_at']}",
        f"took {took}, {facts['steps']} steps of the clock, ended at {facts['ended_at']}",
    )
    for case_id in nobody:
        yield say(f"无人负责:{case_id}", f"waits for nobody: {case_id}")


def _listed(parts: Iterable[str]) -> str:
    return say("、", ", ").join(parts)


def _crossed(title: str, counts: dict[str, dict[str, int]], head: str, named: Any, field: str) -> Table:
    """Outcomes down, groups across."""
    table = Table(title=title, title_justify="left")
    table.add_column(head)
    for group in counts:
        table.add_column(named(group), justify="right")
    for outcome in sorted({outcome for group in counts.values() for outcome in group}):
        cells = [str(group.get(outcome, "")) for group in counts.values()]
        table.add_row(_outcome(field, outcome), *cells)
    table.add_row(say("合计", "total"), *(str(sum(group.values())) for group in counts.values()), style="bold")
    return table


def _contacts(minutes: dict[str, dict[str, float]]) -> Table:
    table = Table(title=say("首次真实接触(分钟)", "minutes to the first true contact"), title_justify="left")
    for name in (say("紧急", "urgency"), say("已接触", "contacted"), "P50", "P90"):
        table.add_column(name, justify="right")
    for urgency, row in minutes.items():
        table.add_row(name_of(Urgency(urgency)), str(row["contacted"]), str(row["p50"]), str(row["p90"]))
    return table


def _whom(who: str) -> str:
    return say(*_OPEN[who]) if who in _OPEN else name_of(Rung(who))


def _outcome(field: str, outcome: str) -> str:
    """An outcome of this field, or how one stands that has none yet."""
    named = label(field, outcome)
    return label("state", outcome) if named == outcome else named
