"""Good files and environments, changed as people and editors change them: used, or told; no traceback.

Roster files have a test of their own.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import MONDAY
from engine_harness import EngineHarness
from hypothesis import given
from hypothesis import strategies as st

from dispatcher import policy
from dispatcher.errors import OperatorError
from dispatcher.policy.lint import lint
from dispatcher.settings import Settings, read_as
from dispatcher.setup import look_at
from dispatcher.texts import load
from dispatcher.up import SIMULATED
from schemas.vocabulary import Urgency

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PROVIDERS = SIMULATED.format(port=8700) + 'weight = 2\nslow_s = 1\ntravel_s = 60\nlimits = { rate = ["50/1s"] }\n'
TEXTS = (Path(__file__).parents[2] / "dispatcher" / "texts" / "warnings.toml").read_text("utf-8")
POLICY = (Path(policy.__file__).parent / "defaults.toml").read_text("utf-8")
VALUES = st.sampled_from(
    [
        '""',
        '" "',
        "0",
        "-1",
        "1e309",
        "nan",
        "true",
        "[]",
        "[[]]",
        "{}",
        "1979-05-27",
        '"\\u202e"',
        '["sms", 7]',
        "9" * 400,
    ]
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030", "big5", "latin-1"])


def changed(lines: list[str], at: int, to: int, how: str, value: str) -> list[str]:
    """One edit of a line."""
    line, rest = lines[at], [each for number, each in enumerate(lines) if number != at]
    key, equals, old = line.partition("=")
    match how:
        case "delete":
            return rest
        case "rename":
            return [*lines[:at], f"{key.rstrip()}x {equals}{old}", *lines[at + 1 :]]
        case "retype":
            return [*lines[:at], f"{key}{equals} {value}", *lines[at + 1 :]]
        case "swap":
            return [*rest[: to % len(lines)], line, *rest[to % len(lines) :]]
        case _:
            return [*lines[:at], line[: to % (len(line) + 1)] + value + line[to % (len(line) + 1) :], *lines[at + 1 :]]


@st.composite
def mutations(draw: st.DrawFn, good: str) -> bytes:
    lines = good.splitlines()
    for _ in range(draw(st.integers(1, 3))):
        how = draw(st.sampled_from(["delete", "rename", "retype", "swap", "insert"]))
        value = draw(VALUES if how == "retype" else st.text(st.characters(exclude_categories=["Cs"]), max_size=4))
        lines = changed(lines, draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, 200)), how, value)
    return "\n".join(lines).encode(draw(ENCODINGS), "replace")


def used_or_told(data: bytes, read: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.toml"
        path.write_bytes(data)
        try:
            read(path)
        except OperatorError as error:
            assert " / " in str(error)
            assert SECRET not in str(error)


@given(mutations(PROVIDERS))
def test_any_change_of_a_providers_file_is_used_or_told(data: bytes) -> None:
    used_or_told(data, lambda path: look_at(path, {"DISPATCHER_SIMULATOR_SECRET": SECRET}))


@given(mutations(TEXTS))
def test_any_change_of_a_texts_file_is_used_or_told(data: bytes) -> None:
    used_or_told(data, load.__wrapped__)


def play(path: Path) -> None:
    """Read, told of and played: what is taken raises nothing later either."""
    taken = policy.load(path)
    list(lint(taken))
    for urgency in Urgency:
        EngineHarness.as_found(MONDAY, taken, urgency=urgency).after(hours=26)


@given(mutations(POLICY))
def test_any_change_of_a_policy_file_is_used_or_told(data: bytes) -> None:
    used_or_told(data, play)


@given(
    st.sampled_from(sorted(Settings.model_fields)),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.sampled_from(["", "S", "_"]),
)
def test_any_value_and_spelling_of_a_setting_is_used_or_told(name: str, value: str, ending: str) -> None:
    with pytest.MonkeyPatch.context() as environment:
        for each in [each for each in os.environ if each.startswith("DISPATCHER_")]:
            environment.delenv(each)
        environment.setenv(f"DISPATCHER_{name.upper()}{ending}", value)
        try:
            read_as(Settings)
        except OperatorError as error:
            assert "DISPATCHER_" in str(error)
