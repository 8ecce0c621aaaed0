"""An invented day runs through by itself, and at its end no open case waits for nobody."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.stack import BIN, PATIENCE_S, environment

COUNT = 40


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    words = ["simulate", "--generate", str(COUNT), "--seed", "11", "--days", "1", "--json"]
    home: Path = tmp_path_factory.mktemp("week")
    done = subprocess.run(
        [BIN / "dispatcher", *words], env=environment(home), capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for log in (home / "week" / "logs").iterdir():
        assert "Traceback" not in log.read_text("utf-8"), log
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def test_every_open_case_waits_for_somebody(day: dict[str, Any]) -> None:
    assert day["waits_for_nobody"] == []
    assert "nobody" not in day["open"]


def test_every_instruction_has_its_answer(day: dict[str, Any]) -> None:
    assert sum(day["answers"].values()) == day["pushes"] >= day["instructions"] == COUNT
    assert "refused" not in day["answers"]


def test_no_number_gets_more_sms_than_the_caps_allow(day: dict[str, Any]) -> None:
    assert (day["sms_caps"]["too_many"], day["sms_caps"]["too_soon"]) == (0, 0)
    assert day["sms_caps"]["numbers"] > COUNT / 2


def test_people_are_reached_on_every_channel(day: dict[str, Any]) -> None:
    assert {"sms", "voice", "visit"} <= day["attempts"].keys()
    assert day["visits"]["met"] > 0
    assert {"high", "medium"} <= day["minutes_to_contact"].keys()


def test_the_seed_is_told(day: dict[str, Any]) -> None:
    assert day["seed"] == 11
