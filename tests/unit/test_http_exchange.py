"""What never left is never in doubt: a request that can't be put together is told as ours."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from providers import http
from providers.base import InDoubt, OperationsFault, Transient


async def _broken_body() -> AsyncIterator[bytes]:
    yield b"{"
    raise ValueError


# What is given to the client -> whether it is certain that nothing left.
REQUESTS: dict[str, tuple[Callable[[], dict[str, Any]], type[OperationsFault | Transient | InDoubt]]] = {
    "a header that is no ASCII": (lambda: {"headers": {"X-Key": "密钥"}}, OperationsFault),
    "a body that is no JSON": (lambda: {"json": {"to": object()}}, OperationsFault),
    "half a character": (lambda: {"json": {"to": "\ud800"}}, OperationsFault),
    "an address that is none": (lambda: {"url": "http://a:b:c/"}, Transient),
    "a name that no DNS can hold": (lambda: {"url": f"http://{'a' * 64}.invalid/"}, OperationsFault),
    "a body that breaks on its way": (lambda: {"content": _broken_body()}, InDoubt),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_what_never_left_is_never_in_doubt(name: str) -> None:
    async def scenario() -> object:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = http.client(f"http://127.0.0.1:{port}", timeout_s=5)
        request = {"url": "/messages"} | REQUESTS[name][0]()
        try:
            return await http.exchange(client, "POST", **request)
        finally:
            await client.aclose()
            server.close()

    outcome = asyncio.run(scenario())
    assert isinstance(outcome, REQUESTS[name][1]), outcome
    assert not isinstance(outcome, OperationsFault) or outcome.ours
