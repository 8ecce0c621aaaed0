"""Whether a provider's host can be reached, found out without sending anything to anybody.

A provider may have an `address`, which is connected to, and a `probe` where its protocol has a question that does no
harm. One with neither has no host.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import httpx

from providers import http
from providers.base import Provider

WITHIN_S = 5.0
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a provider is."""

    host: str
    port: int
    over: Literal["tcp", "tls", "udp"] = "tcp"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}/{self.over}"


@runtime_checkable
class Addressed(Protocol):
    address: Address


@runtime_checkable
class Probed(Protocol):
    async def probe(self) -> str | None:
        """What is wrong, in a few words without anybody's data; None if it answered as it should."""
        ...


@dataclass(frozen=True, slots=True)
class Reached:
    """`address`: None if it has no host. `fault`: None if it was reached."""

    provider: str
    address: str | None
    fault: str | None


def of_url(url: str) -> Address:
    """Of a base URL that was looked at (options.base_url)."""
    parts = httpx.URL(url)
    return Address(
        parts.raw_host.decode("ascii"), parts.port or _PORTS[parts.scheme], "tls" if parts.scheme == "https" else "tcp"
    )


async def reached(provider: Provider, within_s: float = WITHIN_S) -> Reached:
    """Connect, then ask. Takes `within_s` at most for each of the two."""
    address = provider.address if isinstance(provider, Addressed) else None
    fault = await _within(_connect(address), within_s) if address and address.over != "udp" else None
    if fault is None and isinstance(provider, Probed):
        fault = await _within(provider.probe(), within_s)
    return Reached(provider.name, str(address) if address else None, fault)


async def _within(asked: Awaitable[str | None], within_s: float) -> str | None:
    """What is wrong; a connection that fails is told by its kind."""
    try:
        async with asyncio.timeout(within_s):
            return await asked
    except ssl.SSLCertVerificationError as error:
        return f"certificate not accepted: {error.verify_message}"
    except ssl.SSLError as error:
        return f"no TLS: {error.reason}"
    except socket.gaierror:
        return "the host's name is not known"
    except TimeoutError:
        return f"no answer within {within_s:g} s"
    except OSError as error:
        return f"not connected: {error.strerror or type(error).__name__}"


async def _connect(address: Address) -> None:
    context = http.trusted() if address.over == "tls" else None
    _, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
    await closed(writer)


async def closed(writer: asyncio.StreamWriter) -> None:
    """However the other side takes it."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
