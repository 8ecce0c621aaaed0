"""One call: dialled once, rung, spoken in, ended."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from providers import key_press
from providers.base import Answered, InDoubt, OperationsFault, Outcome, Transient
from providers.sip import response_codes
from providers.sip.control import Control, Lost, Refused
from providers.sip.speech import Sound, Speech
from providers.sip.trunk_options import Options
from schemas.vocabulary import Result

_CLOSED, _ESTABLISHED, _KEY = "CALL_CLOSED", "CALL_ESTABLISHED", "CALL_DTMF_START"
_RINGS = frozenset({"CALL_RINGING", "CALL_PROGRESS"})  # 180, 183
_GOODBYE_S = 3.0
_LAST_WORDS_S = 1.0  # what is under way still arrives

_HUNG_UP = replace(key_press.NO_KEY, detail="hung_up")
_NO_ANSWER = Answered(Result.NO_ANSWER, detail="rang_out")


class _NoSound(Exception):
    """Somebody picked up, and nothing can be said to them."""


async def place(control: Control, uri: str, speech: Speech, silence: Path, options: Options) -> Outcome:
    """Call. From the dialling on, a line that is lost leaves a doubt: nobody can say whether the phone rang."""
    try:
        # Not the opening yet: if a network sends tones before the answer, it would be over by then.
        await _play(control, silence)
        control.forget()
    except (Lost, Refused, _NoSound):
        control.abandon()
        return Transient("no line")
    try:
        await control.command("dial", uri)
    except Refused:
        return Transient("not dialled")
    except Lost:
        return InDoubt("line lost")
    try:
        return await _rung(control, options.ring_s) or await _talked(control, speech, options.key_s)
    except (Lost, Refused):
        control.abandon()
        return InDoubt("line lost")


async def _rung(control: Control, ring_s: float) -> Outcome | None:
    """Wait until somebody picks up: None, or else the outcome."""
    has_rung = False
    try:
        async with asyncio.timeout(ring_s):
            while (event := await control.event()).type != _ESTABLISHED:
                if event.type == _CLOSED:
                    return response_codes.outcome_of(event.param)
                has_rung |= event.type in _RINGS
    except TimeoutError:
        if await _hung_up(control):
            return key_press.NO_KEY
        return _NO_ANSWER if has_rung else InDoubt("no word from the trunk")
    return None


async def _talked(control: Control, speech: Speech, key_s: float) -> Outcome:
    try:
        await _play(control, speech.opening.path)
        if (ended := await _key(control, speech.opening.seconds + key_s)) is not None:
            return ended
        if speech.warning is not None and await _is_over(control, speech.warning):
            return key_press.CONFIRMED
    except _NoSound:
        await _hung_up(control)
        return OperationsFault("no sound")
    with suppress(Lost):
        await _hung_up(control)
    return key_press.CONFIRMED


async def _key(control: Control, seconds: float) -> Outcome | None:
    """Until key 1 is pressed (None), or the call is over without it."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                event = await control.event()
                if event.type == _CLOSED:
                    return _HUNG_UP
                if event.type == _KEY and key_press.is_confirmed(event.param):
                    return None
    except TimeoutError:
        await _hung_up(control)
        return key_press.NO_KEY


async def _is_over(control: Control, warning: Sound) -> bool:
    """Say the warning to its end. Returns True if they hung up before that."""
    await _play(control, warning.path)
    with suppress(TimeoutError):
        async with asyncio.timeout(warning.seconds + _LAST_WORDS_S):
            while (await control.event()).type != _CLOSED:
                pass
            return True
    return False


async def _play(control: Control, path: Path) -> None:
    """Raises Lost, Refused or _NoSound."""
    printed = await control.command("ausrc", f"aufile,{path}")
    if "failed" in printed or "no such" in printed:
        raise _NoSound


async def _hung_up(control: Control) -> bool:
    """End the call. Returns whether somebody picked up in the last moment. Raises Lost."""
    picked_up = False
    try:
        await control.command("hangup")
        async with asyncio.timeout(_GOODBYE_S):
            while (event := await control.event()).type != _CLOSED:
                picked_up |= event.type == _ESTABLISHED
    except (Refused, TimeoutError):
        # A call that can't be ended goes with its line.
        control.abandon()
    return picked_up
