"""Ctrl-C and SIGTERM, for the commands that run until they are stopped."""

import signal
import threading
from types import FrameType


def stop_on_signals() -> threading.Event:
    """An event that the first signal sets; the second one ends the process at once."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop
