"""What becomes of the processes of `up`: killed, interrupted while it starts, or without its servers."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.stack import BIN, PATIENCE_S, Up, environment

ODD = '预警 派发\'s "家", 100%'  # a folder as people name theirs


def _wait(until: Callable[[], bool], process: "subprocess.Popen[str] | None" = None) -> None:
    limit = time.monotonic() + PATIENCE_S
    while not until():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.005)


def _server(pidfile: Path) -> psutil.Process:
    return psutil.Process(int(pidfile.read_text().split()[0]))


def _postgres(home: Path) -> psutil.Process:
    return _server(home / "postgres" / "postmaster.pid")


def _redis(home: Path) -> psutil.Process:
    return _server(home / "redis" / "valkey.pid")


def _push(up: Up, sample_file: Path, instruction_id: str) -> str:
    body = json.loads(sample_file.read_text("utf-8"))["cases"][0]["instruction"] | {"instruction_id": instruction_id}
    done = up.run("push", "-", "--json", stdin=json.dumps(body) + "\n")
    (line,) = done.lines
    assert line["status"] == "accepted", (line, done.err)
    return str(line["case"])


def test_servers_that_die_are_started_again_and_what_a_killed_up_leaves_is_taken_over(
    tmp_path: Path, sample_file: Path
) -> None:
    up = Up(tmp_path / ODD, {"DISPATCHER_LANGUAGE": "en"})
    up.start()
    try:
        case = _push(up, sample_file, "W-1")
        for server in (_postgres(up.home), _redis(up.home)):
            server.kill()
            up.wait_for_line("back")
            _push(up, sample_file, f"W-{server.pid}")
        up.wait_for("case", case, "--json", until='"sent_at": "')  # the work goes on
        assert up.process is not None
        up.process.kill()
        up.process.wait()
        left = _postgres(up.home)
        assert left.is_running()
        (up.home / "keys.json").chmod(0o644)
        up.start()
        assert f"chmod 600 {up.home / 'keys.json'}" in "".join(up.said)
        assert not left.is_running()
        assert up.run("case", case, "--json").lines[0]["case"] == case
    finally:
        code = up.stop()
    assert code == 0
    assert up.processes() == []


def test_a_server_that_does_not_come_back_ends_up_with_a_line(tmp_path: Path) -> None:
    up = Up(tmp_path / "home")
    up.start()
    assert up.process is not None
    (manifest,) = (up.home / "redis" / "appendonlydir").glob("*.manifest")
    manifest.write_text("garbage\n")
    _redis(up.home).kill()
    told, _ = up.process.communicate(timeout=PATIENCE_S)
    assert up.process.returncode == 2
    assert "the embedded Redis did not keep running" in told and str(up.home / "redis" / "valkey.log") in told
    assert "Traceback" not in told
    assert up.processes() == []


def _catches_sigterm(home: Path, process: "subprocess.Popen[str]") -> bool:
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) & 1 << signal.SIGTERM - 1)


MOMENTS: dict[str, Callable[[Path, "subprocess.Popen[str]"], bool]] = {
    "loading": _catches_sigterm,
    "making the data folder": lambda home, _: bool(list(home.glob("postgres.new-*/PG_VERSION"))),
    "starting Redis, then migrating": lambda home, _: (home / "redis" / "valkey.pid").exists(),
    "starting its children": lambda home, _: (home / "logs" / "worker-delivery-1.log").exists(),
}


def test_ctrl_c_or_sigterm_at_any_moment_of_the_start_leaves_nothing_behind(tmp_path: Path) -> None:
    up = Up(tmp_path / "home")
    for number in (signal.SIGINT, signal.SIGTERM):
        for moment, has_come in MOMENTS.items():
            if moment == "making the data folder":
                _remove_data(up.home)
            _forget_moments(up.home)
            process = subprocess.Popen(
                [BIN / "dispatcher", "up"],
                env=environment(up.home, DISPATCHER_LANGUAGE="en"),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            _wait(lambda: has_come(up.home, process), process)  # noqa: B023 - called at once
            process.send_signal(number)
            told, _ = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 128 + number, (moment, told)
            assert "Traceback" not in told and "Error" not in told, (moment, told)
            assert up.processes() == [], moment
    up.start()
    assert up.run("worklist").code == 0
    assert up.stop() == 0


def test_a_terminal_that_is_closed_leaves_nothing_behind(tmp_path: Path) -> None:
    up = Up(tmp_path / "home")
    up.start()
    up.process.send_signal(signal.SIGHUP)
    assert up.process.wait(PATIENCE_S) == 0
    assert up.processes() == []


def test_a_home_is_one_under_whatever_name(tmp_path: Path) -> None:
    """What a killed `up` left is found by another spelling of its folder."""
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("home")
    first, second = Up(tmp_path / "home"), Up(tmp_path / "link")
    first.start()
    first.process.kill()
    first.process.wait(PATIENCE_S)
    left = {each.pid for each in first.processes()}
    assert left
    second.start()
    assert left.isdisjoint(each.pid for each in first.processes())
    assert second.stop() == 0
    assert first.processes() == []


def _remove_data(home: Path) -> None:
    subprocess.run(["rm", "-rf", home / "postgres"], check=True)


def _forget_moments(home: Path) -> None:
    (home / "redis" / "valkey.pid").unlink(missing_ok=True)
    (home / "logs" / "worker-delivery-1.log").unlink(missing_ok=True)


@pytest.mark.parametrize("home", ["x" * 300, "/".join(["y" * 200] * 5), "a\nb", "a\x1b[31mb"])
def test_a_home_in_which_nothing_could_live_is_told_before_anything_is_made(tmp_path: Path, home: str) -> None:
    done = Up(tmp_path / home).run("up")
    assert done.code == 2 and done.err.count("\n") == 1 and "DISPATCHER_HOME" in done.err
    assert "\x1b" not in done.err
    assert list(tmp_path.iterdir()) == []
