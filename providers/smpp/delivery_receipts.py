"""Receipts as carriers word them: in optional parameters, in a text, with ids in one base or another."""

import re
from collections import Counter

import structlog

from providers.smpp import protocol_codes
from providers.smpp.message_ids import IdForm, id_of_receipt
from providers.smpp.parts import Report
from providers.smpp.wire import Delivered, first_string

_RECEIPT, _KIND = 0x04, 0x3C  # esm_class, 5.2.12
_UCS2 = 8
_LONGEST_ID = 100  # octets; the specification has 65
_ID = re.compile(r"\bid:\s*([!-~]+)", re.IGNORECASE)
_STAT = re.compile(r"\bstat:\s*([A-Z0-9:]{1,10})", re.IGNORECASE)
_ERR = re.compile(r"\berr:\s*([0-9A-Za-z]{1,8})\b", re.IGNORECASE)
_log = structlog.get_logger(__name__)


class UnreadableReceipt(ValueError):
    """A receipt in a form that can't be read. Its message names the form, and nothing that was in it."""


class DroppedReceipts:
    """Counts and logs what comes over a link as a receipt and can't be read as one."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self.counts: Counter[str] = Counter()  # by form

    def count(self, form: str) -> None:
        self.counts[form] += 1
        _log.warning("receipt_dropped", provider=self._provider, form=form, dropped=self.counts[form])


def report_of(delivered: Delivered, form: IdForm) -> Report | None:
    """The receipt in a deliver_sm; None for a message of a person, or for news that are not the end.

    The optional parameters (5.3.2.12, 5.3.2.35) count before the text (appendix B), which each vendor words its way.
    Raises UnreadableReceipt.
    """
    given = delivered.parameters.get(protocol_codes.RECEIPTED_MESSAGE_ID, b"")
    text = _text(delivered)
    if delivered.esm_class & _KIND != _RECEIPT and not given:  # which only a receipt has; some leave its class out
        if _first(_ID, text) and _first(_STAT, text):
            # Anybody can send us such a text, so it is not believed.
            raise UnreadableReceipt("text_without_receipt_class")
        return None
    message_id = first_string(given) or _first(_ID, text)
    if not message_id:
        raise UnreadableReceipt("no_message_id")
    if len(message_id) > _LONGEST_ID:
        raise UnreadableReceipt("message_id_too_long")
    state_name, result = protocol_codes.STATES[_state(delivered, text)]
    if result is None:
        return None
    mark = delivered.parameters.get(protocol_codes.USER_MESSAGE_REFERENCE)
    return Report(
        id_of_receipt(message_id, form),
        result,
        " ".join(filter(None, (_first(_STAT, text) or state_name, _first(_ERR, text)))),
        int.from_bytes(mark, "big") if mark else None,
    )


def _text(delivered: Delivered) -> str:
    """Decoded as it is said to be, or as it is where only that shows a receipt: some say UCS-2 and write ASCII."""
    encodings = ("utf-16-be", "latin-1") if delivered.data_coding == _UCS2 else ("latin-1", "utf-16-be")
    texts = [delivered.text.decode(each, "replace") for each in encodings]
    return next((text for text in texts if _ID.search(text)), texts[0])


def _state(delivered: Delivered, text: str) -> int:
    value = delivered.parameters.get(protocol_codes.MESSAGE_STATE)
    if value:
        state = int.from_bytes(value, "big")
    else:
        state = protocol_codes.STATES_BY_NAME.get((_first(_STAT, text) or "").upper(), protocol_codes.UNKNOWN_STATE)
    return state if state in protocol_codes.STATES else protocol_codes.UNKNOWN_STATE


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None
