"""Calls: nothing is given away before the key press, and nothing to those it is no business of after it."""

import re
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.texts import CONFIRMED_PART, load
from schemas.vocabulary import FRAUD_TYPES, KIN, Person, Relation

LANGUAGES = ("zh-CN", "en")
OCCASIONS = (1, 2, 3)
RELATIONS = (None, *Relation)
CODE, PLACE = "739164", "丁香路幸福小区"
# The centre may say its own name.
SCAM = re.compile(r"骗|(?<!反)诈|敲诈|转账给|scam|(?<!anti-)fraud|blackmail", re.IGNORECASE)
SPOKEN_CODE = "7 3 9 1 6 4"


def parts(fraud_type: str, language: str, person: Person = Person.SUBJECT, **more: Any) -> tuple[str, str]:
    details: dict[str, Any] = {"surname": "何", "gender": "女", **more}
    script = load().voice(fraud_type, language, person, **details)
    assert script.count(CONFIRMED_PART) == 1
    before, after = script.split(CONFIRMED_PART)
    return before, after


def kinds(fraud_type: str) -> set[str]:
    """Every word a script could use for a scam type."""
    scam = load().types[fraud_type]
    words = [scam.label, scam.trick, *([scam.spoken] if scam.spoken else ())]
    return {text for word in words for text in (word.zh, word.en)}


def gives_away(text: str, fraud_type: str) -> bool:
    return bool(SCAM.search(text)) or any(word in text for word in kinds(fraud_type))


def has_code(text: str) -> bool:
    return CODE in re.sub(r"\D", "", text)


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_nothing_but_the_name_is_said_before_the_key_press(fraud_type: str) -> None:
    plain = {language: parts("F99", language)[0] for language in LANGUAGES}
    for language, person, relation, occasion, minor in product(LANGUAGES, Person, RELATIONS, OCCASIONS, (False, True)):
        before, _ = parts(
            fraud_type,
            language,
            person,
            relation=relation,
            occasion=occasion,
            code=CODE,
            place=PLACE,
            minor=minor,
        )
        assert not gives_away(before, fraud_type)
        assert not has_code(before)
        assert PLACE not in before
        # The same words for everybody: so nothing can be guessed from them either.
        assert before == plain[language]


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_after_it_only_subject_and_a_minors_guardian_hear_of_a_scam(fraud_type: str, language: str) -> None:
    for person, relation, occasion, minor in product(Person, RELATIONS, OCCASIONS, (False, True)):
        _, after = parts(
            fraud_type, language, person, relation=relation, occasion=occasion, code=CODE, place=PLACE, minor=minor
        )
        told = (person is Person.SUBJECT and relation is None) or (
            person is Person.GUARDIAN and relation in (None, Relation.GUARDIAN) and minor
        )
        assert gives_away(after, fraud_type) == told
        assert has_code(after) == told
        assert (PLACE in after) == (relation is Relation.COMMUNITY)
        assert "96110" in after


@pytest.mark.parametrize("relation", [Relation.EMPLOYER, Relation.COMMUNITY, Relation.SPOUSE, Relation.FRIEND])
def test_others_hear_the_same_whatever_type_or_occasion(relation: Relation) -> None:
    said = {
        parts(fraud_type, "zh", relation.person, relation=relation, occasion=occasion, code=CODE)[1]
        for fraud_type, occasion in product(FRAUD_TYPES, OCCASIONS)
    }
    # Of a private type even less.
    assert len(said) == (2 if relation in KIN | {Relation.FRIEND} else 1)


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
@pytest.mark.parametrize(
    ("relation", "subject"),
    [(Relation.SPOUSE, "爱人"), (Relation.PARENT, "孩子"), (Relation.RELATIVE, "亲友"), (None, "亲友")],
)
def test_family_is_told_whom_to_find_by_what_they_are_to_them(
    fraud_type: str, relation: Relation | None, subject: str
) -> None:
    after = parts(fraud_type, "zh", Person.FAMILY, relation=relation)[1]
    assert f"您的{subject}" in after
    assert ("可疑电话" in after) == (not load().types[fraud_type].private)


@pytest.mark.parametrize("person", [Person.FAMILY, Person.GUARDIAN, Person.OTHER])
def test_without_a_relation_everybody_but_the_subject_hears_the_family_wording(person: Person) -> None:
    after = parts("F08", "zh", person)[1]
    assert after.startswith("不是事故。您的亲友可能正在接可疑电话。")


def test_opening_names_the_surname_and_nothing_more() -> None:
    assert parts("F08", "zh-CN")[0] == (
        "您好,这里是云汀市公安局反诈中心。如果您正要转账、取现金或共享屏幕,请先停下来。我们不会让您转账,也不会要密码和验证码。"
        "请问您是何女士本人吗?是本人请按1;不是本人,请转告机主自己拨打96110,谢谢。"
    )


def test_subject_hears_the_body_of_the_domain_table() -> None:
    start = "我们发现您可能正遇到刷单返利骗局。请先停止转账。您不放心的话,请挂断后自己拨打96110或110"
    assert parts("F01", "zh")[1] == f"{start}。"
    assert parts("F01", "zh", code=CODE)[1] == f"{start},报任务码{SPOKEN_CODE},接线员会告诉您是否有这次任务。"
    assert parts("F01", "en", code="")[1].endswith("hang up and ring 96110 or 110 yourself.")
    assert f"quote task code {SPOKEN_CODE}." in parts("F01", "en", code=CODE)[1]


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_repeated_calls_name_the_trick_and_then_where_to_go(fraud_type: str) -> None:
    trick, private = load().types[fraud_type].trick, fraud_type in ("F09", "F12")
    assert trick.zh in parts(fraud_type, "zh", occasion=2)[1]
    assert trick.en in parts(fraud_type, "en", occasion=2)[1]
    third = parts(fraud_type, "zh", occasion=3)[1]
    assert "派出所" in third
    assert ("家人" in third) != private
    assert ("隐私" in third) == private
    assert ("family" in parts(fraud_type, "en", occasion=3)[1]) != private
    assert third == parts(fraud_type, "zh", occasion=9)[1]


def test_guardian_of_a_minor_hears_of_the_child_whatever_the_type() -> None:
    for fraud_type, occasion in product(FRAUD_TYPES, OCCASIONS):
        after = parts(fraud_type, "zh", Person.GUARDIAN, minor=True, occasion=occasion, code=CODE)[1]
        assert "您家孩子" in after
        assert "骗子" in after
        assert not any(word in after for word in kinds(fraud_type) - kinds("F13"))


def test_blackmail_is_not_called_by_its_label_aloud() -> None:
    for language, occasion in product(LANGUAGES, OCCASIONS):
        assert not re.search("裸聊|nude", "".join(parts("F12", language, occasion=occasion)))


def test_community_without_a_place_asks_for_it() -> None:
    for nowhere in (None, "", " || "):
        after = parts("F01", "zh", Person.OTHER, relation=Relation.COMMUNITY, place=nowhere)[1]
        assert after.startswith("您那里有一位居民")
        assert not re.search("[{}|]", after)


@pytest.mark.parametrize(
    ("gender", "zh", "en"),
    [
        ("男", "何先生", "Mr 何"),
        ("male", "何先生", "Mr 何"),
        ("女", "何女士", "Ms 何"),
        ("Female", "何女士", "Ms 何"),
        ("未知", "姓何的机主", "the owner of this phone, surname 何"),
        (None, "姓何的机主", "the owner of this phone, surname 何"),
    ],
)
def test_title_follows_the_gender(gender: str | None, zh: str, en: str) -> None:
    assert f"请问您是{zh}本人吗?" in parts("F01", "zh-CN", gender=gender)[0]
    assert f"Are you {en}? If this is you, press 1." in parts("F01", "en", gender=gender)[0]


@pytest.mark.parametrize("surname", [None, "", "  ", CONFIRMED_PART])
def test_without_a_surname_the_owner_is_asked_for(surname: str | None) -> None:
    before, _ = parts("F01", "zh-CN", surname=surname)
    assert "请问您是机主本人吗?" in before
    assert "女士" not in before


DATA = st.text(st.sampled_from("何a |｜{}\n\r0:type"), max_size=12)


@given(surname=DATA, place=DATA, code=DATA)
def test_data_can_move_neither_separator_nor_placeholder(surname: str, place: str, code: str) -> None:
    for relation in (None, Relation.COMMUNITY):
        before, after = parts("F01", "zh", surname=surname, place=place, code=code, relation=relation)
        assert before.endswith("是本人请按1;不是本人,请转告机主自己拨打96110,谢谢。")
        assert "刷单返利" not in before
        assert not re.search(r"[|｜\n\r]", before + after)


def test_unknown_type_is_spoken_as_the_generic_one() -> None:
    assert parts("F77", "zh") == parts("F99", "zh")
    assert "您可能正遇到电信网络骗局。" in parts("F77", "zh")[1]
