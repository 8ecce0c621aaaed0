"""up: the whole service on this machine."""

import threading

import typer
from rich.text import Text

from dispatcher import logging, private_files
from dispatcher.cli.output import err, out
from dispatcher.cli.signals import stop_on_signals
from dispatcher.settings import settings
from dispatcher.up import Stack


def register(app: typer.Typer) -> None:
    app.command()(up)


def up() -> None:
    """启动全部服务 / start what is missing: database, Redis, schema, workers, sweep, hooks. Ctrl-C stops all."""
    logging.configure(settings().log_level)
    run_until_stopped(Stack(settings()))


def run_until_stopped(stack: Stack) -> None:
    """Run a stack until Ctrl-C or SIGTERM, then end it in order."""
    stop = stop_on_signals()
    try:
        with err.status("正在启动 starting …"):
            stack.start_servers()
            stack.start_children()
            stack.wait_until_ready()
        _banner(stack)
        watcher = threading.Thread(target=stack.supervisor.run, daemon=True)
        watcher.start()
        stop.wait()
        with err.status("正在停止 stopping …"):
            stack.stop()
        out.print("已停止 stopped")
    finally:
        stack.stop()


def _banner(stack: Stack) -> None:
    environment = stack.environment
    embedded = "内置 embedded" if stack.is_embedded else "外部 external"
    out.print(Text("预警派发已就绪 dispatcher is ready", "bold"), f" HOME {stack.settings.home}")
    out.print(f"  数据库与 Redis database and Redis: {embedded}   时钟 clock: {environment['DISPATCHER_CLOCK']}")
    if stack.is_embedded:
        out.print("  内置服务器,不可用于正式值守 embedded servers: not for real duty", style="yellow")
    if stack.simulated:
        out.print("  模拟网关:不会发出任何真实短信或电话 simulated gateway: nothing real leaves", style="yellow")
    for warning in private_files.warnings(stack.settings):
        out.print(f"  {warning}", style="yellow")
    out.print(f"  回执入口 hooks: http://{environment['DISPATCHER_HOOKS_HOST']}:{environment['DISPATCHER_HOOKS_PORT']}")
    out.print(f"  Celery broker: {_without_password(environment['DISPATCHER_REDIS_URL'])}")
    out.print(f"  日志 logs: {stack.settings.home / 'logs'}   停止 stop: Ctrl-C")


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.split('//')[0]}//…@{tail}" if at else url
