"""Who of the contacts that an instruction names is a child's guardian."""

import re
import unicodedata

from schemas.vocabulary import Person, Relation

_OF_A_CHILD = frozenset({Relation.GUARDIAN, Relation.PARENT, Relation.GRANDPARENT})
_SAYS_SO = re.compile(r"(?<!非)监护|\bguardian", re.IGNORECASE)


def person_of(relation: Relation, *, minor: bool, basis: str | None = None) -> Person:
    """Returns who a contact is: of a child, parents, grandparents and whoever `basis` calls guardian are guardians."""
    says_so = basis is not None and _SAYS_SO.search(unicodedata.normalize("NFKC", basis)) is not None
    return Person.GUARDIAN if minor and (relation in _OF_A_CHILD or says_so) else relation.person
