"""A port or a host that can't be listened on is one line with the variable, whatever is wrong with it."""

import errno
import os
import socket

import pytest

from dispatcher import ports
from dispatcher.errors import OperatorError
from dispatcher.ports import free_port, own_port
from dispatcher.settings import Settings, read_as

PORT = "DISPATCHER_HOOKS_PORT"


@pytest.mark.parametrize("value", ["65536", "70000", "-1", "8621.5", "eight", "99999999999999999999", "８６２１ "])
@pytest.mark.parametrize("name", ["HOOKS", "API"])
def test_a_port_out_of_range_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"DISPATCHER_{name}_PORT", value)
    with pytest.raises(OperatorError, match=f"DISPATCHER_{name}_PORT"):
        read_as(Settings)


@pytest.mark.parametrize(
    "host",
    [
        "198.51.100.7",
        "no-such-host.invalid",
        "999.1.1.1",
        "127.0.0.1:80",
        "a" * 64,
        "主机",
        "http://127.0.0.1",
        "2001:db8::1",
    ],
)
def test_a_host_that_is_not_ours_is_refused(host: str) -> None:
    with pytest.raises(OperatorError, match=r"DISPATCHER_HOOKS_HOST.*no address of this machine"):
        free_port(host, 0, PORT)


def test_a_port_that_somebody_has_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OperatorError, match=f"in use; set {PORT}"):
        free_port("127.0.0.1", taken.getsockname()[1], PORT)


def test_a_port_that_is_the_systems_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OperatorError, match=f"set {PORT} to 1024 or above"):
        raise ports._unusable(OSError(errno.EACCES, os.strerror(errno.EACCES)), "127.0.0.1", 80, PORT)


def test_a_free_one_is_found_by_name_and_by_address() -> None:
    assert free_port("localhost", 0, PORT) > 0
    wanted = own_port()
    assert free_port("127.0.0.1", wanted, PORT) == wanted


def test_the_hooks_url_of_an_ipv6_host_has_brackets() -> None:
    assert Settings(hooks_host="::1", hooks_port=8).hooks_base == "http://[::1]:8"
