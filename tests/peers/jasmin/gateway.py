"""A Jasmin gateway with its broker and its store: RabbitMQ from Debian's packages, our embedded Redis."""

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from dispatcher import embedded
from tests.peers import processes
from tests.peers.packages import BROKER
from tests.peers.smpp.processes import SIMULATOR
from tests.peers.stack import until

USER, PASSWORD = "dispatch", "gateway1"
VENV = Path(__file__).parent / "venv"
_PATIENCE_S = 90.0
_PROMPT = re.compile(rb"(Session ref: \d+|jcli :|>)\s*$")  # the greeting ends without one
_CONFIG = """
[smpp-server]
bind = 127.0.0.1
port = {smpp}
[smpp-server-pb]
bind = 127.0.0.1
port = {server_pb}
[client-management]
bind = 127.0.0.1
port = {clients}
store_path = {store}
[router]
bind = 127.0.0.1
port = {router}
store_path = {store}
[http-api]
bind = 127.0.0.1
port = {http}
[amqp-broker]
host = 127.0.0.1
port = {broker}
spec = {spec}
[redis-client]
host = 127.0.0.1
port = {redis}
[jcli]
bind = 127.0.0.1
port = {console}
authentication = False
"""
# A way to the SMSC, an account for us, and a route from the one to the other.
_ORDERS = """smppccm -a
cid carrier
host 127.0.0.1
port {carrier}
username gateway
password password
bind transceiver
submit_throughput 100
ok
smppccm -1 carrier
group -a
gid ours
ok
user -a
uid ours
gid ours
username {user}
password {password}
ok
mtrouter -a
type DefaultRoute
connector smppc(carrier)
rate 0.0
ok"""


@contextmanager
def running(carrier: int) -> Iterator[int]:
    """A gateway in front of the SMSC at this port. Returns its own SMPP port. Raises TimeoutError."""
    names = ("smpp", "server_pb", "clients", "router", "http", "console")
    ports = dict(zip(names, processes.free_ports(len(names)), strict=True))
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        store = embedded.redis(home)
        stack.callback(store.stop)
        ports |= {"redis": urlsplit(store.url).port or 0, "broker": stack.enter_context(_broker(home))}
        for folder in ("etc/resource", "etc/store", "log"):
            (home / folder).mkdir(parents=True)
        spec = shutil.copy(SIMULATOR / "misc" / "config" / "resource" / "amqp0-9-1.xml", home / "etc" / "resource")
        config = _CONFIG.format(**ports, store=home / "etc" / "store", spec=spec)
        (home / "etc" / "jasmin.cfg").write_text(config, "utf-8")
        stack.enter_context(
            processes.running(
                home,
                *(VENV / "bin" / "python", "-m", "jasmin.bin.jasmind", "-c", home / "etc" / "jasmin.cfg"),
                *("--enable-dlr-lookup", "--enable-dlr-thrower"),
                **os.environ | {"ROOT_PATH": str(home), "CONFIG_PATH": f"{home}/etc/", "LOG_PATH": f"{home}/log/"},
            )
        )
        for name in ("smpp", "console"):
            until(lambda name=name: processes.listens(ports[name]), _PATIENCE_S)
        _tell(ports["console"], _ORDERS.format(carrier=carrier, user=USER, password=PASSWORD))
        yield ports["smpp"]


@contextmanager
def _broker(home: Path) -> Iterator[int]:
    """RabbitMQ on loopback alone, with an epmd of its own."""
    port, distribution, names = processes.free_ports(3)
    erlang = BROKER.root / "usr" / "lib" / "erlang"
    libraries = {str(each.parent) for each in BROKER.root.rglob("lib*.so*")}
    environment = os.environ | {
        "HOME": str(home),
        "PATH": f"{erlang / 'bin'}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": ":".join(sorted(libraries)),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(names),
        "RABBITMQ_NODENAME": "peers@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "rabbit-log"),
        "RABBITMQ_CONF_ENV_FILE": str(home / "none"),
        "RABBITMQ_CONFIG_FILE": str(home / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "no-plugins"),
    }
    [epmd] = erlang.glob("erts-*/bin/epmd")
    [server] = (BROKER.root / "usr" / "lib" / "rabbitmq" / "lib").glob("*/sbin/rabbitmq-server")
    with processes.running(home, epmd, "-address", "127.0.0.1", "-port", names, **environment):
        until(lambda: processes.listens(names), _PATIENCE_S)
        with processes.running(home, server, **environment):
            until(lambda: processes.listens(port), _PATIENCE_S)
            yield port


def _tell(port: int, orders: str) -> None:
    """Type these at the gateway's console. Raises RuntimeError where it does not take one."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as console:
        _prompted(console)
        for order in orders.splitlines():
            console.sendall(f"{order}\r\n".encode())
            said = _prompted(console)
            if re.search(r"error|fail|unknown|invalid|incorrect", said, re.IGNORECASE):
                raise RuntimeError(f"jasmin: {order}: {said}")


def _prompted(console: socket.socket) -> str:
    said = b""
    while not _PROMPT.search(said):
        piece = console.recv(4096)
        if not piece:
            raise RuntimeError("jasmin's console is gone")
        said += piece
    return said.decode("utf-8", "replace")
