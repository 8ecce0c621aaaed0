"""Peers that run for as long as a block does."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_GRACE_S = 5


@contextmanager
def running(folder: Path, *command: str | int | Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program in this folder; what it prints goes to NAME.out there."""
    words = [str(each) for each in command]
    with (folder / f"{Path(words[0]).name}.out").open("ab") as out:
        process = subprocess.Popen(
            words, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment or None
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for each in probes:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in probes]
    for each in probes:
        each.close()
    return ports


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
