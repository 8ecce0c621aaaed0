"""TCP ports of this machine."""

import errno
import socket

from dispatcher.errors import OperatorError

_TAKEN = frozenset({errno.EADDRINUSE})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})


def free_port(host: str, wanted: int, variable: str) -> int:
    """The port, or a free one for 0. `variable` names the setting of the port: DISPATCHER_HOOKS_PORT.

    Raises OperatorError where nobody could listen there.
    """
    found = _addresses(host, wanted, variable)
    for family, kind, protocol, _, address in found[:1]:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                raise _unusable(error, host, wanted, variable) from None
            wanted = probe.getsockname()[1]
    return wanted


def own_port(host: str = "127.0.0.1") -> int:
    """A free one of this machine's own."""
    return free_port(host, 0, "")


_Info = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]


def _addresses(host: str, port: int, variable: str) -> list[_Info]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)  # type: ignore[return-value]
    except (OSError, UnicodeError):
        raise _no_address(host, variable) from None


def _no_address(host: str, variable: str) -> OperatorError:
    name = variable.replace("_PORT", "_HOST")
    return OperatorError(
        f"{name} 的 {host} 不是本机地址;只供本机填 127.0.0.1,对外填本机地址或 0.0.0.0",
        f"{name}: {host} is no address of this machine; 127.0.0.1 serves this machine alone, 0.0.0.0 everybody",
    )


def _unusable(error: OSError, host: str, port: int, variable: str) -> OperatorError:
    if error.errno in _TAKEN:
        return OperatorError(
            f"端口 {host}:{port} 已被占用;请设置 {variable}",
            f"port {host}:{port} is in use; set {variable} to a free one (0 picks one)",
        )
    if error.errno in _FORBIDDEN:
        return OperatorError(
            f"无权使用端口 {host}:{port};请将 {variable} 设为 1024 或以上",
            f"port {host}:{port} may not be used by this user; set {variable} to 1024 or above",
        )
    return _no_address(host, variable)
