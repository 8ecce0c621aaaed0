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
        roster_file = form.read(file)
    except form.RosterError as error:
        raise OperatorError("值班表有误", str(error)) from None
    with build_services().begin() as work:
        use_case.load(work, roster_file)
    if json:
        json_line({"units": len(roster_file.units), "officers": len(roster_file.officers)})
    else:
        out.print(f"单位 units: {len(roster_file.units)}   民警 officers: {len(roster_file.officers)}")


@group.command()
def show(json: Annotated[bool, typer.Option("--json", help="JSON")] = False) -> None:
    """查看值班表 / show the roster."""
    with build_services().sessions() as session:
        officers = session.scalars(select(OfficerRow).order_by(OfficerRow.position)).all()
    table = Table(title="值班表 roster", title_justify="left")
    for name in ("警号 badge", "单位 unit", "岗位 role", "班次 duty"):
        table.add_column(name)
    for officer in officers:
        if json:
            json_line({"badge": officer.badge, "unit": officer.unit, "role": officer.role, "duty": officer.duty})
        table.add_row(officer.badge, officer.unit, officer.role.label, ", ".join(officer.duty) or "—")
    if not json:
        out.print(table)
