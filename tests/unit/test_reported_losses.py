"""The last report that names a sum stands over all before it; what others told after it comes on top."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.visits.reported_losses import Reported, gone, told_otherwise

YUAN = st.integers(0, 10**9)
STEPS = st.lists(
    st.tuples(st.sampled_from(["told", "report", "correct"]), st.none() | YUAN, st.integers(0, 9)), max_size=12
)


def by_the_book(steps: list[tuple[str, int | None]]) -> int:
    """Told in their order, each correction at its report's place."""
    known = 0
    for what, yuan in steps:
        if what == "told":
            known += yuan or 0
        elif yuan is not None:
            known = yuan
    return known


@given(STEPS)
def test_whatever_is_told_and_corrected_it_is_as_if_told_right_at_once(
    steps: list[tuple[str, int | None, int]],
) -> None:
    known, reports, right = 0, list[Reported](), list[tuple[str, int | None]]()
    for what, yuan, which in steps:
        if what == "told":
            known += yuan or 0
            right.append((what, yuan))
        elif what == "report":
            reports.append(Reported(f"{len(reports)}", yuan, told_otherwise(reports, known)))
            known = known if yuan is None else yuan
            right.append((what, yuan))
        elif reports:
            at = which % len(reports)
            otherwise = told_otherwise(reports, known)
            reports[at] = replace(reports[at], yuan=yuan)
            known = gone(reports, otherwise)
            right[[number for number, (each, _) in enumerate(right) if each == "report"][at]] = ("report", yuan)
        assert known == by_the_book(right)
