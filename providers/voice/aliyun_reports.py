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

from providers import batches
from providers.base import Accepted, Answered, InDoubt, Receipt, Status
from providers.voice import heard
from schemas.vocabulary import Result

_SHORT_BYTES = 11  # OutId takes 15 characters, which hold the first 11 of a key's 16 bytes

# The carriers' states as the vendor lists them [2nd: read in a copy of its page]. What is not here is FAILED_TEMPORARY.
_STATES: Mapping[str, Answered] = {
    "200000": heard.NO_KEY,  # listened to the end
    "200001": heard.NO_KEY,  # hung up before it
    "200002": Answered(Result.BUSY),
    "200003": Answered(Result.NO_ANSWER),
    "200004": Answered(Result.INVALID_NUMBER),
    "200005": Answered(Result.NO_ANSWER),  # carrier's trouble or declined: the vendor can't tell
    "200007": Answered(Result.NO_ANSWER),  # out of coverage
    "200008": heard.NO_KEY,  # waited for a key in vain
    "200010": Answered(Result.POWERED_OFF),
    "200011": Answered(Result.OUT_OF_SERVICE),
}


class _Report(batches.Item):
    """Of VoiceReport and of VoiceCallReport, which has status_time."""

    call_id: batches.Ref
    status_code: str
    out_id: str | None = None
    dtmf: str | None = None
    status_time: str | None = None


def short(send_key: str) -> str:
    """As much of a key as OutId takes: its first 11 bytes in 15 characters."""
    return base64.urlsafe_b64encode(UUID(send_key).bytes[:_SHORT_BYTES]).decode().rstrip("=")


def _beginning(echoed: str | None) -> str | None:
    """The beginning of our key in hex; None where somebody else's OutId stands there."""
    try:
        found = base64.b64decode(f"{echoed or ''}=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return found.hex() if len(found) == _SHORT_BYTES else None


def receipt(item: Any) -> Receipt | None:
    """One pushed report; None where it is of a call that goes on. Raises pydantic.ValidationError."""
    report = _Report.model_validate(item)
    if report.status_time is not None and not heard.pressed(report.dtmf):
        return None  # ringing, connecting, another key: the call goes on
    outcome = _answered(report.status_code, report.dtmf, report.call_id)
    said = "confirmed" if outcome.confirmed else report.status_code
    return Receipt(_beginning(report.out_id), f"{report.call_id}:{said}", outcome)


def _answered(state: str, keys: str | None, ref: str) -> Answered:
    if heard.pressed(keys):
        return replace(heard.CONFIRMED, ref=ref)
    failed = Answered(Result.FAILED_TEMPORARY, detail=f"state_{state}" if state.isdecimal() else "unreadable_code")
    return replace(_STATES.get(state, failed), ref=ref)


def status(data: object, ref: str) -> Status:
    """Data is JSON in a text; its `state` is empty or left out while the call goes on."""
    try:
        details = json.loads(data) if isinstance(data, str) else None
    except ValueError:
        details = None
    state = details.get("state") if isinstance(details, dict) else None
    return _answered(str(state), None, ref) if state else Accepted(ref) if details else InDoubt("not listed")
