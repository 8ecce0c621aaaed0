"""Reading what is pushed: within limits of size and time."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from dispatcher.web.api.problems import Problem
from schemas.instruction import MAX_BODY_BYTES
from schemas.problems import ProblemCode

READ_WITHIN_S = 10.0
NEXT_CHUNK_WITHIN_S = 30.0  # of a batch, whose client may have to make it meanwhile
MAX_LINES = 100_000
_JSON = frozenset({"", "application/json", "text/json"})
_LINES = frozenset({"", "application/jsonl", "application/x-ndjson", "application/ndjson", "application/json-lines"})


async def one(request: Request) -> bytes:
    """The body of a call, one JSON object. Raises Problem."""
    _check_type(request, _JSON)
    body = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise Problem(ProblemCode.TOO_LARGE, most_bytes=MAX_BODY_BYTES)
    except TimeoutError:
        raise Problem(ProblemCode.TOO_SLOW) from None
    except ClientDisconnect:
        raise Problem(ProblemCode.MALFORMED) from None
    return bytes(body)


def check_lines(request: Request) -> None:
    """Raises Problem where the body is said to be no JSON Lines."""
    _check_type(request, _LINES)


async def lines(request: Request) -> AsyncIterator[bytes]:
    """The lines of a body, blank ones too, as they come. Of one that is too long the head, which intake refuses.

    Raises ClientDisconnect, or TimeoutError where nothing comes for too long.
    """
    rest, is_skipping = b"", False
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(NEXT_CHUNK_WITHIN_S):
                chunk = await anext(stream)
        except StopAsyncIteration:
            break
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if not is_skipping:
                yield line[: MAX_BODY_BYTES + 1]
            is_skipping = False
        if len(rest) > MAX_BODY_BYTES:
            if not is_skipping:
                yield rest
            rest, is_skipping = b"", True
    if rest and not is_skipping:
        yield rest


def _check_type(request: Request, allowed: frozenset[str]) -> None:
    told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # curl's --data calls everything a form.
    if told not in allowed | {"application/x-www-form-urlencoded", "application/octet-stream", "text/plain"}:
        raise Problem(ProblemCode.MEDIA_TYPE, takes=sorted(filter(None, allowed)))
