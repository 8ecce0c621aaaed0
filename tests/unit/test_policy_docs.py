"""docs/policy.md is true: every key stands in it, and its worked example does what it says."""

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import calls_by_hour
import pytest
import typer
from policies import DEFAULTS
from typer.testing import CliRunner

from dispatcher.cli import policy as command
from dispatcher.engine import Case, decide
from dispatcher.engine.decisions import OpenVisit
from dispatcher.policy import Policy, load
from dispatcher.policy.flatten import flatten
from dispatcher.settings import settings
from schemas.vocabulary import CaseState, Channel, Urgency

DOCS = (Path(__file__).parents[2] / "docs" / "policy.md").read_text("utf-8")
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("DISPATCHER_HOME", str(tmp_path))
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


@pytest.mark.parametrize("key", sorted(dict(flatten(load()))))
def test_every_key_is_explained(key: str) -> None:
    section, _, name = key.rpartition(".")
    of_a_plan = re.fullmatch(r"urgency\.\w+\.(.+)", key)
    told = [f"`{of_a_plan[1]}`"] if of_a_plan else [f"`[{section}]`", f"`{name}`"] if section else [f"`{name}`"]
    rows = [row for row in DOCS.splitlines() if row.startswith("|")]
    assert any(all(each in row for each in told) for row in rows), f"docs/policy.md does not explain {key}"


def test_calls_hour_by_hour() -> None:
    calls = calls_by_hour.count()
    drawn = DOCS.partition("### Calls, day by day")[2].partition("```text\n")[2].partition("```")[0]
    assert drawn == calls_by_hour.table(calls)
    assert f"]({calls_by_hour.PLOT.name})" in DOCS
    assert calls_by_hour.PLOT.read_text("utf-8") == calls_by_hour.svg(calls), "make plots draws it anew"


def test_the_plot_tells_every_call() -> None:
    """Read back from the picture: each hour with calls has its dot, of an area that tells how many they are."""
    calls = [[0] * 24 for _ in range(3)]
    calls[0][9], calls[1][0], calls[2][23] = 20, 1, 5
    dots = re.findall(r'cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"', calls_by_hour.svg(calls))
    (first, *others) = [(float(x), float(y), float(r) ** 2) for x, y, r in dots]
    assert [(x < first[0], y > first[1], round(20 * area / first[2])) for x, y, area in others] == [
        (True, True, 1),
        (False, True, 5),
    ]


def visit_opens_after(policy: Policy) -> timedelta:
    """When the engine sends an officer to somebody at high urgency who is not reached, to the minute."""
    case = Case(
        id="case",
        urgency=Urgency.HIGH,
        state=CaseState.OPEN,
        opened_at=NOON,
        urgency_since=NOON,
        channels=frozenset({Channel.VISIT}),
        fraud_type="F01",
    )
    waits = (timedelta(minutes=number) for number in range(60))
    return next(
        wait for wait in waits if any(isinstance(each, OpenVisit) for each in decide(case, policy, NOON + wait))
    )


def test_the_worked_example(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (edit,) = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    wanted = tomllib.loads(edit)
    number = wanted["urgency"]["high"]["visit"]["no_contact_after"]
    text = DEFAULTS.read_text("utf-8")
    for old, new in (
        ('version = "default-1"', f'version = "{wanted["version"]}"'),
        ('no_contact_after = "15m"', f'no_contact_after = "{number}"'),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = tmp_path / "my-policy.toml"
    path.write_text(text, encoding="utf-8")

    app = typer.Typer()
    command.register(app)
    app.command()(lambda: None)
    checked = CliRunner().invoke(app, ["policy", "check", str(path), "--strict"], catch_exceptions=False)
    assert (checked.exit_code, checked.stdout.strip()) == (0, "策略可用")

    assert visit_opens_after(load(settings().policy_file)) == timedelta(minutes=15)
    environment.setenv("DISPATCHER_POLICY_FILE", str(path))
    settings.cache_clear()
    mine = load(settings().policy_file)
    assert mine.version == wanted["version"]
    assert visit_opens_after(mine) == timedelta(minutes=int(number.removesuffix("m"))) != timedelta(minutes=15)
