"""up: the whole service on this machine."""

import threading
import time
from contextlib import suppress

import typer
from rich.text import Text

from dispatcher import logging, policy, private_files
from dispatcher.cli.demo_client import key_of_demo_client
from dispatcher.cli.in_use import in_use
from dispatcher.cli.output import err, out, say
from dispatcher.cli.signals import StopSignals
from dispatcher.errors import StartStopped
from dispatcher.policy.lint import lint
from dispatcher.settings import Settings, settings
from dispatcher.store import engine
from dispatcher.up import Stack

_MOST_ODDITIES = 5
_LOOK_EVERY_S = 0.2


def register(app: typer.Typer) -> None:
    app.command()(up)


def up() -> None:
    """启动全部服务 / start what is missing: database, Redis, schema, workers, sweep, API. Ctrl-C stops all."""
    logging.configure(settings().log_level)
    run_until_stopped(Stack(settings(), serves_api=True))


def run_until_stopped(stack: Stack) -> None:
    """Run a stack until Ctrl-C or SIGTERM, then end it in order.

    Raises StartStopped where that came before it was ready, and OperatorError.
    """
    signals = StopSignals()
    stack.stop_asked, stack.supervisor.in_haste = signals.asked, signals.in_haste
    try:
        with err.status(say("正在启动 …", "starting …")):
            stack.start_servers()
            stack.start_children()
            stack.wait_until_ready()
        _banner(stack)
        watcher = threading.Thread(target=stack.supervisor.run, daemon=True)
        watcher.start()
        with suppress(StartStopped):
            while not signals.asked():
                time.sleep(_LOOK_EVERY_S)
                stack.keep_servers_running(_tell)
    finally:
        with err.status(say("正在停止 …", "stopping …")):
            stack.stop()
    out.print(say("已停止", "stopped"))


def _tell(zh: str, en: str) -> None:
    err.print(say(zh, en), soft_wrap=True, highlight=False)


def _banner(stack: Stack) -> None:
    environment = stack.environment
    embedded = say("内置", "embedded") if stack.is_embedded else say("外部", "external")
    clock = environment["DISPATCHER_CLOCK"]
    out.print(
        Text(say("预警派发已就绪", "dispatcher is ready"), "bold"), f" HOME {stack.settings.home}", soft_wrap=True
    )
    out.print(f"  {say('数据库与 Redis', 'database and Redis')}: {embedded}   {say('时钟', 'clock')}: {clock}")
    if stack.is_embedded:
        out.print("  " + say("内置服务器,不可用于正式值守", "embedded servers: not for real duty"), style="yellow")
    if stack.simulated:
        told = say("模拟网关:不会发出任何真实短信或电话", "simulated gateway: nothing real leaves")
        out.print(f"  {told}", style="yellow")
        to_script = say("为号码写剧本", "to script a number")
        out.print(f"  {to_script}: {environment['DISPATCHER_SIMULATOR_URL']} (docs/simulate.md)")
    for warning in [*private_files.warnings(stack.settings), *oddities(stack.settings)]:
        out.print(f"  {warning}", style="yellow")
    _print_in_use(stack)
    out.print(f"  {say('回执入口', 'hooks')}: {stack.url('hooks')}")
    if stack.serves_api:
        _print_api(stack)
    out.print(f"  Celery broker: {_without_password(environment['DISPATCHER_REDIS_URL'])}")
    out.print(
        f"  {say('日志', 'logs')}: {stack.settings.home / 'logs'}   {say('停止', 'stop')}: Ctrl-C", soft_wrap=True
    )


def oddities(of: Settings) -> list[str]:
    """What is odd about the policy; a few lines of it, since `policy check` tells all."""
    told = [f"{say('策略可疑', 'odd policy')}: {each}" for each in lint(policy.load(of.policy_file))]
    left = len(told) - _MOST_ODDITIES
    rest = say(f"另有 {left} 处,见 dispatcher policy check", f"{left} more: dispatcher policy check")
    return [*told[:_MOST_ODDITIES], rest] if left > 0 else told


def _print_in_use(stack: Stack) -> None:
    with engine.sessions(stack.environment["DISPATCHER_DATABASE_URL"])() as session:
        for line in in_use(stack.settings, stack.environment["DISPATCHER_PROVIDERS_FILE"], session):
            out.print(f"  {line}", soft_wrap=True, highlight=False)


def _print_api(stack: Stack) -> None:
    out.print(f"  {say('接口', 'API')}: {stack.url('api')}   {say('文档', 'documents')}: /docs")
    if stack.is_embedded and stack.simulated:
        demo = key_of_demo_client(stack)
        if demo is not None:
            told = say("演示密钥", "key of a demo client")
            out.print(f"  {told}: {demo[0]}   {demo[1]}", soft_wrap=True, highlight=False)


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.split('//')[0]}//…@{tail}" if at else url
