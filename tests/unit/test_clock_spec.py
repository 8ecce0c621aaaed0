"""DISPATCHER_CLOCK: what it may say, and what a mistake is told."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.clock import Clock, Spec, parse
from dispatcher.errors import OperatorError

START = "2026-03-02T09:00:00+08:00"


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("real", Spec("real")),
        ("scaled:60", Spec("scaled", rate=60.0)),
        ("scaled:0.5", Spec("scaled", rate=0.5)),
        (f"stepped:{START}", Spec("stepped", start=datetime.fromisoformat(START))),
        ("stepped:2026-03-02T01:00:00Z", Spec("stepped", start=datetime.fromisoformat(START))),
    ],
)
def test_what_a_clock_may_be(text: str, spec: Spec) -> None:
    assert parse(text) == spec


@pytest.mark.parametrize(
    "text",
    [
        *("", "Real", " real", "scaled", "scaled:", "scaled:0", "scaled:-1", "scaled:1e3", "scaled:inf", "scaled:x"),
        *("stepped", "stepped:", "stepped:now", "stepped:2026-03-02", "stepped:2026-03-02T09:00:00"),
        *(START, "stepped:stepped:2026-03-02T09:00:00+08:00", "scaled:1.", "scaled:1\n"),
    ],
)
def test_anything_else_names_the_variable_and_the_forms(text: str) -> None:
    with pytest.raises(OperatorError) as caught:
        parse(text)
    assert "DISPATCHER_CLOCK" in str(caught.value)
    assert "stepped:START" in str(caught.value)


@given(st.text() | st.from_regex(r"(scaled|stepped):.*"))
def test_no_text_gives_anything_but_a_spec_or_an_operator_error(text: str) -> None:
    try:
        spec = parse(text)
    except OperatorError:
        return
    assert spec.rate > 0
    assert (spec.start is not None) == (spec.kind == "stepped")


@pytest.mark.parametrize(("spec", "seconds"), [("real", 90.0), ("scaled:60", 1.5), (f"stepped:{START}", 0.0)])
def test_how_long_product_time_takes(spec: str, seconds: float) -> None:
    assert Clock(spec).real_seconds(90) == seconds
