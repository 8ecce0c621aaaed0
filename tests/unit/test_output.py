"""What the screen shows of what others wrote, and in which encodings."""

import json
import os
import subprocess
import sys
from io import StringIO
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from dispatcher.cli import output, push
from dispatcher.errors import OperatorError
from dispatcher.intake.answer import Answer
from dispatcher.setup import Services
from schemas.vocabulary import IntakeStatus

UNSHOWN = set("\x1b\x07\x9b\u202e\u2066\u2028\r")
WORD = "张\x1b[31m三\x07\x9b2J\u202e四\u2066五\r"


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    shown = StringIO()
    monkeypatch.setattr(output.out, "_file", shown)  # set by its name, it would keep this test's stdout
    return shown


def test_nothing_that_others_wrote_commands_the_terminal(screen: StringIO) -> None:
    table = Table(title=WORD)
    table.add_column(WORD)
    table.add_row(WORD)
    table.add_row(Text(WORD))
    output.out.print(table)
    output.out.print(WORD, highlight=False)
    output.print_lines(WORD, (WORD, "bold"))
    told = screen.getvalue()
    assert "张" in told and "五" in told
    assert not set("\x1b\x07\x9b\u202e\u2066\r") & set(told)


def test_what_others_wrote_commands_no_terminal_as_a_json_line_either(capsys: pytest.CaptureFixture[str]) -> None:
    output.json_line({"name": WORD, "note": "一\u2028二"})
    told = capsys.readouterr().out
    assert json.loads(told) == {"name": WORD, "note": "一\u2028二"}
    assert "张" in told and not UNSHOWN & set(told)


def test_nor_in_an_error_line_or_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    assert not UNSHOWN & set(str(OperatorError(f"没有 {WORD}", f"no {WORD}")))
    tell = "from dispatcher import logging; import sys; logging.configure(); "
    tell += "logging.logger('x').warning('met', name=sys.argv[1], exc_info=ValueError(sys.argv[1]))"
    command = [sys.executable, "-c", tell, WORD]
    told = subprocess.run(command, capture_output=True, check=True).stderr.decode()
    assert json.loads(told)["name"] == WORD
    assert not UNSHOWN & set(told)


def test_an_answer_to_a_pushed_line_is_one_line(screen: StringIO) -> None:
    answer = Answer(IntakeStatus.REFUSED, "YJ-1\naccepted YJ-2", reason=f"field.{WORD}\naccepted: required")
    push.print_answer(cast(Services, None), 1, answer)
    (line,) = screen.getvalue().splitlines()
    assert line.startswith("refused")


@given(st.text(max_size=40))
def test_any_text_is_shown_without_commands(word: str) -> None:
    shown = StringIO()
    screen = output._Screen(file=shown, width=100, markup=False, emoji=False)
    screen.print(word, highlight=False)
    assert all(each == "\n" or each.isprintable() or ord(each) > 0x9F or each == "\t" for each in shown.getvalue())


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "latin-1", "utf-8"])
def test_a_screen_in_any_encoding(encoding: str) -> None:
    environment = os.environ | {"PYTHONIOENCODING": encoding, "DISPATCHER_HOME": "/nowhere"}
    for words, is_json in (("policy show", False), ("policy show --json", True), ("--help", False)):
        command = [sys.executable, "-m", "dispatcher.cli", *words.split()]
        answer = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert answer.returncode == 0, answer.stderr
        assert b"Traceback" not in answer.stderr
        if is_json:
            assert "default-1" in json.dumps([json.loads(line) for line in answer.stdout.decode(encoding).splitlines()])
