"""The breaker: when a provider is left, and how it comes back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import MONDAY
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.casework.breaker import (
    COOL_DOWN,
    LONGEST_COOL_DOWN,
    MENDED_AFTER,
    QUIET_STEP,
    STEP,
    STEPS,
    BreakerState,
    Counts,
    Kind,
    Window,
    cool_down,
    judge,
    kind_of,
)
from providers.base import Accepted, InDoubt, OperationsFault, Permanent, SwitchChannel, Transient
from schemas.vocabulary import Cause, Health, Result

SECOND = timedelta(seconds=1)
WELL = BreakerState(Health.CLOSED, MONDAY)
HEALTHY = Counts(good=300)


def window(whole: Counts, recent: Counts | None = None, in_a_row: int = 0) -> Window:
    return Window(whole, whole if recent is None else recent, in_a_row)


def moved(
    standing: BreakerState, found: Window, after: timedelta = SECOND, **given: Any
) -> tuple[Health, Cause] | None:
    change = judge(standing, found, standing.since + after, **({"has_other": True} | given))
    return change and (change[0].health, change[1])


@pytest.mark.parametrize(
    ("outcome", "took_s", "kind"),
    [
        (Accepted("r"), 0.1, Kind.GOOD),
        (Accepted("r"), 2.1, Kind.SLOW),
        (Permanent(Result.FAILED_PERMANENT, "content"), 0.1, Kind.GOOD),
        (SwitchChannel("number_limit"), 0.1, Kind.GOOD),
        (Transient("500"), 0.1, Kind.ERROR),
        (InDoubt("ReadTimeout"), 9.0, Kind.DOUBT),
        (OperationsFault("no_credit"), 0.1, Kind.FAULT),
    ],
)
def test_what_a_send_tells_of_its_provider(outcome: Any, took_s: float, kind: Kind) -> None:
    assert kind_of(outcome, took_s, slow_s=2.0) is kind


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        (window(Counts(good=300, error=6), Counts(error=6), 6), Cause.IN_A_ROW),
        (window(Counts(error=3, doubt=3), in_a_row=6), Cause.IN_A_ROW),
        (window(Counts(good=5, error=5)), Cause.ERRORS),
        (window(Counts(good=8, doubt=2)), Cause.DOUBTS),
        (window(Counts(good=300, slow=5), Counts(good=5, slow=5)), Cause.SLOW),
    ],
)
def test_it_opens(found: Window, cause: Cause) -> None:
    assert moved(WELL, found) == (Health.OPEN, cause)


@pytest.mark.parametrize(
    "found",
    [
        window(Counts()),
        window(HEALTHY),
        window(Counts(error=5), in_a_row=5),
        window(Counts(good=300, error=6), Counts(good=1, error=6), 6),
        window(Counts(good=70, error=30)),
        window(Counts(good=4, error=5)),
        window(Counts(good=81, doubt=19)),
        window(Counts(good=300, slow=4), Counts(slow=4)),
        window(Counts(good=300, slow=4), Counts(good=6, slow=4)),
    ],
)
def test_it_stays_closed(found: Window) -> None:
    assert moved(WELL, found) is None


def test_one_that_is_alone_is_left_only_where_it_fails() -> None:
    for found in (window(Counts(good=70, doubt=30)), window(Counts(slow=100))):
        assert moved(WELL, found, has_other=False) is None
        assert moved(WELL, found) is not None
    assert moved(WELL, window(Counts(doubt=6), in_a_row=6), has_other=False) == (Health.OPEN, Cause.IN_A_ROW)


def test_one_fault_of_operations_takes_it_out_until_it_may_be_mended() -> None:
    faulty = window(replace(HEALTHY, fault=1))
    assert moved(WELL, faulty) == (Health.OUT, Cause.FAULT)
    assert moved(BreakerState(Health.RETURNING, MONDAY), faulty) == (Health.OUT, Cause.FAULT)
    out = BreakerState(Health.OUT, MONDAY)
    assert moved(out, window(Counts()), MENDED_AFTER - SECOND) is None
    assert moved(out, window(Counts()), MENDED_AFTER) == (Health.RETURNING, Cause.COOLED)


def test_it_comes_back_step_by_step() -> None:
    standing, now, shares = BreakerState(Health.OPEN, MONDAY, trips=1), MONDAY, []
    while standing.health is not Health.CLOSED:
        now += SECOND
        change = judge(standing, window(Counts(good=1)), now, has_other=True)
        if change is not None:
            standing = change[0]
            shares.append((standing.share, now - MONDAY))
    assert shares == [(share, COOL_DOWN + n * STEP) for n, share in enumerate((*STEPS, 1.0))]
    assert standing.trips == 0


def test_a_step_without_an_answer_takes_its_time() -> None:
    back = BreakerState(Health.RETURNING, MONDAY)
    assert moved(back, window(Counts()), QUIET_STEP - SECOND) is None
    assert moved(back, window(Counts()), QUIET_STEP) == (Health.RETURNING, Cause.STEP)


@pytest.mark.parametrize(
    "found", [window(Counts(error=2), in_a_row=2), window(Counts(good=2, error=2), Counts(good=1))]
)
def test_who_fails_on_the_way_back_opens_at_once_and_for_longer(found: Window) -> None:
    back = BreakerState(Health.RETURNING, MONDAY, step=1, trips=1)
    change = judge(back, found, MONDAY + SECOND, has_other=True)
    assert change is not None
    assert (change[0].health, change[0].trips, change[0].share) == (Health.OPEN, 2, 0.0)
    assert moved(change[0], window(Counts()), 2 * COOL_DOWN - SECOND) is None
    assert moved(change[0], window(Counts()), 2 * COOL_DOWN) == (Health.RETURNING, Cause.COOLED)


def test_cool_downs_grow_up_to_a_bound() -> None:
    waits = [cool_down(trips) / SECOND for trips in range(1, 8)]
    assert waits == [15, 30, 60, 120, 240, 300, 300]
    assert cool_down(10_000) == LONGEST_COOL_DOWN


@pytest.mark.parametrize("health", [Health.OPEN, Health.OUT])
def test_answers_end_a_long_cool_down(health: Health) -> None:
    """Where there is no other, it was tried all the same."""
    waiting = BreakerState(health, MONDAY, trips=5)
    assert moved(waiting, window(Counts(good=3)), COOL_DOWN) == (Health.RETURNING, Cause.ANSWERS)
    assert moved(waiting, window(Counts(good=3)), COOL_DOWN - SECOND) is None
    assert moved(waiting, window(Counts(good=2)), COOL_DOWN) is None
    assert moved(waiting, window(Counts(good=3), Counts(good=1, error=1)), COOL_DOWN) is None
    assert moved(waiting, window(Counts(good=3), Counts()), COOL_DOWN) is None


counts = st.builds(Counts, *[st.integers(0, 40)] * 5)
windows = st.builds(Window, counts, counts, st.integers(0, 20))
provider_health = st.builds(
    BreakerState, st.sampled_from(Health), st.just(MONDAY), st.integers(0, len(STEPS) - 1), st.integers(1, 20)
)
ages = st.timedeltas(timedelta(0), timedelta(hours=1))


@given(provider_health, windows, ages, st.booleans())
def test_whatever_it_sees_it_never_undoes_a_pause_and_never_skips_a_step(
    standing: BreakerState, found: Window, age: timedelta, has_other: bool
) -> None:
    change = judge(standing, found, MONDAY + age, has_other=has_other)
    if standing.health is Health.PAUSED:
        assert change is None
    if change is None:
        return
    after = change[0]
    assert after.since == MONDAY + age
    assert after.health is not Health.PAUSED
    if standing.health in (Health.OPEN, Health.OUT):
        assert (after.health, after.step) == (Health.RETURNING, 0)
    if after.health is Health.CLOSED:
        assert (standing.health, standing.step) == (Health.RETURNING, len(STEPS) - 1)
    if standing.health is Health.RETURNING is after.health:
        assert after.step == standing.step + 1
