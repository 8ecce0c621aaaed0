"""An adapter in a package of its own: installed with pip, kept to the contract, used by name, our code untouched."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from casework_fixture import CaseworkFixture, pump_of
from vendor_stub import Says, stub

from dispatcher.settings import Settings
from dispatcher.setup import Services
from providers import registry

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tests" / "third_party" / "pigeon"
FILE = """
[[providers]]
name = "birds"
adapter = "pigeon"
channels = ["sms"]
secret_env = "PIGEON_KEY"
receipts_key_env = "PIGEON_RECEIPTS_KEY"
base_url = "{url}"
timeout_s = 30
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip has put the package, and nothing else."""
    # A copy: building leaves nothing in our tree.
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    subprocess.run(["cp", "-r", f"{PACKAGE}/.", source], check=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", target, source], check=True, capture_output=True)
    return target


def test_it_keeps_to_the_contract(installed: Path) -> None:
    """As its author runs it: the dispatcher's own tests, with the package beside them."""
    tests = ["tests/integration/test_adapter_contract.py", "tests/integration/test_vendor_receipts.py"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        *tests,
        "-k",
        "pigeon or keeps_to_the_contract",
    ]
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(done.stdout.rsplit("\n", 2)[-2].split(" passed")[0].split()[-1]) >= 35


@pytest.fixture
def gateway() -> Iterator[tuple[str, Any]]:
    """A Pigeon on loopback, on a loop of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    opened = stub()
    made = asyncio.run_coroutine_threadsafe(opened.__aenter__(), loop).result(60)
    yield made.url, made
    asyncio.run_coroutine_threadsafe(opened.__aexit__(None, None, None), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)


def test_it_is_used_by_its_name(
    casework: CaseworkFixture,
    installed: Path,
    gateway: tuple[str, Any],
    redis_url: str,
    tmp_path: Path,
    pump_module: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(installed)
    # Installed while this process runs: what it has looked up before is not believed.
    monkeypatch.setattr(registry, "installed_adapters", registry.installed_adapters.__wrapped__)
    monkeypatch.setenv("PIGEON_KEY", "corn")
    monkeypatch.setenv("PIGEON_RECEIPTS_KEY", "feathers")
    url, made = gateway
    made.says = Says({"code": 0, "letter": "bird-7"})
    (tmp_path / "providers.toml").write_text(FILE.format(url=url), "utf-8")
    found = Settings(home=tmp_path, providers_file=tmp_path / "providers.toml", redis_url=redis_url)
    pump = pump_of(Services(found, casework.sessions, casework.context))
    case_id = casework.open(channels=["sms"])
    try:
        assert pump.deliver() == 1
    finally:
        pump.close()
    [row] = casework.attempts(case_id)
    assert (row.provider, row.state, row.ref) == ("birds", "accepted", "bird-7")
    [asked] = made.asked
    assert asked.json == {
        "id": str(row.id),
        "phone": "+8615400000001",
        "words": casework.context.texts.sms("F08", "zh-CN"),
    }
