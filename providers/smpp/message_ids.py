"""Message ids in the one form in which a response's and a receipt's are compared: vendors write them differently."""

import re
from typing import Literal

IdForm = Literal["same", "exact", "decimal_of_hex", "hex_of_decimal"]
# How ids are written in (responses, receipts). An id that is not compared is a lost receipt.
_BASES: dict[str, tuple[int, int]] = {"decimal_of_hex": (16, 10), "hex_of_decimal": (10, 16)}
_DIGITS = {10: re.compile(r"[0-9]+"), 16: re.compile(r"[0-9A-Fa-f]+")}


def id_of_response(message_id: str, form: IdForm) -> str:
    """A response's message_id as it is kept. Empty if there is none."""
    return _comparable(message_id, form, 0)


def id_of_receipt(message_id: str, form: IdForm) -> str:
    """A receipt's message_id in the same form."""
    return _comparable(message_id, form, 1)


def _comparable(message_id: str, form: IdForm, side: int) -> str:
    if form == "exact":
        return message_id
    if form in _BASES and _DIGITS[_BASES[form][side]].fullmatch(message_id):
        return str(int(message_id, _BASES[form][side]))
    # Without the zeros that fill it up: but for one that is nothing else.
    return message_id.lower().lstrip("0") or message_id[-1:]
