"""roster: who is on duty."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dispatcher.cli import lookups
from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.output import json_line, name_of, out, say
from dispatcher.errors import OperatorError
from dispatcher.setup import build_services
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
        counts = {"units": len(roster_file.units), "officers": len(roster_file.officers)}
        json_line(counts | {"staff": len(roster_file.staff)})
    else:
        units, officers, staff = map(len, (roster_file.units, roster_file.officers, roster_file.staff))
        out.print(
            say(
                f"单位 {units} 个,民警 {officers} 人,其他人员 {staff} 人",
                f"{units} units, {officers} officers, {staff} staff",
            )
        )


@group.command()
def show(
    unit: Annotated[str | None, typer.Option(help="单位,县区含其派出所 unit; a county with its precincts")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """查看值班表:谁在岗,手中几件 / who is on duty now, and how many visits each has."""
    with build_services().begin() as work:
        officers = use_case.listed(work, unit=lookups.unit(work.session, unit))
    if json:
        for officer in officers:
            json_line(asdict(officer))
        return
    on_ladder = [officer for officer in officers if officer.on_duty is not None]
    on_now = sum(bool(officer.on_duty) for officer in on_ladder)
    title = say(
        f"值班表 {len(on_ladder)} 人,在岗 {on_now} 人;其他人员 {len(officers) - len(on_ladder)} 人",
        f"{len(on_ladder)} on the roster, {on_now} on duty now; {len(officers) - len(on_ladder)} staff",
    )
    columns = (
        *(ids(say("警号", "badge")), ids(say("单位", "unit")), words(say("岗位", "role")), words(say("班次", "duty"))),
        *(Column(say("在岗", "now")), Column(say("在手", "visits"), is_number=True)),
    )
    listing = Listing(title, columns)
    for officer in officers:
        is_on = say("是", "yes") if officer.on_duty else "—"
        shifts = ", ".join(officer.duty) or "—"
        in_hand = "—" if officer.open_visits is None else str(officer.open_visits)
        listing.add(officer.badge, officer.unit, name_of(officer.role), shifts, is_on, in_hand)
    listing.print()
