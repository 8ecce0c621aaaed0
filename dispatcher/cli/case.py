"""case: everything on record about one case."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.text import Text
from typer.core import TyperGroup

from dispatcher.cli import arguments, case_screen, lookups
from dispatcher.cli.arguments import Reader
from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.output import minute, model_line, name_of, out, say
from dispatcher.cli.why import explain_case
from dispatcher.errors import OperatorError
from dispatcher.policy import kept
from dispatcher.reporting.case import case_ids as find_case_ids
from dispatcher.reporting.case import case_report
from dispatcher.reporting.cases import Chosen, cases
from dispatcher.reporting.explain import policies_of
from dispatcher.setup import Services, build_services
from dispatcher.supervision import remarks
from schemas.read_models.case import CaseReport
from schemas.read_models.cases import CaseLine
from schemas.vocabulary import FRAUD_TYPES, CaseState, Channel, Urgency


class _ShowByDefault(TyperGroup):
    """`case ID` shows that case, as it did before there was a list."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["show", *args]
        return super().parse_args(ctx, args)


group = typer.Typer(help="案件 / cases: list, show; `case ID` shows one.", cls=_ShowByDefault, no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="case")


@group.command("list")
def list_(
    urgency: Annotated[str | None, typer.Option(help="critical, high, medium, low")] = None,
    state: Annotated[str, typer.Option(help="open, closed")] = CaseState.OPEN.value,
    fraud_type: Annotated[str | None, typer.Option("--type", help="诈骗类型 F01 … F99")] = None,
    unit: Annotated[str | None, typer.Option(help="单位,县区含其派出所 unit; a county with its precincts")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="仅有逾期待办的 with something overdue only")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """列出案件:下一步、何时、等谁 / what comes next in each case, and when, or whom it waits for."""
    chosen_urgency: Urgency | None = arguments.code(urgency, Urgency, "--urgency") if urgency else None
    chosen_state: CaseState = arguments.code(state, CaseState, "--state")
    if fraud_type is not None and fraud_type.upper() not in FRAUD_TYPES:
        raise OperatorError("--type 代码有误", f"--type: one of {', '.join(FRAUD_TYPES)}")
    with build_services().begin() as work:
        place = lookups.unit(work.session, unit)
        chosen = Chosen(chosen_state, chosen_urgency, fraud_type and fraud_type.upper(), place, overdue)
        lines = cases(work.session, work.now, chosen)
    if json:
        for line in lines:
            model_line(line)
    else:
        _listing(lines).print()
        if len(lines) >= chosen.limit:
            out.print(say(f"仅列前 {chosen.limit} 件", f"the first {chosen.limit} only"))


def _listing(lines: list[CaseLine]) -> Listing:
    late = sum(line.overdue for line in lines)
    title = say(f"案件 {len(lines)} 件,逾期 {late} 件", f"{len(lines)} cases, {late} late")
    columns = (
        *(Column(say("紧急", "urgency")), Column(say("状态", "state")), Column(say("类型", "type"))),
        *(Column(say("何时", "when")), words(say("下一步", "next"), readable=30)),
        *(ids(say("单位", "unit")), ids(say("指令", "instruction"))),
    )
    listing = Listing(title, columns)
    for line in lines:
        when, step = minute(line.due_at or line.next_at), _next_step(line)
        listing.add(name_of(line.urgency), _state(line), line.fraud_type, when, step, line.units, line.instructions)
    return listing


def _state(line: CaseLine) -> Text:
    """How it stands; what is late says so by a word, which a pipe and a screen without colours show too."""
    state = say("暂停", "paused") if line.paused else name_of(line.state)
    return Text(f"{state} {say('逾期', 'late')}", "red") if line.overdue else Text(state)


def _next_step(line: CaseLine) -> str:
    if line.resolution is not None:
        return name_of(line.resolution)
    if line.waits_for is not None and line.waiting_for is not None:
        return f"{name_of(line.waiting_for)}: {name_of(line.waits_for)}"
    return say("处理中", "under way") if line.next_at is None else say("自动继续", "goes on by itself")


@group.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="任务号或指令号 case or instruction id")],
    by: Reader = None,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
    why: Annotated[bool, typer.Option("--why", help="逐条说明理由 each decision in plain words")] = False,
    language: Annotated[str | None, typer.Option(help="理由的语言 language of --why: zh, en")] = None,
) -> None:
    """一个劝阻任务的全部记录 / everything on record about one case."""
    reader = arguments.badge(by, "--by") if by else None
    services = build_services()
    with services.sessions() as session:
        case_ids = find_case_ids(session, name)
    if not case_ids:
        raise OperatorError(f"没有任务或指令 {name}", f"no case or instruction {name}; see `dispatcher log`")
    for case_id in case_ids:
        report, now, down = _report(services, case_id, reader)
        if why:
            with services.sessions() as session:
                said = kept.contents(session, policies_of(report.journal))
            explain_case(report, services.context.policy, language, as_json=json, kept=said)
        elif json:
            model_line(report)
        else:
            case_screen.show(report, services.context.policy, now, down)


def _report(services: Services, case_id: UUID, reader: str | None) -> tuple[CaseReport, datetime, Collection[Channel]]:
    """The case, with what was written about it if somebody says who reads it; the time, and what channels are down."""
    read_by = None
    if reader is not None:
        with services.begin() as work:
            read_by = remarks.read(work, case_id, by=reader)
    with services.sessions() as session:
        found = remarks.listed(session, case_id) if read_by is None else read_by
        report = case_report(session, case_id).model_copy(update={"remarks": tuple(found)})
        return report, services.context.clock.now(session), services.context.provider_health.down(session)
