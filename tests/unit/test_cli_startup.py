"""What a command loads before it answers: only what it needs, and mistakes stay one clear line all the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from test_commands import commands
from typer.core import TyperGroup
from typer.testing import CliRunner

from dispatcher.cli import lazy
from dispatcher.cli.app import build_app
from dispatcher.cli.commands import COMMANDS, WITHOUT_DATABASE
from dispatcher.cli.lazy import LazyCommand

PROGRAM = Path(sys.executable).with_name("dispatcher")
# Each of them takes longer to load than a command may take to answer, or comes with one that does.
DELIVERY = {"aiohttp", "alembic", "celery", "fastapi", "httpx", "kombu", "redis", "uvicorn"}
DATABASE = {"cryptography", "psycopg", "sqlalchemy", "structlog"}
MODELS = {"asyncio", "phonenumbers", "pydantic", "rich"}
# Runs commands in this process, one after the other, and tells on the last line which modules they loaded.
TELL = """
import sys
from dispatcher.cli import main
for words in sys.argv[1:]:
    sys.argv = ["dispatcher", *words.split()]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
sys.stdout.write("\\n" + " ".join({name.split(".")[0] for name in sys.modules}))
"""


def run(tmp_path: Path, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")}
    own = {"DISPATCHER_HOME": str(tmp_path), "COLUMNS": "150"}
    return subprocess.run(command, env=kept | own | environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("forbidden", "commands"),
    [
        (DELIVERY | DATABASE | MODELS, ["--help", "--version"]),
        (DELIVERY | DATABASE, ["schema"]),
        (
            DELIVERY | DATABASE | {"asyncio", "psutil"},
            [
                "policy show",
                "policy check dispatcher/policy/defaults.toml",
                "texts preview --type F01",
                "texts check dispatcher/texts/warnings.toml",
            ],
        ),
        # What these load to answer is what they load to be asked, but for the database's driver.
        (
            DELIVERY,
            [
                *("log --help", "case --help", "push --help", "visit accept --help", "decide close --help"),
                *("kpi --help", "roster load --help"),
            ],
        ),
    ],
    ids=["help", "schema", "files", "database"],
)
def test_a_command_loads_only_what_it_needs(tmp_path: Path, forbidden: set[str], commands: list[str]) -> None:
    done = run(tmp_path, [sys.executable, "-c", TELL, *commands])
    assert done.returncode == 0, done.stderr
    assert not forbidden & set(done.stdout.splitlines()[-1].split())


def test_the_table_says_what_the_commands_say() -> None:
    said = {name: LazyCommand(name).load().help for name in COMMANDS}
    assert said == COMMANDS
    assert set(COMMANDS) > WITHOUT_DATABASE


def test_no_module_of_a_command_is_left_out_of_the_table() -> None:
    folder = Path(lazy.__file__).parent
    registering = {path.stem for path in folder.glob("*.py") if "\ndef register(" in path.read_text("utf-8")}
    assert registering == {name.replace("-", "_") for name in COMMANDS}


def test_every_command_knows_h_and_help() -> None:
    app = typer.main.get_command(build_app())
    assert isinstance(app, TyperGroup)
    for name in ["", *(name for name, _ in commands(app))]:
        short, long = (CliRunner().invoke(build_app(), [*name.split(), option]) for option in ("-h", "--help"))
        assert (short.exit_code, short.stdout) == (0, long.stdout), name
        assert "-h, --help" in short.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("policy show --urgency urgent", "dispatcher: --urgency 有误 / --urgency: one of critical, high, medium, low"),
        ("schema receipt", "dispatcher: 没有格式 receipt / no schema receipt; one of: instruction"),
        ("texts approve --by SUP-1", "DISPATCHER_TEXTS_FOLDER is not set"),
        ("log", "DISPATCHER_DATABASE_URL is not set"),
        ("decide pause W-1 --by 张三 --reason r", "--by wants a badge"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(tmp_path: Path, words: str, message: str) -> None:
    done = run(tmp_path, [str(PROGRAM), *words.split()])
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert line.startswith("dispatcher: ")
    assert message in line


def test_a_word_mistyped_is_refused_with_its_neighbour(tmp_path: Path) -> None:
    done = run(tmp_path, [str(PROGRAM), "polcy"])
    assert done.returncode == 2
    assert "No such command 'polcy'. Did you mean 'policy'?" in done.stderr


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("dispatcher wo", ["worklist"]),
        ("dispatcher visit a", ["assign", "accept", "arrive"]),
        ("dispatcher log --pre", ["--precinct"]),
    ],
)
def test_the_shell_completes_commands_that_are_not_loaded_yet(tmp_path: Path, words: str, completed: list[str]) -> None:
    last = str(len(words.split()) - 1)
    asked = {"_DISPATCHER_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": last}
    assert run(tmp_path, [str(PROGRAM)], **asked).stdout.split() == completed


def test_what_a_terminal_sends_in_another_encoding_is_told_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, [str(PROGRAM), "case", os.fsdecode("中".encode("gbk"))])
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "argument 2 is not UTF-8" in done.stderr


@pytest.mark.parametrize(("columns", "width"), [({}, "150"), ({"COLUMNS": "80"}, "80")])
def test_into_a_pipe_a_screen_is_as_wide_as_somebody_says(columns: dict[str, str], width: str) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    asked = [sys.executable, "-c", "from dispatcher.cli.output import out; print(out.width)"]
    told = subprocess.run(asked, env=kept | columns, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == width
