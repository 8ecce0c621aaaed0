"""The environment that a test gives to what it starts, with nothing of the one it runs in."""

import os
from pathlib import Path

import pytest
from casework_fixture import NO_REDIS, CaseworkFixture


def forget_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of ours is set."""
    for name in [name for name in os.environ if name.startswith("DISPATCHER_")]:
        monkeypatch.delenv(name)


def set_for(casework: CaseworkFixture, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command needs to work on the fixture's database, at its time, without Redis."""
    forget_settings(monkeypatch)
    monkeypatch.setenv("DISPATCHER_HOME", str(home))
    monkeypatch.setenv("DISPATCHER_REDIS_URL", NO_REDIS)
    monkeypatch.setenv("DISPATCHER_CLOCK", casework.context.clock.spec)
