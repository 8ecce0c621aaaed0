"""Embedded servers that end while they are wanted are started again, a few times in a row."""

import time
from collections.abc import Callable, Iterable

from dispatcher.embedded.server import Server
from dispatcher.errors import OperatorError

MOST_ENDS = 5
_STEADY_S = 60.0  # one that ran so long has come up; its next end is another fault
_WAIT_S = 0.5
_LOOK_EVERY_S = 0.1

Tell = Callable[[str, str], object]


def keep_running(servers: Iterable[Server], tell: Tell, stop_asked: Callable[[], int]) -> None:
    """Start those again that have ended. `tell` is given a line in both languages.

    Raises OperatorError for one that ended too often, and StartStopped.
    """
    for server in servers:
        if server.has_ended:
            _start_again(server, tell, stop_asked)


def _start_again(server: Server, tell: Tell, stop_asked: Callable[[], int]) -> None:
    server.ends = 1 if server.ran_for_s > _STEADY_S else server.ends + 1
    code = server.exit_code
    tell(
        f"内置 {server.name} 意外退出({code}),正在重新启动 …", f"the embedded {server.name} ended ({code}); starting it"
    )
    while server.ends <= MOST_ENDS:
        _wait(_WAIT_S * 2 ** (server.ends - 1), stop_asked)
        try:
            server.start(stop_asked)
        except OperatorError:
            server.ends += 1
        else:
            tell(f"内置 {server.name} 已恢复", f"the embedded {server.name} is back")
            return
    raise OperatorError(
        f"内置 {server.name} 连续 {MOST_ENDS} 次未能保持运行,服务停止;日志见 {server.log}",
        f"the embedded {server.name} did not keep running {MOST_ENDS} times in a row, so all stops; see {server.log}",
    )


def _wait(seconds: float, stop_asked: Callable[[], int]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stop_asked():
        time.sleep(_LOOK_EVERY_S)
