"""The row of an adapter: how it is set up, what may leave, and what its vendor says on the wire."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vendor_stub import Asked, Says

from providers.base import Outcome, Status
from schemas.vocabulary import BankRequest, Channel, Result

TOKEN = "path-token-0123456789abcdefghij"
REF = "ref-1"
# Nothing of it is personal: fixed words that a centre files.
TEMPLATES = [
    {"fraud_type": "F08", "language": "zh", "code": "T-F08", "params": {"city": "云汀市", "ring": "96110"}},
    {"code": "T-ANY", "params": {"city": "云汀市", "ring": "96110"}},
]
MENUS = [row | {"key_1": f"K-{row['code']}", "key_1_params": {"type": "假冒客服"}} for row in TEMPLATES]


@dataclass(frozen=True)
class Posted:
    """A callback as the vendor makes it."""

    body: bytes = b""
    path: str = f"/{TOKEN}"
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


# A key, the vendor's reference, whether it went well.
Reports = Callable[[str, str, bool], Posted]
# A good callback, forged: each of them must be refused by the adapter's guard, before anything of it is read.
Forgeries = Callable[[Posted], Sequence[Posted]]


@dataclass(frozen=True)
class Vendor:
    channel: Channel
    options: Mapping[str, Any]
    secrets: Mapping[str, str]
    accepts: Says
    accepted: Outcome
    fields: frozenset[str]  # all that may leave
    refusals: tuple[tuple[Says, Outcome], ...]
    secret: str = "the-secret"
    echo: Callable[[Asked], str | None] = lambda asked: None  # what stands where the vendor takes our key
    echoes: Callable[[str], str | None] = lambda key: key  # what of a key should stand there
    is_signed: Callable[[Asked], bool] = lambda asked: True
    statuses: tuple[tuple[Callable[[str], Says], Status], ...] = ()
    reports: Reports | None = None
    forgeries: Forgeries = lambda report: ()  # needed with `reports`
    sign: Callable[[Posted], Posted] = lambda report: report  # again, once a test has changed the body
    reports_echo_key: bool = True
    good: Result = Result.DELIVERED
    bad: Result = Result.FAILED_TEMPORARY
    reply: tuple[int, str] = (204, "")
    is_batched: bool = False
    idempotent: bool = False
    hook: BankRequest | None = None


def pushed_array(item: dict[str, Any]) -> Posted:
    return Posted(json.dumps([item], ensure_ascii=False).encode())


def wrong_token(report: Posted) -> list[Posted]:
    """Of a vendor that signs nothing and has a PathToken."""
    return [replace(report, path=f"/{TOKEN}x"), replace(report, path="", method="POST")]
