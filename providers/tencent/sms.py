"""Adapter for Tencent Cloud SMS (2021-01-11). Sends filed templates, never a text.

Sources: cloud.tencent.com/document/api/382/55981 (SendSms), /382/52075 (codes), /382/59178 (callback); fields as in
the vendor's machine-readable spec (tccli). No idempotence is offered.
"""

from collections.abc import Mapping
from typing import Any

from providers import error_codes, options, pushed_receipts
from providers.base import Answered, InDoubt, Inquiry, Message, Outcome, ProviderSettings, Receipt, Status
from providers.cloud import Body, CloudProduct, CloudProvider, Request
from providers.error_codes import ErrorCodes, operations_fault, switch_channel, transient
from providers.limits import Limits, Rate
from providers.pushed_receipts import PushedReport
from providers.templates import Template
from providers.tencent.api import TencentApi
from schemas.gateway import ref_of, send_key_of
from schemas.vocabulary import Channel, Result

_ACCEPTED = "Ok"
_PAGE = 100  # its largest

# Beside those of providers/tencent/api.py.
ERROR_CODES: ErrorCodes = {
    "FailedOperation.InsufficientBalanceInSmsPackage": operations_fault,
    "LimitExceeded": operations_fault,  # limits of the account; those of one number stand below
    "LimitExceeded.DeliveryFrequencyLimit": transient,
    "LimitExceeded.PhoneNumberThirtySecondLimit": switch_channel,
    "LimitExceeded.PhoneNumberOneHourLimit": switch_channel,
    "LimitExceeded.PhoneNumberDailyLimit": switch_channel,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": switch_channel,
}


class _Report(PushedReport):
    report_status: str
    sid: pushed_receipts.Ref
    ext: str | None = None  # our key, if the vendor has enabled the echo for the account
    errmsg: str | None = None


class TencentSms(CloudProvider):
    """Settings: sms_sdk_app_id, sign_name, and those of CloudProvider and TencentApi."""

    product = CloudProduct(
        channel=Channel.SMS,
        base_url="https://sms.tencentcloudapi.com",
        api_version="2021-01-11",
        error_codes=ERROR_CODES,
        limits=Limits(rate=(Rate(3000, 1),)),  # cloud.tencent.com/document/api/382/55981
        queries=True,
        queries_need_number=True,
    )

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        super().__init__(settings, TencentApi(settings, self.product, service="sms"))
        self._app = options.text(settings, "sms_sdk_app_id")
        self._sign = options.text(settings, "sign_name")

    def _send_request(self, message: Message, to: str, template: Template) -> Request:
        return "SendSms", {
            "PhoneNumberSet": [to],
            "SmsSdkAppId": self._app,
            "SignName": self._sign,
            "TemplateId": template.code,
            "TemplateParamSet": list(template.params.values()),
            "SessionContext": message.send_key,
        }

    def _sent(self, body: Body) -> Outcome:
        """An answer without an Error may still refuse its one number."""
        match body.get("SendStatusSet"):
            case [{"Code": "Ok", "SerialNo": ref}]:
                return error_codes.accepted(ref)
            case [{"Code": str(code)}] if code != _ACCEPTED:
                return self._api.refusal(code)
            case _:
                return error_codes.UNREADABLE

    def _query_request(self, inquiry: Inquiry) -> Request | InDoubt:
        """By number, and not by PullSmsSendStatus, which takes the receipts of all messages off a queue."""
        if inquiry.to is None or inquiry.sent_at is None:
            return InDoubt("no number to ask with")
        return "PullSmsSendStatusByPhoneNumber", {
            "PhoneNumber": inquiry.to,
            "SmsSdkAppId": self._app,
            "BeginTime": int(inquiry.sent_at.timestamp()),
            "Offset": 0,
            "Limit": _PAGE,
        }

    def _status(self, body: Body, inquiry: Inquiry) -> Status:
        rows = body.get("PullSmsSendStatusSet")
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and _is_about(row, inquiry):
                return _status_of(row)
        return InDoubt("not listed")

    def _receipt(self, report: Any) -> Receipt:
        pushed = _Report.model_validate(report)
        outcome = _answered(pushed.report_status, pushed.errmsg, pushed.sid)
        return Receipt(pushed_receipts.send_key(pushed.ext), f"{pushed.sid}:{outcome.result}", outcome)


def _is_about(row: Mapping[str, Any], inquiry: Inquiry) -> bool:
    is_ours = send_key_of(row.get("SessionContext")) == inquiry.send_key
    return is_ours or (inquiry.ref is not None and ref_of(row.get("SerialNo")) == inquiry.ref)


def _status_of(row: Mapping[str, Any]) -> Status:
    match row:
        case {"ReportStatus": str(state), "SerialNo": str(ref) | int(ref), **more}:
            return _answered(state, more.get("Description"), ref_of(ref))
        case _:
            return InDoubt("not listed")


def _answered(state: str, carrier_code: object, ref: str | None) -> Answered:
    # No carrier's own code is certain enough to take a number out of use: it stays in use, the code in the log.
    result = Result.DELIVERED if state == "SUCCESS" else Result.FAILED_TEMPORARY
    return Answered(result, ref=ref, detail=error_codes.loggable(carrier_code))
