"""client: who may call the API."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from dispatcher.cli import arguments
from dispatcher.cli.arguments import Json, Name, OverlapHours
from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.output import err, json_line, minute, name_of, out, say
from dispatcher.clients import authentication, certificates
from dispatcher.clients import register as use_case
from dispatcher.errors import OperatorError
from dispatcher.setup import build_services
from schemas.vocabulary import ClientScope

group = typer.Typer(help="接口客户端 / clients of the API: create, rotate, revoke, list.", no_args_is_help=True)
_SYSTEM = re.compile(r"[^\s\x00-\x1f]{1,100}")
_CALLS_PER_MINUTE = 6000
_MOST_CALLS = 1_000_000


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="client")


@group.command()
def create(
    name: Name,
    system: Annotated[list[str], typer.Option(help="来源系统,可多次 `source.system` it speaks for; repeatable")],
    scope: Annotated[
        list[str] | None, typer.Option(help=f"权限,可多次 {', '.join(ClientScope)}; all but callback_check if none")
    ] = None,
    calls_per_minute: Annotated[
        int, typer.Option(min=1, max=_MOST_CALLS, help="每分钟调用上限 calls a minute")
    ] = _CALLS_PER_MINUTE,
    network: Annotated[
        list[str] | None, typer.Option(help="允许的来源网段,可多次 it may call from these alone; repeatable")
    ] = None,
    certificate: Annotated[
        list[Path] | None, typer.Option(help="客户端证书 PEM,可多次 certificate as a trusted proxy passes it on")
    ] = None,
    json: Json = False,
) -> None:
    """新建客户端,密钥只显示一次 / enter a client. Its key is shown once."""
    entry = use_case.Entry(
        name=arguments.name(name),
        systems={_system(each) for each in system},
        scopes=_scopes(scope),
        calls_per_minute=calls_per_minute,
        networks=_networks(network or []),
        certificates=[_certificate(path) for path in certificate or []],
    )
    with build_services().begin() as work:
        key = use_case.create(work, entry)
    _print_key(name, key, json=json)


@group.command()
def rotate(name: Name, overlap_hours: OverlapHours = 24.0, json: Json = False) -> None:
    """换发新密钥,旧密钥到期前并用 / give it a new key; the old ones are good for a while."""
    with build_services().begin() as work:
        key = use_case.rotate(work, name, overlap=timedelta(hours=overlap_hours))
    _print_key(name, key, json=json)


@group.command()
def revoke(name: Name) -> None:
    """停用,一秒内全部密钥失效 / strike it out: all its keys are refused within a second."""
    with build_services().begin() as work:
        use_case.revoke(work, name)
    out.print(say(f"已停用 {name}", f"revoked {name}"))


@group.command("list")
def list_(json: Json = False) -> None:
    """查看客户端 / the clients, their keys by their first characters."""
    with build_services().begin() as work:
        found = use_case.listed(work.session, work.real_now)
    if json:
        for each in found:
            json_line(_as_line(each))
        return
    columns = (
        *(Column(say("每分钟", "a minute"), is_number=True), words(say("权限", "may")), words(say("密钥", "keys"))),
        *(ids(say("名称", "name")), ids(say("来源", "systems"))),
    )
    listing = Listing(say(f"接口客户端 {len(found)} 个", f"{len(found)} clients"), columns)
    for each in found:
        keys = [f"{hint}{say(' 至 ', ' until ')}{minute(until)}" if until else hint for hint, until in each.keys]
        told = (", ".join(map(name_of, each.row.scopes)), ", ".join(keys) or say("已停用", "revoked"))
        listing.add(str(each.row.calls_per_minute), *told, each.row.name, each.row.systems)
    listing.print()


def _as_line(each: use_case.Listed) -> dict[str, object]:
    row = each.row
    return {
        "name": row.name,
        "systems": row.systems,
        "scopes": row.scopes,
        "calls_per_minute": row.calls_per_minute,
        "networks": row.networks,
        "certificates": row.certificates,
        "created_at": row.created_at.isoformat(),
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
        "keys": [{"hint": hint, "valid_until": until.isoformat() if until else None} for hint, until in each.keys],
    }


def _print_key(name: str, key: str, *, json: bool) -> None:
    if json:
        json_line({"name": name, "key": key})
        return
    out.print(key, soft_wrap=True, highlight=False)
    err.print(
        say("密钥只显示这一次,请妥善保存", "the key is shown this once; keep it where secrets are kept"), soft_wrap=True
    )


def _system(text: str) -> str:
    if not _SYSTEM.fullmatch(text):
        raise OperatorError("--system 含有不可用的字符或过长", "--system: no blanks, and not too long")
    return text


def _scopes(told: Sequence[str] | None) -> set[ClientScope]:
    if not told:
        return set(ClientScope) - {ClientScope.CALLBACK_CHECK}
    return {arguments.code(each, ClientScope, "--scope") for each in told}


def _networks(told: Sequence[str]) -> list[str]:
    try:
        return [str(each) for each in authentication.networks(told)]
    except ValueError:
        raise OperatorError(
            "--network 应为地址或网段", "--network wants an address, or a network: 10.1.0.0/16"
        ) from None


def _certificate(path: Path) -> str:
    try:
        return certificates.of_file(path.read_bytes())
    except (OSError, ValueError):
        raise OperatorError(f"{path} 不是可读的 PEM 证书", f"{path} is no readable certificate in PEM") from None
