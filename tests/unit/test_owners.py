"""Another user's home: told as that, with path and users, and not as nothing running."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher import vault

# As root it becomes somebody else, once all is loaded: the interpreter may lie where only root may read.
RUN = """
import os, sys
import psycopg, dispatcher.cli.log, dispatcher.cli.new_key, dispatcher.cli.up, psutil, typer.rich_utils
from dispatcher.cli import main
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
main()
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that is closed to whoever runs the command.

    Not under pytest's own: each pytest that starts on this machine shuts that.
    """
    with tempfile.TemporaryDirectory(prefix="dispatcher-theirs-") as folder:
        Path(folder).chmod(0o711)
        home = Path(folder) / "theirs"
        home.mkdir()
        (home / "run.json").write_text("{}")
        (home / "keys.json").write_text("{}")
        home.chmod(0o700 if os.geteuid() == 0 else 0)
        yield home
        home.chmod(0o700)


def run(home: Path, words: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")}
    environment = kept | {"DISPATCHER_HOME": str(home)} | more
    command = [sys.executable, "-c", RUN, *words.split()]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("words", ["log", "up", "new-key"])
def test_another_users_home_is_told_as_that(home: Path, words: str) -> None:
    done = run(home, words)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert str(home) in line and "Permission denied" in line
    assert f"belongs to {home.owner()}" in line
    assert "no dispatcher is running" not in line


def test_where_servers_and_keys_are_named_nobodys_home_is_needed(home: Path) -> None:
    keys = home.with_name("keys.json")
    vault.make_keys(keys)
    keys.chmod(0o644)
    servers = {"DISPATCHER_DATABASE_URL": "postgresql://u@127.0.0.1:1/d", "DISPATCHER_REDIS_URL": "redis://127.0.0.1:1"}
    done = run(home, "log", DISPATCHER_KEY_FILE=str(keys), **servers)
    assert done.returncode == 2 and "can't reach the database" in done.stderr, done.stderr
