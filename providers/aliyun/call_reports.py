"""What Alibaba Cloud says of a call: pushed (VoiceReport, VoiceCallReport) or asked for.

Sources: help.aliyun.com/zh/vms/developer-reference/voicereport-1, voicecallreport-4 and operators-receipt-error-code.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from providers import error_codes, key_press, pushed_receipts
from providers.base import Accepted, Answered, InDoubt, Receipt, Status
from providers.pushed_receipts import PushedReport
from schemas.vocabulary import Result

_SHORT_BYTES = 11  # OutId takes 15 characters, which hold the first 11 of a key's 16 bytes

# The carriers' states as the vendor lists them [2nd: read in a copy of its page]. What is not here is FAILED_TEMPORARY.
_STATES: Mapping[str, Answered] = {
    "200000": key_press.NO_KEY,  # listened to the end
    "200001": key_press.NO_KEY,  # hung up before it
    "200002": Answered(Result.BUSY),
    "200003": Answered(Result.NO_ANSWER),
    "200004": Answered(Result.INVALID_NUMBER),
    "200005": Answered(Result.NO_ANSWER),  # carrier's trouble or declined: the vendor can't tell
    "200007": Answered(Result.NO_ANSWER),  # out of coverage
    "200008": key_press.NO_KEY,  # waited for a key in vain
    "200010": Answered(Result.POWERED_OFF),
    "200011": Answered(Result.OUT_OF_SERVICE),
}


class _Report(PushedReport):
    """Of VoiceReport and of VoiceCallReport, which has status_time."""

    call_id: pushed_receipts.Ref
    status_code: pushed_receipts.Ref
    out_id: str | None = None
    dtmf: str | None = None
    status_time: str | None = None


def short(send_key: str) -> str:
    """As much of a key as OutId takes: its first 11 bytes in 15 characters."""
    return base64.urlsafe_b64encode(UUID(send_key).bytes[:_SHORT_BYTES]).decode().rstrip("=")


def receipt(report: Any) -> Receipt | None:
    """One pushed report; None if the call goes on. Raises pydantic.ValidationError."""
    pushed = _Report.model_validate(report)
    if pushed.status_time is not None and not key_press.is_confirmed(pushed.dtmf):
        return None  # ringing, connecting, another key: the call goes on
    outcome = _answered(pushed.status_code, pushed.dtmf, pushed.call_id)
    state = "confirmed" if outcome.confirmed else pushed.status_code
    return Receipt(_key_prefix(pushed.out_id), f"{pushed.call_id}:{state}", outcome)


def status(data: object, ref: str | None) -> Status:
    """`data` is a text of JSON. Its `state` is empty or left out while the call goes on."""
    try:
        details = json.loads(data) if isinstance(data, str) else None
    except (ValueError, RecursionError):
        details = None
    state = details.get("state") if isinstance(details, dict) else None
    if state:
        return _answered(str(state), None, ref)
    return Accepted(ref) if details else InDoubt("not listed")


def _key_prefix(out_id: str | None) -> str | None:
    """The beginning of our key in hex; None if the OutId is not ours."""
    try:
        key = base64.b64decode(f"{out_id or ''}=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return key.hex() if len(key) == _SHORT_BYTES else None


def _answered(state: str, keys: str | None, ref: str | None) -> Answered:
    if key_press.is_confirmed(keys):
        return replace(key_press.CONFIRMED, ref=ref)
    failed = Answered(Result.FAILED_TEMPORARY, detail=error_codes.loggable(f"state_{state}"))
    return replace(_STATES.get(state, failed), ref=ref)
