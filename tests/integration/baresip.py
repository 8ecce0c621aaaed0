#!/usr/bin/env python3
"""Stands for baresip: its control port as of 1.0.0, and people behind it. The last two digits of a number pick who.

Started as baresip is, with -f FOLDER. Writes down what it was told to the file named by BARESIP_TOLD.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

FOLDER = Path(sys.argv[sys.argv.index("-f") + 1])
TOLD = Path(os.environ["BARESIP_TOLD"])


def note(command: str, params: str) -> None:
    with TOLD.open("a") as file:
        file.write(json.dumps([command, params]) + "\n")
    sys.stdout.write(f"{command} {params}\n")  # as baresip does
    sys.stdout.flush()


class Call:
    def __init__(self, port: "Port", uri: str, direction: str = "outgoing") -> None:
        self.port, self.uri, self.direction = port, uri, direction
        self.heard: dict[str, asyncio.Event] = {"opening": asyncio.Event(), "warning": asyncio.Event()}
        self.is_stuck = False
        self.at_hangup: list[tuple[str, str]] = []

    def say(self, kind: str, param: str = "") -> None:
        words = {"event": True, "type": kind, "class": "call", "accountaor": "sip:96110@trunk.invalid"}
        words |= {"direction": self.direction, "peeruri": self.uri, "id": "1f2e3d"}
        self.port.write(words | ({"param": param} if param else {}))

    def close(self, why: str) -> None:
        self.port.call = None
        self.say("CALL_CLOSED", why)


async def presses_1(call: Call) -> None:
    await picks_up(call)
    await call.heard["opening"].wait()
    for key in ("5", "1"):
        call.say("CALL_DTMF_START", key)
        call.say("CALL_DTMF_END", key)


async def presses_5(call: Call) -> None:
    await picks_up(call)
    await call.heard["opening"].wait()
    call.say("CALL_DTMF_START", "5")


async def can_not_be_hung_up_on(call: Call) -> None:
    await picks_up(call)
    call.is_stuck = True


async def picks_up(call: Call) -> None:
    await rings(call)
    call.say("CALL_ESTABLISHED")


async def rings(call: Call) -> None:
    call.say("CALL_LOCAL_SDP", "offer")
    call.say("CALL_RINGING")


async def is_busy(call: Call) -> None:
    call.close("486 Busy Here")


async def keeps_silent(call: Call) -> None:
    call.say("CALL_LOCAL_SDP", "offer")


async def hangs_up_at_once(call: Call) -> None:
    await picks_up(call)
    await call.heard["opening"].wait()
    call.close("")


async def hangs_up_in_the_warning(call: Call) -> None:
    await presses_1(call)
    await call.heard["warning"].wait()
    call.close("")


async def dies_while_it_rings(call: Call) -> None:
    await rings(call)
    os._exit(1)


async def dies_in_the_opening(call: Call) -> None:
    await picks_up(call)
    await call.heard["opening"].wait()
    os._exit(1)


async def dies_in_the_warning(call: Call) -> None:
    await presses_1(call)
    await call.heard["warning"].wait()
    os._exit(1)


async def picks_up_too_late(call: Call) -> None:
    await rings(call)
    call.at_hangup = [("CALL_ESTABLISHED", "")]


PEOPLE: dict[str, Callable[[Call], Awaitable[None]]] = {
    "01": presses_1,
    "02": is_busy,
    "03": rings,
    "04": keeps_silent,
    "05": hangs_up_at_once,
    "06": picks_up,
    "07": dies_while_it_rings,
    "08": dies_in_the_opening,
    "09": dies_in_the_warning,
    "10": hangs_up_in_the_warning,
    "11": picks_up_too_late,
    "12": presses_5,
    "13": can_not_be_hung_up_on,
}
REFUSED, DEAF, DIES, MUTE = "20", "21", "22", "23"  # these are no people: the line itself is at fault


class Port:
    """The control port: netstrings of JSON."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.call: Call | None = None
        self.playing: list[asyncio.Future[None]] = []

    def write(self, words: dict[str, object]) -> None:
        body = json.dumps(words).encode()
        self.writer.write(b"%d:%s," % (len(body), body))

    async def serve(self) -> None:
        if "BARESIP_RUNG" in os.environ:
            self.call = Call(self, "sip:stranger@far.invalid", "incoming")
            self.call.say("CALL_INCOMING", "sip:stranger@far.invalid")
        while length := (await self.reader.readuntil(b":"))[:-1]:
            command = json.loads((await self.reader.readexactly(int(length) + 1))[:-1])
            note(command["command"], command["params"])
            said = self.obey(command["command"], command["params"])
            if said is not None:
                ok, data = said
                self.write({"response": True, "ok": ok, "data": data, "token": command["token"]})

    def obey(self, command: str, params: str) -> tuple[bool, str] | None:
        if command == "dial":
            return self.dial(params)
        if command == "ausrc":
            name = Path(params.partition(",")[2]).stem
            if self.call and name in self.call.heard:
                if self.call.uri.partition("@")[0].endswith(MUTE):
                    return True, "switch audio device\nfailed to set audio-source (No such device)"
                self.call.heard[name].set()
            return True, "switch audio device"
        if command == "hangup" and self.call and not self.call.is_stuck:
            for kind, param in self.call.at_hangup:
                self.call.say(kind, param)
            self.call.close("Connection reset by user")
        return True, ""

    def dial(self, uri: str) -> tuple[bool, str] | None:
        who = uri.partition("@")[0][-2:]
        if who == REFUSED:
            return False, "Invalid argument"
        if who == DEAF:
            return None
        if who == DIES:
            os._exit(1)
        self.call = Call(self, uri)
        self.playing.append(asyncio.ensure_future(PEOPLE.get(who, picks_up)(self.call)))
        return True, ""


async def main() -> None:
    config = dict(line.split(maxsplit=1) for line in (FOLDER / "config").read_text().splitlines())
    port = int(config["ctrl_tcp_listen"].rpartition(":")[2])
    note("started", "")
    server = await asyncio.start_server(lambda *streams: Port(*streams).serve(), "127.0.0.1", port)
    await server.serve_forever()


asyncio.run(main())
