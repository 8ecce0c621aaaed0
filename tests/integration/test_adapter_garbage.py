"""Any JSON value in any place of an answer or a receipt: a typed outcome that can be stored, never an exception."""

import asyncio
import copy
import json
import uuid
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, get_args

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from test_adapter_contract import NUMBER, SENT_AT, message, settings
from vendors import REF, VENDORS

from dispatcher.delivery import understanding
from providers import registry
from providers.base import Callback, Inquiry, Outcome, ReceiptRefused, Receipts, Status
from schemas.channel_results import RESULTS_OF
from schemas.vocabulary import Channel

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(("Ok", "OK", "0", 0, 1, 3)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
STATUSES = st.sampled_from((200, 202, 204, 302, 400, 403, 404, 408, 409, 413, 418, 421, 425, 429, 431, 499, 500, 503))
every = pytest.mark.parametrize("name", VENDORS)
some = hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inside:
        yield from paths(part, (*path, name))


def with_garbage(draw: st.DrawFn, good: Any) -> Any:
    """The good body with any value in one place of it, or with one place less."""
    body, path = copy.deepcopy(good), draw(st.sampled_from(list(paths(good))))
    if not path:
        return draw(JSON)
    at = body
    for step in path[:-1]:
        at = at[step]
    if draw(st.booleans()):
        at[path[-1]] = draw(JSON)
    else:
        del at[path[-1]]
    return body


def is_storable(outcome: Any) -> bool:
    """PostgreSQL takes no NUL and no half of a surrogate pair, and a log line is no place for a page."""
    texts = [value for each in fields(outcome) if isinstance(value := getattr(outcome, each.name), str)]
    return all(text.isprintable() and len(text) <= 200 for text in texts)


@every
@given(data=st.data())
@some
def test_any_answer_is_a_typed_outcome(monkeypatch: pytest.MonkeyPatch, name: str, data: st.DataObject) -> None:
    vendor, key = VENDORS[name], str(uuid.uuid4())
    goods = [vendor.accepts.body, *(says(key).body for says, _ in vendor.statuses)]
    good = data.draw(st.sampled_from(goods))
    parsed = json.loads(good) if isinstance(good, str) and good[:1] in ("{", "[") else good
    body = with_garbage(data.draw, parsed)
    raw = body.encode("utf-8", "replace") if isinstance(body, str) else json.dumps(body).encode()
    answer = httpx.Response(
        data.draw(STATUSES), content=raw, headers=[(b"retry-after", data.draw(st.sampled_from((b"5", b"\xb2", b"x"))))]
    )
    monkeypatch.setattr("providers.http.AiohttpTransport", lambda **_: httpx.MockTransport(lambda _: answer))

    async def scenario() -> tuple[Outcome, Status]:
        provider = registry.build([settings(name)], {})[name]
        try:
            inquiry = Inquiry(key, REF, NUMBER, SENT_AT)
            return await provider.send(message(vendor)), await provider.query(inquiry)
        finally:
            await provider.close()

    sent, status = asyncio.run(scenario())
    assert isinstance(sent, Outcome)
    assert isinstance(status, get_args(Status))
    assert is_storable(sent)
    assert is_storable(status)
    assert understanding.fits(vendor.channel, sent)
    assert understanding.fits(vendor.channel, understanding.of_channel(vendor.channel, status))


@pytest.mark.parametrize("name", [name for name, vendor in VENDORS.items() if vendor.reports])
@given(data=st.data())
@some
def test_any_receipt_is_read_or_refused(name: str, data: st.DataObject) -> None:
    vendor, key = VENDORS[name], str(uuid.uuid4())
    assert vendor.reports is not None
    posted = vendor.reports(key, REF, data.draw(st.booleans()))
    if posted.body:
        body = with_garbage(data.draw, json.loads(posted.body))
        posted = vendor.sign(replace(posted, body=json.dumps(body).encode()))
    else:
        field = data.draw(st.sampled_from(list(posted.query)))
        posted = replace(posted, query={**posted.query, field: data.draw(st.text())})
    provider = registry.build([settings(name)], {})[name]
    try:
        found = provider.parse_receipts(Callback(posted.headers, posted.body, posted.query, posted.path[1:]))
    except ReceiptRefused:
        return
    assert isinstance(found, Receipts)
    for receipt in found.items:
        assert is_storable(receipt)
        assert is_storable(receipt.outcome)
        assert understanding.fits(vendor.channel, understanding.of_channel(vendor.channel, receipt.outcome))


@every
def test_every_documented_outcome_is_one_of_its_channel(name: str) -> None:
    vendor = VENDORS[name]
    for _, outcome in vendor.refusals:
        assert understanding.fits(vendor.channel, outcome)
    if vendor.channel in (Channel.SMS, Channel.VOICE):
        assert {vendor.good, vendor.bad} <= RESULTS_OF[vendor.channel]
