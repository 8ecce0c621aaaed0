"""What an entry of the journal changed comes back as it was, from this form and for ever."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from importlib import resources
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.store.journal_form import UnreadableChangesError, inflate, pack, unpack

CASE, AT = UUID("01a21f36-3d1b-7085-9289-68da51f9cef6"), datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ATTEMPT = "01a21f36-3e05-76ff-a563-a67995ed58da"
DATA = {"attempt": ATTEMPT, "ref": "sim-63e8a615af37d230", "channel": "sms"}
CHANGES = {
    "attempts": {ATTEMPT: {"state": "accepted", "ref": "sim-63e8a615af37d230", "sent_at": AT.isoformat()}},
    "cases": {str(CASE): {"state": "open", "money_lost": 0, "closed_at": None}},
}
# Texts that look like names, that JSON writes with a backslash, and that stand in the data or are the entry's own.
TEXTS = st.one_of(
    st.sampled_from(
        [
            ATTEMPT,
            str(CASE),
            AT.isoformat(),
            "=attempt",
            "@at",
            "==",
            "@",
            "",
            "=",
            "=a_long_name_of_data",
            'a"b\\c',
            "a" * 20,
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"])),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)
DATAS = st.dictionaries(st.sampled_from(["attempt", "visit", "a_long_name_of_data"]), VALUES, max_size=4)


@given(st.dictionaries(TEXTS, st.dictionaries(TEXTS, st.dictionaries(TEXTS, VALUES))), DATAS, st.none() | st.just(CASE))
def test_any_changes_come_back_as_they_were(
    changes: dict[str, dict[str, dict[str, Any]]], data: dict[str, Any], case_id: UUID | None
) -> None:
    """The database gives the data back in another order, and the time in another zone."""
    packed = pack(changes, case_id, AT, data)
    again = dict(reversed(data.items()))
    assert unpack(packed, case_id, AT.astimezone(timezone(timedelta(hours=8))), again) == changes


def test_what_the_entry_says_is_named() -> None:
    named = inflate(pack(CHANGES, CASE, AT, DATA))
    assert named == (
        '{"attempts":{"=attempt":{"ref":"=ref","sent_at":"@at","state":"accepted"}},'
        '"cases":{"@case":{"closed_at":null,"money_lost":0,"state":"open"}}}'
    )


def test_a_usual_entry_takes_a_few_bytes() -> None:
    assert len(pack(CHANGES, CASE, AT, DATA)) < 60


# As the first version wrote it; it has to be read as long as there are journals.
WRITTEN = "01c36d32aaab701885e44a1d2ced0ea4e60cc48168d5234a8504740e00"


def test_what_was_written_once_is_read_for_ever() -> None:
    assert unpack(bytes.fromhex(WRITTEN), CASE, AT, DATA) == CHANGES


def test_what_entries_are_deflated_against_never_changes() -> None:
    """A better text is a form of its own, with another first byte; the one before stays for what it was used for."""
    text = resources.files("dispatcher.store").joinpath("journal_form_1.txt").read_bytes()
    assert hashlib.sha256(text).hexdigest() == "b62478f78af41667b993803519245ac83e8ac40617a59f2f43fb66eea3ca8c1b"


@pytest.mark.parametrize(
    ("packed", "data"),
    [
        (b"", DATA),
        (b"\x02abc", DATA),
        (b"\x01\xff\xff", DATA),
        (pack(CHANGES, CASE, AT, DATA)[:-9], DATA),
        (pack(CHANGES, CASE, AT, DATA), {"channel": "sms"}),
    ],
)
def test_what_somebody_spoiled_is_said_to_be_so(packed: bytes, data: dict[str, Any]) -> None:
    with pytest.raises(UnreadableChangesError):
        unpack(packed, CASE, AT, data)
