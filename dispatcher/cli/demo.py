"""demo: the whole service on this machine, with the sample cases, from push to log."""

import threading
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from dispatcher.cli.log_listing import log_listing
from dispatcher.cli.output import json_line, name_of, out, say, wide_table
from dispatcher.cli.run_progress import ROSTER, load_roster, play
from dispatcher.cli.temporary_stack import temporary_stack
from dispatcher.reporting import log as attempt_log
from dispatcher.reporting.case import case_report
from dispatcher.setup import Services
from dispatcher.simulate import sample, sample_checks
from dispatcher.simulate.run import Outcome
from dispatcher.simulate.run_result import RunResult
from dispatcher.simulate.sample_checks import Verdict
from schemas.read_models.case import CaseReport

DEMO = "S01,S02,S03,S04,S05,S06,S09,S10,S11,S12,S13,S16,S20"


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    cases: Annotated[str, typer.Option(help="样例 cases")] = DEMO,
    timeout: Annotated[float, typer.Option(help="秒 seconds")] = 160.0,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """演示:自带样例从推送到日志 / the sample cases on the real stack, then the log. Nothing real is sent."""
    pushes = sample.read(sample.bundled(), tuple(cases.split(",")))
    with temporary_stack("demo", pushes[0].at) as (services, stack):
        threading.Thread(target=stack.supervisor.run, daemon=True).start()
        load_roster(services, sample.bundled().with_name(ROSTER))
        verdicts = _report(services, pushes, play(services, pushes, timeout), json=json)
    if not all(verdict.met for verdict in verdicts):
        raise typer.Exit(1)


def _report(services: Services, pushes: list[sample.Push], played: Outcome, *, json: bool) -> list[Verdict]:
    with services.sessions() as session:
        lines = list(attempt_log.log(session, attempt_log.Filters()))
        cases = {name: case_report(session, case_id) for name, case_id in played.cases.items()}
    answers = {name: answer.status.value for name, answer in played.answers.items()}
    printed = {name: case.model_dump(mode="json") for name, case in cases.items()}
    verdicts = sample_checks.check_samples(pushes, RunResult(services, answers, printed))
    if json:
        met = [{"name": each.name, "expectation": each.expectation, "met": each.met} for each in verdicts]
        log = [line.model_dump(mode="json") for line in lines]
        json_line({"answers": answers, "cases": printed, "log": log, "expectations": met})
        return verdicts
    log_listing(lines, say("劝阻日志", "dissuasion log")).print()
    out.print(_summary(played, cases))
    out.print(_judged(verdicts))
    return verdicts


def _judged(verdicts: list[Verdict]) -> Table:
    met = sum(verdict.met for verdict in verdicts)
    title = say(f"预期 {len(verdicts)} 项,达到 {met} 项", f"{len(verdicts)} expectations, {met} met")
    table = wide_table(title, say("样例", "case"), say("预期", "expectation"), say("达到", "met"))
    for verdict in verdicts:
        mark = Text("✓", "green") if verdict.met else Text(say("✗ 未达到", "✗ not met"), "red")
        table.add_row(verdict.name, verdict.expectation, mark)
    return table


def _summary(played: Outcome, cases: dict[str, CaseReport]) -> Table:
    columns = (("样例", "case"), ("推送", "push"), ("紧急", "urgency"), ("结论", "resolution"))
    names = (say(*name) for name in (*columns, ("首次接触", "first contact"), ("避免损失", "avoided")))
    table = wide_table(say("小结", "summary"), *names)
    for name, answer in played.answers.items():
        case = cases.get(name)
        if case is None:
            table.add_row(name, name_of(answer.status), "", "", "", "")
            continue
        channel, money = case.first_contact.channel, case.money.avoided
        contact, avoided = name_of(channel) if channel else "", f"¥{money}" if money else ""
        table.add_row(name, name_of(answer.status), name_of(case.urgency), _ended(case), contact, avoided)
    return table


def _ended(case: CaseReport) -> str:
    if case.resolution is not None:
        return name_of(case.resolution)
    whom = name_of(case.waiting_for) if case.waiting_for else say("系统", "the system")
    return say(f"等待{whom}", f"waiting for {whom}")
