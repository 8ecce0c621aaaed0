"""Output in other encodings than UTF-8: a terminal in GBK, a pipe that says ASCII."""

import sys
from io import TextIOWrapper
from typing import TextIO


def show_what_can_be_shown() -> None:
    """Show a mark for what the encoding lacks, instead of ending with an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not is_utf(stream):
            stream.reconfigure(errors="replace")


def is_utf(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().startswith("utf")
