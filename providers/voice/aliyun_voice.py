"""Adapter for Alibaba Cloud voice calls in the mainland (Dyvmsapi 2017-05-25). Plays filed templates, never a text.

With key_1 in the templates it is an IvrCall, whose key 1 confirms; without, a SingleCallByTts that nobody can confirm.
Sources: help.aliyun.com/document_detail/393521.html (IvrCall), /393519.html (SingleCallByTts), /2680293.html (limits).
"""

import json
from collections.abc import Mapping
from datetime import timedelta

from providers import batches, codes, options
from providers.aliyun import REPLY, Aliyun, national
from providers.base import (
    Accepted,
    Callback,
    Capabilities,
    InDoubt,
    Inquiry,
    Message,
    Outcome,
    ProviderSettings,
    Receipts,
    Status,
)
from providers.codes import Codes
from providers.door import Door
from providers.limits import Limits, Rate
from providers.templates import Template, Templates
from providers.voice import aliyun_reports
from schemas.vocabulary import Channel, Result

_CHANNELS = frozenset({Channel.VOICE})
# Of QueryCallDetailByCallId, as the vendor's SDK words them.
_IVR, _TTS = "11000000300005", "11010000138001"
_CLOCKS_DIFFER = timedelta(minutes=1)
_KEY_TIMEOUT_MS = "10000"

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
    "isv.BUSINESS_LIMIT_CONTROL": codes.elsewhere,  # LIMITS, as the vendor counts them
    "isp.SYSTEM_ERROR": codes.later,
}

# Of one number, failed calls counted: help.aliyun.com/document_detail/2680293.html; of one user: /393519.html.
LIMITS = Limits(
    rate=(Rate(1000, 1),),
    callee=(Rate(1, 60), Rate(5, 3600), Rate(20, 86400)),
)


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
            limits=LIMITS,
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
        envelope = {
            "CalledNumber": national(message.to),
            "OutId": aliyun_reports.short(message.send_key),
            **self._shown,
        }
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
        return aliyun_reports.status(said.get("Data"), inquiry.ref)

    async def cancel(self, send_key: str) -> bool:
        return False

    def parse_receipts(self, callback: Callback) -> Receipts:
        self._door.check(callback)
        return batches.read(callback.body, aliyun_reports.receipt, REPLY)

    async def close(self) -> None:
        await self._cloud.close()


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
