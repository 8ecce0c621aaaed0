"""Every command that takes somebody's badge: nobody unknown, gone, or of another role or unit gets through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer
from casework_fixture import CaseworkFixture, Scripted
from typer.core import TyperGroup
from typer.testing import CliRunner
from visits_fixture import BADGES, Load, act, case_with_visit, visit_of

from dispatcher import setup
from dispatcher.casework import provider_health
from dispatcher.cli import case, decide, item, log, providers, transfer, visit, visit_card
from dispatcher.cli import texts as texts_command
from dispatcher.cli.app import build_app
from dispatcher.errors import OperatorError, Refused
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.providers import ProviderRow
from dispatcher.visits import transfers
from providers.registry import Registry
from schemas.refusals import RefusalCode
from schemas.vocabulary import Result, ReturnReason
from tests.unit.test_commands import commands

UNKNOWN, GONE = "NOBODY-9", "C"
# What is said to whoever may not, whatever else would be wrong with what is asked.
WHO = {
    *(RefusalCode.NOT_ON_ROSTER, RefusalCode.NO_ROSTER, RefusalCode.NAME_MISSING, RefusalCode.NO_OFFICER),
    *(RefusalCode.WRONG_ROLE, RefusalCode.WRONG_UNIT, RefusalCode.UNIT_UNKNOWN, RefusalCode.NOT_OF_CENTRE),
    *(RefusalCode.VISIT_OF_ANOTHER_OFFICER, RefusalCode.OFFICER_LEFT, RefusalCode.ANSWER_OF_OFFERING_UNIT),
}
TAKES_SOMEBODY = {"--by", "--officer", "--asker", "--to", "OFFICER"}
NO_ACTOR = {
    ("kpi", "--by"): "what the rows are of",
    ("visit list", "--officer"): "whose visits to list",
    ("visit return", "--to"): "a unit",
    ("transfer offer", "--to"): "a unit",
    ("policy upgrade", "--to"): "a file",
    ("code", "--officer"): "who says to have come: asked about, and answered with no",
    ("code", "--asker"): "also an address; it names the one whose limits count, and 110's people are on no roster",
}
# Of a client, which its key names: whose limits count, who says to have come, and whom a source says it of.
IN_THE_API = {"operator", "officer", "by"}
SOMEBODY = IN_THE_API | {"actor", "badge", "asker", "user", "taken_by", "done_by", "approved_by", "decided_by"}
Prepare = Callable[[CaseworkFixture, UUID], Any]


@dataclass(frozen=True)
class Row:
    """A command with `{by}` for somebody; who may, and others of whom each is of a wrong role or unit."""

    words: str
    may: str
    may_not: tuple[str, ...]
    prepare: Prepare | None = None
    reads_unnamed: bool = False  # without a name it shows less, and nothing is on the record


def reported(casework: CaseworkFixture, case_id: UUID) -> None:
    act(casework, case_id, "accept", officer="A")
    act(casework, case_id, "report", officer="A", result=Result.MET_DISSUADED)


def offered(casework: CaseworkFixture, case_id: UUID) -> None:
    act(casework, case_id, "return", officer="A", reason=ReturnReason.NOT_MY_JURISDICTION, to_unit="AWAY")


def taken_over(casework: CaseworkFixture, case_id: UUID) -> None:
    offered(casework, case_id)
    with casework.begin() as work:
        transfers.answer(work, visit_of(casework, case_id).id, accepts=True, by="X-1")


ELSEWHERE = ("Z", "X-1")
NOT_SUPERVISOR = ("A", "L", "DESK", "DUTY", "X-2")
NOT_CENTRE = ("A", "L", "DESK", "S-3", "X-2")
_WHY = '--reason 核实 --by "{by}"'
STEPS = {
    "accept": "",
    "depart": "",
    "arrive": "",
    "tried": "--address residence --result WRONG_ADDRESS",
    "report": "MET_DISSUADED",
    "return": "OFFICER_UNAVAILABLE",
}
DECISIONS = {
    **dict.fromkeys(("revive", "pause", "resume", "reopen", "protect"), ("", NOT_SUPERVISOR)),
    "close": ("--resolution SELF_AWARE", NOT_SUPERVISOR),
    "call": ("--relation employer", NOT_SUPERVISOR),
    "split": ("--instruction YJ-1", NOT_SUPERVISOR),
    "lift": ("", ("A", "L", "DESK", "X-2")),
    "locate": ("--text 海棠酒店 --precinct P1 --until 2026-03-03T09:00", ("A", "L", "X-2")),
}
ACTORS: dict[tuple[str, str], Row] = {
    ("case show", "--by"): Row("{case} --by {by}", "A", ELSEWHERE, reads_unnamed=True),
    ("log", "--by"): Row("--phone 13800138000 --by {by}", "A", ("X-1",)),
    ("item show", "--by"): Row("{item} --by {by}", "A", ELSEWHERE, reported, reads_unnamed=True),
    ("item take", "--by"): Row("{item} --by {by}", "A", ELSEWHERE, reported),
    ("item hand-over", "--by"): Row("{item} --to B --by {by}", "A", ELSEWHERE, reported),
    ("item hand-over", "--to"): Row("{item} --by A --to {by}", "B", ELSEWHERE, reported),
    ("item done", "--by"): Row("{item} --outcome SAFE --by {by}", "A", ELSEWHERE, reported),
    ("visit assign", "--by"): Row("{visit} B --by {by}", "L", ("A", *ELSEWHERE)),
    ("visit assign", "OFFICER"): Row("{visit} {by} --by L", "B", ELSEWHERE),
    ("visit card", "--officer"): Row("{visit} --officer {by}", "A", ()),
    ("visit correct", "--by"): Row("{visit} MET_REFUSED --reason 误报 --by {by}", "A", ("B", "DUTY", "X-2"), reported),
    ("transfer offer", "--by"): Row("{visit} --to P2 --by {by}", "DESK", ("A", "L", "X-1")),
    ("transfer accept", "--by"): Row("{visit} --by {by}", "X-1", ("A", "Z", "DUTY", "S-1"), offered),
    ("transfer refuse", "--by"): Row("{visit} --by {by}", "X-1", ("A", "Z", "DUTY", "S-1"), offered),
    ("transfer report", "--by"): Row("{visit} --result MET_DISSUADED --by {by}", "X-1", ("Z", "S-3"), taken_over),
    ("providers pause", "--by"): Row("city --reason 检修 --by {by}", "DUTY", NOT_CENTRE),
    ("providers resume", "--by"): Row("city --reason 检修 --by {by}", "S-2", NOT_CENTRE),
    ("texts approve", "--by"): Row("--by {by}", "S-1", (*NOT_CENTRE, "DUTY", "S-2")),
    **{(f"visit {step}", "--officer"): Row(f"{{visit}} {told} --officer {{by}}", "A", ("B", "L", "Z"))
       for step, told in STEPS.items()},
    **{(f"decide {name}", "--by"): Row(f"{{case}} {told} {_WHY}", "S-1", may_not)
       for name, (told, may_not) in DECISIONS.items()},
}  # fmt: skip
Run = Callable[..., Any]


@pytest.fixture
def ask(
    casework: CaseworkFixture, load: Load, tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """Runs a row for somebody, or for nobody; returns what it was refused with, or None."""
    (tmp_path / "ours.toml").write_text('[centre]\nsign = "江畔反诈"\ncity = "江畔市"\ncity_en = "Jiangpan"\n', "utf-8")
    found = Settings(home=tmp_path, texts_folder=tmp_path, redis_url=redis_url)
    services = Services(found, casework.sessions, casework.context)
    monkeypatch.setattr(setup, "build_services", lambda **_: services)
    monkeypatch.setattr(texts_command, "settings", lambda: found)
    for module in (case, decide, item, log, providers, transfer, visit, visit_card):
        monkeypatch.setattr(module, "build_services", lambda: services)
    with casework.sessions.begin() as session:
        provider_health.register(session, Registry([Scripted(name="city")]))
    load()
    case_id = case_with_visit(casework, note="家属称正在银行")
    load(*BADGES - {GONE})

    def run(name: str, row: Row, by: str | None) -> Exception | None:
        items = casework.items(case_id)
        named = {"case": case_id, "visit": visit_of(casework, case_id).id, "item": items[0].id if items else "-"}
        words = [word.format(by=by, **named) for word in row.words.replace('"', "").split()]
        if by is None:
            at = words.index("None")
            del words[at - 1 : at + 1]
        done = CliRunner().invoke(build_app(), [*name.split(), *words])
        if done.exit_code == 2 and by is None and done.exception is not None and not done.stdout:
            return OperatorError("缺少署名", "no name")
        return done.exception if isinstance(done.exception, Exception) else None

    def prepared(name: str, row: Row) -> Callable[[str | None], Exception | None]:
        if row.prepare is not None:
            row.prepare(casework, case_id)
        return lambda by: run(name, row, by)

    yield prepared


def is_refused(told: Exception | None) -> bool:
    if told is not None and not isinstance(told, Refused | OperatorError):
        raise told
    return isinstance(told, OperatorError) or (isinstance(told, Refused) and told.code in WHO)


@pytest.mark.parametrize(("command", "row"), ACTORS.items(), ids=[" ".join(each) for each in ACTORS])
def test_nobody_gets_through_but_those_who_may(
    casework: CaseworkFixture, ask: Run, command: tuple[str, str], row: Row
) -> None:
    said = ask(command[0], row)
    before = len(casework.rows(ProviderRow, ProviderRow.health == "closed"))
    for by in (UNKNOWN, GONE, *row.may_not):
        assert is_refused(said(by)), by
    if not command[1].isupper() and command != ("item hand-over", "--to"):
        assert is_refused(said(None)) is not row.reads_unnamed
    assert len(casework.rows(ProviderRow, ProviderRow.health == "closed")) == before
    assert not is_refused(said(row.may))


def test_no_command_that_takes_somebody_is_overlooked() -> None:
    app = typer.main.get_command(build_app())
    assert isinstance(app, TyperGroup)
    names = {
        (name, next(each for each in (*parameter.opts, parameter.metavar) if each in TAKES_SOMEBODY))
        for name, command in commands(app)
        for parameter in command.params
        if TAKES_SOMEBODY.intersection([*parameter.opts, parameter.metavar])
    }
    assert names == ACTORS.keys() | NO_ACTOR.keys()


def test_no_route_of_the_api_takes_somebody_of_ours(services: Services) -> None:
    from dispatcher.web.api import app  # loaded here, since FastAPI takes two seconds

    document = app.make(services).openapi()
    asked = [
        operation.get(part)
        for path in document["paths"].values()
        for operation in path.values()
        for part in ("parameters", "requestBody")
    ]
    assert SOMEBODY.intersection(named(asked, document)) == IN_THE_API


def named(part: Any, document: dict[str, Any], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """What may be given in a request: parameters, and keys of a body."""
    for each in part if isinstance(part, list) else [part] if isinstance(part, dict) else []:
        if not isinstance(each, dict):
            continue
        yield from (each["name"],) if "in" in each else each.get("properties", {})
        if (reference := str(each.get("$ref", ""))) not in ("", *seen):
            schema = document["components"]["schemas"].get(reference.rsplit("/", 1)[-1], {})
            yield from named(schema, document, seen | {reference})
        for value in each.values():
            yield from named(value, document, seen)
