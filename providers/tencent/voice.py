"""Adapter for Tencent Cloud voice messages (2020-09-02, SendTtsVoice). Plays filed templates, never a text.

Sources: cloud.tencent.com/document/api/1128/51558 (SendTtsVoice), /1128/37725, /37726, /37727 (the three callbacks);
fields as in the vendor's machine-readable spec (tccli). No idempotence, no status query. The callbacks echo nothing of
ours: a call is known by its CallId alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from providers import error_codes, key_press, options, pushed_receipts
from providers.base import Answered, Message, Outcome, ProviderSettings, Receipt, ReceiptRefused
from providers.cloud import Body, CloudProduct, CloudProvider, Request
from providers.error_codes import ErrorCodes, in_doubt, operations_fault, permanent, transient
from providers.limits import Limits, Rate
from providers.pushed_receipts import PushedReport
from providers.templates import Template
from providers.tencent.api import TencentApi
from schemas.vocabulary import Channel, Result

# Beside those of providers/tencent/api.py: errorcodes.py of the vendor's SDK for vms.
ERROR_CODES: ErrorCodes = {
    "FailedOperation.AccessUpstreamTimeout": in_doubt,
    "FailedOperation.InsufficientBalanceInVoicePackage": operations_fault,
    "FailedOperation.InvalidJsonParameters": operations_fault,
    "FailedOperation.InvalidParameters": operations_fault,
    "FailedOperation.PhonenumberUnappliedOrExpired": operations_fault,
    "InvalidParameterValue.CalledNumberVerifyFail": permanent(Result.INVALID_NUMBER),
    "LimitExceeded": transient,
    "UnsupportedOperation": operations_fault,
}

_PROMPT: Mapping[str, Answered] = {
    "0": key_press.NO_KEY,
    "1": Answered(Result.NO_ANSWER),
    "2": Answered(Result.UNKNOWN, detail="call_failed"),  # the failure callback says why
}
# failure_code, cloud.tencent.com/document/api/382/6532. What is not here is FAILED_TEMPORARY.
_FAILURES: Mapping[str, Answered] = {
    "1": Answered(Result.POWERED_OFF),
    "2": Answered(Result.BUSY),
    "3": Answered(Result.NO_ANSWER),  # out of coverage
    "5": Answered(Result.NO_ANSWER),
    "7": Answered(Result.OUT_OF_SERVICE),
    "8": Answered(Result.INVALID_NUMBER),
    "10": Answered(Result.BUSY),
}


class _Prompt(PushedReport):
    callid: pushed_receipts.Ref
    result: str


class _Failure(PushedReport):
    callid: pushed_receipts.Ref
    failure_code: str


class _Key(PushedReport):
    callid: pushed_receipts.Ref
    keypress: str


class TencentVoice(CloudProvider):
    """Settings: voice_sdk_app_id, and those of CloudProvider (templates: code and params only) and TencentApi."""

    product = CloudProduct(
        channel=Channel.VOICE,
        base_url="https://vms.tencentcloudapi.com",
        api_version="2020-09-02",
        error_codes=ERROR_CODES,
        limits=Limits(rate=(Rate(20, 1),)),  # cloud.tencent.com/document/api/1128/51558
        read_reports=pushed_receipts.read_single,
    )

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        super().__init__(settings, TencentApi(settings, self.product, service="vms"))
        self._app = options.text(settings, "voice_sdk_app_id")

    def _send_request(self, message: Message, to: str, template: Template) -> Request:
        return "SendTtsVoice", {
            "TemplateId": template.code,
            "CalledNumber": to,
            "VoiceSdkAppid": self._app,
            "TemplateParamSet": list(template.params.values()),
            "SessionContext": message.send_key,
        }

    def _sent(self, body: Body) -> Outcome:
        match body.get("SendStatus"):
            case {"CallId": ref}:
                return error_codes.accepted(ref)
            case _:
                return error_codes.UNREADABLE

    def _receipt(self, report: Any) -> Receipt | None:
        match report:
            case {"voicekey_callback": fields}:
                key = _Key.model_validate(fields)
                is_confirmed = key_press.is_confirmed(key.keypress)
                return _receipt_of(key.callid, "key", key_press.CONFIRMED) if is_confirmed else None
            case {"voiceprompt_callback": fields}:
                prompt = _Prompt.model_validate(fields)
                return _receipt_of(prompt.callid, "prompt", _PROMPT.get(prompt.result, key_press.NO_KEY))
            case {"voice_failure_callback": fields}:
                failure = _Failure.model_validate(fields)
                code = error_codes.loggable(f"failure_{failure.failure_code}")
                unknown = Answered(Result.FAILED_TEMPORARY, detail=code)
                return _receipt_of(failure.callid, "failure", _FAILURES.get(failure.failure_code, unknown))
            case _:
                raise ReceiptRefused("malformed")


def _receipt_of(ref: str, kind: str, outcome: Answered) -> Receipt:
    return Receipt(None, f"{ref}:{kind}", replace(outcome, ref=ref))
