"""The RPC client of Tencent Cloud, for the adapters of its SMS and voice products."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from providers import codes, http, options
from providers.base import InDoubt, Outcome, ProviderSettings, Reply, Transient
from providers.codes import Codes
from providers.signing import tc3
from schemas.vocabulary import Result

# cloud.tencent.com/document/api/382/59178 and /1128/37725: result 0, or it is pushed again.
REPLY = Reply('{"result":0,"errmsg":"OK"}')

# The vendor's published codes (errorcodes.py of its SDK, sms 3.1.153), where several products share them. What each
# means for an attempt is ours: the vendor only words them. A timeout behind its door may have sent the message.
COMMON: Codes = {
    "InternalError": codes.doubt,
    "InternalError.RequestTimeException": codes.mend,  # our clock
    "InternalError.RestApiInterfaceNotExist": codes.mend,
    "InternalError.SigFieldMissing": codes.mend,
    "InternalError.SigVerificationFail": codes.mend,
    "InternalError.JsonParseFail": codes.mend,
    "RequestLimitExceeded": codes.later,
    "AuthFailure": codes.mend,
    "UnauthorizedOperation": codes.mend,
    "MissingParameter": codes.mend,
    "InvalidParameter": codes.mend,
    "InvalidParameterValue": codes.mend,  # of a template or an application; a number's own fault stands below
    "InvalidParameterValue.IncorrectPhoneNumber": codes.never(Result.FAILED_PERMANENT),
    "InvalidParameterValue.ContentLengthLimit": codes.never(Result.REJECTED_CONTENT),
    "UnsupportedOperation": codes.never(Result.UNSUPPORTED),
    "FailedOperation.SignatureIncorrectOrUnapproved": codes.mend,
    "FailedOperation.TemplateIncorrectOrUnapproved": codes.mend,
    "FailedOperation.TemplateUnapprovedOrNotExist": codes.mend,
    "FailedOperation.TemplateIdNotExist": codes.mend,
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": codes.mend,
    "FailedOperation.MissingSignature": codes.mend,
    "FailedOperation.MissingSignatureList": codes.mend,
    "FailedOperation.MissingTemplateList": codes.mend,
    "FailedOperation.JsonParseFail": codes.mend,
    "FailedOperation.FailResolvePacket": codes.mend,
    "FailedOperation.PhoneNumberInBlacklist": codes.elsewhere,
    "FailedOperation.PhoneNumberParseFail": codes.never(Result.FAILED_PERMANENT),
    "FailedOperation.ContainSensitiveWord": codes.never(Result.REJECTED_CONTENT),
    "InvalidParameter.DirtyWordFound": codes.never(Result.REJECTED_CONTENT),
}

Said = Mapping[str, Any]


class Tencent:
    """Settings: base_url, timeout_s (10), region (ap-guangzhou), secret_id_env, secret_env (its key)."""

    def __init__(self, settings: ProviderSettings, service: str, version: str, refusals: Codes) -> None:
        """Raises SettingsError."""
        self._id = options.secret(settings, "secret_id")
        self._key = options.secret(settings)
        self._region = options.text(settings, "region", "ap-guangzhou")
        self._service, self._version = service, version
        self._refusals = {**COMMON, **refusals}
        url = options.base_url(settings, f"https://{service}.tencentcloudapi.com")
        self.timeout_s = options.timeout_s(settings)
        self._host = httpx.URL(url).netloc.decode()
        self._http = http.client(url, timeout_s=self.timeout_s)

    async def call(self, action: str, body: Mapping[str, Any]) -> Said | Outcome:
        """What stands in Response, where there is no Error in it, or else what came of the call."""
        raw = json.dumps(body, ensure_ascii=False).encode()
        headers = tc3.signed_headers(
            key_id=self._id,
            secret=self._key,
            service=self._service,
            host=self._host,
            action=action,
            version=self._version,
            region=self._region,
            at=datetime.now(UTC),
            body=raw,
        )
        answer = await http.exchange(self._http, "POST", "/", content=raw, headers=headers)
        if isinstance(answer, Transient | InDoubt):
            return answer
        said = (http.json_object(answer) or {}).get("Response")
        if not isinstance(said, dict):
            return codes.unreadable(answer.status_code)
        error = said.get("Error")
        if error is None:
            return said
        return self.refusal(error.get("Code") if isinstance(error, dict) else None)

    def refusal(self, code: object) -> Outcome:
        """What a code means, at either level of an answer."""
        return codes.outcome(self._refusals, code)

    async def close(self) -> None:
        await self._http.aclose()
