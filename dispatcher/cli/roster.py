"""roster: who is on duty."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from dispatcher.cli import lookups, refusals
from dispatcher.cli.arguments import Json
from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.output import err, json_line, name_of, print_lines, say
from dispatcher.errors import OperatorError, Refused
from dispatcher.setup import Services, build_services
from dispatcher.supervision import left_items, service_items
from dispatcher.visits import handing_on
from dispatcher.visits import roster as use_case
from dispatcher.visits.roster_changes import RosterChange
from schemas import roster as form
from schemas.refusals import RefusalCode
from schemas.roster_oddities import oddities

group = typer.Typer(help="值班表 / the duty roster: load, show.", no_args_is_help=True)
_NAMED = 20  # of each kind of change on a screen; --json names all


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="roster")


@group.command()
def load(
    file: Annotated[Path, typer.Argument(help="值班表 roster file (TOML)")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只看会有何变化,不载入 what would change; nothing is loaded")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="原有人的岗位无人也载入 also where it leaves nobody on a rung")
    ] = False,
    json: Json = False,
) -> None:
    """载入值班表 / load a roster."""
    try:
        roster_file = form.read(file)
    except form.RosterError as error:
        raise OperatorError("值班表有误", str(error)) from None
    services = build_services(with_own_texts=False)
    change = _try(services, roster_file) if dry_run else _load(services, roster_file, may_empty=yes, may_ask=not json)
    odd = list(oddities(roster_file))
    if json:
        counts = {name: len(getattr(roster_file, name)) for name in ("units", "officers", "staff")}
        emptied = [{"unit": unit, "role": role} for unit, role in change.emptied]
        json_line(counts | asdict(change) | {"emptied": emptied, "odd": odd, "loaded": not dry_run})
        return
    print_lines(_counts(roster_file, dry_run))
    for line in _told(change):
        print_lines(line)
    for line in odd:
        err.print(line, style="yellow", highlight=False, soft_wrap=True)


class _NothingIsMeant(Exception):
    """Undoes a transaction that was only looked at, and wakes nobody."""


def _try(services: Services, roster_file: form.Roster) -> RosterChange:
    with suppress(_NothingIsMeant), services.begin() as work:
        change = use_case.load(work, roster_file)
        raise _NothingIsMeant
    return change


def _load(services: Services, roster_file: form.Roster, *, may_empty: bool, may_ask: bool) -> RosterChange:
    """Whoever sits at a terminal is asked before a rung is left without anybody. Raises Refused."""
    try:
        with services.begin() as work:
            change = use_case.load(work, roster_file, may_empty=may_empty)
    except Refused as refused:
        if refused.code is not RefusalCode.ROSTER_EMPTIES_RUNGS or not may_ask or not _is_terminal():
            raise
        err.print(refusals.line(refused), highlight=False, soft_wrap=True)
        if not typer.confirm(say("仍要载入?", "Load it all the same?"), err=True):
            raise
        return _load(services, roster_file, may_empty=True, may_ask=False)
    with services.begin() as work:
        left_items.free(work, [item_id for item_id, _ in handing_on.items_left(work.session)])
    with services.begin() as work:
        service_items.tend_shifts(work)  # the sweep would come to both within half a minute
    return change


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _counts(roster_file: form.Roster, dry_run: bool) -> str:
    units, officers, staff = map(len, (roster_file.units, roster_file.officers, roster_file.staff))
    zh = f"单位 {units} 个,民警 {officers} 人,其他人员 {staff} 人"
    en = f"{units} units, {officers} officers, {staff} staff"
    return say(f"{zh}(试载,未载入)", f"{en} (nothing was loaded)") if dry_run else say(zh, en)


def _told(change: RosterChange) -> Iterator[str]:
    """A line for each kind of change that there is."""
    emptied = [f"{unit}/{role}" for unit, role in change.emptied]
    lines: Sequence[tuple[str, str, Sequence[Any]]] = (
        ("上岗", "come on", change.comes_on),
        ("退出", "go off", change.goes_off),
        ("人员名单新增", "new among the staff", change.staff_comes),
        ("人员名单移除", "no longer among the staff", change.staff_goes),
        ("不再列入的单位", "units no longer named", change.units_gone),
        ("现无人的岗位", "rungs with nobody left", emptied),
        ("退回重新派单的上门单", "visits handed on", change.handed_on),
        ("已出发,仍由原民警承办的上门单", "visits on the way, which go on", change.on_the_way),
        ("承办人已离岗、重新等人办理的待办", "work items whose taker is gone, which wait again", change.items_left),
    )
    for zh, en, named in lines:
        if named:
            told, more = ", ".join(map(str, named[:_NAMED])), len(named) - _NAMED
            rest = say(f" 等共 {len(named)}", f" and {more} more") if more > 0 else ""
            yield f"{say(zh, en)}: {told}{rest}"


@group.command()
def show(
    unit: Annotated[str | None, typer.Option(help="单位,县区含其派出所 unit; a county with its precincts")] = None,
    json: Json = False,
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
