"""Adapter for Tencent Cloud voice messages (2020-09-02, SendTtsVoice). Plays filed templates, never a text.

Sources: cloud.tencent.com/document/api/1128/51558 (SendTtsVoice), /1128/37725, /37726, /37727 (the three callbacks);
fields as in the vendor's machine-readable spec (tccli). No idempotence, no status query. The callbacks echo nothing of
ours: a call is known by its CallId alone.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from pydantic import ValidationError

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
    ReceiptRefused,
    Receipts,
    Status,
)
from providers.codes import Codes
from providers.door import Door
from providers.limits import Limits, Rate
from providers.templates import Templates
from providers.tencent import REPLY, Tencent
from providers.voice import heard
from schemas.vocabulary import Channel, Result

_CHANNELS = frozenset({Channel.VOICE})

# Beside those of providers/tencent.py: errorcodes.py of the vendor's SDK for vms; the meanings are ours.
REFUSALS: Codes = {
    "FailedOperation.AccessUpstreamTimeout": codes.doubt,
    "FailedOperation.InsufficientBalanceInVoicePackage": codes.mend,
    "FailedOperation.InvalidJsonParameters": codes.mend,
    "FailedOperation.InvalidParameters": codes.mend,
    "FailedOperation.PhonenumberUnappliedOrExpired": codes.mend,
    "InvalidParameterValue.CalledNumberVerifyFail": codes.never(Result.INVALID_NUMBER),
    "LimitExceeded": codes.later,
    "UnsupportedOperation": codes.mend,
}

_PROMPT: Mapping[str, Answered] = {
    "0": heard.NO_KEY,
    "1": Answered(Result.NO_ANSWER),
    "2": Answered(Result.UNKNOWN, detail="call_failed"),  # why is told in the failure callback
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


# cloud.tencent.com/document/api/1128/51558
LIMITS = Limits(rate=(Rate(20, 1),))


class _Prompt(batches.Item):
    callid: batches.Ref
    result: str


class _Failure(batches.Item):
    callid: batches.Ref
    failure_code: str


class _Key(batches.Item):
    callid: batches.Ref
    keypress: str


class TencentVoice:
    """Settings: voice_sdk_app_id, templates (code and params only), and those of Tencent and Door."""

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        self.name = settings.name
        self.capabilities = Capabilities(
            channels=options.channels(settings, _CHANNELS),
            destinations=options.mainland(settings),
            receipts=True,
            limits=LIMITS,
        )
        self._app = options.text(settings, "voice_sdk_app_id")
        self._templates = Templates(settings)
        self._door = Door(settings)
        self._cloud = Tencent(settings, "vms", "2020-09-02", REFUSALS)
        self.timeout_s = self._cloud.timeout_s

    async def send(self, message: Message) -> Outcome:
        if message.to is None:
            return codes.NO_NUMBER
        template = self._templates.of(message)
        body = {
            "TemplateId": template.code,
            "CalledNumber": message.to,
            "VoiceSdkAppid": self._app,
            "TemplateParamSet": list(template.params.values()),
            "SessionContext": message.send_key,
        }
        said = await self._cloud.call("SendTtsVoice", body)
        if not isinstance(said, Mapping):
            return said
        match said.get("SendStatus"):
            case {"CallId": str(ref)} if ref:
                return Accepted(ref[:100])
            case _:
                return codes.UNREADABLE

    async def query(self, inquiry: Inquiry) -> Status:
        return InDoubt("no status query")

    async def cancel(self, send_key: str) -> bool:
        return False

    def parse_receipts(self, callback: Callback) -> Receipts:
        self._door.check(callback)
        try:
            receipt = _receipt(json.loads(callback.body))
        except (ValueError, ValidationError, RecursionError):
            raise ReceiptRefused("malformed") from None
        return Receipts((receipt,) if receipt else (), reply=REPLY)

    async def close(self) -> None:
        await self._cloud.close()


def _receipt(said: object) -> Receipt | None:
    match said:
        case {"voicekey_callback": what}:
            key = _Key.model_validate(what)
            return _of(key.callid, "key", heard.CONFIRMED) if heard.pressed(key.keypress) else None
        case {"voiceprompt_callback": what}:
            prompt = _Prompt.model_validate(what)
            return _of(prompt.callid, "prompt", _PROMPT.get(prompt.result, heard.NO_KEY))
        case {"voice_failure_callback": what}:
            failure = _Failure.model_validate(what)
            unknown = Answered(Result.FAILED_TEMPORARY, detail=codes.shown(f"failure_{failure.failure_code}"))
            return _of(failure.callid, "failure", _FAILURES.get(failure.failure_code, unknown))
        case _:
            raise ReceiptRefused("malformed")


def _of(ref: str, kind: str, outcome: Answered) -> Receipt:
    return Receipt(None, f"{ref}:{kind}", replace(outcome, ref=ref))
