"""Receipts: authenticate, store once, answer fast. They are settled in batches by the workers."""

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
_log = logger(__name__)


def make(house: House) -> FastAPI:
    """The app for one house."""
    app = FastAPI(title="Warning dispatcher hooks", docs_url=None, redoc_url=None)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/receipts/{provider}", status_code=HTTPStatus.NO_CONTENT)
    async def take_receipt(provider: str, request: Request) -> Response:
        adapter = house.registry.get(provider)
        if adapter is None:
            return _refused(provider, "unknown_provider", HTTPStatus.NOT_FOUND)
        body = await _body(request)
        if body is None:
            return _refused(provider, "too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            receipt = adapter.parse_receipt(request.headers, body)
            UUID(receipt.send_key)
        except (ReceiptRefused, ValueError) as refusal:
            return _refused(provider, str(refusal)[:60], HTTPStatus.BAD_REQUEST)
        try:
            await run_in_threadpool(_store, house, provider, receipt)
        except OperationalError:
            # Not stored, so not taken: the gateway brings it again.
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return app


async def _body(request: Request) -> bytes | None:
    """The body, None where it is too large; never more of it in memory than is allowed."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return body


def _store(house: House, provider: str, receipt: Receipt) -> None:
    with house.sessions.begin() as session:
        fresh = receipts.store(session, house.office, provider, receipt)
    if fresh:
        house.office.wake.settle()
    _log.info("receipt_stored" if fresh else "receipt_repeated", provider=provider, attempt=receipt.send_key)


def _refused(provider: str, why: str, status: HTTPStatus) -> Response:
    _log.warning("receipt_refused", provider=provider if provider.isascii() else "?", why=why)
    return Response(status_code=status)
