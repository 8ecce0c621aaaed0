"""Whatever comes in is taken or refused, and a refusal shows nothing of it."""

import json

from hypothesis import given
from hypothesis import strategies as st
from wire import BODY, put

from schemas import parse
from schemas.errors import BadInstruction
from schemas.instruction import Event, Instruction

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
PATHS = (
    *("op", "instruction_id", "version", "source", "source.system", "issued_at", "valid_until", "urgency", "channels"),
    *("channels.0", "fraud_type", "victim", "victim.phones", "victim.phones.0", "victim.phones.0.number"),
    *("victim.addresses.0", "victim.contacts.0.phone", "victim.birth_date", "risk", "risk.transfers.0.at", "note"),
)


def taken_or_refused(raw: bytes) -> BadInstruction | None:
    try:
        assert isinstance(parse.line(raw), Instruction | Event)
    except BadInstruction as refused:
        return refused
    return None


@given(JSON)
def test_any_json_is_taken_or_refused(body: object) -> None:
    taken_or_refused(json.dumps(body).encode())


@given(st.binary())
def test_any_bytes_are_taken_or_refused(raw: bytes) -> None:
    assert taken_or_refused(raw)


@given(st.sampled_from(PATHS), JSON)
def test_garbage_anywhere_is_taken_or_refused(path: str, value: object) -> None:
    taken_or_refused(json.dumps(put(BODY, path, value)).encode())


def marked(value: object) -> object:
    """The same garbage with a private mark in every text of it, keys too."""
    if isinstance(value, str):
        return f"{value}秘{value}"
    if isinstance(value, list):
        return [marked(each) for each in value]
    return {marked(key): marked(each) for key, each in value.items()} if isinstance(value, dict) else value


@given(st.sampled_from(PATHS), JSON.map(marked))
def test_no_value_appears_in_a_reason(path: str, value: object) -> None:
    refused = taken_or_refused(json.dumps(put(BODY, path, value)).encode())
    assert refused is None or "秘" not in refused.reason
    assert refused is None or "秘" not in str(refused)
