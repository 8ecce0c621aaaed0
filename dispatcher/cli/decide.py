"""decide: what a supervisor decides about a case."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError
from sqlalchemy.orm import Session

from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.cli import arguments, lookups
from dispatcher.cli.arguments import By, Json, Reason
from dispatcher.cli.output import json_line, name_of, out, say
from dispatcher.errors import OperatorError
from dispatcher.reporting.work_items import waiting_for
from dispatcher.setup import build_services
from dispatcher.store.cases import CaseRow
from dispatcher.supervision import decisions, pauses, splits
from dispatcher.supervision.decisions import SupervisorDecision
from schemas.instruction import Address
from schemas.validation_errors import faults
from schemas.vocabulary import AddressKind, BankRequest, CaseState, Relation, Resolution

group = typer.Typer(
    help="主管决定 / decide on a case: revive, close, reopen, pause, resume, call, protect, lift, locate, split.",
    no_args_is_help=True,
)
Case = Annotated[str, typer.Argument(metavar="CASE", help="任务号或指令号(仅一个进行中任务) case or instruction id")]
Decision = Callable[..., None]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="decide")


@group.command()
def revive(case: Case, by: By, reason: Reason, json: Json = False) -> None:
    """恢复已过期或被抑制的任务 / act on an expired or suppressed case all the same."""
    _decide(decisions.revive, case, by, reason, json)


@group.command()
def pause(
    case: Case,
    by: By,
    reason: Reason,
    until: Annotated[str | None, typer.Option(help="到何时 until when, ISO 8601; 缺省按策略 else the policy's")] = None,
    json: Json = False,
) -> None:
    """暂停计时,到期提醒 / stop the clock; at its end somebody is reminded."""
    _decide(pauses.pause, case, by, reason, json, arguments.moment(until, "--until"))


@group.command()
def resume(case: Case, by: By, reason: Reason, json: Json = False) -> None:
    """恢复计时 / start the clock again."""
    _decide(pauses.resume, case, by, reason, json)


@group.command()
def close(
    case: Case,
    resolution: Annotated[str, typer.Option(help="处置结论代码 SELF_AWARE, UNREACHABLE, …")],
    by: By,
    reason: Reason,
    json: Json = False,
) -> None:
    """结案 / close."""
    _decide(decisions.close, case, by, reason, json, arguments.code(resolution, decisions.CLOSING, "--resolution"))


@group.command()
def reopen(case: Case, by: By, reason: Reason, json: Json = False) -> None:
    """重启已结案件,重新上门 / a case that ended goes on; somebody is sent anew."""
    _decide(decisions.reopen, case, by, reason, json)


@group.command()
def call(
    case: Case,
    relation: Annotated[str, typer.Option(help="employer 单位, community 社区")],
    by: By,
    reason: Reason,
    json: Json = False,
) -> None:
    """批准呼叫单位或社区,每次一呼 / approve one call to an employer or a community worker."""
    chosen: Relation = arguments.code(relation, decisions.CALLED_ON_ORDER, "--relation")
    _decide(decisions.call, case, by, reason, json, chosen)


@group.command()
def protect(case: Case, by: By, reason: Reason, json: Json = False) -> None:
    """请银行临时保护账户 / ask the bank to protect the account for a time."""
    _decide(decisions.ask_bank, case, by, reason, json, BankRequest.PROTECT_ACCOUNT)


@group.command()
def lift(case: Case, by: By, reason: Reason, json: Json = False) -> None:
    """请银行解除账户保护 / ask the bank to lift the protection."""
    _decide(decisions.ask_bank, case, by, reason, json, BankRequest.LIFT_PROTECTION)


@group.command()
def locate(
    case: Case,
    text: Annotated[str, typer.Option(help="地址(存入个人信息库) where; kept in the vault")],
    precinct: Annotated[str, typer.Option(help="地址所属派出所代码 code of the precinct that it is in")],
    until: Annotated[str, typer.Option(help="有效期至 it holds until, ISO 8601")],
    by: By,
    reason: Reason,
    kind: Annotated[str, typer.Option(help="current, hotel, branch, …")] = AddressKind.CURRENT.value,
    json: Json = False,
) -> None:
    """登记本人现在何处 / where the person is now; the visit follows."""
    chosen: AddressKind = arguments.code(kind, AddressKind, "--kind")
    try:
        address = Address(
            kind=chosen.value, text=text, precinct_code=precinct, valid_until=arguments.moment(until, "--until")
        )
    except ValidationError as error:
        field = faults(error)[0].where[0]
        raise OperatorError(f"地址的 {field} 有误", f"the address can't be taken: check {field}") from None
    _decide(decisions.locate, case, by, reason, json, address)


@group.command()
def split(
    case: Case,
    instruction: Annotated[str, typer.Option(help="要拆出的指令号 the instruction to split off")],
    by: By,
    reason: Reason,
    json: Json = False,
) -> None:
    """把误并的指令拆为新任务 / give a wrongly joined instruction a case of its own."""
    made: list[UUID] = []

    def take_out(work: UnitOfWork, case_id: UUID, order: SupervisorDecision) -> None:
        made.append(splits.split(work, case_id, order, instruction))

    _decide(take_out, case, by, reason, json, made=made)


def _decide(
    decision: Decision, name: str, by: str, reason: str, json: bool, *what: Any, made: list[UUID] | None = None
) -> None:
    order = SupervisorDecision(arguments.badge(by, "--by"), reason)
    services = build_services()
    with services.begin() as work:
        case_id = lookups.case(work.session, name)
        decision(work, case_id, order, *what)
        line = _line(work.session, case_id) | ({"made": str(made[0])} if made else {})
    if json:
        json_line(line)
    else:
        _print(line)


def _line(session: Session, case_id: UUID) -> dict[str, Any]:
    case = session.get_one(CaseRow, case_id)
    return {
        "case": str(case.id),
        "state": case.state,
        "resolution": case.resolution,
        "paused": case.paused_at is not None,
        "waiting_for": waiting_for(session, case_id),
    }


def _print(line: dict[str, Any]) -> None:
    state = name_of(Resolution(line["resolution"]) if line["resolution"] else CaseState(line["state"]))
    stands = say("已暂停", "paused") if line["paused"] else state
    out.print(f"{say('已记录', 'on record')}  {line['case']}  {stands}", highlight=False)
    if "made" in line:
        out.print(f"{say('新任务', 'new case')}  {line['made']}", highlight=False)
