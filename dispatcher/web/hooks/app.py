"""Receipts: authenticate, store once, answer fast. They are settled in batches by the workers."""

from collections import Counter
from http import HTTPStatus
from uuid import UUID

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import OperationalError

from dispatcher.casework import receipts
from dispatcher.logging import logger
from dispatcher.setup import House
from providers.base import Receipt, ReceiptRefused

MAX_BODY_BYTES = 64 * 1024
_MOST_REASONS = 50  # an adapter of somebody else's may have a reason for each receipt
_log = logger(__name__)


class Refused(Exception):
    """Why a receipt is not taken: a code or a library's words, never what was in it."""

    def __init__(self, why: str, status: HTTPStatus) -> None:
        super().__init__(why)
        self.why, self.status = why, status


def make(house: House) -> FastAPI:
    """The app for one house."""
    app = FastAPI(title="Warning dispatcher hooks", docs_url=None, redoc_url=None)
    refused: Counter[str] = Counter()

    @app.get("/healthz")
    async def healthz() -> dict[str, str | dict[str, int]]:
        return {"status": "ok", "refused": dict(refused)}

    @app.post("/receipts/{provider}", status_code=HTTPStatus.NO_CONTENT)
    async def take_receipt(provider: str, request: Request) -> Response:
        try:
            receipt = await _read(house, provider, request)
            await run_in_threadpool(_store, house, provider, receipt)
        except Refused as refusal:
            refused[refusal.why if len(refused) < _MOST_REASONS else "other"] += 1
            _log.warning("receipt_refused", provider=provider if provider.isascii() else "?", why=refusal.why)
            return Response(status_code=refusal.status)
        except OperationalError:
            # Not stored, so not taken: the gateway brings it again.
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return app


async def _read(house: House, provider: str, request: Request) -> Receipt:
    """Raises Refused."""
    adapter = house.registry.get(provider)
    if adapter is None:
        raise Refused("unknown_provider", HTTPStatus.NOT_FOUND)
    body = await _body(request)
    try:
        receipt = adapter.parse_receipt(request.headers, body)
        UUID(receipt.send_key)
    except (ReceiptRefused, ValueError) as refusal:
        raise Refused(str(refusal)[:60], HTTPStatus.BAD_REQUEST) from None
    return receipt


async def _body(request: Request) -> bytes:
    """The body, never more of it in memory than is allowed. Raises Refused."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refused("too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return body


def _store(house: House, provider: str, receipt: Receipt) -> None:
    """Raises Refused."""
    with house.sessions.begin() as session:
        if not receipts.is_expected(session, UUID(receipt.send_key)):
            raise Refused("unknown_id", HTTPStatus.NOT_FOUND)
        fresh = receipts.store(session, house.office, provider, receipt)
    if fresh:
        house.office.wake.settle()
    _log.info("receipt_stored" if fresh else "receipt_repeated", provider=provider, attempt=receipt.send_key)
