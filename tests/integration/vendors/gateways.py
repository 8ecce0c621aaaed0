"""What a gateway of our own protocol says on the wire."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook
from vendor_stub import Says

from providers.base import Accepted, Answered, InDoubt, NeverTaken, OperationsFault, Permanent, SwitchChannel, Transient
from schemas.vocabulary import BankRequest, Channel, Result
from vendors.row import REF, Posted, Vendor

_SECRET = "whsec_" + base64.b64encode(b"c" * 32).decode()


def _sign(report: Posted) -> Posted:
    at = datetime.now(UTC)
    signature = Webhook(_SECRET).sign("m-1", at, report.body.decode(errors="replace"))
    headers = {"webhook-id": "m-1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    return replace(report, headers=headers)


def _report(key: str, ref: str, well: bool) -> Posted:
    body = {"id": key, "ref": ref, "result": "DELIVERED" if well else "FAILED_TEMPORARY"}
    return _sign(Posted(json.dumps(body).encode(), path=""))


def _wrong_signature(report: Posted) -> list[Posted]:
    return [replace(report, headers={}), replace(report, body=report.body.replace(b"DELIVERED", b"NO_ANSWER"))]


def _gateway(channel: Channel, *fields: str, **more: Any) -> Vendor:
    return Vendor(
        channel=channel,
        options={},
        secrets={},
        secret=_SECRET,
        accepts=Says({"ref": REF}, 202),
        accepted=Accepted(REF),
        fields=frozenset(("id", "channel", "callback_url", *fields)),
        refusals=(
            (Says("", 429), Transient("gateway answered 429")),
            (Says("", 503), Transient("gateway answered 503")),
            (Says("", 401), OperationsFault("gateway answered 401")),
            (Says("", 402), OperationsFault("gateway answered 402")),
            (Says({"code": "content"}, 422), Permanent(Result.REJECTED_CONTENT, "content")),
            (Says({"code": "blacklisted"}, 403 + 19), SwitchChannel("blacklisted")),
            (Says("", 418), Permanent(Result.FAILED_PERMANENT, "gateway answered 418")),
            *((Says("", status), Transient(f"gateway answered {status}")) for status in (408, 421, 425)),
            *((Says("", status), InDoubt(f"gateway answered {status}")) for status in (409, 499)),
            *((Says("", status), OperationsFault(f"gateway answered {status}")) for status in (400, 413, 431)),
            (Says({"code": "what?"}, 400), OperationsFault("gateway answered 400")),
            (Says({"code": ["content"]}, 400), OperationsFault("gateway answered 400")),
            (Says({"code": "content"}, 413), Permanent(Result.REJECTED_CONTENT, "content")),
            (Says({"code": "content"}, 400), Permanent(Result.REJECTED_CONTENT, "content")),
            (Says({"code": "number_limit"}, 400), SwitchChannel("number_limit")),
        ),
        echo=lambda asked: asked.json["id"] if asked.headers["idempotency-key"] == asked.json["id"] else None,
        is_signed=lambda asked: asked.headers["authorization"] == f"Bearer {_SECRET}",
        statuses=(
            (lambda key: Says({"id": key, "ref": REF, "result": "DELIVERED"}), Answered(Result.DELIVERED, ref=REF)),
            (lambda key: Says({"id": key, "ref": REF, "result": "QUEUED"}), Accepted(REF, held=True)),
            (lambda key: Says("", 404), NeverTaken()),
            (lambda key: Says("<html>"), InDoubt("status query answered in an unknown form")),
        ),
        reports=_report,
        sign=_sign,
        forgeries=_wrong_signature,
        idempotent=True,
        **more,
    )


ROWS = {
    "http_gateway": _gateway(Channel.SMS, "to", "text"),
    "number_only": _gateway(Channel.SMS, "to", "type"),
    "bank_hook": _gateway(Channel.HOOK, "to", "hook", hook=BankRequest.STOP_PAYMENT),
    "group_notice": _gateway(Channel.BROADCAST, "text", "area"),
}
