"""The signatures of the clouds, against what the vendors publish; their SDKs are asked in tests/peers."""

import hashlib
from datetime import UTC, datetime

from providers.aliyun import acs3
from providers.tencent import tc3

# The worked example of help.aliyun.com/document_detail/2593177.html
EXAMPLE = {
    "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
    "RegionId": "cn-shanghai",
}
EXAMPLE_SIGNATURE = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"


def test_the_published_example_of_acs3() -> None:
    headers = acs3.signed_headers(
        key_id="YourAccessKeyId",
        secret="YourAccessKeySecret",
        host="ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        parameters=EXAMPLE,
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    signed = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
    assert headers["authorization"] == (
        f"ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders={signed},Signature={EXAMPLE_SIGNATURE}"
    )
    assert headers["x-acs-date"] == "2023-10-26T10:22:32Z"


def test_what_is_signed_is_sorted_and_quoted_as_the_vendor_does() -> None:
    assert acs3.query_string({"b": "云 汀", "a": "1+1/~*"}) == "a=1%2B1%2F~%2A&b=%E4%BA%91%20%E6%B1%80"


def test_tc3_changes_with_everything_that_it_covers() -> None:
    def signed(**changes: object) -> str:
        whole = {
            "key_id": "id",
            "secret": "key",
            "service": "sms",
            "host": "sms.tencentcloudapi.com",
            "content_type": "application/json",
            "at": datetime(2026, 3, 2, 23, 59, tzinfo=UTC),
            "body": b"{}",
        }
        return tc3.authorization(**{**whole, **changes})  # type: ignore[arg-type]

    changes: list[dict[str, object]] = [
        {"secret": "another"},
        {"service": "vms"},
        {"host": "127.0.0.1:80"},
        {"content_type": "text/plain"},
        {"at": datetime(2026, 3, 3, 0, 0, tzinfo=UTC)},
        {"body": hashlib.sha256(b"").digest()},
    ]
    assert len({signed(), *(signed(**change) for change in changes)}) == 1 + len(changes)
    assert "/2026-03-02/sms/tc3_request" in signed()
