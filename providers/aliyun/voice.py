"""Adapter for Alibaba Cloud voice calls in the mainland (Dyvmsapi 2017-05-25). Plays filed templates, never a text.

With key_1 in the templates it is an IvrCall, whose key 1 confirms; without, a SingleCallByTts that nobody can confirm.
Sources: help.aliyun.com/document_detail/393521.html (IvrCall), /393519.html (SingleCallByTts), /2680293.html (limits).
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from providers import error_codes, options
from providers.aliyun import call_reports
from providers.aliyun.api import AliyunApi, national
from providers.base import InDoubt, Inquiry, Message, Outcome, ProviderSettings, Receipt, Status
from providers.cloud import Body, CloudProduct, CloudProvider, Request
from providers.error_codes import ErrorCodes, operations_fault, permanent, switch_channel, transient
from providers.limits import Limits, Rate
from providers.templates import Template
from schemas.vocabulary import Channel, Result

# ProdId of QueryCallDetailByCallId, as in the vendor's SDK.
_IVR, _TTS = "11000000300005", "11010000138001"
_CLOCKS_DIFFER = timedelta(minutes=1)
_KEY_TIMEOUT_MS = "10000"

# help.aliyun.com/document_detail/112502.html has them; not seen here, so all [MEM], unconfirmed.
ERROR_CODES: ErrorCodes = {
    "isv.OUT_OF_SERVICE": operations_fault,
    "isv.ACCOUNT_ABNORMAL": operations_fault,
    "isv.PRODUCT_UN_SUBSCRIPT": operations_fault,
    "isp.RAM_PERMISSION_DENY": operations_fault,
    "isv.TTS_TEMPLATE_ILLEGAL": operations_fault,
    "isv.TEMPLATE_MISSING_PARAMETERS": operations_fault,
    "isv.INVALID_PARAMETERS": operations_fault,
    "isv.DISPLAY_NUMBER_ILLEGAL": operations_fault,
    "isv.BLACK_KEY_CONTROL_LIMIT": permanent(Result.REJECTED_CONTENT),
    "isv.MOBILE_NUMBER_ILLEGAL": permanent(Result.INVALID_NUMBER),
    "isv.BUSINESS_LIMIT_CONTROL": switch_channel,  # the limits of a callee, as the vendor counts them
    "isp.SYSTEM_ERROR": transient,
}

# Of one callee, failed calls counted: help.aliyun.com/document_detail/2680293.html; of one user: /393519.html.
_LIMITS = Limits(
    rate=(Rate(1000, 1),),
    callee=(Rate(1, 60), Rate(5, 3600), Rate(20, 86400)),
)


class AliyunVoice(CloudProvider):
    """Settings: show_number (what the callee sees; an IvrCall needs it), and those of CloudProvider and AliyunApi."""

    product = CloudProduct(
        channel=Channel.VOICE,
        base_url="https://dyvmsapi.aliyuncs.com",
        api_version="2017-05-25",
        error_codes=ERROR_CODES,
        limits=_LIMITS,
        queries=True,
    )

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        super().__init__(settings, AliyunApi(settings, self.product))
        self._is_menu = self._templates.have_menu
        is_shown = self._is_menu or "show_number" in settings.options
        self._shown_number = {"CalledShowNumber": options.text(settings, "show_number")} if is_shown else {}

    def _send_request(self, message: Message, to: str, template: Template) -> Request:
        call = {"CalledNumber": national(to), "OutId": call_reports.short(message.send_key), **self._shown_number}
        if template.key_1:
            return "IvrCall", call | _menu(template)
        return "SingleCallByTts", call | _plain(template)

    def _sent(self, body: Body) -> Outcome:
        return error_codes.accepted(body.get("CallId"))

    def _query_request(self, inquiry: Inquiry) -> Request | InDoubt:
        """Only a call with a known CallId can be asked about. Which key was pressed is not answered."""
        if inquiry.ref is None or inquiry.sent_at is None:
            return InDoubt("no call id to ask with")
        since = inquiry.sent_at - _CLOCKS_DIFFER
        return "QueryCallDetailByCallId", {
            "CallId": inquiry.ref,
            "ProdId": _IVR if self._is_menu else _TTS,
            "QueryDate": str(int(since.timestamp() * 1000)),
        }

    def _status(self, body: Body, inquiry: Inquiry) -> Status:
        return call_reports.status(body.get("Data"), inquiry.ref)

    def _receipt(self, report: Any) -> Receipt | None:
        return call_reports.receipt(report)


def _plain(template: Template) -> dict[str, str]:
    return {"TtsCode": template.code, **_params("TtsParam", template.params)}


def _menu(template: Template) -> dict[str, str]:
    return {
        "StartCode": template.code,
        **_params("StartTtsParams", template.params),
        "MenuKeyMap.1.Key": "1",
        "MenuKeyMap.1.Code": template.key_1 or "",
        **_params("MenuKeyMap.1.TtsParams", template.key_1_params),
        "Timeout": _KEY_TIMEOUT_MS,
    }


def _params(name: str, params: Mapping[str, str]) -> dict[str, str]:
    return {name: json.dumps(params, ensure_ascii=False)} if params else {}
