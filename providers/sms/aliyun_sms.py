"""Adapter for Alibaba Cloud SMS in the mainland (Dysmsapi 2017-05-25). Sends filed templates, never a text.

Sources: help.aliyun.com/document_detail/419273.html (SendSms), /419277.html (QuerySendDetails),
/zh/sms/developer-reference/smsreport-2 (SmsReport), /101346.html (codes). No idempotence: /55284.html.
"""

import json
from collections.abc import Mapping
from datetime import timedelta, timezone
from typing import Any

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
from providers.limits import Limits, Rate
from providers.templates import Templates
from schemas.vocabulary import Channel, Result

_CHANNELS = frozenset({Channel.SMS})
_CHINA = timezone(timedelta(hours=8))  # the vendor's days
_PAGE = "50"  # its largest; nobody gets more of ours in a day

# SendStatus of a detail.
_WAITING = 1
_ENDS: Mapping[object, Result] = {2: Result.FAILED_TEMPORARY, 3: Result.DELIVERED}

# The codes are the vendor's; what each means for an attempt is ours. Those marked [MEM] are unconfirmed.
REFUSALS: Codes = {
    "isv.OUT_OF_SERVICE": codes.mend,
    "isv.ACCOUNT_NOT_EXISTS": codes.mend,
    "isv.ACCOUNT_ABNORMAL": codes.mend,
    "isv.AMOUNT_NOT_ENOUGH": codes.mend,  # [MEM]
    "isv.PRODUCT_UN_SUBSCRIPT": codes.mend,
    "isv.DAY_LIMIT_CONTROL": codes.mend,
    "isv.MONTH_LIMIT_CONTROL": codes.mend,
    "isv.DENY_IP_RANGE": codes.mend,
    "isp.RAM_PERMISSION_DENY": codes.mend,
    "isv.SMS_SIGN_ILLEGAL": codes.mend,
    "isv.SIGN_STATE_ILLEGAL": codes.mend,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": codes.mend,
    "isv.EXTEND_CODE_ERROR": codes.mend,
    "isv.SMS_TEMPLATE_ILLEGAL": codes.mend,  # [MEM]
    "isv.TEMPLATE_MISSING_PARAMETERS": codes.mend,  # [MEM]
    "isv.INVALID_PARAMETERS": codes.mend,  # [MEM]
    "isv.SMS_CONTENT_ILLEGAL": codes.never(Result.REJECTED_CONTENT),
    "isv.BLACK_KEY_CONTROL_LIMIT": codes.never(Result.REJECTED_CONTENT),  # [MEM]
    "isv.MOBILE_NUMBER_ILLEGAL": codes.never(Result.FAILED_PERMANENT),  # [MEM]
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": codes.never(Result.UNSUPPORTED),
    "isv.BUSINESS_LIMIT_CONTROL": codes.elsewhere,  # of the number: 50 a day for one sign and template
    "isp.SYSTEM_ERROR": codes.later,  # [MEM]
    "isp.GATEWAY_ERROR": codes.later,  # [MEM]
}


# Of one user: help.aliyun.com/document_detail/55284.html
LIMITS = Limits(rate=(Rate(5000, 1),))


class _Report(batches.Item):
    success: bool
    biz_id: batches.Ref
    out_id: str | None = None
    err_code: str | None = None


class AliyunSms:
    """Settings: sign_name, templates, and those of Aliyun and Door."""

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        self.name = settings.name
        self.capabilities = Capabilities(
            channels=options.channels(settings, _CHANNELS),
            destinations=options.mainland(settings),
            receipts=True,
            queries=True,
            queries_need_number=True,
            limits=LIMITS,
        )
        self._sign = options.text(settings, "sign_name")
        self._templates = Templates(settings)
        self._door = Door(settings)
        self._cloud = Aliyun(settings, "https://dysmsapi.aliyuncs.com", "2017-05-25", REFUSALS)
        self.timeout_s = self._cloud.timeout_s

    async def send(self, message: Message) -> Outcome:
        if message.to is None:
            return codes.NO_NUMBER
        template = self._templates.of(message)
        parameters = {
            "PhoneNumbers": national(message.to),
            "SignName": self._sign,
            "TemplateCode": template.code,
            "OutId": message.send_key,
        }
        if template.params:
            parameters["TemplateParam"] = json.dumps(template.params, ensure_ascii=False)
        said = await self._cloud.call("SendSms", parameters)
        if not isinstance(said, Mapping):
            return said
        ref = said.get("BizId")
        return Accepted(ref[:100]) if isinstance(ref, str) and ref else codes.UNREADABLE

    async def query(self, inquiry: Inquiry) -> Status:
        """A message that is not listed may still be on its way into the list: never NeverTaken."""
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
        said = await self._cloud.call("QuerySendDetails", parameters)
        if not isinstance(said, Mapping):
            return said if isinstance(said, InDoubt) else InDoubt("status query refused")
        details = said.get("SmsSendDetailDTOs")
        rows = details.get("SmsSendDetailDTO") if isinstance(details, dict) else None
        listed = rows if isinstance(rows, list) else ()
        ours = (each for each in listed if isinstance(each, dict) and each.get("OutId") == inquiry.send_key)
        return _status(next(ours, None), inquiry.ref)

    async def cancel(self, send_key: str) -> bool:
        return False

    def parse_receipts(self, callback: Callback) -> Receipts:
        self._door.check(callback)
        return batches.read(callback.body, _receipt, REPLY)

    async def close(self) -> None:
        await self._cloud.close()


def _receipt(item: Any) -> Receipt:
    report = _Report.model_validate(item)
    word = codes.shown(report.err_code)
    # A carrier's own code tells nobody for certain that a number is bad: it stays in use, and the code in the log.
    result = Result.DELIVERED if report.success else Result.FAILED_TEMPORARY
    outcome = Answered(result, ref=report.biz_id, detail=word)
    return Receipt(batches.send_key(report.out_id), f"{report.biz_id}:{result}", outcome)


def _status(row: Mapping[str, Any] | None, ref: str | None) -> Status:
    if row is None:
        return InDoubt("not listed")
    if row.get("SendStatus") == _WAITING:
        return Accepted(ref)
    result = _ENDS.get(row.get("SendStatus"))
    return Answered(result, ref=ref, detail=codes.shown(row.get("ErrCode"))) if result else codes.UNREADABLE
