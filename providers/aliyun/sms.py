"""Adapter for Alibaba Cloud SMS in the mainland (Dysmsapi 2017-05-25). Sends filed templates, never a text.

Sources: help.aliyun.com/document_detail/419273.html (SendSms), /419277.html (QuerySendDetails),
/zh/sms/developer-reference/smsreport-2 (SmsReport), /101346.html (codes). No idempotence: /55284.html.
"""

import json
from collections.abc import Mapping
from datetime import timedelta, timezone
from typing import Any

from providers import error_codes, options, pushed_receipts
from providers.aliyun.api import AliyunApi, national
from providers.base import (
    Accepted,
    Answered,
    InDoubt,
    Inquiry,
    Message,
    Outcome,
    ProviderSettings,
    Receipt,
    Status,
)
from providers.cloud import Body, CloudProduct, CloudProvider, Request
from providers.error_codes import ErrorCodes, operations_fault, permanent, switch_channel, transient
from providers.limits import Limits, Rate
from providers.pushed_receipts import PushedReport
from providers.templates import Template
from schemas.gateway import ref_of, send_key_of
from schemas.vocabulary import Channel, Result

_CHINA = timezone(timedelta(hours=8))  # the vendor's days
_PAGE = "50"  # its largest; nobody gets more of ours in a day

# SendStatus of a detail.
_WAITING = "1"
_RESULTS: Mapping[str, Result] = {"2": Result.FAILED_TEMPORARY, "3": Result.DELIVERED}

# Those marked [MEM] are unconfirmed.
ERROR_CODES: ErrorCodes = {
    "isv.OUT_OF_SERVICE": operations_fault,
    "isv.ACCOUNT_NOT_EXISTS": operations_fault,
    "isv.ACCOUNT_ABNORMAL": operations_fault,
    "isv.AMOUNT_NOT_ENOUGH": operations_fault,  # [MEM]
    "isv.PRODUCT_UN_SUBSCRIPT": operations_fault,
    "isv.DAY_LIMIT_CONTROL": operations_fault,
    "isv.MONTH_LIMIT_CONTROL": operations_fault,
    "isv.DENY_IP_RANGE": operations_fault,
    "isp.RAM_PERMISSION_DENY": operations_fault,
    "isv.SMS_SIGN_ILLEGAL": operations_fault,
    "isv.SIGN_STATE_ILLEGAL": operations_fault,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": operations_fault,
    "isv.EXTEND_CODE_ERROR": operations_fault,
    "isv.SMS_TEMPLATE_ILLEGAL": operations_fault,  # [MEM]
    "isv.TEMPLATE_MISSING_PARAMETERS": operations_fault,  # [MEM]
    "isv.INVALID_PARAMETERS": operations_fault,  # [MEM]
    "isv.SMS_CONTENT_ILLEGAL": permanent(Result.REJECTED_CONTENT),
    "isv.BLACK_KEY_CONTROL_LIMIT": permanent(Result.REJECTED_CONTENT),  # [MEM]
    "isv.MOBILE_NUMBER_ILLEGAL": permanent(Result.FAILED_PERMANENT),  # [MEM]
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": permanent(Result.UNSUPPORTED),
    "isv.BUSINESS_LIMIT_CONTROL": switch_channel,  # of the number: 50 a day for one sign and template
    "isp.SYSTEM_ERROR": transient,  # [MEM]
    "isp.GATEWAY_ERROR": transient,  # [MEM]
}


class _Report(PushedReport):
    success: bool
    biz_id: pushed_receipts.Ref
    out_id: str | None = None
    err_code: str | None = None


class AliyunSms(CloudProvider):
    """Settings: sign_name, and those of CloudProvider and AliyunApi."""

    product = CloudProduct(
        channel=Channel.SMS,
        base_url="https://dysmsapi.aliyuncs.com",
        api_version="2017-05-25",
        error_codes=ERROR_CODES,
        limits=Limits(rate=(Rate(5000, 1),)),  # of one user: help.aliyun.com/document_detail/55284.html
        queries=True,
        queries_need_number=True,
    )

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        super().__init__(settings, AliyunApi(settings, self.product))
        self._sign = options.text(settings, "sign_name")

    def _send_request(self, message: Message, to: str, template: Template) -> Request:
        parameters = {
            "PhoneNumbers": national(to),
            "SignName": self._sign,
            "TemplateCode": template.code,
            "OutId": message.send_key,
        }
        if template.params:
            parameters["TemplateParam"] = json.dumps(template.params, ensure_ascii=False)
        return "SendSms", parameters

    def _sent(self, body: Body) -> Outcome:
        return error_codes.accepted(body.get("BizId"))

    def _query_request(self, inquiry: Inquiry) -> Request | InDoubt:
        if inquiry.to is None or inquiry.sent_at is None:
            return InDoubt("no number to ask with")
        parameters = {
            "PhoneNumber": national(inquiry.to),
            "SendDate": f"{inquiry.sent_at.astimezone(_CHINA):%Y%m%d}",
            "PageSize": _PAGE,
            "CurrentPage": "1",
        }
        if inquiry.ref:
            parameters["BizId"] = inquiry.ref
        return "QuerySendDetails", parameters

    def _status(self, body: Body, inquiry: Inquiry) -> Status:
        details = body.get("SmsSendDetailDTOs")
        rows = details.get("SmsSendDetailDTO") if isinstance(details, dict) else None
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and send_key_of(row.get("OutId")) == inquiry.send_key:
                return _status_of(row, inquiry.ref)
        return InDoubt("not listed")

    def _receipt(self, report: Any) -> Receipt:
        pushed = _Report.model_validate(report)
        # No carrier's own code is certain enough to take a number out of use: it stays in use, the code in the log.
        result = Result.DELIVERED if pushed.success else Result.FAILED_TEMPORARY
        outcome = Answered(result, ref=pushed.biz_id, detail=error_codes.loggable(pushed.err_code))
        return Receipt(pushed_receipts.send_key(pushed.out_id), f"{pushed.biz_id}:{result}", outcome)


def _status_of(row: Mapping[str, Any], ref: str | None) -> Status:
    state = ref_of(row.get("SendStatus")) or ""
    if state == _WAITING:
        return Accepted(ref)
    result = _RESULTS.get(state)
    if result is None:
        return error_codes.UNREADABLE
    return Answered(result, ref=ref, detail=error_codes.loggable(row.get("ErrCode")))
