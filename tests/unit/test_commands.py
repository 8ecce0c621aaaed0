"""docs/commands.md names every command, and none that is not there; each example is one that the command line takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from dispatcher.cli.app import build_app
from dispatcher.cli.lazy import LazyCommand

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
ROW = re.compile(r"^\| `([a-z -]+)` \| (.+) \| (.+) \| `dispatcher (.+)` \|$", re.MULTILINE)
ROWS = [row.groups() for row in ROW.finditer(PAGE.read_text("utf-8"))]
DASHES = re.compile(r"^\|[-|]+\|$", re.MULTILINE)


def commands(group: TyperGroup, above: str = "") -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    for name, listed in group.commands.items():
        command = listed.load() if isinstance(listed, LazyCommand) else listed
        if isinstance(command, TyperGroup):
            if command.invoke_without_command:
                yield f"{above}{name}", command
            yield from commands(command, f"{above}{name} ")
        else:
            assert isinstance(command, TyperCommand)
            yield f"{above}{name}", command


@pytest.fixture(scope="module")
def known() -> dict[str, TyperCommand | TyperGroup]:
    app = typer.main.get_command(build_app())
    assert isinstance(app, TyperGroup)
    return dict(commands(app))


def test_every_command_has_one_row_and_every_row_a_command(known: dict[str, TyperCommand | TyperGroup]) -> None:
    assert sorted(name for name, *_ in ROWS) == sorted(known)


def test_no_row_is_overlooked() -> None:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    assert len(lines) == len(ROWS) + 2 * len(DASHES.findall(PAGE.read_text("utf-8")))


@pytest.mark.parametrize(("name", "example"), [(name, example) for name, *_, example in ROWS])
def test_every_example_parses(known: dict[str, TyperCommand | TyperGroup], name: str, example: str) -> None:
    words = shlex.split(example)
    assert words[: len(name.split())] == name.split()
    known[name].make_context(name, words[len(name.split()) :])
