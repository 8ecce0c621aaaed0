"""TCP ports of this machine."""

import socket

from dispatcher.errors import OperatorError


def free_port(host: str, wanted: int) -> int | None:
    """The port, or a free one for 0; None if it is taken."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError:
            return None
        port: int = probe.getsockname()[1]
        return port


def port_taken(host: str, port: int, variable: str) -> OperatorError:
    """`variable` names the setting that gives another."""
    return OperatorError(
        f"端口 {host}:{port} 已被占用;请设置 {variable}",
        f"port {host}:{port} is in use; set {variable} to a free one (0 picks one)",
    )
