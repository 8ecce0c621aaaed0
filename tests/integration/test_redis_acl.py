"""The ACL file of docs/celery.md on a real server: a centre may leave instructions and no more, a worker has enough."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from casework_fixture import START, CaseworkFixture, instruction
from celery import Celery
from redis import Redis
from redis.exceptions import NoPermissionError

from dispatcher.embedded import redis_server
from dispatcher.ports import own_port
from dispatcher.store.instructions import InstructionRow

DOCS = Path(__file__).parents[2] / "docs" / "celery.md"
PATIENCE_S = 120
ADMINISTRATOR = "user administrator on >secret ~* &* +@all\n"
PROVIDERS = """
[[providers]]
name = "nowhere"
adapter = "http_gateway"
channels = ["sms"]
destinations = ["CN"]
base_url = "http://127.0.0.1:9"
secret_env = "NOWHERE_SECRET"
"""


@dataclass
class Guarded:
    """A server with these users."""

    port: int

    def url(self, user: str, password: str) -> str:
        return f"redis://{user}:{password}@127.0.0.1:{self.port}/0"

    @property
    def centre(self) -> str:
        return self.url("centre", "CENTRE-PASSWORD")

    @property
    def dispatcher(self) -> str:
        return self.url("dispatcher", "DISPATCHER-PASSWORD")

    def refused(self) -> list[tuple[str, str]]:
        """What the server has refused, and whom."""
        with Redis.from_url(self.url("administrator", "secret"), decode_responses=True) as administrator:
            return [(each["username"], each["object"]) for each in administrator.acl_log()]


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    users = DOCS.read_text("utf-8").split("```text\nuser default")[1].split("```")[0]
    (tmp_path / "users.acl").write_text("user default" + users + ADMINISTRATOR, "utf-8")
    port = own_port()
    command = [redis_server.program(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    command += ["--dir", str(tmp_path), "--aclfile", str(tmp_path / "users.acl")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        found = Guarded(port)
        while not redis_server.answers(found.dispatcher):
            assert server.poll() is None
            time.sleep(0.05)
        yield found
        server.terminate()


def test_a_centre_may_leave_instructions_and_nothing_else(guarded: Guarded) -> None:
    client = Celery(broker=guarded.centre, set_as_current=False)
    for priority in (None, 0, 4, 9):
        client.send_task("intake", [instruction(1)], priority=priority)
    assert guarded.refused() == []
    with Redis.from_url(guarded.centre) as centre:
        forbidden = [
            lambda: centre.lrange("celery", 0, -1),
            lambda: centre.rpop("celery"),
            lambda: centre.delete("celery"),
            lambda: centre.lpush("delivery", "x"),
            lambda: centre.lpush("celery.else", "x"),
            lambda: centre.hgetall("unacked"),
            lambda: centre.keys("*"),
            lambda: centre.publish("/0.celery.pidbox", "x"),
            lambda: centre.eval("return 1", 0),
            lambda: centre.flushall(),
            lambda: centre.config_get("*"),
            lambda: centre.acl_list(),
        ]
        for act in forbidden:
            with pytest.raises(NoPermissionError):
                act()
    with Redis.from_url(guarded.dispatcher) as workers:
        assert workers.llen("celery") == 2


def test_a_worker_has_all_that_it_needs(guarded: Guarded, casework: CaseworkFixture, tmp_path: Path) -> None:
    """It takes what the centre has left, wakes, claims, and asks the shared limits."""
    (tmp_path / "providers.toml").write_text(PROVIDERS, "utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")}
    given = {
        "DISPATCHER_DATABASE_URL": casework.url,
        "DISPATCHER_REDIS_URL": guarded.dispatcher,
        "DISPATCHER_HOME": str(tmp_path),
        "DISPATCHER_PROVIDERS_FILE": str(tmp_path / "providers.toml"),
        "DISPATCHER_WITHOUT": "voice,visit",
        "DISPATCHER_CLOCK": f"stepped:{START.isoformat()}",
        "NOWHERE_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    }
    command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-P", "threads", "-c", "1"]
    command += ["-Q", "casework,delivery,celery", "-n", "guarded@%h"]
    Celery(broker=guarded.centre, set_as_current=False).send_task("intake", [instruction(1)])
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(command, env=clean | given, stdout=log, stderr=log) as worker,
    ):
        until = time.monotonic() + PATIENCE_S
        while not casework.sql("SELECT FROM attempts WHERE sent_at IS NOT NULL AND state <> 'sending'"):
            assert time.monotonic() < until and worker.poll() is None, (tmp_path / "log").read_text("utf-8")
            time.sleep(0.1)
        worker.terminate()
    assert [row.instruction_id for row in casework.rows(InstructionRow)] == ["YJ-1"]
    assert guarded.refused() == []
    told = (tmp_path / "log").read_text("utf-8")
    assert "NoPermission" not in told and "Traceback" not in told
