"""Receipts: authenticate, store once, answer after the commit. They are settled in batches by the workers."""

import asyncio
from collections import Counter
from functools import partial
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from dispatcher.delivery.group_commit import GroupCommit
from dispatcher.logging import logger
from dispatcher.setup import Services
from dispatcher.web.hooks.store_callbacks import CallbackRefused, store_callbacks
from providers.base import Callback, ReceiptRefused, Receipts

MAX_BODY_BYTES = 64 * 1024
READ_WITHIN_S = 10.0
_MOST_REASONS = 50  # an adapter of somebody else's may have a reason for each receipt
_log = logger(__name__)


def make(services: Services) -> FastAPI:
    """The app for the services of one process."""
    app = FastAPI(
        title="Warning dispatcher hooks",
        openapi_url=None,  # a door for gateways alone: nobody is told what it takes
        max_body_size=MAX_BODY_BYTES,
    )
    stored = GroupCommit(partial(store_callbacks, services.begin))
    refused: Counter[str] = Counter()

    def count(why: str, receipts: int = 1) -> None:
        refused[why if len(refused) < _MOST_REASONS else "other"] += receipts

    @app.get("/healthz")
    async def healthz() -> dict[str, str | dict[str, int]]:
        return {"status": "ok", "refused": dict(refused)}

    # Vendors that sign nothing know the rest of the path, and some of them only GET.
    @app.api_route("/receipts/{provider}/{token}", methods=["GET", "POST"])
    async def take(request: Request) -> Response:
        provider = request.path_params["provider"]
        try:
            found = await _read(services, provider, request)
            left_out = await stored.add((provider, found))
        except CallbackRefused as refusal:
            count(refusal.why)
            _log.warning("receipt_refused", provider=provider if provider.isascii() else "?", why=refusal.why)
            return Response(status_code=refusal.status)
        except (OperationalError, NoConnectionFree):
            # Not stored, so not taken: the gateway brings it again.
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
        for why, number in left_out.items():
            count(why, number)
            _log.warning("receipts_left_out", provider=provider, why=why, receipts=number)
        if found.reply is None:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return Response(found.reply.body, media_type=found.reply.media_type)

    # Starlette's own route, for there are no arguments to work out: receipts come by the thousand.
    app.add_route("/receipts/{provider}", take, methods=["POST"])
    return app


async def _read(services: Services, provider: str, request: Request) -> Receipts:
    """Raises CallbackRefused."""
    adapter = services.registry.get(provider)
    if adapter is None:
        raise CallbackRefused("unknown_provider", HTTPStatus.NOT_FOUND)
    body = await _body(request)
    token, sender = request.path_params.get("token"), request.client.host if request.client else None
    try:
        return adapter.parse_receipts(Callback(request.headers, body, request.query_params, token, sender))
    except ReceiptRefused as refusal:
        raise CallbackRefused(str(refusal)[:60], HTTPStatus.BAD_REQUEST) from None


async def _body(request: Request) -> bytes:
    """Raises CallbackRefused."""
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            return await request.body()
    except TimeoutError:  # a connection that is kept open by a byte now and then
        raise CallbackRefused("too_slow", HTTPStatus.REQUEST_TIMEOUT) from None
    except HTTPException as error:  # above `max_body_size`
        raise CallbackRefused("too_large", HTTPStatus(error.status_code)) from None
    except ClientDisconnect:
        raise CallbackRefused("cut_off", HTTPStatus.BAD_REQUEST) from None
