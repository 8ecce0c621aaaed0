"""Adapter for Tencent Cloud SMS (2021-01-11). Sends filed templates, never a text.

Sources: cloud.tencent.com/document/api/382/55981 (SendSms), /382/52075 (codes), /382/59178 (callback); fields as in
the vendor's machine-readable spec (tccli). No idempotence is offered.
"""

from collections.abc import Mapping
from typing import Any

from providers import batches, codes, options
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
from providers.tencent import REPLY, Tencent
from schemas.vocabulary import Channel, Result

_CHANNELS = frozenset({Channel.SMS})
_ACCEPTED = "Ok"
_PAGE = 100  # its largest

# Beside those of providers/tencent.py. The codes are published; what each means for an attempt is ours.
REFUSALS: Codes = {
    "FailedOperation.InsufficientBalanceInSmsPackage": codes.mend,
    "LimitExceeded": codes.mend,  # limits of the account; those of one number stand below
    "LimitExceeded.DeliveryFrequencyLimit": codes.later,
    "LimitExceeded.PhoneNumberThirtySecondLimit": codes.elsewhere,
    "LimitExceeded.PhoneNumberOneHourLimit": codes.elsewhere,
    "LimitExceeded.PhoneNumberDailyLimit": codes.elsewhere,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": codes.elsewhere,
}


# cloud.tencent.com/document/api/382/55981
LIMITS = Limits(rate=(Rate(3000, 1),))


class _Report(batches.Item):
    report_status: str
    sid: batches.Ref
    ext: str | None = None  # our key, where the vendor has enabled the echo for the account
    errmsg: str | None = None


class TencentSms:
    """Settings: sms_sdk_app_id, sign_name, templates, and those of Tencent and Door."""

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
        self._app = options.text(settings, "sms_sdk_app_id")
        self._sign = options.text(settings, "sign_name")
        self._templates = Templates(settings)
        self._door = Door(settings)
        self._cloud = Tencent(settings, "sms", "2021-01-11", REFUSALS)
        self.timeout_s = self._cloud.timeout_s

    async def send(self, message: Message) -> Outcome:
        if message.to is None:
            return codes.NO_NUMBER
        template = self._templates.of(message)
        body = {
            "PhoneNumberSet": [message.to],
            "SmsSdkAppId": self._app,
            "SignName": self._sign,
            "TemplateId": template.code,
            "TemplateParamSet": list(template.params.values()),
            "SessionContext": message.send_key,
        }
        said = await self._cloud.call("SendSms", body)
        return self._taken(said) if isinstance(said, Mapping) else said

    def _taken(self, said: Mapping[str, Any]) -> Outcome:
        """An answer without an Error may still refuse the one number that it was about."""
        match said.get("SendStatusSet"):
            case [{"Code": "Ok", "SerialNo": str(ref)}] if ref:
                return Accepted(ref[:100])
            case [{"Code": str(code)}] if code != _ACCEPTED:
                return self._cloud.refusal(code)
            case _:
                return codes.UNREADABLE

    async def query(self, inquiry: Inquiry) -> Status:
        """By number, and not PullSmsSendStatus: that one takes everybody's receipts off a queue.

        A message that is not listed may still be on its way into the list: never NeverTaken.
        """
        if inquiry.to is None or inquiry.sent_at is None:
            return InDoubt("no number to ask with")
        body = {
            "PhoneNumber": inquiry.to,
            "SmsSdkAppId": self._app,
            "BeginTime": int(inquiry.sent_at.timestamp()),
            "Offset": 0,
            "Limit": _PAGE,
        }
        said = await self._cloud.call("PullSmsSendStatusByPhoneNumber", body)
        if not isinstance(said, Mapping):
            return said if isinstance(said, InDoubt) else InDoubt("status query refused")
        rows = said.get("PullSmsSendStatusSet")
        listed = rows if isinstance(rows, list) else ()
        ours = (each for each in listed if isinstance(each, dict) and _is_about(each, inquiry))
        return _status(next(ours, None))

    async def cancel(self, send_key: str) -> bool:
        return False

    def parse_receipts(self, callback: Callback) -> Receipts:
        self._door.check(callback)
        return batches.read(callback.body, _receipt, REPLY)

    async def close(self) -> None:
        await self._cloud.close()


def _receipt(item: Any) -> Receipt:
    report = _Report.model_validate(item)
    outcome = _answered(report.report_status, report.errmsg, report.sid)
    return Receipt(batches.send_key(report.ext), f"{report.sid}:{outcome.result}", outcome)


def _is_about(row: Mapping[str, Any], inquiry: Inquiry) -> bool:
    return row.get("SessionContext") == inquiry.send_key or row.get("SerialNo") == inquiry.ref


def _status(row: Mapping[str, Any] | None) -> Status:
    match row:
        case {"ReportStatus": str(state), "SerialNo": str(ref), **more}:
            return _answered(state, more.get("Description"), ref[:100])
        case _:
            return InDoubt("not listed")


def _answered(state: str, word: object, ref: str) -> Answered:
    # A carrier's own word tells nobody for certain that a number is bad: it stays in use, and the word in the log.
    result = Result.DELIVERED if state == "SUCCESS" else Result.FAILED_TEMPORARY
    return Answered(result, ref=ref, detail=codes.shown(word))
