"""Refusals: the use cases raise codes with facts, and every code has words in both languages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from test_commands import commands
from typer.core import TyperGroup

from dispatcher.cli.app import build_app
from dispatcher.cli.refusals import REMEDIES, line
from dispatcher.errors import Refused
from dispatcher.texts import refusals
from dispatcher.texts.reasons import placeholders
from schemas.refusals import RefusalCode
from schemas.vocabulary import AddressKind, FollowUp, VisitState, VisitStep

PRODUCT = Path(__file__).parents[2] / "dispatcher"
USE_CASES = ("casework", "intake", "visits", "delivery", "supervision", "reporting")
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
OPTION = re.compile(r"(?<![-\w])--[a-z]")
COMMAND = re.compile(r"`dispatcher ([a-z -]+)`")


def trees(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    for package in packages:
        for path in (PRODUCT / package).rglob("*.py"):
            yield str(path.relative_to(PRODUCT)), ast.parse(path.read_text("utf-8"))


def raised() -> Iterator[tuple[RefusalCode, set[str], str]]:
    """Every refusal in the source: its code, the names of its facts, where."""
    for path, tree in trees("."):
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id="Refused"), args=[ast.Attribute(ast.Name("RefusalCode"), code)]):
                    facts = {each.arg or "**" for each in node.keywords}
                    yield RefusalCode[code], facts, f"{path}:{node.lineno}"
                case ast.Call(func=ast.Name(id="Refused")):
                    raise AssertionError(f"{path}:{node.lineno}: give the code where it is raised")


def texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """Every string that is no docstring."""
    own = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in own:
            yield node


def test_every_code_has_words_and_is_raised_with_the_facts_that_they_hold() -> None:
    assert set(refusals.load()) == {code for code, _, _ in raised()} == set(RefusalCode)
    for code, facts, where in raised():
        words = refusals.load()[code]
        assert placeholders(words.zh) == placeholders(words.en) == facts, f"{where}: {code}"


def test_words_are_of_their_language_and_name_neither_options_nor_commands() -> None:
    for code, words in refusals.load().items():
        assert CHINESE.search(words.zh) and not CHINESE.search(words.en), code
        assert not re.search(r"--|`", words.zh + words.en), code


def test_a_use_case_has_no_words_for_people() -> None:
    spoken = [
        f"{path}:{text.lineno}: {text.value}"
        for path, tree in trees(*USE_CASES)
        for text in texts(tree)
        if CHINESE.search(str(text.value)) or OPTION.search(str(text.value))
    ]
    assert spoken == []


def test_a_use_case_knows_no_mistake_of_an_operator() -> None:
    imported = [
        path
        for path, tree in trees(*USE_CASES)
        for node in ast.walk(tree)
        if isinstance(node, ast.alias) and node.name == "OperatorError"
    ]
    assert imported == []


def test_a_vocabulary_code_is_its_name_in_chinese_and_a_code_in_english() -> None:
    allowed = (VisitState.ACCEPTED, VisitState.DEPARTED)
    told = refusals.words(
        Refused(RefusalCode.WRONG_VISIT_STATE, state=VisitState.ASSIGNED, step=VisitStep.ARRIVE, allowed=allowed)
    )
    assert told.zh == "上门任务状态为“已派单”,不能到达;须为:已签收、已出发"
    assert told.en == "the visit is assigned; arrive needs it to be: accepted, departed"


def test_a_log_has_the_code_and_the_facts() -> None:
    kinds = [AddressKind.WORK, AddressKind.HOTEL]
    assert str(Refused(RefusalCode.ADDRESSES_NOT_TRIED, addresses=kinds)) == "addresses_not_tried addresses=work,hotel"
    assert str(Refused(RefusalCode.CASE_PAUSED)) == "case_paused"


@pytest.mark.parametrize(
    ("refused", "printed"),
    [
        (
            Refused(RefusalCode.NO_UNIT, unit="P9"),
            "值班表中没有单位 P9;见 `dispatcher roster show` / no unit P9 in the roster; see `dispatcher roster show`",
        ),
        (
            Refused(RefusalCode.LOSS_WITHOUT_FRAUD, outcome=FollowUp.DEFRAUDED),
            "仅在回访结果为“已被骗”时填写损失;--loss-yuan 须与该 --outcome 同用"
            " / a loss goes with the outcome DEFRAUDED only; --loss-yuan needs that --outcome",
        ),
        (Refused(RefusalCode.CASE_NOT_PAUSED), "该任务未暂停 / this case is not paused"),
    ],
)
def test_the_command_line_says_what_to_type(refused: Refused, printed: str) -> None:
    assert line(refused) == printed


def test_remedies_name_commands_and_options_that_there_are() -> None:
    app = typer.main.get_command(build_app())
    assert isinstance(app, TyperGroup)
    known = dict(commands(app))
    options = {
        option for command in known.values() for each in command.params for option in (*each.opts, *each.secondary_opts)
    }
    for code, remedy in REMEDIES.items():
        for text in remedy:
            assert set(COMMAND.findall(text)) <= known.keys(), code
            assert set(re.findall(r"--[a-z-]+", text)) <= options, code
