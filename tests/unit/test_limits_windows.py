"""Limits as data, and what the windows that follow from them do: pure."""

from datetime import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.limits.windows import Kind, Ledger, Window, windows
from providers import limits
from providers.limits import Limits, Rate

FULL = {
    "rate": ["50/1s"],
    "at_once": 20,
    "account": ["20000/1d"],
    "callee": ["1/1m", "5/1h"],
    "quiet": "21:00-08:00",
    "reserved_urgent": 0.2,
}


def test_a_whole_table_is_read() -> None:
    found = limits.read(FULL)
    assert found.rate == (Rate(50, 1),)
    assert found.account == (Rate(20000, 86400),)
    assert [str(each) for each in found.callee] == ["1/1m", "5/1h"]
    assert str(found.quiet) == "21:00-08:00"
    assert found.count


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"rate": ["50"]}, "limits.rate: write a number of messages, a slash and a time of at most 31 days, such as"),
        ({"rate": ["0/1s"]}, "limits.rate: write a number"),
        ({"callee": ["5/32d"]}, "limits.callee: write a number"),
        ({"callee": "5/1h"}, "limits.callee: write a list such as"),
        ({"at_once": -1}, "limits.at_once: Input should be greater than or equal to 0"),
        ({"at_once": True}, "limits.at_once: Input should be a valid integer"),
        ({"quiet": "21-8"}, 'limits.quiet: write two times of a day, such as "21:00-08:00"'),
        ({"quiet": "08:00-08:00"}, "limits.quiet: write two times"),
        ({"reserved_urgent": 1}, "limits.reserved_urgent: Input should be"),
        ({"per_second": 50}, "limits.per_second is unknown; one of: rate, at_once, account"),
        ([], "limits must be a table such as"),
    ],
)
def test_a_mistake_is_told_with_field_and_remedy(table: object, told: str) -> None:
    with pytest.raises(ValueError, match="^" + told.replace("(", r"\(").replace(".", r"\.")) as caught:
        limits.read(table)
    assert "\n" not in str(caught.value)


def test_what_is_set_takes_the_place_of_a_default_and_nothing_else_does() -> None:
    vendor = Limits(rate=(Rate(10, 1),), callee=(Rate(1, 60),))
    assert limits.read({}).over(vendor) == vendor
    changed = limits.read({"callee": [], "at_once": 3}).over(vendor)
    assert (changed.rate, changed.callee, changed.at_once) == (vendor.rate, (), 3)


def test_quiet_hours_may_lie_over_midnight() -> None:
    night, noon = limits.read({"quiet": "21:00-08:00"}).quiet, limits.read({"quiet": "12:00-14:00"}).quiet
    assert night
    assert noon
    at = [time(20, 59), time(21), time(23, 59), time(0), time(7, 59), time(8), time(12), time(13, 59), time(14)]
    assert [night.holds(each) for each in at] == [False, True, True, True, True, False, False, False, False]
    assert [noon.holds(each) for each in at] == [False] * 6 + [True, True, False]


def test_a_message_is_counted_by_every_window_and_a_routine_one_twice() -> None:
    data = limits.read(FULL)
    urgent = windows("city", data, "abc", is_urgent=True, lease_s=15)
    routine = windows("city", data, "abc", is_urgent=False, lease_s=15)
    assert [(each.key, each.places) for each in urgent] == [
        ("limits:{city}:rate:1s", 50),
        ("limits:{city}:lines", 20),
        ("limits:{city}:account:86400s", 20000),
        ("limits:{city}:callee:60s:abc", 1),
        ("limits:{city}:callee:3600s:abc", 5),
    ]
    assert [(each.key, each.places) for each in routine if each not in urgent] == [
        ("limits:{city}:rate:1s:routine", 40),
        ("limits:{city}:lines:routine", 16),
        ("limits:{city}:account:86400s:routine", 16000),
    ]
    assert windows("city", data, None, is_urgent=True, lease_s=15) == urgent[:3]


def test_one_line_is_not_reserved_away() -> None:
    [lines, routine] = windows("sip", Limits(at_once=1), None, is_urgent=False, lease_s=15)
    assert (lines.places, routine.places) == (1, 1)


@given(st.integers(1, 200), st.integers(1, 60_000), st.integers(1, 40))
def test_the_shares_of_all_workers_together_are_never_more_than_the_whole(
    places: int, length: int, workers: int
) -> None:
    share = Window("w", Kind.RATE, places, length, 500).shared_by(workers)
    assert share.places * workers / share.length_ms <= places / length * (1 + workers / length)


# What happens: who sends after how long, and how long its answer takes; None: it never comes.
STEPS = st.lists(st.tuples(st.integers(0, 400), st.one_of(st.none(), st.integers(0, 600)), st.booleans()), max_size=80)


def test_a_message_that_comes_again_finds_its_own_place_free() -> None:
    """The transaction that booked it was rolled back, for a fault that may be another message's."""
    ledger, line = Ledger(), [Window("line", Kind.LINES, 1, 0, 2000)]
    assert ledger.book(0, "a", line).is_booked
    assert not ledger.book(1, "b", line).is_booked
    assert ledger.book(2, "a", line).is_booked
    assert ledger.used(3, "line") == 1


WINDOWS = [
    Window("rate", Kind.RATE, 3, 1000, 500),
    Window("lines", Kind.LINES, 4, 0, 2000),
    Window("callee", Kind.CALLEE, 5, 3000, 500),
]


@given(STEPS)
def test_no_window_ever_holds_more_than_it_may_and_all_are_taken_or_none(
    steps: list[tuple[int, int | None, bool]],
) -> None:
    """Wherever between its taking and its answer a message is counted."""
    ledger, now, sent = Ledger(), 0, []
    answers: list[tuple[int, str]] = []
    for number, (pause, answer_after, counts_late) in enumerate(steps):
        now += pause
        for at, message in sorted(each for each in answers if each[0] <= now):
            ledger.settle(at, message, WINDOWS)
            answers.remove((at, message))
        before = [ledger.used(now, each.key) for each in WINDOWS]
        verdict = ledger.book(now, str(number), WINDOWS)
        after = [ledger.used(now, each.key) for each in WINDOWS]
        assert after == [each + verdict.is_booked for each in before]
        if verdict.is_booked:
            start = now + verdict.wait_ms
            if answer_after is not None:
                answers.append((start + answer_after, str(number)))
            # Held at most 500 ms for an answer that is late.
            late = min(answer_after if answer_after is not None else 500, 500)
            sent.append(start + (late if counts_late else 0))
    for window, first in product(WINDOWS, sent):
        if window.length_ms:
            assert sum(first <= each < first + window.length_ms for each in sent) <= window.places
