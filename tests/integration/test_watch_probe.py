"""What the watch's probe goes through, from a gateway to its receipt, and what it says if it got stuck."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from casework_fixture import CaseworkFixture, Scripted
from settings_fixture import forget_settings
from sqlalchemy import create_engine

from dispatcher.delivery import receipts
from dispatcher.errors import OperatorError
from dispatcher.settings import Settings
from dispatcher.watch import probe as probing
from dispatcher.watch.limits import Limits
from dispatcher.watch.probe import build_prober
from providers.base import Accepted, Answered, InDoubt, Outcome, Receipt, Transient
from providers.registry import Registry
from schemas.vocabulary import Channel, Result

SECRET = "whsec_" + base64.b64encode(b"w" * 32).decode()
PROVIDERS = """
[[providers]]
name = "city-sms"
adapter = "http_gateway"
channels = ["sms"]
base_url = "http://127.0.0.1:9"
secret_env = "TEST_GATEWAY_SECRET"

[[providers]]
name = "city-smpp"
adapter = "smpp"
channels = ["sms"]
host = "127.0.0.1"
system_id = "us"
secret_env = "TEST_GATEWAY_SECRET"
"""


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_settings(monkeypatch)


@pytest.fixture
def probed(casework: CaseworkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Probes through a gateway that says this, while somebody does what is under `meanwhile`."""
    monkeypatch.setenv("TEST_GATEWAY_SECRET", SECRET)
    (tmp_path / "providers.toml").write_text(PROVIDERS)
    settings = Settings(home=tmp_path, providers_file=tmp_path / "providers.toml")

    def run(said: Outcome, meanwhile: Callable[[str], None] = lambda key: None, *, wait_s: float = 1) -> Any:
        gateway = Scripted(
            [said], name="city-sms", channels=(Channel.SMS,), on_send=lambda sent: meanwhile(sent.send_key)
        )
        monkeypatch.setattr(probing.registry, "build", lambda *_: Registry([gateway]))
        limits = Limits(number="154 0000 0001", probe_wait_s=wait_s)
        found = build_prober(settings, limits, create_engine(casework.url))
        assert found is not None
        probe = found.probe()
        [message] = gateway.sent
        assert (message.to, message.text) == ("+8615400000001", limits.text)
        return probe

    return run


def store(casework: CaseworkFixture, key: str) -> None:
    with casework.begin() as work:
        receipts.store(work, "city-sms", Receipt(key, f"{key}:DELIVERED", Answered(Result.DELIVERED)))


@pytest.mark.parametrize("said", [Accepted("r"), InDoubt("ReadTimeout")])
def test_a_probe_ends_where_a_worker_has_read_its_receipt(
    casework: CaseworkFixture, probed: Callable[..., Any], said: Outcome
) -> None:
    def meanwhile(key: str) -> None:
        store(casework, key)
        casework.settle()

    assert probed(said, meanwhile, wait_s=120).stuck is None
    assert casework.sql("SELECT count(*) FROM cases")[0][0] == casework.sql("SELECT count(*) FROM journal")[0][0] == 0


def test_a_probe_says_where_it_got_stuck(casework: CaseworkFixture, probed: Callable[..., Any]) -> None:
    def breaks(key: str) -> None:
        raise RuntimeError

    assert probed(Accepted("r"), breaks).detail == "RuntimeError"
    assert (probed(Transient("429")).stuck, probed(Accepted("r")).stuck) == ("send", "receipt")
    assert probed(Accepted("r"), lambda key: store(casework, key)).stuck == "worker"


@pytest.mark.parametrize(
    ("settings", "limits", "named"),
    [
        ({}, {"number": "none"}, "DISPATCHER_WATCH_NUMBER"),
        ({}, {"number": "15400000001"}, "DISPATCHER_PROVIDERS_FILE"),
        ({"providers_file": "providers.toml"}, {"number": "15400000001", "provider": "x"}, "DISPATCHER_WATCH_PROVIDER"),
        ({"providers_file": "providers.toml"}, {"number": "15400000001", "provider": "city-smpp"}, "behind a link"),
    ],
)
def test_a_probe_that_can_not_be_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], limits: dict[str, Any], named: str
) -> None:
    monkeypatch.setenv("TEST_GATEWAY_SECRET", SECRET)
    monkeypatch.chdir(tmp_path)
    Path("providers.toml").write_text(PROVIDERS)
    with pytest.raises(OperatorError, match=named):
        build_prober(Settings(**settings), Limits(**limits), create_engine("postgresql+psycopg://"))
    assert build_prober(Settings(), Limits(), create_engine("postgresql+psycopg://")) is None
