"""Adapter for Alibaba Cloud voice calls in the mainland (Dyvmsapi 2017-05-25). Plays filed templates, never a text.

With key_1 in the templates it is an IvrCall, whose key 1 confirms; without, a SingleCallByTts that nobody can confirm.
Sources: help.aliyun.com/document_detail/393521.html (IvrCall), /393519.html (SingleCallByTts), /2680293.html (limits),
/zh/vms/developer-reference/voicereport-1 and voicecallreport-4 (reports), operators-receipt-error-code (states).
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from providers import batches, codes, options
from providers.aliyun import REPLY, Aliyun, national
from providers.base import (
    Accepted,
    Answered,
    Callback,
    Capabilities,
    InDoubt,
    Inquiry,
    Message,
    Outcome,
    ProviderSettings,
    Receipt,
    Receipts,
    Status,
)
from providers.codes import Codes
from providers.door import Door
from providers.templates import Template, Templates
from providers.voice import heard
from schemas.vocabulary import Channel, Result

_CHANNELS = frozenset({Channel.VOICE})
# Of QueryCallDetailByCallId, as the vendor's SDK words them.
_IVR, _TTS = "11000000300005", "11010000138001"
_CLOCKS_DIFFER = timedelta(minutes=1)
_KEY_TIMEOUT_MS = "10000"
_SHORT_BYTES = 11  # OutId takes 15 characters, which hold the first 11 of a key's 16 bytes
_KEY_PRESSED = "300000"

# help.aliyun.com/document_detail/112502.html has them; not seen here, so all [MEM], unconfirmed.
REFUSALS: Codes = {
    "isv.OUT_OF_SERVICE": codes.mend,
    "isv.ACCOUNT_ABNORMAL": codes.mend,
    "isv.PRODUCT_UN_SUBSCRIPT": codes.mend,
    "isp.RAM_PERMISSION_DENY": codes.mend,
    "isv.TTS_TEMPLATE_ILLEGAL": codes.mend,
    "isv.TEMPLATE_MISSING_PARAMETERS": codes.mend,
    "isv.INVALID_PARAMETERS": codes.mend,
    "isv.DISPLAY_NUMBER_ILLEGAL": codes.mend,
    "isv.BLACK_KEY_CONTROL_LIMIT": codes.never(Result.REJECTED_CONTENT),
    "isv.MOBILE_NUMBER_ILLEGAL": codes.never(Result.INVALID_NUMBER),
    "isv.BUSINESS_LIMIT_CONTROL": codes.elsewhere,  # 1 a minute, 5 an hour, 20 a day for one number
    "isp.SYSTEM_ERROR": codes.later,
}

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


class AliyunVoice:
    """Settings: templates, show_number (what the callee sees; an IvrCall needs it), and those of Aliyun and Door."""

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        self.name = settings.name
        self.capabilities = Capabilities(
            channels=options.channels(settings, _CHANNELS),
            destinations=options.mainland(settings),
            receipts=True,
            queries=True,
        )
        self._templates = Templates(settings)
        self._is_menu = self._templates.have_menu
        is_shown = self._is_menu or "show_number" in settings.options
        self._shown = {"CalledShowNumber": options.text(settings, "show_number")} if is_shown else {}
        self._door = Door(settings)
        self._cloud = Aliyun(settings, "https://dyvmsapi.aliyuncs.com", "2017-05-25", REFUSALS)
        self.timeout_s = self._cloud.timeout_s

    async def send(self, message: Message) -> Outcome:
        if message.to is None:
            return codes.NO_NUMBER
        template = self._templates.of(message)
        action, said_to_all = ("IvrCall", _menu(template)) if template.key_1 else ("SingleCallByTts", _plain(template))
        envelope = {"CalledNumber": national(message.to), "OutId": short(message.send_key), **self._shown}
        said = await self._cloud.call(action, envelope | said_to_all)
        if not isinstance(said, Mapping):
            return said
        ref = said.get("CallId")
        return Accepted(ref[:100]) if isinstance(ref, str) and ref else codes.UNREADABLE

    async def query(self, inquiry: Inquiry) -> Status:
        """Only a call whose CallId we got can be asked about; which key was pressed is not told."""
        if inquiry.ref is None or inquiry.sent_at is None:
            return InDoubt("no call id to ask with")
        since = inquiry.sent_at - _CLOCKS_DIFFER
        parameters = {
            "CallId": inquiry.ref,
            "ProdId": _IVR if self._is_menu else _TTS,
            "QueryDate": str(int(since.timestamp() * 1000)),
        }
        said = await self._cloud.call("QueryCallDetailByCallId", parameters)
        if not isinstance(said, Mapping):
            return said if isinstance(said, InDoubt) else InDoubt("status query refused")
        return _status(said.get("Data"), inquiry.ref)

    async def cancel(self, send_key: str) -> bool:
        return False

    def parse_receipts(self, callback: Callback) -> Receipts:
        self._door.check(callback)
        return batches.read(callback.body, _receipt, REPLY)

    async def close(self) -> None:
        await self._cloud.close()


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


def _plain(template: Template) -> dict[str, str]:
    return {"TtsCode": template.code, **_words("TtsParam", template.params)}


def _menu(template: Template) -> dict[str, str]:
    return {
        "StartCode": template.code,
        **_words("StartTtsParams", template.params),
        "MenuKeyMap.1.Key": "1",
        "MenuKeyMap.1.Code": template.key_1 or "",
        **_words("MenuKeyMap.1.TtsParams", template.key_1_params),
        "Timeout": _KEY_TIMEOUT_MS,
    }


def _words(name: str, params: Mapping[str, str]) -> dict[str, str]:
    return {name: json.dumps(params, ensure_ascii=False)} if params else {}


def _receipt(item: Any) -> Receipt | None:
    report = _Report.model_validate(item)
    if report.status_time is not None and report.status_code != _KEY_PRESSED:
        return None  # ringing, connecting: the call goes on
    outcome = _answered(report.status_code, report.dtmf, report.call_id)
    said = "confirmed" if outcome.confirmed else report.status_code
    return Receipt(_beginning(report.out_id), f"{report.call_id}:{said}", outcome)


def _answered(state: str, keys: str | None, ref: str) -> Answered:
    if heard.pressed(keys):
        return replace(heard.CONFIRMED, ref=ref)
    failed = Answered(Result.FAILED_TEMPORARY, detail=f"state_{state}" if state.isdecimal() else "unreadable_code")
    return replace(_STATES.get(state, failed), ref=ref)


def _status(data: object, ref: str) -> Status:
    """Data is JSON in a text; its `state` is empty or left out while the call goes on."""
    try:
        details = json.loads(data) if isinstance(data, str) else None
    except ValueError:
        details = None
    state = details.get("state") if isinstance(details, dict) else None
    return _answered(str(state), None, ref) if state else Accepted(ref, held=True) if details else InDoubt("not listed")
