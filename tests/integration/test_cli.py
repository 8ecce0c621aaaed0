"""What a person types wrongly is one clear line in two languages, and never a traceback."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from casework_fixture import CaseworkFixture, Scripted, withdrawal
from rich.cells import cell_len
from typer.testing import CliRunner
from visits_fixture import Load, act, case_with_visit, visit_of

from dispatcher.casework import personal_data
from dispatcher.cli import case, code, item, kpi, log, main, visit, visit_card, worklist
from dispatcher.cli.app import build_app
from dispatcher.cli.refusals import line
from dispatcher.errors import OperatorError, Refused
from dispatcher.settings import Settings, settings
from dispatcher.setup import Services
from dispatcher.store.codes import CodeRow

NOBODY = str(UUID(int=3))
Run = Callable[..., str]
PLACES = [
    {"kind": "residence", "text": "样板路[b]1[/b]号", "precinct_code": "P1"},
    {"kind": "work", "text": "样板大厦9层", "precinct_code": "P1"},
    {"kind": "registered", "text": "样板村3组", "precinct_code": "P2"},
]


@pytest.fixture
def run(casework: CaseworkFixture, load: Load, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command against the fixture's database; gives what it prints."""
    load()
    services = Services(Settings(), casework.sessions, casework.context)
    for module in (case, code, item, kpi, log, visit, visit_card, worklist):
        monkeypatch.setattr(module, "build_services", lambda: services)

    def invoke(*words: str) -> str:
        return CliRunner().invoke(build_app(), words, catch_exceptions=False).stdout

    yield invoke


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("visit", "card", "12345678901234567890"), "nothing has number 12345678901234567890; see `dispatcher visit"),
        (("visit", "card", "x-1"), "must be an id; see `dispatcher visit list`"),
        (("item", "take", "7", "--by", "S-1"), "nothing has number 7; see `dispatcher worklist`"),
        (("item", "show", NOBODY), f"no work item {NOBODY}"),
        (("item", "show", "9" * 5000), "nothing has number"),
        (("case", "list", "--type", "%"), "--type: one of F01"),
        (("log", "--since", "9999-12-31T23:59:59-08:00"), "--since wants ISO 8601"),
        (("item", "take", "7", "--by", "张三"), "--by wants a badge"),
        (("visit", "assign", "7", "A", "--by", "S-1"), "nothing has number 7"),
        (("case", "list", "--urgency", "huge"), "--urgency: one of critical"),
        (("worklist", "--unit", "P9"), "no unit P9 in the roster"),
        (("worklist", "--for", "boss"), "--for: one of officer"),
        (("visit", "card", NOBODY, "--officer", "A"), f"no visit {NOBODY}"),
        (("visit", "card", NOBODY), 'say who does this, by badge: "read a visit\'s card"'),
        (("visit", "card", NOBODY, "--officer", "张三"), "--officer wants a badge"),
        (("visit", "card", NOBODY, "--language", "fr"), "--language: one of zh, en"),
        (
            ("visit", "tried", NOBODY, "--address", "work", "--result", "WRONG_ADDRESS"),
            'say who does this, by badge: "tried" needs a name; give it with --officer',
        ),
        (("visit", "accept", NOBODY, "--officer", "A"), f"no visit {NOBODY}"),
        (("visit", "tried", NOBODY, "--address", "palace", "--result", "WRONG_ADDRESS"), "--address: one of current"),
        (("visit", "tried", NOBODY, "--address", "work", "--result", "MET_REFUSED"), "--result: one of NOT_FOUND"),
        (("code", "12345", "--last-four", "0001", "--asker", "OP-1"), "check the six digits of the task code"),
        (("code", "123456", "--last-four", "001", "--asker", "OP-1"), "check the last four digits of the number"),
        (("code", "123456", "--last-four", "0001", "--asker", "张三"), "--asker wants the operator's badge"),
        (("kpi", "--since", "yesterday"), "--since wants ISO 8601"),
        (("kpi", "--until", "2026-02-30"), "--until wants ISO 8601"),
        (("kpi", "--since", "2026-03-02", "--until", "2026-03-01"), "--since must be before --until"),
        (("kpi", "--precinct", "P9"), "no unit P9 in the roster"),
        (("log", "--since", "2026-03-02", "--until", "2026-03-01"), "--since must be before --until"),
        (("log", "--precinct", "P9"), "no unit P9 in the roster"),
    ],
)
def test_a_mistake_is_one_line_in_two_languages(run: Run, words: tuple[str, ...], message: str) -> None:
    with pytest.raises((OperatorError, Refused)) as told:
        run(*words)
    printed = line(told.value) if isinstance(told.value, Refused) else str(told.value)
    chinese, _, english = printed.partition(" / ")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
    assert message in english
    assert "\n" not in printed


@pytest.mark.usefixtures("run")
def test_a_refusal_is_worded_with_what_to_type_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["dispatcher", "visit", "accept", NOBODY, "--officer", "A"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    see = "`dispatcher visit list`"
    told = f"dispatcher: 没有上门任务 {NOBODY};见 {see} / no visit {NOBODY}; see {see}\n"
    assert capsys.readouterr() == ("", told)


def ask(casework: CaseworkFixture, case_id: UUID) -> tuple[str, ...]:
    """The command for the code of this case, as an operator types it."""
    [row] = casework.rows(CodeRow, CodeRow.case_id == case_id)
    with casework.begin() as work:
        return ("code", personal_data.read_value(work, row.value_id), "--asker", "OP-1")


def test_a_code_is_confirmed_with_the_last_four_digits(casework: CaseworkFixture, run: Run) -> None:
    asked = ask(casework, casework.open())
    casework.deliver(Scripted())
    assert run(*asked, "--last-four", "0001") == "是\n"
    assert run(*asked, "--last-four", "0002") == "否\n"
    assert [run(*asked, "--last-four", digits, "--json") for digits in ("0001", "0002")] == [
        '{"genuine": true}\n',
        '{"genuine": false}\n',
    ]


def test_every_no_is_told_with_the_same_remedy(casework: CaseworkFixture, run: Run) -> None:
    asked = ask(casework, casework.open())
    casework.deliver(Scripted())
    told = [CliRunner().invoke(build_app(), (*asked, "--last-four", digits)) for digits in ["0002"] + ["0001"] * 6]
    casework.pass_time(hours=73)
    told.append(CliRunner().invoke(build_app(), (*asked, "--last-four", "0001", "--by", "10.0.0.7")))
    assert [each.stdout for each in told] == ["否\n"] + ["是\n"] * 5 + ["否\n"] * 2
    remedies = {each.stderr for each in told if each.stdout == "否\n"}
    assert len(remedies) == 1 and "转值班台核实" in remedies.pop()


def test_a_desk_that_is_wrong_too_often_is_told_how_long_to_wait(casework: CaseworkFixture, run: Run) -> None:
    asked = (*ask(casework, casework.open()), "--last-four", "0002")
    for _ in range(10):
        run(*asked)
    with pytest.raises(Refused, match="too_many_code_checks minutes=10"):
        run(*asked)
    # Kept, though it was refused.
    assert len(casework.journal(None, "code_check_refused")) == 1
    assert run(*asked[:2], "--last-four", "0002", "--asker", "2001:db8::7") == "否\n"


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("missing", ["--last-four", "--asker"])
def test_digits_and_asker_are_asked_for(missing: str) -> None:
    given = {"--last-four": "0001", "--asker": "OP-1"}
    words = [word for name, value in given.items() if name != missing for word in (name, value)]
    told = CliRunner().invoke(build_app(), ["code", "123456", *words])
    assert (told.exit_code, missing in told.stderr) == (2, True)


def test_another_officer_is_told_whose_the_visit_is(casework: CaseworkFixture, run: Run) -> None:
    visit_id = str(visit_of(casework, case_with_visit(casework)).id)
    with pytest.raises(Refused, match="visit_of_another_officer holder=A officer=B"):
        run("visit", "accept", visit_id, "--officer", "B")


def test_what_an_officer_says_after_the_end_is_kept_and_refused(casework: CaseworkFixture, run: Run) -> None:
    case_id = case_with_visit(casework)
    visit_id = str(visit_of(casework, case_id).id)
    casework.push(withdrawal())
    with pytest.raises(Refused, match="case_ended_during_visit resolution=WITHDRAWN"):
        run("visit", "report", visit_id, "MET_DISSUADED", "--lost-yuan", "7", "--officer", "A")
    [kept] = casework.journal(case_id, "late_report")
    assert (kept.data["result"], kept.data["lost_yuan"]) == ("MET_DISSUADED", 7)


def test_an_officer_works_from_the_card(casework: CaseworkFixture, run: Run) -> None:
    case_id = case_with_visit(casework, addresses=PLACES)
    visit_id = str(visit_of(casework, case_id).id)
    act(casework, case_id, "accept")
    tried = run(*("visit", "tried", visit_id, "--address", "work", "--result", "wrong_address", "--officer", "A"))
    assert "下一处: 现住址" in tried
    shown = run("visit", "card", visit_id, "--officer", "A", "--language", "en")
    assert "→ 2. 现住址: 样板路[b]1[/b]号\n" in shown
    assert "  1. 工作单位: 样板大厦9层   已试:地址有误\n" in shown
    assert "  3. 户籍: 样板村3组   属 P2 辖区\n" in shown
    assert "何样" not in run("visit", "card", visit_id, "--officer", "B")
    line = json.loads(
        run(
            *(
                "visit",
                "tried",
                visit_id,
                "--address",
                "residence",
                "--result",
                "WRONG_ADDRESS",
                "--officer",
                "A",
                "--json",
            )
        )
    )
    assert line["to_try"] == []


def test_the_figures_are_drawn_and_are_json(casework: CaseworkFixture, run: Run) -> None:
    case_with_visit(casework)
    drawn = run("kpi", "--precinct", "P1")
    assert "签收率" in drawn
    assert "未到期 1" in drawn
    found = json.loads(run("kpi", "--json", "--by", "station"))
    assert (found["cases"], found["by"]) == (1, "station")
    assert [group["unit"] for group in found["groups"]] == ["P1"]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("by", [(), ("--by", "county"), ("--by", "station"), ("--by", "officer")])
def test_the_figures_fit_a_screen_of_80_columns_in_one_language(
    casework: CaseworkFixture, run: Run, monkeypatch: pytest.MonkeyPatch, language: str, by: tuple[str, ...]
) -> None:
    case_with_visit(casework)
    monkeypatch.setenv("DISPATCHER_LANGUAGE", language)
    monkeypatch.setattr(kpi.out, "width", 80)
    settings.cache_clear()
    try:
        drawn = run("kpi", *by)
    finally:
        settings.cache_clear()
    assert max(cell_len(each.rstrip()) for each in drawn.splitlines()) <= 80
    words = re.sub("[省反诈平台虚构一所区]|COUNTY", "", drawn)  # of the source and of the units
    other = "[a-zA-Z]{2}" if language == "zh-CN" else "[\u4e00-\u9fff]"
    assert not re.findall(other, words)


@pytest.mark.parametrize("reference", ["YJ[/]1", "[red]YJ-2"])
def test_what_a_source_wrote_in_brackets_is_no_markup(casework: CaseworkFixture, run: Run, reference: str) -> None:
    case_with_visit(casework, instruction_id=reference)
    assert reference in run("log")
    assert reference in run("case", reference)
