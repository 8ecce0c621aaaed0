"""The RPC client of Tencent Cloud, for the adapters of its SMS and voice products."""

import json
from datetime import UTC, datetime

import httpx

from providers import error_codes, http, options
from providers.base import InDoubt, Outcome, ProviderSettings, Reply
from providers.cloud import Body, CloudApi, CloudProduct
from providers.error_codes import ErrorCodes, in_doubt, operations_fault, permanent, switch_channel, transient
from providers.tencent import tc3
from schemas.vocabulary import Result

# The vendor's published codes (errorcodes.py of its SDK, sms 3.1.153), where several products share them. What each
# means for an attempt is ours: the vendor only words them. A timeout inside of it may have sent the message.
COMMON_ERRORS: ErrorCodes = {
    "InternalError": in_doubt,
    "InternalError.RequestTimeException": operations_fault,  # our clock
    "InternalError.RestApiInterfaceNotExist": operations_fault,
    "InternalError.SigFieldMissing": operations_fault,
    "InternalError.SigVerificationFail": operations_fault,
    "InternalError.JsonParseFail": operations_fault,
    "RequestLimitExceeded": transient,
    "AuthFailure": operations_fault,
    "UnauthorizedOperation": operations_fault,
    "MissingParameter": operations_fault,
    "InvalidParameter": operations_fault,
    "InvalidParameterValue": operations_fault,  # of a template or an application; a number's own fault stands below
    "InvalidParameterValue.IncorrectPhoneNumber": permanent(Result.FAILED_PERMANENT),
    "InvalidParameterValue.ContentLengthLimit": permanent(Result.REJECTED_CONTENT),
    "UnsupportedOperation": permanent(Result.UNSUPPORTED),
    "FailedOperation.SignatureIncorrectOrUnapproved": operations_fault,
    "FailedOperation.TemplateIncorrectOrUnapproved": operations_fault,
    "FailedOperation.TemplateUnapprovedOrNotExist": operations_fault,
    "FailedOperation.TemplateIdNotExist": operations_fault,
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": operations_fault,
    "FailedOperation.MissingSignature": operations_fault,
    "FailedOperation.MissingSignatureList": operations_fault,
    "FailedOperation.MissingTemplateList": operations_fault,
    "FailedOperation.JsonParseFail": operations_fault,
    "FailedOperation.FailResolvePacket": operations_fault,
    "FailedOperation.PhoneNumberInBlacklist": switch_channel,
    "FailedOperation.PhoneNumberParseFail": permanent(Result.FAILED_PERMANENT),
    "FailedOperation.ContainSensitiveWord": permanent(Result.REJECTED_CONTENT),
    "InvalidParameter.DirtyWordFound": permanent(Result.REJECTED_CONTENT),
}


class TencentApi(CloudApi):
    """Settings: region (ap-guangzhou), secret_id_env, secret_env (its key), and those of CloudApi."""

    error_codes = COMMON_ERRORS
    # cloud.tencent.com/document/api/382/59178 and /1128/37725: result 0, or it is pushed again.
    reply = Reply('{"result":0,"errmsg":"OK"}')

    def __init__(self, settings: ProviderSettings, product: CloudProduct, service: str) -> None:
        """`service` is the product's name in signatures. Raises SettingsError."""
        self._id = options.secret(settings, "secret_id")
        self._key = options.secret(settings)
        self._region = options.text(settings, "region", "ap-guangzhou")
        self._service = service
        super().__init__(settings, product)

    async def _exchange(self, action: str, parameters: Body) -> httpx.Response | http.Unsent | InDoubt:
        raw = json.dumps(parameters, ensure_ascii=False).encode()
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
        return await http.exchange(self._http, "POST", "/", content=raw, headers=headers)

    def _read(self, answer: httpx.Response) -> Body | Outcome:
        """What stands in Response, if there is no Error in it."""
        body = (http.json_object(answer) or {}).get("Response")
        if not isinstance(body, dict):
            return error_codes.unreadable(answer.status_code)
        error = body.get("Error")
        if error is None:
            return body
        return self.refusal(error.get("Code") if isinstance(error, dict) else None)
