"""Asks a trunk whether it is there: OPTIONS (RFC 3261, 11), which rings nobody. Any answer will do."""

import asyncio
import secrets

from providers import reach
from providers.sip.trunk_options import Options

_ANSWER = b"SIP/2.0 "
_AGAIN_S = 1.0  # a datagram may be lost


async def probe(trunk: Options) -> str | None:
    """What is wrong; None if it answers. Raises OSError. Does not end by itself where nobody answers."""
    if trunk.transport == "tcp":
        reader, writer = await asyncio.open_connection(trunk.host, trunk.port)
        try:
            writer.write(_request(trunk, "TCP", writer.get_extra_info("sockname")))
            answer = await reader.readline()
        finally:
            await reach.closed(writer)
    else:
        answer = await _by_datagrams(trunk)
    return None if answer.startswith(_ANSWER) else "it does not speak SIP"


class _Listener(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self.answer.done():
            self.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _by_datagrams(trunk: Options) -> bytes:
    loop = asyncio.get_running_loop()
    transport, listener = await loop.create_datagram_endpoint(_Listener, remote_addr=(trunk.host, trunk.port))
    request = _request(trunk, "UDP", transport.get_extra_info("sockname"))
    try:
        while True:
            transport.sendto(request)
            done, _ = await asyncio.wait({listener.answer}, timeout=_AGAIN_S)
            if done:
                return listener.answer.result()
    finally:
        transport.close()


def _request(trunk: Options, over: str, ours: tuple[str, int]) -> bytes:
    host, port = ours[:2]
    domain, tag, call = trunk.domain or trunk.host, secrets.token_hex(6), secrets.token_hex(12)
    lines = (
        f"OPTIONS sip:{domain} SIP/2.0",
        f"Via: SIP/2.0/{over} {host}:{port};rport;branch=z9hG4bK{secrets.token_hex(8)}",
        "Max-Forwards: 70",
        f"From: <sip:{trunk.user}@{domain}>;tag={tag}",
        f"To: <sip:{domain}>",
        f"Call-ID: {call}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:{trunk.user}@{host}:{port}>",
        "Accept: application/sdp",
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", "")).encode()
