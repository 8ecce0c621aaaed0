"""PgBouncer before the database: told apart at every start, in one line: python -m tests.peers.pgbouncer

In transaction mode two sessions share a connection: locks that last as long as a session, time limits and prepared
statements would be mixed up. What it takes of our settings depends on its own.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from dispatcher import embedded
from tests.peers import processes
from tests.peers import stack as stacks
from tests.peers.ledger import Ledger, crossed
from tests.peers.packages import POOLERS

HERE = Path(__file__).parent
LINES = 60
# Pool mode, and whether our settings are refused or dropped.
SETTINGS = (("transaction", ""), ("transaction", "options"), ("session", "options"))
_PYTHON = (sys.executable, "-m")
COMMANDS = {
    "log": (*_PYTHON, "dispatcher.cli", "log"),
    "migrate": (*_PYTHON, "dispatcher.cli", "migrate"),
    "sweep": (*_PYTHON, "dispatcher.cli", "sweep"),
    "hooks": (*_PYTHON, "dispatcher.web.hooks"),
    "worker": (*_PYTHON, "celery", "-A", "tasks", "worker", "-P", "threads", "-c", "1", "-Q", "delivery"),
}


@contextmanager
def pgbouncer(socket: Path, mode: str, ignored: str) -> Iterator[int]:
    """Returns its port. It runs as the owner of the server's socket, since it refuses to run as root."""
    [port] = processes.free_ports(1)
    user = f"user = {socket.owner()}" if os.geteuid() == 0 else ""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        conf = (HERE / "pgbouncer.ini").read_text("utf-8")
        path = folder / "pgbouncer.ini"
        path.write_text(conf.format(socket=socket, port=port, mode=mode, ignored=ignored, user=user), "utf-8")
        with processes.running(folder, POOLERS.bin / "pgbouncer", path):
            stacks.until(lambda: processes.listens(port), 20)
            yield port


def is_one_line(done: "subprocess.CompletedProcess[str]") -> bool:
    """Exit 2, and one line with the remedy. Celery warns root beside it."""
    said = done.stdout + done.stderr
    told = [line for line in said.splitlines() if "PgBouncer" in line]
    return done.returncode == 2 and len(told) == 1 and "itself" in told[0] and "Traceback" not in said


def two_pushes(environment: Mapping[str, str], folder: Path) -> "list[subprocess.CompletedProcess[str]]":
    """Two commands push at once, each its own lines."""
    files = []
    for name in ("a", "b"):
        bodies = [stacks.instruction(f"YJ-{name}{n}", f"154{ord(name):04}{n:04}", "sms") for n in range(LINES)]
        files.append(folder / f"{name}.jsonl")
        files[-1].write_text("".join(json.dumps(body, ensure_ascii=False) + "\n" for body in bodies), "utf-8")
    command = (*_PYTHON, "dispatcher.cli", "push", "--json")
    begun = [
        subprocess.Popen([*command, file], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for file in files
    ]
    return [subprocess.CompletedProcess("push", each.wait(), *each.communicate()) for each in begun]


def main() -> int:
    ledger = Ledger()
    with tempfile.TemporaryDirectory(prefix="peers-pg-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o755)
        postgres, redis = embedded.postgres(home), embedded.redis(home)
        direct = make_url(postgres.url)
        socket = Path(str(direct.query["host"]))
        ours = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")}
        ours |= {"DISPATCHER_HOME": str(home), "DISPATCHER_REDIS_URL": redis.url, "DISPATCHER_EMBEDDED": "never"}
        straight = ours | {"DISPATCHER_DATABASE_URL": postgres.url}
        try:
            for word in ("new-key", "migrate"):
                subprocess.run([*_PYTHON, "dispatcher.cli", word], env=straight, check=True, capture_output=True)
            for mode, ignored in SETTINGS:
                title = f"{mode} mode, {'our settings dropped' if ignored else 'our settings refused'}:"
                with pgbouncer(socket, mode, ignored) as port:
                    url = f"postgresql://dispatcher@127.0.0.1:{port}/{direct.database}"
                    pooled = ours | {"DISPATCHER_DATABASE_URL": url}
                    told = [is_one_line(each) for each in two_pushes(pooled, home)]
                    ledger.note(all(told), title, "two pushes at once are told so in one line")
                    for word, command in COMMANDS.items():
                        done = subprocess.run(command, env=pooled, capture_output=True, text=True, timeout=600)
                        ledger.note(is_one_line(done), title, word, "is told so in one line")
            accepted = [each.stdout.count('"accepted"') for each in two_pushes(straight, home)]
            ledger.note(accepted == [LINES, LINES], "without it all lines are accepted, and none was before:", accepted)
        finally:
            redis.stop()
            postgres.stop()
    crossed("pgbouncer", POOLERS.version("pgbouncer"), f"{len(SETTINGS)} settings, {len(COMMANDS) + 2} starts each")
    return ledger.close()


if __name__ == "__main__":
    sys.exit(main())
