"""Who of the contacts that an instruction names is a child's guardian."""

import re
import unicodedata

from schemas.vocabulary import Relation

_OF_A_CHILD = frozenset({Relation.GUARDIAN, Relation.PARENT, Relation.GRANDPARENT})
_SAYS_SO = re.compile(r"(?<!非)监护|\bguardian", re.IGNORECASE)


def as_called(relation: Relation, *, minor: bool, basis: str | None = None) -> Relation:
    """Returns as what a contact is called."""
    return Relation.GUARDIAN if minor and is_guardian_of_a_child(relation, basis) else relation


def is_guardian_of_a_child(relation: Relation, basis: str | None = None) -> bool:
    """Whether a contact is a guardian if the person is a child: parents, grandparents, whoever `basis` says is one."""
    says_so = basis is not None and _SAYS_SO.search(unicodedata.normalize("NFKC", basis)) is not None
    return relation in _OF_A_CHILD or says_so
