"""Who of the contacts that an instruction names is a child's guardian."""

import pytest

from schemas.guardians import person_of
from schemas.vocabulary import Person, Relation


@pytest.mark.parametrize("relation", [Relation.GUARDIAN, Relation.PARENT, Relation.GRANDPARENT])
def test_parents_and_grandparents_are_guardians_of_a_child(relation: Relation) -> None:
    assert person_of(relation, minor=True) is Person.GUARDIAN


@pytest.mark.parametrize("relation", [Relation.SIBLING, Relation.RELATIVE, Relation.COMMUNITY, Relation.OTHER])
@pytest.mark.parametrize("basis", ["监护人", "法定监护人", " 监护人(母亲)", "Legal guardian"])
def test_whoever_the_basis_calls_a_guardian_is_one_of_a_child(relation: Relation, basis: str) -> None:
    assert person_of(relation, minor=True, basis=basis) is Person.GUARDIAN


@pytest.mark.parametrize("basis", [None, "", "本人提供", "非监护人", "户籍信息"])
def test_other_contacts_of_a_child_are_what_their_relation_says(basis: str | None) -> None:
    assert person_of(Relation.RELATIVE, minor=True, basis=basis) is Person.FAMILY
    assert person_of(Relation.COMMUNITY, minor=True, basis=basis) is Person.OTHER


def test_an_adults_parents_are_family_whatever_the_basis() -> None:
    assert person_of(Relation.PARENT, minor=False, basis="监护人") is Person.FAMILY
    assert person_of(Relation.GUARDIAN, minor=False) is Person.GUARDIAN
