"""ACS3-HMAC-SHA256, the signature of Alibaba Cloud's API.

Source: the vendor's page help.aliyun.com/document_detail/2593177.html, whose worked example is in the tests.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

_ALGORITHM = "ACS3-HMAC-SHA256"


def query_string(parameters: Mapping[str, str]) -> str:
    """The parameters as they are signed, which is also a way to send them."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(parameters.items()))


def signed_headers(
    *,
    key_id: str,
    secret: str,
    host: str,
    action: str,
    version: str,
    parameters: Mapping[str, str],
    at: datetime,
    nonce: str,
    body: bytes = b"",
) -> dict[str, str]:
    """The headers of a POST to `/`, Authorization among them. `at` must be in UTC; `nonce` never used before."""
    digest = hashlib.sha256(body).hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": digest,
        "x-acs-date": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    return headers | {"authorization": authorization(key_id, secret, query_string(parameters), headers, digest)}


def authorization(key_id: str, secret: str, query: str, headers: Mapping[str, str], body_digest: str) -> str:
    """The Authorization of a POST to `/`, over all the headers given (names in small letters)."""
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{value.strip()}\n" for name, value in sorted(headers.items()))
    request = "\n".join(("POST", "/", query, lines, names, body_digest))
    to_sign = f"{_ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{_ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"


def _quoted(value: str) -> str:
    return quote(value, safe="-_.~")
