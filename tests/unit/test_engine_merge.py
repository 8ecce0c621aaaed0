"""What the standing instructions of a case say together, and the laws of it."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from builders import ALL, CRITICAL, HIGH, LOW, MONDAY, SMS, VOICE
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.engine.merge import (
    DEFAULT_LANGUAGE,
    GUARDIAN,
    MergedFacts,
    Statement,
    Transfer,
    are_strangers,
    is_graver,
    merge,
)
from schemas.case_facts import CaseFacts
from schemas.vocabulary import FRAUD_TYPES, Channel, Urgency, Vulnerability

GRAVE = ("F12", "F08", "F09")
LATER = MONDAY + timedelta(hours=1)
FIRST = Statement("a", MONDAY, HIGH, "F01", (SMS,))


def with_(said: Statement = FIRST, **changes: object) -> Statement:
    return replace(said, id="b", issued_at=LATER, **changes)


FEARS = st.builds(
    CaseFacts,
    vulnerability=st.lists(st.sampled_from(Vulnerability), unique=True, max_size=3).map(tuple),
    antifraud_app=st.sampled_from(["unknown", "installed", "removed"]),
    life_at_risk=st.booleans(),
    transfer_ongoing=st.booleans(),
    minor=st.booleans(),
)
STATEMENTS = st.builds(
    Statement,
    id=st.uuids().map(str),
    issued_at=st.integers(0, 3).map(lambda hours: MONDAY + timedelta(hours=hours)),
    urgency=st.sampled_from(Urgency),
    fraud_type=st.sampled_from(FRAUD_TYPES),
    channels=st.lists(st.sampled_from(Channel), unique=True, min_size=1, max_size=3).map(tuple),
    language=st.sampled_from([None, "zh-CN", "en"]),
    texts=st.dictionaries(st.sampled_from(["name", "gender"]), st.binary(max_size=1)).map(
        lambda texts: frozenset(texts.items())
    ),
    numbers=st.frozensets(st.tuples(st.binary(max_size=1), st.sampled_from(["subject", "contact:child"])), max_size=3),
    places=st.frozensets(st.binary(max_size=1), max_size=3),
    facts=FEARS,
    amount_at_risk=st.none() | st.integers(0, 9),
    transfers=st.lists(st.builds(Transfer, at=st.just(MONDAY), yuan=st.integers(0, 3)), max_size=3).map(tuple),
    identity=st.none() | st.tuples(st.binary(max_size=1), st.booleans()),
    name_digest=st.none() | st.binary(max_size=1),
    money_moved=st.booleans(),
    expired=st.booleans(),
)
CASES = st.lists(STATEMENTS, min_size=1, max_size=4, unique_by=lambda each: each.id)


def merged(statements: list[Statement]) -> MergedFacts:
    return merge(statements, GRAVE)


@given(CASES, st.randoms())
def test_the_order_of_arrival_does_not_matter(statements: list[Statement], random: Random) -> None:
    shuffled = list(statements)
    random.shuffle(shuffled)
    assert merged(shuffled) == merged(statements)


@given(CASES)
def test_the_same_word_twice_is_one(statements: list[Statement]) -> None:
    assert merged(statements + statements) == merged(statements)


@given(CASES, STATEMENTS, STATEMENTS)
def test_an_update_replaces_its_own_sources_word_only(others: list[Statement], old: Statement, new: Statement) -> None:
    """Nothing of the older version is left, and nothing of what the others say is lost."""
    after, rest = merged([*others, new]), merged(others)
    assert after.numbers == rest.numbers | new.numbers
    assert after.places == rest.places | new.places
    assert set(after.channels) == {*rest.channels, *new.channels}
    assert after.urgency.rank == min(rest.urgency.rank, new.urgency.rank)
    assert after.facts.flags() == rest.facts.flags() | new.facts.flags()
    assert old.id not in {told for _, told in after.texts.values()}


@given(CASES, STATEMENTS)
def test_a_withdrawn_one_leaves_no_trace(statements: list[Statement], gone: Statement) -> None:
    with_it = merged([*statements, gone])
    assert merged(statements) == merged([each for each in [*statements, gone] if each.id != gone.id])
    assert with_it.urgency.rank <= merged(statements).urgency.rank


@given(CASES, STATEMENTS)
def test_urgency_and_gravity_never_fall_by_merging(statements: list[Statement], another: Statement) -> None:
    before, after = merged(statements), merged([*statements, another])
    assert after.urgency.rank <= before.urgency.rank
    assert not is_graver(before.fraud_type, after.fraud_type, GRAVE)
    assert before.facts.flags() <= after.facts.flags()
    assert after.transferred >= before.transferred


def test_nothing_can_not_be_merged() -> None:
    with pytest.raises(ValueError, match=r"^nothing to merge$"):
        merge([])


def test_the_newest_word_on_the_type_stands_among_equals() -> None:
    assert merged([FIRST, with_(fraud_type="F03")]).fraud_type == "F03"
    assert merged([FIRST, with_(fraud_type="F99")]).fraud_type == "F01"


@pytest.mark.parametrize(
    ("old", "new", "stands"), [("F08", "F03", "F08"), ("F08", "F12", "F12"), ("F01", "F09", "F09")]
)
def test_a_graver_type_is_never_replaced_by_a_lesser_one(old: str, new: str, stands: str) -> None:
    assert merged([replace(FIRST, fraud_type=old), with_(fraud_type=new)]).fraud_type == stands


def test_the_newest_language_and_texts_stand_and_silence_changes_nothing() -> None:
    first = replace(FIRST, language="en", texts=frozenset({("name", b"1"), ("gender", b"2")}))
    facts = merged([first, with_(texts=frozenset({("name", b"3")}))])
    assert (facts.language, facts.texts) == ("en", {"name": (b"3", "b"), "gender": (b"2", "a")})
    assert merged([FIRST]).language == DEFAULT_LANGUAGE


def test_the_later_word_stands_though_its_id_is_lower() -> None:
    late = replace(FIRST, id="0", issued_at=LATER, language="en")
    assert merged([late, replace(FIRST, id="9", language="zh-CN")]).language == "en"


def test_the_larger_amount_at_risk_stands_and_transfers_are_united() -> None:
    five, three = Transfer(MONDAY, 5), Transfer(LATER, 3)
    one = replace(FIRST, amount_at_risk=10, transfers=(five,))
    both = merged([one, with_(amount_at_risk=7, transfers=(five, three))])
    assert (both.amount_at_risk, both.transferred) == (10, 8)
    assert merged([FIRST]).amount_at_risk is None


def test_channels_keep_the_order_in_which_they_were_named() -> None:
    assert merged([replace(FIRST, channels=(VOICE,)), with_(channels=(SMS, VOICE))]).channels == (VOICE, SMS)


def test_what_is_known_of_the_app_is_the_newest_that_is_known() -> None:
    said = [replace(FIRST, facts=CaseFacts(antifraud_app="installed")), with_(facts=CaseFacts(antifraud_app="removed"))]
    assert merged(said).facts.antifraud_app == "removed"
    assert merged([said[0], with_(facts=CaseFacts())]).facts.antifraud_app == "installed"
    assert merged([FIRST]).facts.antifraud_app == "unknown"


def test_what_one_fears_all_fear() -> None:
    facts = merged([replace(FIRST, facts=CaseFacts(life_at_risk=True)), with_(money_moved=True, urgency=CRITICAL)])
    assert (facts.facts.life_at_risk, facts.money_moved, facts.urgency) == (True, True, CRITICAL)


def test_a_case_is_late_only_if_all_that_is_said_came_late() -> None:
    late = replace(FIRST, expired=True)
    assert merged([late]).expired
    assert not merged([late, with_(urgency=LOW, channels=tuple(ALL))]).expired


def test_one_source_may_see_the_same_amount_leave_twice() -> None:
    five = Transfer(MONDAY, 5)
    twice = replace(FIRST, transfers=(five, five))
    assert merged([twice]).transferred == 10
    assert merged([twice, with_(transfers=(five,))]).transferred == 10


def test_the_identity_is_the_newest_that_is_not_doubtful() -> None:
    sure, doubtful = replace(FIRST, identity=(b"1", False)), with_(identity=(b"2", True))
    assert merged([sure, doubtful]).identity == (b"1", False)
    assert merged([doubtful, FIRST]).identity == (b"2", True)
    assert merged([sure, with_(identity=(b"3", False))]).identity == (b"3", False)
    assert merged([FIRST]).identity is None
    assert merged([replace(FIRST, name_digest=b"1"), with_()]).name_digest == b"1"


def test_of_a_child_whoever_is_its_parent_is_a_guardian_whoever_says_that_it_is_a_child() -> None:
    child, father, friend = (b"1", "subject"), (b"2", "contact:parent"), (b"3", "contact:friend")
    named = replace(FIRST, numbers=frozenset({child, father, friend}), guardians=frozenset({father}))
    assert merged([named]).numbers == {child, father, friend}
    again = replace(named, id="c", numbers=frozenset({(b"2", GUARDIAN)}))
    both = [named, with_(facts=CaseFacts(minor=True)), again]
    assert merged(both).numbers == {child, (b"2", GUARDIAN), friend}


ANN, BOB = (b"ann", False), (b"bob", False)
MAYBE_ANN, MAYBE_BOB = (b"ann", True), (b"bob", True)
PHONE, OTHER_PHONE, CONTACT = (b"1", "subject"), (b"2", "subject"), (b"1", "contact:parent")


def about(
    *numbers: tuple[bytes, str], identity: tuple[bytes, bool] | None = None, name: bytes | None = None
) -> Statement:
    return replace(FIRST, identity=identity, name_digest=name, numbers=frozenset(numbers))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (about(PHONE, identity=ANN), about(OTHER_PHONE, identity=BOB)),
        (about(identity=ANN, name=b"x"), about(identity=BOB, name=b"x")),
        (about(PHONE, identity=ANN, name=b"x"), about(CONTACT, identity=BOB, name=b"x")),
        (about(PHONE, identity=MAYBE_ANN, name=b"x"), about(OTHER_PHONE, identity=MAYBE_ANN, name=b"y")),
        (about(PHONE, identity=ANN, name=b"x"), about(OTHER_PHONE, identity=MAYBE_ANN, name=b"y")),
        (about(PHONE, identity=ANN), about(OTHER_PHONE, identity=MAYBE_BOB)),
        (about(PHONE), about(OTHER_PHONE)),
        (about(PHONE, name=b"x"), about(OTHER_PHONE, name=b"y")),
        (about(PHONE, name=b"x"), about(OTHER_PHONE)),
    ],
)
def test_what_tells_two_people_apart(one: Statement, other: Statement) -> None:
    assert are_strangers(one, other)
    assert are_strangers(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (about(PHONE, identity=ANN), about(PHONE, identity=BOB)),
        (about(PHONE, identity=ANN, name=b"x"), about(OTHER_PHONE, identity=ANN, name=b"y")),
        (about(PHONE, identity=MAYBE_ANN, name=b"x"), about(OTHER_PHONE, identity=ANN, name=b"x")),
        (about(PHONE, identity=MAYBE_ANN, name=b"x"), about(OTHER_PHONE, identity=MAYBE_ANN)),
        (about(PHONE, identity=ANN, name=b"x"), about(OTHER_PHONE, identity=MAYBE_BOB, name=b"x")),
        (about(PHONE, name=b"x"), about(OTHER_PHONE, name=b"x")),
        (about(identity=ANN), about(identity=MAYBE_BOB)),
        (about(PHONE, identity=ANN), about(name=b"x")),
        (about(), about()),
    ],
)
def test_what_may_be_one_person(one: Statement, other: Statement) -> None:
    assert not are_strangers(one, other)
    assert not are_strangers(other, one)


@pytest.mark.parametrize(
    "apart", [timedelta(seconds=59), timedelta(milliseconds=1), timedelta(seconds=30, microseconds=7)]
)
def test_two_sources_that_see_the_same_money_seldom_agree_on_its_second(apart: timedelta) -> None:
    first = replace(FIRST, transfers=(Transfer(MONDAY, 5),))
    assert merged([first, with_(transfers=(Transfer(MONDAY + apart, 5),))]).transferred == 5
    assert merged([first, with_(transfers=(Transfer(MONDAY + timedelta(minutes=1), 5),))]).transferred == 10


def test_money_of_no_told_time_left_by_when_it_was_told() -> None:
    untimed = with_(untimed=(5, 5, 3))
    assert merged([untimed]).transferred == 13
    assert merged([untimed, replace(FIRST, transfers=(Transfer(LATER, 5),))]).transferred == 13
    assert merge([untimed], warned_at=MONDAY).transferred_later == 13
    assert merge([untimed], warned_at=LATER).transferred_later == 0


def test_what_left_after_the_warning_is_told_apart() -> None:
    minute = timedelta(minutes=1)
    said = replace(FIRST, transfers=(Transfer(MONDAY - minute, 1), Transfer(MONDAY, 2), Transfer(MONDAY + minute, 4)))
    facts = merge([said, with_(transfers=(Transfer(LATER, 8),))], warned_at=MONDAY)
    assert (facts.transferred, facts.transferred_later) == (15, 12)
    assert merge([said]).transferred_later == 0


@pytest.mark.parametrize(("one", "other"), [("F12", "F08"), ("F09", "F03"), ("F08", "F99"), ("F03", "F99")])
def test_what_is_graver(one: str, other: str) -> None:
    assert (is_graver(one, other, GRAVE), is_graver(other, one, GRAVE)) == (True, False)
