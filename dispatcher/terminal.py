"""What others wrote, on its way to a terminal: nothing in it moves the cursor, colours or turns what is read."""

_CONTROLS = (*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0))  # but for tab and line feed
_DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_UNSHOWN = dict.fromkeys((*_CONTROLS, *_DIRECTIONS))
_ESCAPED = {code: f"\\u{code:04x}" for code in (*_CONTROLS, *_DIRECTIONS, 0x2028, 0x2029)}


def showable(text: str) -> str:
    """The text without what would command a terminal."""
    return text.translate(_UNSHOWN)


def one_line(text: str) -> str:
    """The same on one line, for a text that might pass for lines of ours."""
    return showable(" ".join(text.split()))


def escaped(json: str) -> str:
    """The same JSON, in which all of that is escaped."""
    return json.translate(_ESCAPED)
