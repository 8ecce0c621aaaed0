"""TC3-HMAC-SHA256, the signature of Tencent Cloud's API.

Source: the vendor's page cloud.tencent.com/document/api/362/4208. Its example key is masked, so the proof is the
vendor's own SDK (tests/peers).
"""

import hashlib
import hmac
from datetime import datetime

_ALGORITHM = "TC3-HMAC-SHA256"
_END = "tc3_request"
CONTENT_TYPE = "application/json"


def signed_headers(
    *,
    key_id: str,
    secret: str,
    service: str,
    host: str,
    action: str,
    version: str,
    region: str,
    at: datetime,
    body: bytes,
) -> dict[str, str]:
    """The headers of a POST of JSON to `/`, Authorization among them. `at` in UTC, at most 5 minutes off."""
    return {
        "host": host,
        "content-type": CONTENT_TYPE,
        "x-tc-action": action,
        "x-tc-version": version,
        "x-tc-region": region,
        "x-tc-timestamp": str(int(at.timestamp())),
        "authorization": authorization(key_id, secret, service, host, CONTENT_TYPE, at, body),
    }


def authorization(
    key_id: str, secret: str, service: str, host: str, content_type: str, at: datetime, body: bytes
) -> str:
    """The Authorization over host, content type and body."""
    names = "content-type;host"
    headers = f"content-type:{content_type}\nhost:{host}\n"
    request = "\n".join(("POST", "/", "", headers, names, hashlib.sha256(body).hexdigest()))
    scope = f"{at:%Y-%m-%d}/{service}/{_END}"
    digest = hashlib.sha256(request.encode()).hexdigest()
    to_sign = "\n".join((_ALGORITHM, str(int(at.timestamp())), scope, digest))
    key = f"TC3{secret}".encode()
    for part in (f"{at:%Y-%m-%d}", service, _END):
        key = _hmac(key, part).digest()
    return (
        f"{_ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={_hmac(key, to_sign).hexdigest()}"
    )


def _hmac(key: bytes, text: str) -> hmac.HMAC:
    return hmac.new(key, text.encode(), hashlib.sha256)
