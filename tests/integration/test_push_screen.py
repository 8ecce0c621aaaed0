"""What `push` tells people of each line: its code first, and of a conflict who decides, and how."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from casework_fixture import CaseworkFixture, event, instruction
from click.testing import Result
from typer.testing import CliRunner

from dispatcher.cli import push
from dispatcher.cli.app import build_app
from dispatcher.settings import Settings, settings
from dispatcher.setup import Services
from dispatcher.store.work_items import WorkItemRow

Push = Callable[..., Result]


@pytest.fixture
def pushed(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Push:
    """Pushes a file of these lines; gives the exit code and what was printed."""
    services = Services(Settings(), casework.sessions, casework.context)
    monkeypatch.setattr(push, "build_services", lambda: services)

    def push_(*bodies: dict[str, Any]) -> Result:
        lines = tmp_path / "lines.jsonl"
        lines.write_text("\n".join(map(json.dumps, bodies)), "utf-8")
        return CliRunner().invoke(build_app(), ["push", str(lines)], catch_exceptions=False)

    return push_


def test_a_conflict_names_its_work_item_and_the_command(casework: CaseworkFixture, pushed: Push) -> None:
    done = pushed(*(instruction(channels=[way]) for way in ("sms", "voice")))
    [item] = casework.rows(WorkItemRow, WorkItemRow.kind == "conflict")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == f"  待人工核对:待办 {item.number}  dispatcher item show {item.number}"


def test_a_refused_line_is_told_by_its_id_with_underscores(
    pushed: Push,
) -> None:
    done = pushed({"op": "create", "instruction_id": "YJ_2026_1"})
    assert (done.exit_code, "refused 已拒收 YJ_2026_1" in done.stdout) == (3, True)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_why_a_line_was_refused_is_said_in_the_language_of_the_screen(
    pushed: Push, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("DISPATCHER_LANGUAGE", language)
    settings.cache_clear()
    refused = (instruction(1, phones=[]), {"op": "later_loss"}, {"op": "nothing"})
    told = pushed(*refused, event("withdraw", 9, version=1), instruction(3), instruction(3, channels=["voice"])).stdout
    settings.cache_clear()
    assert told.count("refused") == len(refused)
    lines = [line for line in told.splitlines() if line.split()[0] in ("refused", "conflict", "accepted")]
    assert len(lines) == len(refused) + 3
    for line in lines:
        assert " / " not in line
        assert bool(re.search("[一-鿿]", line)) is (language == "zh-CN"), line
