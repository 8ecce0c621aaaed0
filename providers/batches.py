"""Reads what vendors push: many receipts in one JSON array, some perhaps not ours, one perhaps broken."""

import json
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from providers.base import Receipt, ReceiptRefused, Receipts, Reply

# What may stand in the log and in the database: printable, short, and never free text.
Ref = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")]
_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Item(BaseModel):
    """What is read of one pushed report; numbers and texts in it are passed over."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, coerce_numbers_to_str=True)


def read(body: bytes, item: Callable[[Any], Receipt | None], reply: Reply) -> Receipts:
    """Every item by itself; one that gives None is of no use to us. Raises ReceiptRefused where it is no array."""
    receipts, unreadable = [], 0
    for each in _array(body):
        try:
            receipt = item(each)
        except ValidationError:
            unreadable += 1
            continue
        if receipt is not None:
            receipts.append(receipt)
    return Receipts(tuple(receipts), unreadable, reply)


def send_key(echoed: str | None) -> str | None:
    """Our key as it came back; None where somebody else's stands there, or nothing."""
    return echoed if echoed and _KEY.fullmatch(echoed) else None


def _array(body: bytes) -> list[Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise ReceiptRefused("malformed") from None
    if not isinstance(found, list):
        raise ReceiptRefused("malformed")
    return found
