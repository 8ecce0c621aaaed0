"""What `push` tells people of each line: its code first, and of a conflict who decides, and how."""

import json
from pathlib import Path

import pytest
from casework_fixture import CaseworkFixture, instruction
from typer.testing import CliRunner

from dispatcher.cli import build_app, push
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.work_items import WorkItemRow


def test_a_conflict_names_its_work_item_and_the_command(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    services = Services(Settings(), casework.sessions, casework.context)
    monkeypatch.setattr(push, "build_services", lambda: services)
    lines = tmp_path / "lines.jsonl"
    lines.write_text("\n".join(json.dumps(instruction(channels=[way])) for way in ("sms", "voice")), "utf-8")
    done = CliRunner().invoke(build_app(), ["push", str(lines)], catch_exceptions=False)
    [item] = casework.rows(WorkItemRow, WorkItemRow.kind == "conflict")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == f"  待人工核对:待办 {item.number}  dispatcher item show {item.number}"


def test_a_refused_line_is_told_by_its_id_with_underscores(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    services = Services(Settings(), casework.sessions, casework.context)
    monkeypatch.setattr(push, "build_services", lambda: services)
    lines = tmp_path / "lines.jsonl"
    lines.write_text(json.dumps({"op": "create", "instruction_id": "YJ_2026_1"}), "utf-8")
    done = CliRunner().invoke(build_app(), ["push", str(lines)], catch_exceptions=False)
    assert (done.exit_code, "refused 已拒收 YJ_2026_1" in done.stdout) == (3, True)
