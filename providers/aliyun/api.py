"""The RPC client of Alibaba Cloud, for the adapters of its SMS and voice products."""

import secrets
from datetime import UTC, datetime

import httpx

from providers import error_codes, http, options
from providers.aliyun import acs3
from providers.base import InDoubt, Outcome, ProviderSettings, Reply
from providers.cloud import Body, CloudApi, CloudProduct
from providers.error_codes import ErrorCodes, in_doubt, operations_fault, transient

_OK = "OK"

# Codes of the API gateway before any product; all [MEM], unconfirmed. A family stands for all that follows its dot.
GATEWAY_ERRORS: ErrorCodes = {
    "Throttling": transient,
    "ServiceUnavailable": transient,
    "SignatureDoesNotMatch": operations_fault,
    "SignatureNonceUsed": transient,
    "IncompleteSignature": operations_fault,
    "InvalidAccessKeyId": operations_fault,
    "InvalidTimeStamp": operations_fault,
    "Forbidden": operations_fault,
    "InternalError": in_doubt,
}


class AliyunApi(CloudApi):
    """Settings: access_key_id_env, secret_env (the access key's secret), and those of CloudApi."""

    error_codes = GATEWAY_ERRORS
    # The vendor looks only at whether code is a number: help.aliyun.com/document_detail/101867.html
    reply = Reply('{"code":0,"msg":"接收成功"}')

    def __init__(self, settings: ProviderSettings, product: CloudProduct) -> None:
        """Raises SettingsError."""
        self._key_id = options.secret(settings, "access_key_id")
        self._secret = options.secret(settings)
        super().__init__(settings, product)

    async def _exchange(self, action: str, parameters: Body) -> httpx.Response | http.Unsent | InDoubt:
        """Parameters go in the query and the body is empty, as the vendor's own SDK does it."""
        headers = acs3.signed_headers(
            key_id=self._key_id,
            secret=self._secret,
            host=self._host,
            action=action,
            version=self._version,
            parameters=parameters,
            at=datetime.now(UTC),
            nonce=secrets.token_hex(16),
        )
        return await http.exchange(self._http, "POST", f"/?{acs3.query_string(parameters)}", headers=headers)

    def _read(self, answer: httpx.Response) -> Body | Outcome:
        body = http.json_object(answer)
        if body is None or not isinstance(body.get("Code"), str):
            return error_codes.unreadable(answer.status_code)
        return body if body["Code"] == _OK else self.refusal(body["Code"], answer.status_code)


def national(number: str) -> str:
    """A number of the mainland as the vendor's console shows it, without +86."""
    return number.removeprefix("+86")
