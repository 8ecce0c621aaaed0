"""Every policy file of this tree can be used, and an older one is brought up to date by `policy upgrade`."""

import re
import tomllib
from pathlib import Path

import pytest
import typer
from policies import DEFAULTS, put, table, write
from typer.testing import CliRunner, Result

from dispatcher.cli import policy as command
from dispatcher.errors import OperatorError
from dispatcher.policy import PolicyError, load
from dispatcher.policy.upgrade import lacking, upgraded

ROOT = Path(__file__).parents[2]
FILES = sorted({DEFAULTS, *(ROOT / "tests").rglob("*policy*.toml"), *(ROOT / "docs").rglob("*policy*.toml")})
BEFORE_DOUBT_SENDS = re.sub(r"(?m)^(#.*\n)?doubt_sends = .*\n", "", DEFAULTS.read_text("utf-8"))


def run(*arguments: object) -> Result:
    app = typer.Typer()
    command.register(app)
    app.command()(lambda: None)
    return CliRunner().invoke(app, ["policy", "upgrade", *map(str, arguments)])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_policy_file_of_the_tree_can_be_used(path: Path) -> None:
    assert load(path).version


def test_there_are_policy_files_beside_the_built_in_one() -> None:
    assert ROOT / "tests/faults/policy.toml" in FILES


def test_an_older_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    path.write_text(BEFORE_DOUBT_SENDS, "utf-8")
    with pytest.raises(PolicyError, match=r"retry.doubt_sends: .*dispatcher policy upgrade"):
        load(path)


def test_what_an_older_file_lacks_is_added_and_all_else_stays(tmp_path: Path) -> None:
    path, new = tmp_path / "old.toml", tmp_path / "new.toml"
    path.write_text(BEFORE_DOUBT_SENDS.replace('version = "default-1"', 'version = "city-1"  # ours'), "utf-8")
    done = run(path, "--to", new)
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "+ retry.doubt_sends = 3")
    assert set(path.read_text("utf-8").splitlines()) <= set(new.read_text("utf-8").splitlines())
    assert load(new).model_copy(update={"version": "default-1"}) == load()


@pytest.mark.parametrize("key", ["version", "retry.waits", "quiet_hours", "urgency.low.sms", "urgency.high"])
def test_whatever_is_missing_is_put_where_it_belongs(tmp_path: Path, key: str) -> None:
    text = write(tmp_path / "old.toml", put(table(), key, None)).read_text("utf-8")
    assert tomllib.loads(upgraded(text, lacking(text))) == table()


def test_a_file_that_lacks_nothing_is_told_so() -> None:
    assert run(DEFAULTS).stdout.strip() == "无需补齐"


def test_no_file_is_written_over(tmp_path: Path) -> None:
    done = run(DEFAULTS, "--to", write(tmp_path / "mine.toml", {"version": "mine"}))
    assert isinstance(done.exception, OperatorError)
    assert (tmp_path / "mine.toml").read_text("utf-8") == 'version = "mine"'


@pytest.mark.parametrize("text", ["[retry", 'retry = {waits = ["1s"]}'])
def test_what_it_can_not_add_to_is_left_to_a_person(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.toml").write_text(text, "utf-8")
    assert isinstance(run(tmp_path / "odd.toml").exception, OperatorError)


def test_what_is_wrong_beside_it_is_told_by_the_check(tmp_path: Path) -> None:
    path = write(tmp_path / "old.toml", put(put(table(), "retry.doubt_sends", None), "fax", {}))
    done = run(path, "--to", tmp_path / "new.toml")
    assert (done.exit_code, done.stderr.split(": ")[0]) == (1, "fax")
