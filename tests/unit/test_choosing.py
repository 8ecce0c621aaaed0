"""Choosing a provider: a pure function of candidates, those tried, and one number."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.delivery.weighted_choice import Candidate, choose, drawn, has_another
from dispatcher.store.base import new_id

NAMES = "abcdef"
candidates = st.lists(
    st.builds(
        Candidate, st.sampled_from(NAMES), st.sampled_from([0, 0.5, 1, 3, 1000]), st.sampled_from([0, 0.1, 0.5, 1])
    ),
    max_size=6,
    unique_by=lambda each: each.name,
)
tried = st.sets(st.sampled_from(NAMES))
numbers = st.floats(0, 1, exclude_max=True)


@given(candidates, tried, numbers)
def test_the_one_chosen_is_the_best_there_is(found: list[Candidate], before: set[str], at: float) -> None:
    name = choose(found, before, at)
    assert (name is None) == (not found)
    if name is None:
        return
    chosen = next(each for each in found if each.name == name)
    in_use = [each for each in found if each.share > 0]
    fresh = [each for each in in_use if each.name not in before]
    assert chosen in (fresh or in_use or found)
    # A reserve is taken only where nobody with a weight is as good.
    assert chosen.weight > 0 or not any(each.weight > 0 for each in fresh or in_use)
    assert has_another(found, before) == bool(fresh)


def shares(*found: Candidate, before: frozenset[str] = frozenset()) -> dict[str | None, int]:
    """Per cent, by a thousand numbers evenly spread."""
    return {name: count // 10 for name, count in Counter(choose(found, before, n / 1000) for n in range(1000)).items()}


def test_weights_share_the_traffic() -> None:
    assert shares(Candidate("a", 3), Candidate("b", 1)) == {"a": 75, "b": 25}
    assert shares(Candidate("a", 1), Candidate("b", 1), Candidate("c", 0)) == {"a": 50, "b": 50}


def test_who_comes_back_gets_a_part_of_its_weight() -> None:
    assert shares(Candidate("a", 1, share=0.25), Candidate("b", 3)) == {"a": 7, "b": 92}
    assert shares(Candidate("a", 1, share=0.1)) == {"a": 100}


def test_those_whose_breakers_are_open_are_tried_only_where_all_are() -> None:
    assert shares(Candidate("a", share=0), Candidate("b", 0)) == {"b": 100}
    assert shares(Candidate("a", 3, share=0), Candidate("b", 1, share=0)) == {"a": 75, "b": 25}
    assert not has_another([Candidate("a", share=0)], ())


@given(st.uuids())
def test_the_number_of_an_attempt_is_in_its_range(attempt: UUID) -> None:
    assert 0 <= drawn(attempt) < 1
    assert drawn(attempt) == drawn(attempt)


def test_attempts_made_in_one_moment_are_spread_evenly() -> None:
    found = Counter(int(drawn(new_id()) * 4) for _ in range(4000))
    assert min(found.values()) > 800


@pytest.mark.parametrize("at", [0.0, 0.999999])
def test_a_weight_far_above_the_others_leaves_nobody_out(at: float) -> None:
    assert choose([Candidate("a", 1000), Candidate("b", 0.001)], (), at) in ("a", "b")
