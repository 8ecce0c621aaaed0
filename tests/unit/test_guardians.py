"""Who of the contacts that an instruction names is a child's guardian."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.guardians import Guardianship, as_called, guardianship, is_for_a_person
from schemas.vocabulary import Relation

CLAIMS = (
    *("监护人", "法定监护人", " 监护人(母亲)", "监护权人", "有监护权", "未成年人的监护人", "系其监护人", "監護人"),
    *("Legal guardian", "guardian", "court-appointed guardian", "guardian of the child", "监护关系证明"),
    *("法院指定监护人", "户籍登记：监护人", "是否监护人：是", "监护人，非本人号码", "本人是监护人"),
)
DENIALS = (
    *("不是监护人", "无监护权", "没有监护权", "已撤销监护人资格", "非法定监护人", "监护权已转移", "被监护人"),
    *("已被剥夺监护权", "非监护人", "監護權已轉移", "無監護權", "原监护人", "未取得监护权", "监护人(已撤销)"),
    *("not guardian", "non-guardian", "no longer a guardian", "former guardian", "ex-guardian", "isn't the guardian"),
    *("guardianship revoked", "不 是 监 护 人", "受监护人", "监护人：否"),
)
OF_OTHERS = (
    *("监护人的同事", "监护人同事", "监护权在母亲", "其母亲为监护人", "父母是监护人", "由奶奶监护", "受监护人委托"),
    *("guardian's colleague", "colleague of the guardian's", "监护人是其母亲", "监护人待核实", "疑似监护人"),
)


@pytest.mark.parametrize("relation", [Relation.GUARDIAN, Relation.PARENT, Relation.GRANDPARENT])
def test_parents_and_grandparents_are_guardians_of_a_child(relation: Relation) -> None:
    assert as_called(relation, minor=True) is Relation.GUARDIAN


@pytest.mark.parametrize("relation", [Relation.SIBLING, Relation.RELATIVE, Relation.COMMUNITY, Relation.OTHER])
@pytest.mark.parametrize("basis", CLAIMS)
def test_whoever_the_basis_calls_a_guardian_is_one_of_a_child(relation: Relation, basis: str) -> None:
    assert as_called(relation, minor=True, basis=basis) is Relation.GUARDIAN


@pytest.mark.parametrize("relation", [Relation.SIBLING, Relation.RELATIVE, Relation.COMMUNITY, Relation.OTHER])
@pytest.mark.parametrize("basis", [None, "", "本人提供", "非监护人", "户籍信息"])
def test_other_contacts_of_a_child_are_what_their_relation_says(relation: Relation, basis: str | None) -> None:
    assert as_called(relation, minor=True, basis=basis) is relation


@pytest.mark.parametrize("relation", Relation)
def test_an_adults_contacts_are_what_their_relation_says_whatever_the_basis(relation: Relation) -> None:
    assert as_called(relation, minor=False, basis="监护人") is relation


@pytest.mark.parametrize("relation", [Relation.FRIEND, Relation.RELATIVE, Relation.OTHER])
@pytest.mark.parametrize("basis", DENIALS + OF_OTHERS)
def test_a_word_against_guardianship_makes_no_guardian_and_is_for_a_person(relation: Relation, basis: str) -> None:
    assert as_called(relation, minor=True, basis=basis) is relation
    assert is_for_a_person(relation, basis)


@pytest.mark.parametrize("relation", [Relation.PARENT, Relation.GRANDPARENT])
@pytest.mark.parametrize("basis", DENIALS)
def test_a_parent_whose_guardianship_is_denied_is_no_guardian(relation: Relation, basis: str) -> None:
    assert as_called(relation, minor=True, basis=basis) is relation
    assert is_for_a_person(relation, basis)


@pytest.mark.parametrize("basis", CLAIMS + OF_OTHERS)
def test_a_parent_stays_a_guardian_where_nothing_denies_it(basis: str) -> None:
    assert as_called(Relation.PARENT, minor=True, basis=basis) is Relation.GUARDIAN
    assert not is_for_a_person(Relation.PARENT, basis)


@given(
    st.sampled_from(["不是", "并非", "没有", "不具有", "无", "已撤销", "被剥夺", "丧失", "not ", "non-", "no "]),
    st.sampled_from(["其", "该人的", "孩子的", "法定", "未成年人的", ""]),
    st.sampled_from(["监护人", "监护权", "监护人资格", "監護人", "guardian", "legal guardian"]),
    st.sampled_from(["", " ", "。", "(学校登记)", "，亲戚", "；2026-01-01起"]),
)
def test_whatever_stands_between_a_denial_and_the_word_it_denies(no: str, whose: str, word: str, more: str) -> None:
    assert guardianship(f"{no}{whose}{word}{more}") is Guardianship.DENIED
