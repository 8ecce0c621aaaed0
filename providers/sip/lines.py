"""The lines: baresip processes, each started, kept, and restarted when it ends."""

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from providers.sip import control, speech
from providers.sip.control import Control
from providers.sip.trunk_options import Options

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0  # between two starts
_START_S = 10.0
_GOODBYE_S = 3.0  # baresip tells the far end that a call is over
_log = structlog.get_logger(__name__)


class NoLine(Exception):
    """There is none. Says why."""


@dataclass(frozen=True, slots=True)
class Line:
    control: Control
    folder: Path  # nobody else's; it goes with the line

    @property
    def silence(self) -> Path:
        return self.folder / "silence.wav"


class Lines:
    def __init__(self, name: str, options: Options, password: str) -> None:
        self._name, self._options, self._password = name, options, password
        self._free: asyncio.Queue[Line] = asyncio.Queue()
        self._keepers: list[asyncio.Task[None]] = []
        self.fault: str | None = None  # why the last start of a line failed

    @property
    def is_open(self) -> bool:
        return bool(self._keepers)

    def open(self) -> None:
        """Keep the lines up until closed. Needs a running loop."""
        if not self._keepers:
            self._keepers = [asyncio.create_task(self._keep()) for _ in range(self._options.lines)]

    async def close(self) -> None:
        """Ends calls under way; the far end is informed."""
        keepers, self._keepers = self._keepers, []
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[Line]:
        """A line for one call, as soon as one is free."""
        line = await self._free.get()
        while line.control.lost.is_set():
            line = await self._free.get()
        try:
            yield line
        finally:
            if not line.control.lost.is_set():
                self._free.put_nowait(line)

    async def _keep(self) -> None:
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                async with _running(self._options, self._password) as line:
                    self.fault, wait_s = None, _FIRST_WAIT_S
                    self._free.put_nowait(line)
                    await line.control.lost.wait()
                _log.warning("line_lost", provider=self._name)
            except (NoLine, OSError) as error:
                self.fault = str(error) if isinstance(error, NoLine) else type(error).__name__
                _log.warning("line_not_up", provider=self._name, error=self.fault)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


@asynccontextmanager
async def _running(options: Options, password: str) -> AsyncIterator[Line]:
    """A baresip that is ready. Raises NoLine or OSError."""
    for program in (options.baresip, "setpriv"):
        if shutil.which(program) is None:
            raise NoLine(f"{Path(program).name} is not installed")
    with tempfile.TemporaryDirectory(prefix="line-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), _free_port()
        speech.write_silence(folder, options.ring_s + options.talk_s)
        (folder / "config").write_text(_config(options, folder, port), "utf-8")
        (folder / "accounts").write_text(_account(options, password), "utf-8")
        quiet = asyncio.subprocess.DEVNULL  # what baresip prints holds numbers
        # It must not outlive this process: nobody would hear the key, nor end the call.
        process = await asyncio.create_subprocess_exec(
            *("setpriv", "--pdeathsig", "TERM", "--", options.baresip, "-4", "-f", name),
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
        )
        try:
            connected = await _connected(process, port)
            try:
                yield Line(connected, folder)
            finally:
                await connected.close()
        finally:
            await _ended(process)


async def _connected(process: asyncio.subprocess.Process, port: int) -> Control:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_START_S):
            while process.returncode is None:
                with contextlib.suppress(OSError):
                    return await control.connect(port)
                await asyncio.sleep(0.05)
            raise NoLine(f"baresip ended with {process.returncode}")
    raise NoLine("baresip does not answer")


async def _ended(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_GOODBYE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _config(options: Options, folder: Path, port: int) -> str:
    """Nothing of a call is kept: whatever the callee says goes nowhere."""
    return f"""sip_listen {options.local_address}:0
net_interface {options.local_address}
rtp_ports {options.rtp_ports}
call_local_timeout {int(options.ring_s) + 60}
call_max_calls 1
redial_attempts 0
ringback_disabled yes
audio_path {folder}
audio_source aufile,{folder}/silence.wav
audio_player aufile,/dev/null
audio_alert aufile,/dev/null
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
module_path {options.modules}
module g711.so
module aufile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{port}
"""


def _account(options: Options, password: str) -> str:
    """Calls are not passed on: a callee must not make our line ring somebody else."""
    domain = options.domain or options.host
    trunk = f'outbound="sip:{options.host}:{options.port};transport={options.transport}"'
    login = f"auth_user={options.auth_user or options.user};auth_pass={password}"
    fixed = "regint=0;audio_codecs=PCMA,PCMU;dtmfmode=rtpevent;call_transfer=no;mwi=no"
    return f"<sip:{options.user}@{domain}>;{login};{trunk};{fixed}\n"
