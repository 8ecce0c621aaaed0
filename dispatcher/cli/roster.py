"""roster: who is on duty."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import select

from dispatcher.cli.output import json_line, out
from dispatcher.errors import OperatorError
from dispatcher.setup import build_services
from dispatcher.store.visits import OfficerRow
from dispatcher.visits import roster as use_case
from schemas import roster as form
from schemas.vocabulary import Rung

group = typer.Typer(help="值班表 / the duty roster: load, show.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="roster")


@group.command()
def load(
    file: Annotated[Path, typer.Argument(help="值班表 roster file (TOML)")],
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """载入值班表 / load a roster."""
    try:
        found = form.read(file)
    except form.RosterError as error:
        raise OperatorError("值班表有误", str(error)) from None
    with build_services().sessions.begin() as session:
        use_case.load(session, found)
    if json:
        json_line({"units": len(found.units), "officers": len(found.officers)})
    else:
        out.print(f"单位 units: {len(found.units)}   民警 officers: {len(found.officers)}")


@group.command()
def show(json: Annotated[bool, typer.Option("--json", help="JSON")] = False) -> None:
    """查看值班表 / show the roster."""
    with build_services().sessions() as session:
        officers = session.scalars(select(OfficerRow).order_by(OfficerRow.position)).all()
    table = Table(title="值班表 roster", title_justify="left")
    for name in ("警号 badge", "单位 unit", "岗位 role", "班次 duty"):
        table.add_column(name)
    for each in officers:
        if json:
            json_line({"badge": each.badge, "unit": each.unit, "role": each.role, "duty": each.duty})
        table.add_row(each.badge, each.unit, Rung(each.role).label, ", ".join(each.duty) or "—")
    if not json:
        out.print(table)
