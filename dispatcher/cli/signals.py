"""Ctrl-C, SIGTERM, and a terminal that is closed."""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_before: dict[int, Any] = {}  # what a signal did before `end_at_once`
_Handler = Callable[[int, FrameType | None], None]


def end_at_once() -> None:
    """While a command is loaded there is nothing to undo: the process ends without a word, until `restore`."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _NUMBERS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            _before[number] = signal.signal(number, lambda number, frame: os._exit(128 + number))


def restore(*numbers: int) -> None:
    """From now on these signals do what they did before."""
    for number in numbers or _NUMBERS:
        if number in _before:
            signal.signal(number, _before.pop(number))


class StopSignals:
    """Noted, for a process that has others to end: nothing is broken off where it stands.

    The first asks it to stop, a second one not to wait for what is under way.
    """

    def __init__(self) -> None:
        self._number = 0
        self._more = False
        self.note()

    def note(self) -> None:
        """From now on."""
        _handle(self._on_signal)

    def interrupt(self) -> None:
        """From now on, raise KeyboardInterrupt; at once if there was one."""
        _handle(signal.default_int_handler)
        if self._number:
            raise KeyboardInterrupt

    def asked(self) -> int:
        """The first signal's number, or 0."""
        return self._number

    def in_haste(self) -> bool:
        return self._more

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # Plain fields: an Event's lock may be held by what is interrupted here.
        self._more = bool(self._number)
        self._number = self._number or number


def stop_on_signals() -> threading.Event:
    """An event that the first signal sets; the second one ends the process at once."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    _handle(on_signal)
    return stop


def _handle(handler: _Handler) -> None:
    for number in _NUMBERS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, handler)
