"""Who of the contacts that an instruction names is a child's guardian."""

import re
import unicodedata

from schemas.vocabulary import Relation

_OF_A_CHILD = frozenset({Relation.PARENT, Relation.GRANDPARENT})
_SAYS_SO = re.compile(r"(?<!非)监护|\bguardian", re.IGNORECASE)


def as_called(relation: Relation, *, minor: bool, basis: str | None = None) -> Relation:
    """Returns as what a contact is called: of a child, parents, grandparents and whoever `basis` says are guardians."""
    says_so = basis is not None and _SAYS_SO.search(unicodedata.normalize("NFKC", basis)) is not None
    return Relation.GUARDIAN if minor and (relation in _OF_A_CHILD or says_so) else relation
