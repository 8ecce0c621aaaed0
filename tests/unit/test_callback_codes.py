"""What is typed for a call-back code, and how many of all digits a case's numbers confirm."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.casework.callback_codes import one_ends_with
from schemas.normalise import compact

ALL_DIGITS = [f"{number:04d}" for number in range(10**4)]
NUMBERS = st.from_regex(r"\+861[0-9]{10}", fullmatch=True)


@settings(max_examples=25)  # each tries all the digits that there are
@given(st.lists(NUMBERS, max_size=4))
def test_each_number_confirms_one_of_ten_thousand_digits(numbers: list[str]) -> None:
    """So a guess at one of n codes, of m numbers each, hits with at most n·m / 10^10."""
    confirmed = {digits for digits in ALL_DIGITS if one_ends_with(numbers, digits)}
    assert confirmed == {number[-4:] for number in numbers}


@given(st.sampled_from(ALL_DIGITS))
def test_an_unreadable_or_short_number_confirms_nothing(digits: str) -> None:
    assert not one_ends_with(["", "+86", "+861"], digits)


@given(NUMBERS, st.lists(NUMBERS, max_size=3))
def test_a_number_confirms_wherever_it_stands(number: str, others: list[str]) -> None:
    assert one_ends_with([*others, number], number[-4:])
    assert one_ends_with([number, *others], number[-4:])


@given(st.from_regex(r"[0-9]{6}", fullmatch=True), st.sampled_from(["", " ", "-", "–", "\u3000", "."]), st.booleans())
def test_digits_are_the_same_however_they_are_typed(code: str, between: str, wide: bool) -> None:
    typed = between.join(chr(ord(each) + 0xFEE0) if wide else each for each in code)
    assert compact(f" {typed}\n") == code


@given(st.text())
def test_anything_typed_can_be_compared(typed: str) -> None:
    assert not set(compact(typed)) & set(" -–.\n")
