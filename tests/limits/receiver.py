"""The receiving end: a gateway that takes everything and writes down when, each line appended and never changed."""

import asyncio
import json
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from aiohttp import web


def serve(record: Path, port: Connection) -> None:
    """Serve until killed; tells its port."""
    asyncio.run(_serve(record, port))


async def _serve(record: Path, port: Connection) -> None:
    with record.open("a", buffering=1) as lines:
        app = web.Application()

        async def take(request: web.Request) -> web.Response:
            came = time.monotonic()
            body: dict[str, Any] = await request.json()
            await asyncio.sleep(float(request.match_info["hold"]))
            line = {"provider": request.match_info["name"], "id": body["id"], "to": body["to"], "came": came}
            lines.write(json.dumps(line | {"left": time.monotonic()}) + "\n")
            return web.json_response({"ref": "r-" + body["id"]}, status=202)

        app.router.add_post("/{name}/{hold}/messages", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()
