"""Words as sound: a command speaks them, and they are laid out for a call.

Always 8,000 Hz, 16 bits, one channel: what G.711 carries, and baresip converts nothing.
"""

import asyncio
import wave
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from providers.sip.trunk_options import Options

_RATE, _WIDTH = 8000, 2
_PAUSE_S = 1.5  # between the opening and its repetition
_PARTS = "||"


class Mute(Exception):
    """The words did not become sound. Says why, without them."""


class TooLong(Exception):
    """Saying it all would take longer than a call may."""


@dataclass(frozen=True, slots=True)
class Sound:
    path: Path
    seconds: float  # of words; silence follows, since at the end of the file baresip hangs up


@dataclass(frozen=True, slots=True)
class Speech:
    """What one call says: the opening, said twice; after key 1 the warning."""

    opening: Sound
    warning: Sound | None


async def record(script: str, language: str, folder: Path, options: Options) -> Speech:
    """Speak the script into files of this folder. Raises Mute or TooLong."""
    first, _, second = (part.strip() for part in script.partition(_PARTS))
    voice = options.voice(language)
    words = await _spoken(first, voice, folder, options.tts)
    opening = words + _silence(_PAUSE_S) + words
    warning = await _spoken(second, voice, folder, options.tts) if second else b""
    if _seconds(opening + warning) + options.key_s > options.talk_s:
        raise TooLong
    return Speech(
        _laid(folder / "opening.wav", opening, options.talk_s),
        _laid(folder / "warning.wav", warning, options.talk_s) if second else None,
    )


def write_silence(folder: Path, seconds: float) -> Path:
    """A file of silence, played until somebody picks up."""
    return _laid(folder / "silence.wav", b"", seconds).path


def erase(folder: Path) -> None:
    """A script names a person: nothing of it stays."""
    for name in ("spoken.wav", "opening.wav", "warning.wav"):
        (folder / name).unlink(missing_ok=True)


async def _spoken(text: str, voice: str, folder: Path, command: Sequence[str]) -> bytes:
    """The words go in by stdin: arguments can be read by everybody on the machine."""
    path = folder / "spoken.wav"
    arguments = [argument.replace("{voice}", voice).replace("{wav}", str(path)) for argument in command]
    quiet = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments, stdin=asyncio.subprocess.PIPE, stdout=quiet, stderr=quiet
        )
    except OSError as error:
        raise Mute(f"tts: {error.strerror}") from None
    try:
        await process.communicate(text.encode())
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    if process.returncode:
        raise Mute(f"tts: exit {process.returncode}")
    return _frames(path)


def _frames(path: Path) -> bytes:
    try:
        with wave.open(str(path), "rb") as file:
            form = (file.getframerate(), file.getsampwidth(), file.getnchannels())
            frames = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error):
        raise Mute("tts: wrote no WAV file") from None
    if form != (_RATE, _WIDTH, 1):
        raise Mute("tts: must write 8000 Hz, 16 bits, one channel")
    if not frames:
        raise Mute("tts: said nothing")
    return frames


def _laid(path: Path, frames: bytes, then_s: float) -> Sound:
    with wave.open(str(path), "wb") as file:
        file.setframerate(_RATE)
        file.setsampwidth(_WIDTH)
        file.setnchannels(1)
        file.writeframes(frames + _silence(then_s))
    return Sound(path, _seconds(frames))


def _silence(seconds: float) -> bytes:
    return bytes(_WIDTH) * int(seconds * _RATE)


def _seconds(frames: bytes) -> float:
    return len(frames) / _WIDTH / _RATE
