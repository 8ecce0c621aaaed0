"""providers: how the gateways stand, a test message, pause and resume."""

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, TypeVar

import typer
from rich.text import Text

from dispatcher.cli import arguments, provider_check, provider_trial
from dispatcher.cli.arguments import By, Json
from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.output import err, json_line, label, minute, model_line, name_of, out, say, short_time
from dispatcher.cli.provider_trial import Name
from dispatcher.delivery.judge_providers import HealthChange
from dispatcher.errors import OperatorError
from dispatcher.reporting import providers as provider_status
from dispatcher.setup import build_services
from dispatcher.supervision import provider_holds
from schemas.folding import is_blank
from schemas.read_models.providers import LimitUse, ProviderChange, ProviderStatus
from schemas.vocabulary import Channel, Health

group = typer.Typer(
    help="渠道 / the gateways: how they stand, check, test, pause, resume.",
    invoke_without_command=True,
    no_args_is_help=False,
)
Why = Annotated[str, typer.Option("--reason", help="理由(留存于渠道历史,勿写个人信息) why; no personal data")]

_LIMITS = {
    "rate": ("速率", "rate"),
    "lines": ("并发", "at once"),
    "account": ("账户", "account"),
    "callee": ("每号码", "a number"),
    "quiet": ("静默", "quiet"),
}
_COLOURS = {Health.CLOSED: "green", Health.RETURNING: "yellow"}
Line = TypeVar("Line", ProviderStatus, ProviderChange)
_LONGEST_REASON = 200
_NUMBER_LIKE = re.compile(r"\d{7}")


def register(app: typer.Typer) -> None:
    group.command("check")(provider_check.check)
    group.command("test")(provider_trial.test)
    app.add_typer(group, name="providers")


@group.callback()
def providers(
    context: typer.Context,
    history: Annotated[bool, typer.Option("--history", help="历次变化及原因 every change, with its reason")] = False,
    name: Annotated[str | None, typer.Option("--name", help="仅此渠道 this provider only")] = None,
    json: Json = False,
) -> None:
    """各渠道的权重、状态、存疑与最近错误 / weights, health, what is in doubt, the last error."""
    if context.invoked_subcommand is not None:
        return
    services = build_services()
    with services.sessions() as session:
        if history:
            _print(list(provider_status.history(session, name)), _changes, json)
        else:
            _print(list(provider_status.listed(session, services.limiter, name)), _standings, json)


def _print(lines: list[Line], draw: Callable[[list[Line]], Listing], json: bool) -> None:
    if not json:
        draw(lines).print()
        return
    for line in lines:
        model_line(line)


@group.command()
def pause(name: Name, by: By, reason: Why, json: Json = False) -> None:
    """停用渠道,直至恢复 / take a provider out of use until it is resumed."""
    badge, note = arguments.badge(by, "--by"), _reason(reason)
    services = build_services()
    with services.begin() as work:
        moved = provider_holds.pause(work, name, by=badge, note=note)
        down = _left_without(list(provider_status.listed(work.session, services.limiter)), name)
    _print_change(moved, json)
    if down:
        named = ", ".join(label("channel", each) for each in down)
        told = say(f"现无可用服务商:{named};消息将积压至恢复", f"no provider is left for: {named}; what is due waits")
        err.print(f"{told}  dispatcher providers resume {name}", style="yellow", highlight=False, soft_wrap=True)


@group.command()
def resume(name: Name, by: By, reason: Why, json: Json = False) -> None:
    """恢复渠道,分步加量 / have a provider come back, by steps."""
    badge, note = arguments.badge(by, "--by"), _reason(reason)
    services = build_services()
    with services.begin() as work:
        moved = provider_holds.resume(work, name, by=badge, note=note)
    services.send_counter.forget(name)
    _print_change(moved, json)


def _left_without(lines: list[ProviderStatus], name: str) -> list[Channel]:
    """Channels of this provider that no other one in use serves."""
    own = {each for line in lines if line.provider == name for each in line.channels}
    served = {each for line in lines if line.share for each in line.channels}
    return sorted(own - served)


def _reason(text: str) -> str:
    """It stands in the history, which nothing erases: so no number of anybody's."""
    if is_blank(text) or len(text.strip()) > _LONGEST_REASON or _NUMBER_LIKE.search(text):
        raise OperatorError(
            f"--reason 应为 1 至 {_LONGEST_REASON} 字,且不含号码",
            f"--reason wants 1 to {_LONGEST_REASON} characters, and no number of a person",
        )
    return text.strip()


def _print_change(moved: HealthChange, json: bool) -> None:
    if json:
        json_line(asdict(moved))
    else:
        out.print(f"{moved.provider}  {name_of(moved.before)} → {name_of(moved.after)}", highlight=False)


def _standings(lines: list[ProviderStatus]) -> Listing:
    columns = (
        *(ids(say("服务商", "provider")), words(say("状态", "health")), Column(say("起", "since"))),
        *(Column(say("权重", "weight"), is_number=True), Column(say("存疑", "in doubt"), is_number=True)),
        *(words(say("渠道", "channels")), words(say("原因", "reason"))),
        *(words(say("最近错误", "last error")), words(say("余量", "limits left"))),
    )
    listing = Listing(say("服务商", "providers"), columns)
    for line in lines:
        error = f"{line.last_error} {minute(line.last_error_at)}" if line.last_error else ""
        listing.add(
            line.provider,
            Text.assemble(_health(line.health), " ", _share(line.share)),
            minute(line.since),
            f"{line.weight:g}",
            str(line.in_doubt),
            ", ".join(label("channel", each) for each in line.channels),
            _why(line),
            error,
            ", ".join(_limit(limit) for limit in line.limits),
        )
    return listing


def _limit(limit: LimitUse) -> str:
    """What is left of it, where that is counted for the whole provider."""
    left = "" if limit.used is None else f" ({max(0, int(limit.limit.split('/')[0]) - limit.used)})"
    return f"{say(*_LIMITS[limit.kind])} {limit.limit}{left}"


def _changes(lines: list[ProviderChange]) -> Listing:
    columns = (
        *(Column(say("时间", "at")), words(say("之前", "before")), words(say("之后", "after"))),
        *(Column(say("份额", "share"), is_number=True), words(say("原因", "reason")), ids(say("服务商", "provider"))),
    )
    listing = Listing(say("服务商历史", "history of the providers"), columns)
    for line in lines:
        before, after = _health(line.before), _health(line.after)
        listing.add(short_time(line.at), before, after, _share(line.share), _why(line), line.provider)
    return listing


def _health(health: Health | None) -> Text:
    if health is None:
        return Text(say("已不在配置中", "no longer in PROVIDERS_FILE"), "red")
    return Text(name_of(health), _COLOURS.get(health, "red"))


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _why(line: ProviderStatus | ProviderChange) -> str:
    who = f" ({line.by}: {line.note})" if line.by else ""
    return f"{name_of(line.cause)}{who}" if line.cause else ""
