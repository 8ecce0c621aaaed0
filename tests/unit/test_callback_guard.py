"""The guard of a receipts address: each proof takes what is the vendor's, and nothing else."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from providers.base import Callback, ProviderSettings, ReceiptRefused, SettingsError
from providers.callback_guard import BodySignature, CallbackGuard, PathToken, Proof, StandardWebhook
from schemas.vocabulary import Channel

TOKEN = "path-token-0123456789abcdefghij"
WEBHOOK = "whsec_" + base64.b64encode(b"c" * 32).decode()
BODY = b'{"state":"arrived"}'
DIGEST = hmac.new(b"the-key", BODY, hashlib.sha256)
SETTINGS = ProviderSettings(
    name="birds",
    adapter="pigeon",
    channels=frozenset({Channel.SMS}),
    secret=WEBHOOK,
    secrets={"receipts_token": TOKEN, "receipts_key": "the-key"},
    callback_url="https://hooks.invalid/receipts/birds",
)
HEX = BodySignature("X-Signature", secret="receipts_key")
PREFIXED = BodySignature("X-Signature", prefix="sha256=", secret="receipts_key")
BASE64 = BodySignature("X-Signature", encoding="base64", secret="receipts_key")
SHA512 = BodySignature("X-Signature", digest="sha512", secret="receipts_key")


def signed(value: str, body: bytes = BODY) -> Callback:
    return Callback({"x-signature": value}, body)


def webhook(body: bytes = BODY, secret: str = WEBHOOK) -> Callback:
    at = datetime.now(UTC)
    headers = {
        "webhook-id": "m-1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("m-1", at, body.decode()),
    }
    return Callback(headers, body)


@pytest.mark.parametrize(
    ("proof", "callback"),
    [
        (PathToken(), Callback({}, BODY, token=TOKEN)),
        (HEX, signed(DIGEST.hexdigest())),
        (HEX, signed(DIGEST.hexdigest().upper())),
        (PREFIXED, signed(f"sha256={DIGEST.hexdigest()}")),
        (BASE64, signed(base64.b64encode(DIGEST.digest()).decode())),
        (SHA512, signed(hmac.new(b"the-key", BODY, hashlib.sha512).hexdigest())),
        (StandardWebhook(), webhook()),
    ],
)
def test_a_vendor_s_callback_passes(proof: Proof, callback: Callback) -> None:
    CallbackGuard(SETTINGS, proof).check(callback)
    listed = replace(SETTINGS, options={"receipts_from": ["10.0.0.0/8"]})
    CallbackGuard(listed, proof).check(replace(callback, sender="10.1.2.3"))
    with pytest.raises(ReceiptRefused, match="foreign address"):
        CallbackGuard(listed, proof).check(replace(callback, sender="192.0.2.1"))
    with pytest.raises(ReceiptRefused, match="unknown address"):
        CallbackGuard(listed, proof).check(callback)


ANOTHER = "v1," + base64.b64encode(b"x" * 32).decode()
ODD = ("v1", "v1,", "v1,!", "v1,何", "v1a,c2ln", "v2," + "A" * 43 + "=", "何", ",", "v1,v1,v1", ANOTHER, ANOTHER[:-9])


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_signature_beside_it_does_not_spoil_a_good_one(odd: str) -> None:
    guard, good = CallbackGuard(SETTINGS, StandardWebhook()), webhook()
    signature = good.headers["webhook-signature"]
    for listed in (f"{odd} {signature}", f"{signature} {odd}", f"  {odd}  {odd} {signature} {odd}"):
        guard.check(replace(good, headers={**good.headers, "webhook-signature": listed}))
    for forged in (odd, f"{odd} {odd}"):
        with pytest.raises(ReceiptRefused):
            guard.check(replace(good, headers={**good.headers, "webhook-signature": forged}))


@pytest.mark.parametrize(
    ("proof", "callback", "why"),
    [
        (PathToken(), Callback({}, BODY), "wrong token"),
        (PathToken(), Callback({}, BODY, token=f"{TOKEN}x"), "wrong token"),
        (PathToken(), Callback({}, BODY, token="何"), "wrong token"),
        (HEX, Callback({}, BODY), "wrong signature"),
        (HEX, signed(DIGEST.hexdigest(), BODY.replace(b"arrived", b"lost")), "wrong signature"),
        (HEX, signed(DIGEST.hexdigest()[:-2]), "wrong signature"),
        (HEX, signed("何"), "malformed signature"),
        (HEX, signed(base64.b64encode(DIGEST.digest()).decode()), "malformed signature"),
        (BASE64, signed("not base64!"), "malformed signature"),
        (BASE64, signed("何"), "malformed signature"),
        (StandardWebhook(), replace(webhook(), body=b'{"state":"lost"}'), "signature"),
        (StandardWebhook(), Callback({}, BODY), "eaders"),
    ],
)
def test_anything_else_is_refused(proof: Proof, callback: Callback, why: str) -> None:
    with pytest.raises(ReceiptRefused, match=why):
        CallbackGuard(SETTINGS, proof).check(callback)


@pytest.mark.parametrize(
    ("proof", "missing"),
    [(PathToken(), "receipts_token_env"), (HEX, "receipts_key_env"), (StandardWebhook(), "secret_env")],
)
def test_a_missing_secret_is_named_at_the_start(proof: Proof, missing: str) -> None:
    with pytest.raises(SettingsError, match=f"provider birds: {missing}"):
        CallbackGuard(replace(SETTINGS, secret=None, secrets={}), proof)


def test_only_a_token_is_part_of_the_address() -> None:
    assert CallbackGuard(SETTINGS).url == f"https://hooks.invalid/receipts/birds/{TOKEN}"
    assert CallbackGuard(SETTINGS, HEX).url == "https://hooks.invalid/receipts/birds"
