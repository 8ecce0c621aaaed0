"""Reads what vendors push: one report as a JSON object, or many in an array, some perhaps foreign or broken."""

import json
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from providers.base import Receipt, ReceiptRefused, Receipts, Reply
from schemas.gateway import send_key_of

# What may stand in the log and in the database: printable, short, and never free text.
Ref = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")]

# One report as a receipt; None if it is of no use to us. Raises ValidationError if it is unreadable.
ReadReport = Callable[[Any], Receipt | None]


class PushedReport(BaseModel):
    """The fields that are read of one report. Numbers and texts in it are passed over."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, coerce_numbers_to_str=True)


def read_array(body: bytes, read_report: ReadReport, reply: Reply) -> Receipts:
    """Reads every report by itself and counts the unreadable ones. Raises ReceiptRefused if the body is no array."""
    reports = _parsed(body)
    if not isinstance(reports, list):
        raise ReceiptRefused("malformed")
    receipts, unreadable = [], 0
    for report in reports:
        try:
            receipt = read_report(report)
        except ValidationError:
            unreadable += 1
            continue
        if receipt is not None:
            receipts.append(receipt)
    return Receipts(tuple(receipts), unreadable, reply)


def read_single(body: bytes, read_report: ReadReport, reply: Reply) -> Receipts:
    """Reads a body that is one report. Raises ReceiptRefused if it is unreadable."""
    try:
        receipt = read_report(_parsed(body))
    except ValidationError:
        raise ReceiptRefused("malformed") from None
    return Receipts((receipt,) if receipt else (), reply=reply)


def send_key(echoed: str | None) -> str | None:
    """Our key as the vendor echoes it. None if the field is empty or not ours."""
    return send_key_of(echoed)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ReceiptRefused("malformed") from None
