"""The kannel adapter through a Kannel to an SMSC on npm's smpp: python -m tests.peers.kannel

Real instructions through real workers; Kannel's own reports come in by the hooks.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from dispatcher.up import Stack
from tests.peers import processes
from tests.peers import stack as stacks
from tests.peers.ledger import Ledger, crossed
from tests.peers.packages import GATEWAYS
from tests.peers.smpp.processes import Peer, npm_version, smsc

HERE = Path(__file__).parent
NUMBER = "1540000000"
_FILE = """
[[providers]]
name = "city-kannel"
adapter = "kannel"
channels = ["sms"]
secret_env = "KANNEL_PASSWORD"
receipts_token_env = "KANNEL_TOKEN"
receipts_from = ["127.0.0.0/8"]
base_url = "http://127.0.0.1:{port}"
username = "dispatcher"
sender = "12381"
"""
_SECRETS = {"KANNEL_PASSWORD": "kannel-password", "KANNEL_TOKEN": "peers-receipts-token-0123456789"}
# What the SMSC does with the number that ends so → what the first SMS to it comes to.
WANTED = {
    0: ("DELIVRD", ("DELIVERED", None)),
    1: ("UNDELIV", ("FAILED_TEMPORARY", "not_delivered")),
    2: ("REJECTD", ("FAILED_TEMPORARY", "not_delivered")),
    3: ("EXPIRED", ("FAILED_TEMPORARY", "expired")),
    8: ("ESME_RINVDSTADR", ("FAILED_TEMPORARY", "refused_by_smsc")),
}
_FIRST = """
    SELECT a.state, a.result, a.detail FROM attempts a JOIN instructions i ON i.case_id = a.case_id
    WHERE i.instruction_id = :name AND a.channel = 'sms' ORDER BY a.id LIMIT 1
"""
_HELD = "SELECT count(*) FROM journal WHERE event = 'attempt_accepted' AND (data->>'held')::bool"
_TOLD = "SELECT count(*) FROM receipts WHERE provider = 'city-kannel'"


@contextmanager
def kannel(smsc_port: int) -> Iterator[int]:
    """bearerbox and smsbox. Returns the port of sendsms. Raises TimeoutError where they do not come up."""
    admin, boxes, sendsms = processes.free_ports(3)
    ports = {"admin": admin, "boxes": boxes, "sendsms": sendsms, "smsc": smsc_port}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        conf = folder / "kannel.conf"
        conf.write_text((HERE / "kannel.conf").read_text("utf-8").format_map(ports), "utf-8")
        for program, port in (("bearerbox", boxes), ("smsbox", sendsms)):
            stack.enter_context(processes.running(folder, GATEWAYS.bin / program, "-v", 4, conf))
            stacks.until(lambda port=port: processes.listens(port), 20)
        yield sendsms


def queued(ledger: Ledger, carrier: Peer, stack: Stack) -> None:
    """The carrier's link is down: Kannel holds the message, and sends it once the link is up."""
    _push(stack, "YJ-queued", "1540000990")
    stacks.until(lambda: stacks.ask(stack, _HELD)[0][0] == 1)
    said = _first(stack, "YJ-queued")
    ledger.note(said[0] == "accepted", "the carrier's link is down: held at Kannel,", said)
    carrier.tell(bind_status=0)
    stacks.until(lambda: _first(stack, "YJ-queued")[1])
    said = _first(stack, "YJ-queued")
    ledger.note(said[1] == "DELIVERED", "its link is up again:", said)


def each_report(ledger: Ledger, stack: Stack) -> None:
    for digit in WANTED:
        _push(stack, f"YJ-{digit}", f"{NUMBER}{digit}")
    stacks.until(lambda: all(_first(stack, f"YJ-{digit}")[1] for digit in WANTED))
    log = stacks.log(stack)
    for digit, (word, wanted) in WANTED.items():
        said = _first(stack, f"YJ-{digit}")
        first = next(each for each in log if each["instructions"] == [f"YJ-{digit}"] and each["channel"] == "sms")
        ledger.note(said[1:] == wanted and first["result"] == wanted[0], f"{word}:", *said)


def refused(ledger: Ledger, port: int, stack: Stack) -> None:
    """What Kannel itself refuses, and what our hooks do."""
    hooks = f"http://127.0.0.1:{stack.environment['DISPATCHER_HOOKS_PORT']}/receipts/city-kannel"
    answer = httpx.get(f"{hooks}/another-token-0123456789abcdef", params={"id": "1", "type": "1"})
    ledger.note(answer.status_code == 400, "a report at another address:", answer.status_code)
    wrong = {"username": "dispatcher", "password": "another", "to": f"+86{NUMBER}0", "text": "x"}
    answer = httpx.get(f"http://127.0.0.1:{port}/cgi-bin/sendsms", params=wrong)
    ledger.note(answer.status_code == 403, "a wrong password at Kannel:", answer.status_code)


def _push(stack: Stack, name: str, number: str) -> None:
    stacks.push(stack, [stacks.instruction(name, number, "sms")])


def _first(stack: Stack, name: str) -> tuple[Any, ...]:
    """State, result and detail of the first SMS of this instruction."""
    return next(iter(stacks.ask(stack, _FIRST, name=name)), ("", None, None))


def main() -> int:
    ledger = Ledger()
    with (
        smsc(bind_status=13) as carrier,
        kannel(carrier.said["port"]) as port,
        stacks.running(_FILE.format(port=port), _SECRETS) as stack,
    ):
        queued(ledger, carrier, stack)
        each_report(ledger, stack)
        refused(ledger, port, stack)
        reports, seen = stacks.ask(stack, _TOLD)[0][0], carrier.report()
        written = stacks.logs(stack)
        ledger.note("provider_call_done" in written and NUMBER[:7] not in written, "no number in any log")
    crossed("kannel", GATEWAYS.version("kannel"), f"{seen['submits']} messages sent on, {reports} reports brought back")
    crossed("npm smpp", npm_version(), f"{seen['submits']} submit_sm, {seen['confirmed']} receipts confirmed")
    return ledger.close()


if __name__ == "__main__":
    sys.exit(main())
