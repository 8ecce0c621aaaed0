"""The trunk and the people behind it: kamailio, and a sipp for each way of being called."""

import shlex
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers import processes
from tests.peers.packages import GATEWAYS
from tests.peers.stack import until

HERE = Path(__file__).parent
PASSWORD = "trunk-password"
# The last digit of a number → who is called: a file of callees/.
CALLEES = {
    1: "presses_1",
    2: "busy",
    3: "declines",
    4: "unknown",
    5: "unavailable",
    6: "rings_out",
    7: "hangs_up",
    8: "listens",
}
_MEDIA = 32000  # from here on, a hundred ports for each block
_MESSAGE, _WAY = 6, 3  # columns of sipp's short messages


@dataclass(frozen=True)
class Trunk:
    port: int
    folder: Path

    def crossed(self, digit: int) -> Counter[str]:
        """Messages at this callee: "R INVITE", "S 486", …"""
        path = self.folder / f"{digit}.csv"
        rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()] if path.exists() else []
        words = [row[_MESSAGE].split() for row in rows if len(row) > _MESSAGE]
        ways = [row[_WAY] for row in rows if len(row) > _MESSAGE]
        return Counter(f"{way} {said[1 if said[0] == 'SIP/2.0' else 0]}" for way, said in zip(ways, words, strict=True))

    def calls(self, digit: int) -> int:
        """How often this number was rung: INVITEs with a Call-ID of their own."""
        path = self.folder / f"{digit}.csv"
        rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()] if path.exists() else []
        return len({row[4] for row in rows if len(row) > _MESSAGE and row[_MESSAGE].startswith("INVITE")})


@contextmanager
def running() -> Iterator[Trunk]:
    """Raises TimeoutError where one of them does not come up."""
    block = _free_block()
    press = [sys.executable, HERE / "press.py", GATEWAYS.root / "usr/share/sip-tester/dtmf_2833_1.pcap"]
    with ExitStack() as stack:
        trunk = Trunk(block * 10, Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))))
        stack.enter_context(
            processes.running(
                trunk.folder,
                *(GATEWAYS.bin / "kamailio", "-f", HERE / "kamailio.cfg", "-DD", "-E", "-Y", trunk.folder),
                *("-P", trunk.folder / "kamailio.pid", "-L", GATEWAYS.library("kamailio", "modules")),
                *("-A", f"TRUNK={trunk.port}", "-A", f'CALLEES="{block}"'),
            )
        )
        for digit, who in CALLEES.items():
            stack.enter_context(
                processes.running(
                    trunk.folder,
                    *(GATEWAYS.bin / "sipp", "-sf", HERE / "callees" / f"{who}.xml", "-nostdin"),
                    *("-i", "127.0.0.1", "-mi", "127.0.0.1"),
                    *("-p", trunk.port + digit, "-mp", _MEDIA + block % 300 * 100 + 10 * digit),
                    *("-key", "press", shlex.join(map(str, press))),
                    *("-trace_shortmsg", "-shortmessage_file", f"{digit}.csv"),
                )
            )
        for port in (trunk.port, *(trunk.port + digit for digit in CALLEES)):
            until(lambda port=port: not _is_free(port), 20)
        yield trunk


def _free_block() -> int:
    """Ten ports that differ in their last digit alone."""
    return next(block for block in range(1600, 2900) if all(_is_free(block * 10 + digit) for digit in range(10)))


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
