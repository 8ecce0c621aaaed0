"""`dispatcher policy show`: the plan of each urgency as a time line, and nothing of the file is left out."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from policies import Key, put, table, values, write
from rich.cells import cell_len
from typer.testing import CliRunner

from dispatcher.cli import policy as command
from dispatcher.errors import OperatorError
from dispatcher.policy import PolicyError, load, timeline
from schemas.vocabulary import Urgency

WIDTH = 100


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("DISPATCHER_HOME", str(tmp_path))
    monkeypatch.delenv("DISPATCHER_POLICY_FILE", raising=False)
    command.settings.cache_clear()
    monkeypatch.setattr(command.out, "_width", WIDTH)
    yield
    command.settings.cache_clear()


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    command.register(app)
    app.command()(lambda: None)
    done = CliRunner().invoke(app, ["policy", "show", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0
    return done


def as_json(*arguments: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("--json", *arguments).stdout)
    return found


def numbers() -> list[Key]:
    """Where a number or a duration stands in the built-in policy."""
    return [at for at, value in values(table()) if changed(value) is not None]


def changed(value: Any) -> Any:
    """Another number of the same kind; None for what is no number."""
    if isinstance(value, str) and value[:-1].isdigit() and value[-1] in "smhd":
        return f"{int(value[:-1]) + 1}{value[-1]}"
    return value + 1 if type(value) is int else None


def with_another(at: Key) -> dict[str, Any]:
    policy: Any = table()
    place = policy
    for name in at[:-1]:
        place = place[name]
    place[at[-1]] = changed(place[at[-1]])
    found: dict[str, Any] = policy
    return found


def test_each_step_has_a_row_within_100_columns() -> None:
    done = run()
    rows = done.stdout.splitlines()
    assert max(map(cell_len, rows)) <= WIDTH
    assert "…" not in done.stdout
    for urgency in Urgency:
        assert sum(f"{urgency.zh}  策略" in row and "本系统默认" in row for row in rows) == 1
        for step in timeline.steps(load().plan(urgency), load()):
            assert any(timeline.NAMES[step.step][0] in row and step.text in row for row in rows)


def test_the_longest_plan_still_fits(tmp_path: Path) -> None:
    policy = table()
    for key, value in {
        "phone_route_exhausted_raises_to": "critical",
        "voice.after": "119m",
        "voice.again": "119m",
        "voice.rounds": 12,
        "follow_up": ["119h", "170h", "300d"],
    }.items():
        put(policy, f"urgency.high.{key}", value)
    done = run(write(tmp_path / "own.toml", policy), "--urgency", "high")
    assert max(map(cell_len, done.stdout.splitlines())) <= WIDTH
    assert "…" not in done.stdout
    assert ">" in next(row for row in done.stdout.splitlines() if "回访" in row)
    assert "本系统默认" not in done.stdout


def test_marks_stand_at_their_time() -> None:
    ticks = [timeline.column(tick, 4) for tick in timeline.TICKS]
    assert ticks == list(range(0, 4 * len(ticks), 4))
    assert timeline.column(timedelta(minutes=3), 4) == 6
    assert timeline.column(timedelta(days=8), 4) is None


def test_steps_of_high_are_those_of_the_domain() -> None:
    lines = as_json("--urgency", "high")["time_lines"]
    assert list(lines) == ["high"]
    first = {(row["step"], row["origin"]): row["at"][0] for row in lines["high"]}
    assert first[("sms", "receipt")] == "0s"
    assert first[("first_call_by", "receipt")] == "5m"
    assert first[("visit", "no_contact")] == "15m"
    assert first[("met_by", "receipt")] == "2h"
    assert first[("family", "money_moved")] == "0s"
    assert first[("stop_payment", "money_moved")] == "0s"


def test_the_policy_in_force_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = write(tmp_path / "own.toml", put(table(), "version", "our-city-1"))
    monkeypatch.setenv("DISPATCHER_POLICY_FILE", str(path))
    command.settings.cache_clear()
    assert (as_json()["version"], as_json()["our_default"]) == ("our-city-1", False)


def test_an_unknown_urgency_is_one_clear_line() -> None:
    with pytest.raises(OperatorError, match="one of critical, high"):
        run("--urgency", "urgent")


@pytest.mark.parametrize("at", numbers(), ids=lambda at: ".".join(map(str, at)))
def test_any_number_can_be_changed_and_is_seen(tmp_path: Path, at: Key) -> None:
    path = write(tmp_path / "own.toml", with_another(at))
    try:
        load(path)
    except PolicyError as error:
        assert all(fault.startswith(".".join(map(str, at))) for fault in error.errors)
        return
    assert as_json(path)["settings"] != as_json()["settings"]
