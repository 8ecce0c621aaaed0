"""The HTTP side: the gateway protocol, and the controls by which a test scripts people and faults."""

import asyncio
import hmac
from contextlib import suppress

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import ValidationError

from providers.simulator import script_words
from providers.simulator.faults import Dice, Faults
from providers.simulator.ledger import Ledger, TakenMessage
from providers.simulator.people import PERSONAS, People
from providers.simulator.receipt_sender import ReceiptSender
from providers.simulator.request_bodies import SEND_REQUEST, SendRequest
from schemas.validation_errors import faults

_LARGEST_BODY = 64 * 1024 * 1024  # a bench registers its people in one PUT


class GatewayApp:
    def __init__(self, ledger: Ledger, dice: Dice, receipt_sender: ReceiptSender, secret: str, hang_s: float) -> None:
        self._ledger = ledger
        self._dice = dice
        self._receipt_sender = receipt_sender
        self._people = People()
        self._bearer = f"Bearer {secret}".encode()
        self._hang_s = hang_s
        self._closing = asyncio.Event()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._authenticate], client_max_size=_LARGEST_BODY)
        app.add_routes(
            [
                web.post("/messages", self._post),
                web.get("/messages/{id}", self._query),
                web.delete("/messages/{id}", self._cancel),
                web.put("/control/people", self._script_people),
                web.put("/control/faults", self._load_faults),
                web.get("/control/seen", self._seen),
            ]
        )
        app.on_shutdown.append(self._let_go)
        return app

    @web.middleware
    async def _authenticate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._bearer):
            return _error(401, "unauthorized")
        return await handler(request)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        await asyncio.sleep(self._dice.faults.delay_ms / 1000)
        if self._dice.strikes("rate_429"):
            return _error(429, "too_many_requests", headers={"Retry-After": "1"})
        if self._dice.strikes("rate_500"):
            return _error(500, "internal")
        if self._dice.strikes("rate_refusal_inside"):
            return web.json_response({"code": "refused"})  # 200, and not taken
        if self._dice.strikes("rate_hang"):
            return await self._hang(request)
        if self._dice.strikes("rate_slow"):
            # As in a queue of the gateway's: whoever asked may be gone, and asks about it before it is taken.
            await asyncio.sleep(self._dice.faults.slow_ms / 1000)
            if self._dice.strikes("rate_slow_lost"):
                return _dropped(request)
        try:
            request_body = SEND_REQUEST.validate_json(body)
        except ValidationError:
            return _error(400, "malformed")
        if request.headers.get("Idempotency-Key") != request_body.id:
            return _error(400, "malformed")
        known = self._ledger.get(request_body.id)
        return self._repeat(known) if known else await self._take(request, request_body)

    def _repeat(self, known: TakenMessage) -> web.Response:
        self._ledger.note("repeat", known)
        return _accepted(known)

    async def _take(self, request: web.Request, request_body: SendRequest) -> web.StreamResponse:
        kind = request_body.hook or request_body.channel
        words = self._people.next_words(kind, request_body.to)
        act = script_words.read(kind, words)[0]
        if act.refusal:
            self._ledger.refuse(request_body, words, act.refusal)
            return _error(422, act.refusal)
        taken = self._ledger.take(request_body, words)
        self._receipt_sender.dispatch(taken)
        if act.silent or self._dice.strikes("rate_hang_after_accept"):
            return await self._hang(request)
        if self._dice.strikes("rate_drop_after_accept"):
            return _dropped(request)
        if self._dice.strikes("rate_cut_answer"):
            return await _cut(request)
        if self._dice.strikes("rate_garbage_answer"):
            return web.Response(status=202, body=b"<html>\x00 proxy error", content_type="text/html")
        await asyncio.sleep(self._dice.faults.answer_late_ms / 1000)
        return _accepted(taken)

    async def _query(self, request: web.Request) -> web.Response:
        taken = self._ledger.get(request.match_info["id"])
        return web.json_response(taken.status) if taken else _error(404, "never_taken")

    async def _cancel(self, request: web.Request) -> web.Response:
        taken = self._ledger.get(request.match_info["id"])
        if taken is None:
            return _error(404, "never_taken")
        if not taken.is_held:
            return _error(409, "not_held")
        self._ledger.cancel(taken)
        return web.json_response(taken.status)

    async def _script_people(self, request: web.Request) -> web.Response:
        try:
            personas = PERSONAS.validate_json(await request.read())
        except ValidationError as error:
            return _explained(error)
        self._people.register(personas)
        return web.json_response({"people": len(personas)})

    async def _load_faults(self, request: web.Request) -> web.Response:
        try:
            faults = Faults.model_validate_json(await request.read())
        except ValidationError as error:
            return _explained(error)
        self._dice.load(faults)
        return web.json_response(faults.model_dump())

    async def _seen(self, _request: web.Request) -> web.Response:
        """Messages and repeats since the record file began; receipts and faults since this process did."""
        counts = self._ledger.counts
        return web.json_response(
            {
                "messages": counts["message"],
                "repeats": counts["repeat"],
                "receipts_sent": self._receipt_sender.sent,
                "receipts_failed": self._receipt_sender.failed,
                "faults": dict(+self._dice.struck),
            }
        )

    async def _hang(self, request: web.Request) -> web.Response:
        """Keep the caller waiting, but not the simulator's own end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._hang_s):
                await self._closing.wait()
        return _dropped(request)

    async def _let_go(self, _app: web.Application) -> None:
        self._closing.set()


def _accepted(taken: TakenMessage) -> web.Response:
    return web.json_response({"ref": taken.ref}, status=202)


def _dropped(request: web.Request) -> web.Response:
    """aiohttp wants a response from every handler; this one finds its connection closed and never leaves."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=503)


async def _cut(request: web.Request) -> web.StreamResponse:
    """An answer that ends in its middle."""
    answer = web.StreamResponse(status=202, headers={"Content-Length": "64"})
    await answer.prepare(request)
    await answer.write(b'{"ref": "si')
    if request.transport is not None:
        request.transport.close()
    return answer


def _error(status: int, code: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"code": code}, status=status, headers=headers)


def _explained(error: ValidationError) -> web.Response:
    fault = faults(error)[0]
    return web.json_response({"code": "malformed", "field": fault.key, "message": fault.message}, status=400)
