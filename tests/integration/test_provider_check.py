"""`dispatcher providers check`: all faults at once, what is hardly meant, each host reached without a message."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from settings_fixture import forget_settings
from typer.testing import CliRunner, Result
from vendor_stub import Says, Stub, stub

from dispatcher.cli import provider_check
from dispatcher.cli.app import build_app
from dispatcher.settings import settings
from providers import reach
from providers.base import ProviderSettings
from providers.limits import Limits, read
from providers.oddities import oddities
from providers.reach import Address
from providers.registry import Registry, build
from providers.sip import ask
from providers.sip.trunk_options import Options
from schemas.vocabulary import Channel

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ROSTER = '[[providers]]\nname = "roster"\nadapter = "roster"\nchannels = ["visit"]\n'
CITY = """
[[providers]]
name = "city"
adapter = "http_gateway"
channels = ["sms", "voice"]
base_url = "{url}"
secret_env = "CITY_SECRET"
"""
GOOD = ROSTER + CITY.format(url="https://gateway.invalid")
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    forget_settings(monkeypatch)
    monkeypatch.setenv("DISPATCHER_LANGUAGE", "en")
    monkeypatch.setenv("CITY_SECRET", SECRET)
    settings.cache_clear()

    def run(text: str, *more: str) -> Result:
        path = tmp_path / "providers.toml"
        path.write_text(text, "utf-8")
        return CliRunner().invoke(build_app(), ["providers", "check", str(path), *more])

    yield run
    settings.cache_clear()


def test_a_good_file_can_be_used(run: Run) -> None:
    done = run(GOOD)
    assert (done.exit_code, done.stdout.strip()) == (0, "the providers can be used")


def test_every_fault_is_told_at_once(run: Run) -> None:
    bad = GOOD.replace('"visit"', '"fax"') + 'wieght = 2\nlimits = { rate = ["5"], at_one = 1 }\ntravel_s = 0\n'
    bad += CITY.format(url="https://u:p@gateway.invalid").replace('"city"', '"town"')
    done = run(bad + CITY.format(url="ftp://x").replace('"city"', '"village"') + "destinations = []\nlimit = 1\n")
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    for provider, *words in (
        ("roster", "channels must be a list"),
        ("city", "limits.rate", "limits.at_one is unknown"),
        ("city", "travel_s"),
        ("town", "base_url holds a user or a password"),
        ("village", "destinations"),
    ):
        assert any(f"provider {provider}: " in line and all(word in line for word in words) for line in lines), lines


def test_a_channel_that_nobody_serves_is_told_and_may_be_meant(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(ROSTER)
    assert done.exit_code == 1
    assert "DISPATCHER_WITHOUT=sms,voice" in done.stderr
    monkeypatch.setenv("DISPATCHER_WITHOUT", "sms,voice")
    settings.cache_clear()
    assert run(ROSTER).exit_code == 0


# Limits of one provider -> words of what is told; none: nothing.
ODD_LIMITS: list[tuple[dict[str, Any], list[str]]] = [
    ({"rate": ["50/1s"], "account": ["20000/1d"], "callee": ["1/1m", "5/1h", "20/24h"]}, []),
    ({"callee": ["5/1h", "3/24h"]}, ["limits.callee 5/1h says nothing: limits.callee 3/1d"]),
    ({"rate": ["5/1s", "9/1s"]}, ["limits.rate 9/1s says nothing"]),
    ({"rate": ["5/1s", "300/1m"]}, ["limits.rate 300/1m says nothing"]),
    ({"rate": ["5/1s", "299/1m"]}, []),
    ({"rate": ["5/1s"], "account": ["5/1d"]}, ["limits.rate 5/1s says nothing: limits.account 5/1d"]),
    ({"rate": ["5/1s"], "callee": ["5/1d"]}, []),
    ({"account": ["5/1d"], "callee": ["9/1d"]}, ["limits.callee 9/1d says nothing: limits.account 5/1d"]),
    ({"quiet": "21:00-08:00"}, []),
    ({"quiet": "08:00-21:00"}, ["limits.quiet 08:00-21:00 reaches nobody for 13 h"]),
]


def registry_of(limits: Limits, **more: Any) -> Registry:
    table = ProviderSettings(
        "city",
        "http_gateway",
        frozenset({Channel.SMS}),
        secret=SECRET,
        limits=limits,
        options={"base_url": "https://a.invalid"},
        **more,
    )
    return build([table], {})


@pytest.mark.parametrize(("limits", "told"), ODD_LIMITS)
def test_limits_that_contradict_one_another_are_told(limits: dict[str, Any], told: list[str]) -> None:
    found = oddities(registry_of(read(limits)))
    assert len(found) == len(told)
    for line, words in zip(found, told, strict=True):
        assert line.startswith("provider city: ")
        assert words in line


def test_a_slow_answer_that_never_comes_is_told(run: Run) -> None:
    assert "no answer is ever slow" in oddities(registry_of(Limits(), slow_s=10))[0]
    done = run(GOOD + "slow_s = 10\n")
    assert done.exit_code == 0
    assert done.stdout.startswith("odd: provider city: ")


@contextmanager
def served(says: Says) -> Iterator[Stub]:
    """The stub in a loop of its own: the command brings its own too."""
    loop, ready, kept = asyncio.new_event_loop(), threading.Event(), []

    async def serve() -> None:
        async with stub() as made:
            made.says = says
            kept.extend((made, asyncio.Event()))
            ready.set()
            await kept[1].wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    ready.wait(10)
    yield kept[0]
    loop.call_soon_threadsafe(kept[1].set)
    thread.join(10)
    loop.close()


@pytest.mark.parametrize(
    ("says", "code", "words"),
    [
        (Says("{}", 404), 0, "reached city 127.0.0.1:"),
        (Says("{}", 401), 1, "status query answered 401"),
        (Says("<html>", 200), 1, "unknown form"),
        (Says("{}", 503), 1, "status query answered 503"),
        (Says(drops=True), 1, "not reached city"),
    ],
)
def test_a_gateway_is_asked_for_what_nobody_sent(run: Run, says: Says, code: int, words: str) -> None:
    with served(says) as gateway:
        done = run(ROSTER + CITY.format(url=gateway.url), "--online")
    assert done.exit_code == code, done.output
    assert words in done.stdout
    assert "has no host roster" in done.stdout
    assert [each.method for each in gateway.asked] == ["GET"]


def test_a_host_that_says_nothing_does_not_hold_the_check(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_check.reach.reached, "__defaults__", (0.3,))
    with served(Says(hangs=True)) as gateway:
        done = run(ROSTER + CITY.format(url=gateway.url), "--online")
    assert done.exit_code == 1
    assert "no answer within 0.3 s" in done.stdout


def reached(address: Address) -> str | None:
    class Here:
        name = "here"

        def __init__(self) -> None:
            self.address = address

    return asyncio.run(reach.reached(Here(), 5)).fault  # type: ignore[arg-type]  # nothing else of it is looked at


def test_why_a_host_is_not_reached() -> None:
    assert "not connected" in (reached(Address("127.0.0.1", 9)) or "")
    assert reached(Address("no-such-host.invalid", 80)) == "the host's name is not known"
    with served(Says()) as plain:
        port = int(plain.url.rpartition(":")[2])
        assert reached(Address("127.0.0.1", port)) is None
        assert "TLS" in (reached(Address("127.0.0.1", port, "tls")) or "")


def _certificate(folder: Path) -> ssl.SSLContext:
    """One that it signed itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway.invalid")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    whole = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    (folder / "gateway.pem").write_bytes(whole)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "gateway.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    async def scenario() -> str | None:
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0, ssl=_certificate(tmp_path))
        async with server:
            return await asyncio.to_thread(reached, Address("127.0.0.1", server.sockets[0].getsockname()[1], "tls"))

    assert (asyncio.run(scenario()) or "").startswith("certificate not accepted: self-signed certificate")


class _Trunk(asyncio.DatagramProtocol):
    """Answers the second datagram: the first is lost."""

    def __init__(self, answer: bytes, asked: list[bytes]) -> None:
        self.answer, self.asked = answer, asked

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked.append(data)
        if len(self.asked) > 1:
            self.transport.sendto(self.answer, addr)


@pytest.mark.parametrize(
    ("answer", "fault"), [(b"SIP/2.0 405 Method Not Allowed\r\n\r\n", None), (b"HTTP", "it does not speak SIP")]
)
@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_a_trunk_is_asked_by_options_which_ring_nobody(
    answer: bytes, fault: str | None, over: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "_AGAIN_S", 0.05)
    asked: list[bytes] = []

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer + b"\r\n")
        await reach.closed(writer)

    def trunk_at(port: int) -> Options:
        return Options(
            host="127.0.0.1", port=port, transport=over, user="96110", local_address=IPv4Address("127.0.0.1")
        )

    async def by_stream() -> str | None:
        server = await asyncio.start_server(answered, "127.0.0.1", 0)
        async with server:
            return await ask.probe(trunk_at(server.sockets[0].getsockname()[1]))

    async def by_datagrams() -> str | None:
        loop, trunk = asyncio.get_running_loop(), _Trunk(answer, asked)
        made, _ = await loop.create_datagram_endpoint(lambda: trunk, local_addr=("127.0.0.1", 0))
        try:
            return await ask.probe(trunk_at(made.get_extra_info("sockname")[1]))
        finally:
            made.close()

    assert asyncio.run(by_stream() if over == "tcp" else by_datagrams()) == fault
    assert asked
    assert all(each.startswith(b"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: ") for each in asked)
