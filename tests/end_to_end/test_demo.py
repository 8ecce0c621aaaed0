"""The demo plays every sample case on the real stack, and each line that the sample expects is met."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.stack import Answer, Up

_SAMPLE = json.loads((Path(__file__).parents[2] / "dispatcher" / "samples" / "instructions.json").read_text("utf-8"))
LINES = [(case["case"], line) for case in _SAMPLE["cases"] for line in case["expect"]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    return Up(tmp_path_factory.mktemp("demo")).run("demo", "--json")


@pytest.fixture(scope="module")
def shown(demo: Answer) -> dict[str, Any]:
    assert demo.code in (0, 1), demo.err
    return demo.lines[-1]


@pytest.mark.parametrize(("name", "line"), LINES, ids=[f"{name}-{line[:40]}" for name, line in LINES])
def test_what_the_sample_expects_is_met(shown: dict[str, Any], name: str, line: str) -> None:
    assert {"name": name, "expectation": line, "met": True} in shown["expectations"]


def test_every_case_ends_or_waits_for_a_named_human(shown: dict[str, Any]) -> None:
    assert all(case["state"] == "closed" or case["waiting_for"] for case in shown["cases"].values())


def test_it_says_so_by_its_exit_code(demo: Answer, shown: dict[str, Any]) -> None:
    assert demo.code == (0 if all(each["met"] for each in shown["expectations"]) else 1)
