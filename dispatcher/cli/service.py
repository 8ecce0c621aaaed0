"""up, sweep, migrate, new-key: the service and its processes."""

import signal
import threading
from types import FrameType

import typer
from rich.text import Text

from dispatcher import clock, logging, vault
from dispatcher import sweep as sweeping
from dispatcher.cli.output import err, out
from dispatcher.errors import OperatorError
from dispatcher.settings import database_url, settings
from dispatcher.setup import build_services, load_policy
from dispatcher.store import engine
from dispatcher.store import migrate as migrations
from dispatcher.up import Stack


def register(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(sweep)
    app.command()(migrate)
    app.command("new-key")(new_key)


def up() -> None:
    """启动全部服务 / start what is missing: database, Redis, schema, workers, sweep, hooks. Ctrl-C stops all."""
    logging.configure(settings().log_level)
    stack = Stack(settings())
    until_told(stack)


def until_told(stack: Stack) -> None:
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


def stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt  # told twice: at once
        stop.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)
    return stop


def _banner(stack: Stack) -> None:
    environment = stack.environment
    embedded = "内置 embedded" if stack.is_embedded else "外部 external"
    out.print(Text("预警派发已就绪 dispatcher is ready", "bold"), f" HOME {stack.settings.home}")
    out.print(f"  数据库与 Redis database and Redis: {embedded}   时钟 clock: {environment['DISPATCHER_CLOCK']}")
    if stack.is_embedded:
        out.print("  内置服务器,不可用于正式值守 embedded servers: not for real duty", style="yellow")
    if stack.simulated:
        out.print("  模拟网关:不会发出任何真实短信或电话 simulated gateway: nothing real leaves", style="yellow")
    out.print(f"  回执入口 hooks: http://{environment['DISPATCHER_HOOKS_HOST']}:{environment['DISPATCHER_HOOKS_PORT']}")
    out.print(f"  Celery broker: {_without_password(environment['DISPATCHER_REDIS_URL'])}")
    out.print(f"  日志 logs: {stack.settings.home / 'logs'}   停止 stop: Ctrl-C")


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.split('//')[0]}//…@{tail}" if at else url


def sweep() -> None:
    """巡检进程:补发唤醒、处理超时 / the sweep: rings for due work, expires leases."""
    logging.configure(settings().log_level)
    sweeping.run(build_services(), stop_on_signals())


def migrate() -> None:
    """升级数据库结构 / bring the database to the newest schema, and prove that the keys open it."""
    found = settings()
    load_policy(found)
    if not found.key_path.exists():
        raise OperatorError(
            f"没有密钥文件 {found.key_path};请先运行 dispatcher new-key",
            f"there is no key file {found.key_path}; run `dispatcher new-key` once, or set DISPATCHER_KEY_FILE",
        )
    ring = vault.load(found.key_path, make=False)
    revision = migrations.upgrade(engine.engine(database_url()), clock.real_now())
    with engine.sessions(database_url()).begin() as session:
        ring.check(session)
    out.print(f"数据库结构 schema: {revision}")


def new_key() -> None:
    """新建密钥文件,一次即可;丢失则数据无法恢复 / make the key file, once. Lost keys mean lost data: back it up."""
    vault.make_keys(settings().key_path)
    out.print(f"密钥文件 key file: {settings().key_path}")
