"""Pigeon's row for the dispatcher's contract test: what may leave the building, and what each answer means."""

import hashlib
import hmac
import json
from dataclasses import replace

from vendor_stub import Says
from vendors import REF, Posted, Vendor

from providers.base import (
    Accepted,
    Answered,
    InDoubt,
    NeverTaken,
    OperationsFault,
    Permanent,
    SwitchChannel,
    Transient,
)
from schemas.vocabulary import Channel, Result

_RECEIPTS_KEY = "the-key-of-receipts"


def _reported(key: str, ref: str, well: bool) -> Posted:
    report = {"id": key, "letter": ref, "state": "arrived" if well else "lost"}
    return _sign(Posted(json.dumps([report]).encode(), path=""))


def _sign(report: Posted, key: str = _RECEIPTS_KEY) -> Posted:
    signature = hmac.new(key.encode(), report.body, hashlib.sha256).hexdigest()
    return replace(report, headers={"X-Pigeon-Signature": f"sha256={signature}"})


def _forged(report: Posted) -> list[Posted]:
    another_state = report.body.replace(b"arrived", b"lost")
    return [replace(report, headers={}), replace(report, body=another_state), _sign(report, key="guessed")]


PIGEON = Vendor(
    channel=Channel.SMS,
    options={},
    secrets={"receipts_key": _RECEIPTS_KEY},
    accepts=Says({"code": 0, "letter": REF}),
    accepted=Accepted(REF),
    fields=frozenset({"id", "phone", "words"}),
    refusals=(
        (Says({"code": 1}), Transient("pigeon.1")),
        (Says({"code": 2}), Permanent(Result.FAILED_PERMANENT, "pigeon.2")),
        (Says({"code": 3}), Permanent(Result.REJECTED_CONTENT, "pigeon.3")),
        (Says({"code": 4}), SwitchChannel("pigeon.4")),
        (Says({"code": 5}), OperationsFault("pigeon.5")),
        (Says({"code": 6}, 401), OperationsFault("pigeon.6")),
        (Says({"code": 99}), Transient("pigeon.99")),
        (Says("<html>", 502), InDoubt("502 answer in an unknown form")),
    ),
    echo=lambda asked: asked.json["id"],
    is_signed=lambda asked: asked.headers["x-pigeon-key"] == "the-secret",
    statuses=(
        (lambda key: Says({"code": 0, "letter": REF, "state": "arrived"}), Answered(Result.DELIVERED, ref=REF)),
        (lambda key: Says({"code": 0, "letter": REF, "state": "lost"}), Answered(Result.FAILED_TEMPORARY, ref=REF)),
        (lambda key: Says({"code": 0, "letter": REF, "state": "flying"}), Accepted(REF, held=True)),
        (lambda key: Says({"code": 44}), NeverTaken()),
        (lambda key: Says({"code": 0}), InDoubt("status query answered in an unknown form")),
    ),
    reports=_reported,
    forgeries=_forged,
    sign=_sign,
    reply=(200, '{"code":0}'),
    is_batched=True,
)
