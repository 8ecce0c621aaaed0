"""Who of the contacts that an instruction names is a child's guardian."""

import pytest

from schemas.guardians import as_called
from schemas.vocabulary import Relation


@pytest.mark.parametrize("relation", [Relation.GUARDIAN, Relation.PARENT, Relation.GRANDPARENT])
def test_parents_and_grandparents_are_guardians_of_a_child(relation: Relation) -> None:
    assert as_called(relation, minor=True) is Relation.GUARDIAN


@pytest.mark.parametrize("relation", [Relation.SIBLING, Relation.RELATIVE, Relation.COMMUNITY, Relation.OTHER])
@pytest.mark.parametrize("basis", ["监护人", "法定监护人", " 监护人(母亲)", "Legal guardian"])
def test_whoever_the_basis_calls_a_guardian_is_one_of_a_child(relation: Relation, basis: str) -> None:
    assert as_called(relation, minor=True, basis=basis) is Relation.GUARDIAN


@pytest.mark.parametrize("relation", [Relation.SIBLING, Relation.RELATIVE, Relation.COMMUNITY, Relation.OTHER])
@pytest.mark.parametrize("basis", [None, "", "本人提供", "非监护人", "户籍信息"])
def test_other_contacts_of_a_child_are_what_their_relation_says(relation: Relation, basis: str | None) -> None:
    assert as_called(relation, minor=True, basis=basis) is relation


@pytest.mark.parametrize("relation", Relation)
def test_an_adults_contacts_are_what_their_relation_says_whatever_the_basis(relation: Relation) -> None:
    assert as_called(relation, minor=False, basis="监护人") is relation
