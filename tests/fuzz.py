"""Seeded garbage: any JSON value in any place of a valid body, and any bytes. The same seed gives the same lines.

DISPATCHER_TEST_FUZZ sets how many lines each test takes; `make fuzz` takes two thousand.
"""

import copy
import json
import os
import string
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

LINES = int(os.environ.get("DISPATCHER_TEST_FUZZ", "100"))
SEED = int(os.environ.get("SEED", "1"))

# What code trips over, wherever it stands. `Raw` is JSON text that no encoder writes.
_TEXTS = (
    *("", " ", "\u3000", "\u200b", "\x00", "\ud800", "\udfff\ud800", "\ufeff", "\u202e", "𠀀", "e\u0301", "{}", "%s"),
    *("null", "NaN", "-1", "²", "٣", "true", "__proto__", "../../etc", "'; DROP TABLE cases; --", "\r", "\t", "\x7f"),
    *("2026-03-02", "2026-03-02T09:00:00", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59.999999+14:00", "24:00"),
    *("0001-01-01T00:00:00+23:59", "2026-02-30T00:00:00Z", "2026-03-02T09:00:60+08:00", "1e999", "+8615400000001"),
    *("1" * 5000, "长" * 3000, "a" * 101, "+" + "1" * 40, "withdraw", "critical", "sms", "F08", "create", "update"),
)
_NUMBERS = (0, -1, 1, 2, 2**31, 2**63, 2**64, -(2**63) - 1, 10**30, 0.1, -0.0, 1e308, 5e-324)
_RAW = ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" * 5000, "-" + "9" * 400, "0.1e-99999")


class _Raw(str):
    """JSON text that goes into the line as it is."""


def lines(count: int, seed: int, bodies: Sequence[dict[str, Any]]) -> list[bytes]:
    """So many lines without a line feed, none of them blank."""
    dice = Random(seed)
    return [fuzzed(dice, dice.choice(bodies)) for _ in range(count)]


def fuzzed(dice: Random, body: Any) -> bytes:
    """One line made of this body, seldom still valid."""
    kind = dice.random()
    if kind < 0.05:
        line = dice.randbytes(dice.choice((1, 2, 10, 100, 1000)))
    elif kind < 0.20:
        line = _broken(dice, json.dumps(body, ensure_ascii=dice.random() < 0.5).encode())
    else:
        line = _changed(dice, copy.deepcopy(body))
    return line.replace(b"\n", b"").strip() or b"{}"


def _changed(dice: Random, body: Any) -> bytes:
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        places = list(_places(body))
        if not places:
            break
        container, key = dice.choice(places)
        act = dice.random()
        if act < 0.75:
            container[key] = any_value(dice)
        elif act < 0.85:
            del container[key]
        elif isinstance(container, dict):
            container[dice.choice(_TEXTS)] = any_value(dice)
        else:
            container.extend([any_value(dice)] * dice.choice((1, 20, 300)))
    text = _text(body)
    if dice.random() < 0.05 and text.startswith("{"):  # a key that stands there twice
        text = "{" + _text({str(dice.choice(list(body) or ["op"])): any_value(dice)})[1:-1] + "," + text[1:]
    return text.encode("utf-8", "surrogatepass")


def _broken(dice: Random, line: bytes) -> bytes:
    data = bytearray(line)
    for _ in range(dice.choice((1, 1, 2, 8))):
        at = dice.randrange(len(data)) if data else 0
        act = dice.randrange(4)
        if act == 0:
            data[at:at] = dice.randbytes(dice.choice((1, 3)))
        elif act == 1:
            del data[at : at + dice.choice((1, 5))]
        elif act == 2:
            data[at : at + 1] = bytes([dice.randrange(256)])
        else:
            del data[at:]
    return bytes(data)


def any_value(dice: Random, depth: int = 0) -> Any:
    """Any JSON value, those that code trips over first."""
    kind = dice.random()
    if kind < 0.40:
        return dice.choice(_TEXTS)
    if kind < 0.50:
        return "".join(chr(dice.randrange(1, 0x11000)) for _ in range(dice.randrange(20)))
    if kind < 0.65:
        return dice.choice(_NUMBERS)
    if kind < 0.72:
        return _Raw(dice.choice(_RAW))
    if kind < 0.80:
        return dice.choice((None, True, False))
    if kind < 0.83:
        return _Raw(_nested(dice))
    if kind < 0.84:
        return "x" * 300_000
    if depth > 2:
        return []
    if kind < 0.92:
        return [any_value(dice, depth + 1) for _ in range(dice.randrange(4))]
    return {_key(dice): any_value(dice, depth + 1) for _ in range(dice.randrange(4))}


def _key(dice: Random) -> str:
    return dice.choice(_TEXTS[:20]) if dice.random() < 0.5 else dice.choice(string.ascii_letters)


def _nested(dice: Random) -> str:
    depth = dice.choice((50, 200, 900, 1100, 20_000))
    return "[" * depth + "]" * depth if dice.random() < 0.5 else '{"a":' * depth + "1" + "}" * depth


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys, those inside it too."""
    inside = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, part in inside:
        yield value, key
        yield from _places(part)


def _text(value: Any) -> str:
    """As json.dumps, with raw parts as they are."""
    if isinstance(value, _Raw):
        return value
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{_text(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value)
