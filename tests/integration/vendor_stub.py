"""A vendor on loopback: answers what it is told to, and keeps what it was asked, as it stood on the wire."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

from aiohttp import web


@dataclass(frozen=True)
class Says:
    """What it answers. `hangs`: it has read the request, and the answer never comes. `drops`: the line goes dead."""

    body: Any = ""
    status: int = 200
    hangs: bool = False
    drops: bool = False


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def fields(self) -> set[str]:
        """Everything in it that says something: each parameter, and each path of the body."""
        inside = leaves(self.json) if self.body else ()
        return {f"?{name}" for name in self.parameters} | set(inside)

    @property
    def whole(self) -> str:
        return f"{self.path}?{self.parameters}{self.headers}{self.body.decode()}{self.json if self.body else ''}"


def leaves(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list) and value:
        for part in value:
            yield from leaves(part, f"{path}[]")
    else:
        yield path


@dataclass
class Stub:
    url: str = ""
    says: Says = field(default_factory=Says)
    asked: list[Asked] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        self.asked.append(Asked(request.method, request.path, request.url.raw_query_string, headers, body))
        if self.says.hangs:
            await self.over.wait()
        if self.says.drops:
            assert request.transport is not None
            request.transport.close()
        said = self.says.body
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        return web.Response(text=text, status=self.says.status, content_type="application/json")


@asynccontextmanager
async def stub() -> AsyncIterator[Stub]:
    made, app = Stub(), web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        made.over.set()
        await runner.cleanup()


# The vendors' signatures once more, written from their pages and not from our code.


def signed_by_aliyun(asked: Asked, secret: str) -> bool:
    names = asked.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    headers = "".join(f"{name}:{asked.headers[name].strip()}\n" for name in names)
    quoted = [(quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in sorted(asked.parameters.items())]
    query = "&".join(f"{name}={value}" for name, value in quoted)
    digest = hashlib.sha256(asked.body).hexdigest()
    request = f"{asked.method}\n{asked.path}\n{query}\n{headers}\n{';'.join(names)}\n{digest}"
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return asked.headers["authorization"].endswith(f"Signature={signature}")


def signed_by_tencent(asked: Asked, secret: str) -> bool:
    scope = asked.headers["authorization"].split("Credential=")[1].split(",")[0].split("/", 1)[1]
    day, service, end = scope.split("/")
    headers = f"content-type:{asked.headers['content-type']}\nhost:{asked.headers['host']}\n"
    digest = hashlib.sha256(asked.body).hexdigest()
    request = f"POST\n/\n\n{headers}\ncontent-type;host\n{digest}"
    to_sign = (
        f"TC3-HMAC-SHA256\n{asked.headers['x-tc-timestamp']}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    )
    key = f"TC3{secret}".encode()
    for part in (day, service, end):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return asked.headers["authorization"].endswith(f"Signature={signature}")
