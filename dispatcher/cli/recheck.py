"""recheck: open cases of an older version, read again by the rules of this one."""

from dataclasses import asdict
from typing import Annotated

import typer

from dispatcher.cli.arguments import Json
from dispatcher.cli.listing import Listing, ids, words
from dispatcher.cli.output import err, json_line, out, say
from dispatcher.intake import recheck as use_case
from dispatcher.intake.recheck import Rechecked
from dispatcher.setup import build_services


def register(app: typer.Typer) -> None:
    app.command()(recheck)


def recheck(
    apply: Annotated[bool, typer.Option("--apply", help="按现行规则更新案件 / bring the cases to it")] = False,
    json: Json = False,
) -> None:
    """按现行规则复核在办案件,只列差异;--apply 更新 / what open cases would say by today's rules."""
    services = build_services()
    with services.begin() as work:
        cases = use_case.open_cases(work)
    found = []
    with err.status("…") as status:
        for number, case_id in enumerate(cases, start=1):
            if not json:
                status.update(f"{number}/{len(cases)}")
            with services.begin() as work:
                seen = use_case.look(work, case_id)
            if apply and seen.changed:
                with services.begin() as work:
                    use_case.apply(work, case_id)
            if seen.changed or seen.doubtful:
                found.append(seen)
    for seen in found if json else ():
        json_line(asdict(seen))
    if not json:
        _print(found, len(cases), applied=apply)


def _print(found: list[Rechecked], cases: int, *, applied: bool) -> None:
    out.print(say(f"在办案件 {cases} 件,需关注 {len(found)} 件", f"{cases} open cases, {len(found)} to look at"))
    if not found:
        return
    changed = say("已更新", "brought up to date") if applied else say("现行规则下不同", "other today")
    doubtful = say("疑误并,请核查拆分", "joined by a worthless number: split?")
    listing = Listing(say("需关注", "to look at"), (words(changed), ids(doubtful), ids(say("任务", "case"))))
    for seen in found:
        listing.add(", ".join(seen.changed) or "—", seen.doubtful or "—", seen.case)
    listing.print()
    if any(seen.doubtful for seen in found):
        how = "dispatcher decide split CASE --instruction ID --by WHO --reason WHY"
        out.print(f"{say('拆分', 'to split')}: {how}", soft_wrap=True)
