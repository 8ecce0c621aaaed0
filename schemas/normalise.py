"""What sources really send, as codes and in the form in which it is compared: what intake calls.

The work is done in `folding`, `phone_numbers`, `identity_numbers` and `vocabularies`. Labels are read here by the words
that ship; `Context.vocabulary` knows the centre's own too.
"""

from schemas.folding import digits as compact
from schemas.folding import visible as fold_width
from schemas.identity_numbers import birth_date, id_number
from schemas.phone_numbers import CALLING_REGIONS, Number, number
from schemas.vocabularies import SHIPPED
from schemas.vocabulary import Vulnerability

__all__ = [
    "CALLING_REGIONS",
    "Number",
    "address_kind",
    "birth_date",
    "compact",
    "fold_width",
    "id_number",
    "number",
    "relation",
    "vulnerability",
]

relation = SHIPPED.relation
address_kind = SHIPPED.address_kind


def vulnerability(text: str) -> Vulnerability | None:
    """The code for a code or a label; None where it is unknown, or names several."""
    found = SHIPPED.vulnerabilities(text)
    return found[0] if len(found) == 1 else None
