"""What a refused line still says of itself."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.casework.context import Context
from dispatcher.intake.named_line import NamedLine, read
from schemas.instruction import MAX_BODY_BYTES
from schemas.vocabulary import Urgency

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("line", "urgency"),
    [
        ({"urgency": "critical"}, Urgency.CRITICAL),
        ({"urgency": "特急"}, Urgency.CRITICAL),
        ({"urgency": " HIGH "}, Urgency.HIGH),
        ({"urgency": "low"}, Urgency.LOW),
        ({"urgency": "十分火急!"}, Urgency.HIGH),
        ({"urgency": 7}, Urgency.HIGH),
        ({}, Urgency.HIGH),
    ],
)
def test_its_urgency_is_read_in_the_words_of_the_trade(context: Context, line: Any, urgency: Urgency | None) -> None:
    named = read(json.dumps(line | {"victim": None}).encode(), context)
    assert named.urgency is urgency
    assert named.is_urgent == (urgency in (Urgency.CRITICAL, Urgency.HIGH))


@pytest.mark.parametrize("line", [[], {}, {"urgency": "critical", "op": "withdraw"}, "critical", None])
def test_what_names_nobody_is_not_urgent(context: Context, line: Any) -> None:
    assert not read(json.dumps(line).encode(), context).is_urgent


@pytest.mark.parametrize(
    "raw",
    [
        b'{"instruction_id": "YJ-1", "urgency": "critical", "vic',
        b'[{"urgency": "critical", "victim": {}}]',
        b'{"urgency": "\\u7279\\u6025", "vic',
        b"{'urgency': 'critical'}",
        b'{"Urgency": "critical"',
        '{"urgency": "特急", "victim": {}}'.encode("gb18030"),
        b'{"urgency": "low", "risk": 1, "urgency": "critical", "vic',
        b'{"note": "' + b"x" * MAX_BODY_BYTES + b'", "urgency": "critical", "victim": {}}',
    ],
)
def test_a_line_that_is_no_instruction_is_searched_for_it(context: Context, raw: bytes) -> None:
    assert read(raw, context).urgency is Urgency.CRITICAL


@pytest.mark.parametrize("field", ["instruction_id", "source"])
def test_half_of_a_character_names_nothing(context: Context, field: str) -> None:
    half = {"source": {"system": "\ud800"}} if field == "source" else {field: "\ud800"}
    named = read(json.dumps(half | {"victim": {}}).encode(), context)
    assert (named.instruction_id, named.system) == (None, None)


@pytest.mark.parametrize(
    ("instruction_id", "printable"),
    [("YJ-2026-1", "YJ-2026-1"), ("15400000104", None), ("何样", None), ("a b", None), ("", None)],
)
def test_an_id_that_could_be_a_persons_is_not_printed(
    context: Context, instruction_id: str, printable: str | None
) -> None:
    assert read(json.dumps({"instruction_id": instruction_id}).encode(), context).printable_id == printable


@given(ANY | st.fixed_dictionaries({"urgency": ANY, "source": ANY, "instruction_id": ANY}))
def test_any_json_is_read(context: Context, value: Any) -> None:
    assert isinstance(read(json.dumps(value).encode("utf-8", "surrogatepass"), context), NamedLine)


@given(st.binary(max_size=200))
def test_any_bytes_are_read(context: Context, raw: bytes) -> None:
    assert isinstance(read(raw, context), NamedLine)
    assert isinstance(read(b'{"urgency": "' + raw, context), NamedLine)
