"""The sip adapter through a trunk of kamailio to people of sipp: python -m tests.peers.sip [--short]

Real instructions through real workers; what each call came to is read from `dispatcher log`.
"""

import asyncio
import os
import sys
import time
import uuid
from collections import Counter
from typing import Any

import psutil

from dispatcher.up import Stack
from dispatcher.wake import link_lane
from providers.base import Message, OperationsFault, Outcome, ProviderSettings, Transient
from providers.sip.adapter import SipProvider
from schemas.vocabulary import Channel, Person
from tests.peers import stack as stacks
from tests.peers.ledger import Ledger, crossed
from tests.peers.packages import GATEWAYS
from tests.peers.sip import trunk as trunks
from tests.peers.sip.trunk import CALLEES, PASSWORD, Trunk

NUMBER = "1540000000"
_FILE = """
[[providers]]
name = "trunk"
adapter = "sip"
channels = ["voice"]
secret_env = "TRUNK_PASSWORD"
host = "127.0.0.1"
port = {port}
domain = "trunk.invalid"
user = "96110"
auth_user = "trunk.invalid"
local_address = "127.0.0.1"
modules = "{modules}"
lines = {lines}
ring_s = 5
key_s = 2
talk_s = 60
tts = ["sh", "{here}/speak.sh", "{{voice}}", "{{wav}}"]
"""
_LINES = len(CALLEES)
# What the first call to each comes to.
WANTED = {
    1: ("ANSWERED_SUBJECT", True),
    2: ("BUSY", False),
    3: ("REJECTED", False),
    4: ("INVALID_NUMBER", False),
    5: ("FAILED_TEMPORARY", False),
    6: ("NO_ANSWER", False),
    7: ("UNKNOWN", False),
    8: ("UNKNOWN", False),
}
_LISTENS = 8
_HAVE_RESULTS = "SELECT count(DISTINCT case_id) FROM attempts WHERE channel = 'voice' AND result IS NOT NULL"
_KILLED = """
    SELECT a.state FROM attempts a JOIN instructions i ON i.case_id = a.case_id
    WHERE i.instruction_id = 'YJ-killed' AND a.channel = 'voice' ORDER BY a.id
"""


def settings(port: int, **options: Any) -> ProviderSettings:
    given = {"host": "127.0.0.1", "port": port, "domain": "trunk.invalid", "user": "96110", "ring_s": 5}
    given |= {"local_address": "127.0.0.1", "modules": str(GATEWAYS.library("baresip", "modules"))}
    secret = options.pop("secret", PASSWORD)
    return ProviderSettings("trunk", "sip", frozenset({Channel.VOICE}), secret=secret, options=given | options)


async def call(given: ProviderSettings) -> Outcome:
    provider = SipProvider(given)
    await provider.open()
    try:
        message = Message(str(uuid.uuid4()), Channel.VOICE, Person.SUBJECT, to=f"+86{NUMBER}2", script="您好||再见")
        return await provider.send(message)
    finally:
        await provider.close()


def our_own_faults(ledger: Ledger, trunk: Trunk) -> None:
    for told, given, want in (
        (
            "a wrong password",
            settings(trunk.port, auth_user="trunk.invalid", secret="another"),
            OperationsFault("sip_407"),
        ),
        ("no trunk", settings(trunk.port, transport="tcp"), Transient("trunk unreachable")),
        ("no speech", settings(trunk.port, tts=["false"]), OperationsFault("tts: exit 1")),
    ):
        said = asyncio.run(call(given))
        ledger.note(said == want, f"{told}:", said)
    ledger.note(trunk.calls(2) == 0, "none of these rang anybody")


def each_way_of_being_called(ledger: Ledger, trunk: Trunk, stack: Stack) -> None:
    stacks.push(
        stack, (stacks.instruction(f"YJ-{digit}", f"{NUMBER}{digit}", "voice", "critical") for digit in CALLEES)
    )
    stacks.until(lambda: stacks.ask(stack, _HAVE_RESULTS)[0][0] == len(CALLEES))
    rung = {digit: trunk.calls(digit) for digit in CALLEES}
    attempts = Counter(each["instructions"][0] for each in stacks.log(stack) if each["sent_at"])
    for digit, first in sorted(_firsts(stack).items()):
        said = first["result"], first["confirmed"]
        once = rung[digit] <= attempts[f"YJ-{digit}"] and rung[digit] >= 1
        said_and_rung = f"{said[0]}{' ✓' if said[1] else ''}, rung {rung[digit]}×, {dict(trunk.crossed(digit))}"
        ledger.note(said == WANTED[digit] and once, f"{CALLEES[digit]}:", said_and_rung)


def killed_in_mid_call(ledger: Ledger, trunk: Trunk, stack: Stack) -> None:
    """The line goes with its worker: the callee is not left with a voice that nobody hears."""
    before = trunk.crossed(_LISTENS)
    stacks.push(stack, [_instruction("YJ-killed", f"{NUMBER[:-1]}9{_LISTENS}")])
    stacks.until(lambda: trunk.crossed(_LISTENS)["R ACK"] > before["R ACK"])
    worker = stack.supervisor.children[f"worker-{link_lane('trunk')}"].process
    assert worker is not None
    lines = [each for each in psutil.Process(worker.pid).children(recursive=True) if each.name() == "baresip"]
    psutil.Process(worker.pid).kill()
    at = time.monotonic()
    stacks.until(lambda: trunk.crossed(_LISTENS)["R BYE"] > before["R BYE"], 20)
    took = time.monotonic() - at
    stacks.until(lambda: not any(each.is_running() for each in lines), 20)
    ledger.note(
        len(lines) == _LINES, f"kill -9 of the worker in mid-call: {len(lines)} lines gone, hung up in {took:.1f} s"
    )
    ledger.note(_states(stack) == ["sending"], "and nobody knows what became of it:", *_states(stack))
    stacks.until(lambda: _states(stack)[0] != "sending", 240)
    ledger.note(_states(stack)[0] == "in_doubt", f"{time.monotonic() - at:.0f} s after the kill:", *_states(stack))


def _instruction(name: str, number: str) -> dict[str, Any]:
    return stacks.instruction(name, number, "voice", "critical")


def _states(stack: Stack) -> list[str]:
    """Of the calls for the instruction whose worker is killed."""
    return [str(state) for (state,) in stacks.ask(stack, _KILLED)]


def _firsts(stack: Stack) -> dict[int, dict[str, Any]]:
    """The first call of each instruction."""
    found: dict[int, dict[str, Any]] = {}
    for each in stacks.log(stack):
        if each["channel"] == "voice":
            found.setdefault(int(each["instructions"][0][3:]), each)
    return found


def main() -> int:
    ledger = Ledger()
    path = {"PATH": f"{GATEWAYS.bin}:{os.environ['PATH']}"}
    os.environ.update(path)
    with trunks.running() as trunk:
        our_own_faults(ledger, trunk)
        modules = GATEWAYS.library("baresip", "modules")
        providers = _FILE.format(port=trunk.port, modules=modules, lines=_LINES, here=trunks.HERE)
        with stacks.running(providers, path | {"TRUNK_PASSWORD": PASSWORD}) as stack:
            each_way_of_being_called(ledger, trunk, stack)
            if "--short" not in sys.argv:
                killed_in_mid_call(ledger, trunk, stack)
            written = stacks.logs(stack)
            ledger.note("provider_call_done" in written and NUMBER[:7] not in written, "no number in any log")
        told = sum((trunk.crossed(digit) for digit in CALLEES), Counter())
    for name in ("baresip-core", "espeak-ng", "sox"):
        crossed(name, GATEWAYS.version(name), "our side of each call")
    calls = sum(count for word, count in told.items() if word == "R INVITE")
    crossed("kamailio", GATEWAYS.version("kamailio"), f"{calls} calls let through after their digest login")
    crossed(
        "sipp", GATEWAYS.version("sip-tester"), ", ".join(f"{count} {word}" for word, count in sorted(told.items()))
    )
    return ledger.close()


if __name__ == "__main__":
    sys.exit(main())
