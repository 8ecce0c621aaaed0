"""webhook: where sources are told what happened in their cases."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from dispatcher.cli import arguments
from dispatcher.cli.arguments import Json, Name, OverlapHours
from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.output import err, json_line, minute, name_of, out, say
from dispatcher.setup import build_services
from dispatcher.webhooks import addresses
from dispatcher.webhooks import register as use_case

group = typer.Typer(
    help="进展推送 / webhooks that tell sources: create, rotate, remove, list, dead, replay.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="webhook")


@group.command()
def create(
    name: Name,
    client: Annotated[str, typer.Option(help="接口客户端 the client whose sources' events it gets")],
    url: Annotated[str, typer.Option(help="接收网址 where they are posted to")],
    json: Json = False,
) -> None:
    """新建推送,密钥只显示一次 / enter an endpoint; it is told what happens from now on. Its secret is shown once."""
    arguments.name(name)
    services = build_services()
    allowed = addresses.read(services.settings.webhook_allowed)
    with services.begin() as work:
        secret = use_case.create(work, name, client, url, allowed)
    _print_secret(name, secret, json=json)


@group.command()
def rotate(name: Name, overlap_hours: OverlapHours = 24.0, json: Json = False) -> None:
    """换发新密钥,到期前新旧同时签名 / a new secret; the last one signs beside it for a while."""
    with build_services().begin() as work:
        secret = use_case.rotate(work, name, overlap=timedelta(hours=overlap_hours))
    _print_secret(name, secret, json=json)


@group.command()
def remove(name: Name) -> None:
    """停止推送并销毁密钥 / send nothing more there, and destroy its secrets."""
    with build_services().begin() as work:
        use_case.remove(work, name)
    out.print(say(f"已移除 {name}", f"removed {name}"))


@group.command("list")
def list_(json: Json = False) -> None:
    """查看推送地址 / the endpoints, with what waits and what was given up."""
    with build_services().begin() as work:
        found = use_case.listed(work.session, work.real_now)
    if json:
        for each in found:
            json_line(_as_line(each))
        return
    columns = (
        *(Column(say("待送达", "waiting"), is_number=True), Column(say("已停止", "dead"), is_number=True)),
        *(words(say("密钥", "secrets")), ids(say("名称", "name")), ids(say("客户端", "client"))),
        ids(say("网址", "address")),
    )
    listing = Listing(say(f"进展推送 {len(found)} 个", f"{len(found)} webhooks"), columns)
    for each in found:
        secrets = [say("有效", "good") if until is None else f"→ {minute(until)}" for until in each.secrets]
        listing.add(str(each.waiting), str(each.dead), ", ".join(secrets), each.row.name, each.client, each.row.url)
    listing.print()


@group.command()
def dead(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="只看该推送 of this one alone")] = None,
    json: Json = False,
) -> None:
    """查看停止投递的事件 / dead letters: events that were not taken for a day."""
    with build_services().begin() as work:
        found = use_case.dead(work.session, name)
    lines = [
        {
            "webhook": webhook,
            "event": str(event.id),
            "type": event.type,
            "case": str(event.case_id),
            "at": event.at.isoformat(),
            "tries": row.tries,
            "status": row.status,
            "fault": row.fault,
        }
        for row, event, webhook in found
    ]
    if json:
        for line in lines:
            json_line(line)
        return
    columns = (
        *(Column(say("原因", "why")), words(say("类别", "type")), ids(say("推送", "webhook"))),
        *(ids(say("事件", "event")), ids(say("案件", "case"))),
    )
    listing = Listing(say(f"停止投递 {len(lines)} 条", f"{len(lines)} dead letters"), columns)
    for row, event, webhook in found:
        why = str(row.status or row.fault)
        listing.add(why, name_of(event.type), webhook, str(event.id), str(event.case_id))
    listing.print()


@group.command()
def replay(
    name: Name,
    event: Annotated[list[str] | None, typer.Option(help="只重发该事件,可多次 these alone; repeatable")] = None,
) -> None:
    """重新投递 / send its dead letters again, for a day."""
    with build_services().begin() as work:
        count = use_case.replay(work, name, _ids(event or []))
    out.print(say(f"重新投递 {count} 条", f"{count} events are sent again"))


def _ids(told: Sequence[str]) -> list[UUID]:
    return [arguments.uuid(each, "--event", "dispatcher webhook dead") for each in told]


def _as_line(each: use_case.Listed) -> dict[str, object]:
    return {
        "name": each.row.name,
        "client": each.client,
        "url": each.row.url,
        "created_at": each.row.created_at.isoformat(),
        "secrets": [{"valid_until": until.isoformat() if until else None} for until in each.secrets],
        "waiting": each.waiting,
        "dead": each.dead,
    }


def _print_secret(name: str, secret: str, *, json: bool) -> None:
    if json:
        json_line({"name": name, "secret": secret})
        return
    out.print(secret, soft_wrap=True, highlight=False)
    err.print(
        say("密钥只显示这一次,请妥善保存", "the secret is shown this once; keep it where secrets are kept"),
        soft_wrap=True,
    )
