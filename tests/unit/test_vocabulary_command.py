"""`dispatcher vocabulary`: what is wrong with a file of words, and which words are in force."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dispatcher import vocabulary
from dispatcher.cli.vocabulary import group
from dispatcher.errors import OperatorError
from dispatcher.settings import settings


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [str(each) for each in arguments])


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in force."""
    path = tmp_path / "words.toml"
    monkeypatch.setenv("DISPATCHER_VOCABULARY_FILE", str(path))
    monkeypatch.setenv("DISPATCHER_HOME", str(tmp_path))
    settings.cache_clear()
    return path


def test_every_fault_is_a_line_with_its_key(file: Path) -> None:
    file.write_text('[relation]\nwife = ["妻"]\nspouse = "妻"\n[urgencies]\n', "utf-8")
    done = run("check", file)
    assert done.exit_code == 1
    assert [line.partition(": ")[0] for line in done.stderr.splitlines()] == [
        "relation.wife",
        "relation.spouse",
        "urgencies",
    ]
    with pytest.raises(OperatorError, match=r"DISPATCHER_VOCABULARY_FILE.*relation\.wife"):
        vocabulary.load(file)


def test_an_oddity_is_told_and_refused_only_when_asked(file: Path) -> None:
    file.write_text('[address_kind]\nhotel = ["宾馆"]\n', "utf-8")
    assert (run("check").exit_code, run("check", "--strict").exit_code) == (0, 1)
    assert run("check", file).stdout.startswith("odd: address_kind.hotel: ")


def test_an_absent_file_is_one_line(file: Path) -> None:
    done = run("check", file)
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)


def test_the_words_in_force_with_the_centres_own_marked(file: Path) -> None:
    file.write_text('[relation]\nparent = ["阿爸"]\n', "utf-8")
    shown = run("show", "--table", "relation").stdout
    [parent] = [line for line in shown.splitlines() if line.startswith("  parent: ")]
    assert "+阿爸" in parent.split()
    assert "妈妈" in parent.split()
    assert "阿爸" in json.loads(run("show", "--table", "relation", "--json").stdout)["codes"]["parent"]
    assert isinstance(run("show", "--table", "relations").exception, OperatorError)
    assert run("show").exit_code == 0
