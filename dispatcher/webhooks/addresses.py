"""Where webhooks may lead: only to hosts and networks that the configuration names, and never to what answers anybody.

A name is checked by the address that is connected to, so that one that leads elsewhere the next time gains nothing.
"""

import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from dispatcher.errors import OperatorError
from schemas.vocabulary import AddressFault

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_ADDRESS_CHARACTERS = re.compile(r"[\x21-\x7e]{1,2000}")
_PLAIN, _SECURE = "http", "https"
_METADATA = frozenset(map(ip_address, ("169.254.169.254", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")))
# An IPv4 address inside of an IPv6 one is reached through it: NAT64, 6to4, Teredo, and the compatible form.
_TUNNELS = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))


class AddressRefused(OSError):
    """Nothing is sent there. An OSError, so that a connection that it prevents fails as any other."""

    def __init__(self, fault: AddressFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True)
class Target:
    """What of an address decides whether it is allowed."""

    host: str
    port: int
    is_plain: bool  # without TLS

    @property
    def literal(self) -> Address | None:
        """The host, if it is an IP address."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None


@dataclass(frozen=True)
class Allowed:
    """Hosts by name, and networks, each with whether it may be reached without TLS."""

    hosts: Mapping[str, bool]
    networks: tuple[tuple[Network, bool], ...]

    def check_url(self, url: str) -> Target:
        """The target of an address of which nothing is resolved yet. Raises AddressRefused."""
        target = _target(url)
        if target.literal is not None:
            self.check(target, target.literal)
        elif target.host not in self.hosts and not self.networks:
            raise AddressRefused(AddressFault.NOT_ALLOWED)
        return target

    def check(self, target: Target, address: Address) -> None:
        """Whether this target may be connected to at this address. Raises AddressRefused."""
        address = getattr(address, "ipv4_mapped", None) or address
        if _is_never_allowed(address):
            raise AddressRefused(AddressFault.RESERVED)
        allows_plain = list(self._entries(target, address))
        if not allows_plain:
            raise AddressRefused(AddressFault.LOOPBACK if address.is_loopback else AddressFault.NOT_ALLOWED)
        if target.is_plain and not any(allows_plain):
            raise AddressRefused(AddressFault.SCHEME)

    def resolve(self, url: str) -> None:
        """Check an address with all that its name leads to now. Raises AddressRefused."""
        target = self.check_url(url)
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except OSError:
            raise AddressRefused(AddressFault.UNRESOLVED) from None
        for *_, socket_address in found:
            self.check(target, _address(socket_address))

    def socket_factory(self, target: Target) -> Any:
        """Makes the sockets of connections to this target, none to an address that is not allowed."""

        def make(info: tuple[Any, ...]) -> socket.socket:
            family, kind, protocol, _, socket_address = info
            self.check(target, _address(socket_address))
            return socket.socket(family, kind, protocol)

        return make

    def _entries(self, target: Target, address: Address) -> Iterator[bool]:
        """Of the entries that allow this, whether they do without TLS."""
        yield from (plain for network, plain in self.networks if address in network)
        is_special = address.is_loopback or any(address in network for network in _TUNNELS)
        if target.host in self.hosts and not is_special:  # such a one is allowed as a network alone
            yield self.hosts[target.host]


def read(setting: str) -> Allowed:
    """DISPATCHER_WEBHOOK_ALLOWED: hosts and networks with commas; `http://` before one allows it without TLS."""
    hosts: dict[str, bool] = {}
    networks: list[tuple[Network, bool]] = []
    for entry in filter(None, (each.strip().lower() for each in setting.split(","))):
        scheme, _, named = entry.rpartition("://")
        try:
            networks.append((ip_network(named, strict=False), scheme == _PLAIN))
        except ValueError:
            if scheme not in ("", _PLAIN, _SECURE) or not _HOST.fullmatch(named):
                raise _unreadable() from None
            hosts[named] = scheme == _PLAIN
    return Allowed(hosts, tuple(networks))


def _unreadable() -> OperatorError:
    return OperatorError(
        "DISPATCHER_WEBHOOK_ALLOWED 应为以逗号分隔的主机名或网段,可加 http:// 前缀",
        "DISPATCHER_WEBHOOK_ALLOWED wants hosts or networks, separated by commas, http:// before those without TLS",
    )


def _target(url: str) -> Target:
    """Raises AddressRefused."""
    if not _ADDRESS_CHARACTERS.fullmatch(url) or "\\" in url:
        raise AddressRefused(AddressFault.MALFORMED)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused(AddressFault.MALFORMED) from None
    if parts.scheme not in (_PLAIN, _SECURE):
        raise AddressRefused(AddressFault.SCHEME)
    if "@" in parts.netloc:
        raise AddressRefused(AddressFault.USERINFO)
    host = (parts.hostname or "").rstrip(".")
    target = Target(host, port or (80 if parts.scheme == _PLAIN else 443), parts.scheme == _PLAIN)
    if port == 0 or parts.fragment or not (_HOST.fullmatch(host) or target.literal is not None):
        raise AddressRefused(AddressFault.MALFORMED)
    return target


def _address(socket_address: Iterable[Any]) -> Address:
    return ip_address(next(iter(socket_address)).partition("%")[0])


def _is_never_allowed(address: Address) -> bool:
    if address.is_loopback:
        return False  # where its network is listed
    is_special = address.is_link_local or address.is_multicast or address.is_unspecified
    is_broadcast = isinstance(address, IPv4Address) and address.is_reserved
    return is_special or is_broadcast or address in _METADATA
