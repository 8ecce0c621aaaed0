"""The RPC client of Alibaba Cloud, for the adapters of its SMS and voice products."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from providers import codes, http, options
from providers.base import InDoubt, Outcome, ProviderSettings, Reply, Transient
from providers.codes import Codes
from providers.signing import acs3

OK = "OK"
# Only that code is a number is looked at: help.aliyun.com/document_detail/101867.html
REPLY = Reply('{"code":0,"msg":"接收成功"}')

# Codes of the API gateway before any product; all [MEM], unconfirmed. A family stands for all that follows its dot.
GATEWAY: Codes = {
    "Throttling": codes.later,
    "ServiceUnavailable": codes.later,
    "SignatureDoesNotMatch": codes.mend,
    "SignatureNonceUsed": codes.later,
    "IncompleteSignature": codes.mend,
    "InvalidAccessKeyId": codes.mend,
    "InvalidTimeStamp": codes.mend,
    "Forbidden": codes.mend,
    "InternalError": codes.doubt,
}

Said = Mapping[str, Any]


class Aliyun:
    """Settings: base_url, timeout_s (10), access_key_id_env, secret_env (the access key's secret)."""

    def __init__(self, settings: ProviderSettings, base_url: str, version: str, refusals: Codes) -> None:
        """Raises SettingsError."""
        self._key_id = options.secret(settings, "access_key_id")
        self._secret = options.secret(settings)
        self._version = version
        self._refusals = {**GATEWAY, **refusals}
        url = options.base_url(settings, base_url)
        self.timeout_s = options.timeout_s(settings)
        self._host = httpx.URL(url).netloc.decode()
        self._http = http.client(url, timeout_s=self.timeout_s)

    async def call(self, action: str, parameters: Mapping[str, str]) -> Said | Outcome:
        """The answer to one call where its Code is OK, or else what came of it.

        Parameters go in the query and the body is empty, as the vendor's own SDK does it.
        """
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
        answer = await http.exchange(self._http, "POST", f"/?{acs3.query_string(parameters)}", headers=headers)
        if isinstance(answer, Transient | InDoubt):
            return answer
        said = http.json_object(answer)
        if said is None or not isinstance(said.get("Code"), str):
            return codes.unreadable(answer.status_code)
        return said if said["Code"] == OK else codes.outcome(self._refusals, said["Code"], answer.status_code)

    async def close(self) -> None:
        await self._http.aclose()


def national(number: str) -> str:
    """A number of the mainland as the vendor's console shows it, without +86."""
    return number.removeprefix("+86")
