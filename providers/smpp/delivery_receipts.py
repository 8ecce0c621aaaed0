"""Receipts as carriers word them: in optional parameters, in a text, with ids in one base or another."""

import re
from typing import Literal

from providers.smpp import protocol_codes
from providers.smpp.parts import Report
from providers.smpp.wire import Delivered, first_string

IdForm = Literal["same", "decimal_of_hex", "hex_of_decimal"]
# How ids are written in (responses, receipts). Vendors differ, and an id that is not compared is a lost receipt.
_BASES: dict[str, tuple[int, int]] = {"decimal_of_hex": (16, 10), "hex_of_decimal": (10, 16)}
_RECEIPT, _KIND = 0x04, 0x3C  # esm_class, 5.2.12
_ID = re.compile(r"\bid:\s*([!-~]+)", re.IGNORECASE)
_STAT = re.compile(r"\bstat:\s*([A-Z0-9:]{1,10})", re.IGNORECASE)
_ERR = re.compile(r"\berr:\s*([0-9A-Za-z]{1,8})\b", re.IGNORECASE)


def id_of_response(message_id: str, form: IdForm) -> str:
    """A message_id as we keep it."""
    return _number(message_id, _BASES[form][0]) if form in _BASES else message_id


def report_of(delivered: Delivered, form: IdForm) -> Report | None:
    """The receipt in a deliver_sm; None for a message of a person, or for news that are not the end.

    The optional parameters (5.3.2.12, 5.3.2.35) count before the text (appendix B), which each vendor words its way.
    """
    given = delivered.parameters.get(protocol_codes.RECEIPTED_MESSAGE_ID, b"")
    if delivered.esm_class & _KIND != _RECEIPT and not given:  # which only a receipt has; some leave its class out
        return None
    message_id = first_string(given) or _first(_ID, delivered.text)
    if not message_id:
        return None
    state_name, result = protocol_codes.STATES[_state(delivered)]
    if result is None:
        return None
    mark = delivered.parameters.get(protocol_codes.USER_MESSAGE_REFERENCE)
    return Report(
        _number(message_id, _BASES[form][1]) if form in _BASES else message_id,
        result,
        " ".join(filter(None, (_first(_STAT, delivered.text) or state_name, _first(_ERR, delivered.text)))),
        int.from_bytes(mark, "big") if mark else None,
    )


def _state(delivered: Delivered) -> int:
    value = delivered.parameters.get(protocol_codes.MESSAGE_STATE)
    if value:
        state = int.from_bytes(value, "big")
    else:
        state = protocol_codes.STATES_BY_NAME.get(
            (_first(_STAT, delivered.text) or "").upper(), protocol_codes.UNKNOWN_STATE
        )
    return state if state in protocol_codes.STATES else protocol_codes.UNKNOWN_STATE


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _number(message_id: str, base: int) -> str:
    try:
        return str(int(message_id, base))
    except ValueError:
        return message_id
