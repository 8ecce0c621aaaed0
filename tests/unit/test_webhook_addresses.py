"""Where webhooks may lead."""

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from dispatcher.errors import OperatorError
from dispatcher.webhooks import addresses
from dispatcher.webhooks.addresses import AddressRefused, Allowed
from schemas.vocabulary import AddressFault

NETWORKS = "10.1.0.0/16, http://10.2.0.0/16, fd12::/16"
NAMES = "hooks.example, http://plain.example"
# What the configuration allows, an address, and why nothing is sent there: None where something is.
URLS = [
    ("", "https://10.1.0.1/", AddressFault.NOT_ALLOWED),
    ("", "https://hooks.example/", AddressFault.NOT_ALLOWED),
    (NETWORKS, "https://10.1.0.1:8443/a?b=c", None),
    (NETWORKS, "https://10.9.0.1/", AddressFault.NOT_ALLOWED),
    (NETWORKS, "http://10.1.0.1/", AddressFault.SCHEME),
    (NETWORKS, "http://10.2.0.1/", None),
    (NETWORKS, "https://10.2.0.1/", None),
    (NETWORKS, "https://[fd12::1]/", None),
    (NETWORKS, "https://[::ffff:10.1.0.1]/", None),
    (NETWORKS, "https://[::ffff:127.0.0.1]/", AddressFault.LOOPBACK),
    (NETWORKS, "https://127.0.0.1/", AddressFault.LOOPBACK),
    (NETWORKS, "https://[::1]/", AddressFault.LOOPBACK),
    (NETWORKS, "https://[64:ff9b::7f00:1]/", AddressFault.NOT_ALLOWED),
    (NETWORKS, "https://0.0.0.0/", AddressFault.RESERVED),
    ("127.0.0.0/8", "https://127.0.0.1/", None),
    ("127.0.0.0/8", "http://127.0.0.1/", AddressFault.SCHEME),
    ("0.0.0.0/0, ::/0", "https://169.254.169.254/latest/meta-data", AddressFault.RESERVED),
    ("0.0.0.0/0, ::/0", "https://[fe80::1]/", AddressFault.RESERVED),
    ("0.0.0.0/0, ::/0", "https://[fd00:ec2::254]/", AddressFault.RESERVED),
    ("0.0.0.0/0, ::/0", "https://100.100.100.200/", AddressFault.RESERVED),
    ("0.0.0.0/0, ::/0", "https://224.0.0.1/", AddressFault.RESERVED),
    ("0.0.0.0/0, ::/0", "https://255.255.255.255/", AddressFault.RESERVED),
    ("0.0.0.0/0, ::/0", "https://[::ffff:169.254.169.254]/", AddressFault.RESERVED),
    (NAMES, "https://user@hooks.example/", AddressFault.USERINFO),
    (NAMES, "https://hooks.example@10.1.0.1/", AddressFault.USERINFO),
    (NAMES, "https://@hooks.example/", AddressFault.USERINFO),
    (NAMES, "https://other.example/", AddressFault.NOT_ALLOWED),
    (NAMES, "https://hooks.example.evil.example/", AddressFault.NOT_ALLOWED),
    (NAMES, "ftp://hooks.example/", AddressFault.SCHEME),
    (NAMES, "file:///etc/passwd", AddressFault.SCHEME),
    (NAMES, "gopher://hooks.example/", AddressFault.SCHEME),
    (NAMES, "hooks.example/x", AddressFault.SCHEME),
    (NAMES, "https://", AddressFault.MALFORMED),
    (NAMES, "https://hooks.example\\@10.1.0.1/", AddressFault.MALFORMED),
    (NAMES, "https://hooks.example/\r\nHost: x", AddressFault.MALFORMED),
    (NAMES, "https://hooks.example/#part", AddressFault.MALFORMED),
    (NAMES, "https://hooks.example:0/", AddressFault.MALFORMED),
    (NAMES, "https://hooks.example:99999/", AddressFault.MALFORMED),
    (NAMES, "https://hooks。example/", AddressFault.MALFORMED),
    (NAMES, "https://[fe80::1%25eth0]/", AddressFault.RESERVED),
    (NAMES, "https://HOOKS.example./", None),
]


def fault(allowed: Allowed, url: str, leads_to: str | None = None) -> AddressFault | None:
    try:
        target = allowed.check_url(url)
        if leads_to is not None:
            allowed.check(target, ip_address(leads_to))
    except AddressRefused as refused:
        return refused.fault
    return None


@pytest.mark.parametrize(("setting", "url", "expected"), URLS)
def test_what_an_address_says_of_itself(setting: str, url: str, expected: AddressFault | None) -> None:
    assert fault(addresses.read(setting), url) == expected


@pytest.mark.parametrize(
    ("setting", "url", "leads_to", "expected"),
    [
        (NAMES, "https://hooks.example/", "93.184.216.34", None),
        (NAMES, "https://hooks.example/", "192.168.1.1", None),
        (NAMES, "https://hooks.example/", "127.0.0.1", AddressFault.LOOPBACK),
        (NAMES, "https://hooks.example/", "::1", AddressFault.LOOPBACK),
        (NAMES, "https://hooks.example/", "::ffff:127.0.0.1", AddressFault.LOOPBACK),
        (NAMES, "https://hooks.example/", "64:ff9b::7f00:1", AddressFault.NOT_ALLOWED),
        (NAMES, "https://hooks.example/", "2002:7f00:1::", AddressFault.NOT_ALLOWED),
        (NAMES, "https://hooks.example/", "169.254.169.254", AddressFault.RESERVED),
        (NAMES, "http://hooks.example/", "93.184.216.34", AddressFault.SCHEME),
        (NAMES, "http://plain.example/", "93.184.216.34", None),
        (NETWORKS, "https://any.example/", "10.1.2.3", None),
        (NETWORKS, "https://any.example/", "10.3.2.1", AddressFault.NOT_ALLOWED),
        (NETWORKS, "http://any.example/", "10.1.2.3", AddressFault.SCHEME),
        (NETWORKS, "http://any.example/", "10.2.2.3", None),
        ("localhost", "https://localhost/", "127.0.0.1", AddressFault.LOOPBACK),
        ("127.0.0.1", "https://localhost/", "127.0.0.1", None),
    ],
)
def test_what_a_name_leads_to(setting: str, url: str, leads_to: str, expected: AddressFault | None) -> None:
    assert fault(addresses.read(setting), url, leads_to) == expected


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_odd_ways_to_write_an_address_are_read_as_what_they_lead_to(host: str) -> None:
    allowed = Allowed({host: False}, ())
    with pytest.raises(AddressRefused) as refused:
        allowed.resolve(f"https://{host}/")
    assert refused.value.fault in (AddressFault.LOOPBACK, AddressFault.UNRESOLVED)


def test_a_name_with_one_address_that_is_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in ("10.1.0.1", "10.9.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(AddressRefused) as refused:
        addresses.read(NETWORKS).resolve("https://any.example/")
    assert refused.value.fault == AddressFault.NOT_ALLOWED


@pytest.mark.parametrize("setting", ["ftp://hooks.example", "hooks example", "10.1.0.0/99", "*", "hooks.example/path"])
def test_a_setting_that_cannot_be_read(setting: str) -> None:
    with pytest.raises(OperatorError, match="DISPATCHER_WEBHOOK_ALLOWED"):
        addresses.read(setting)
