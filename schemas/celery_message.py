"""The lines in a message as a Celery client leaves it in Redis, or as anybody else may."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from kombu import compression

from schemas.errors import BadInstruction

TASK = "intake"
JSON = "application/json"
_NOT_JSON = ("body", "正文不是合法的 JSON", "the body is not valid JSON")


@dataclass(frozen=True, slots=True)
class Line:
    """One line to take, or one to keep in quarantine for this reason."""

    raw: bytes
    refusal: BadInstruction | None = None


def read_lines(item: bytes) -> list[Line]:
    """One line for each instruction, one at least.

    What Celery says of a task (`expires`, `eta`, that it was revoked) is not read: how long a warning is worth
    something says its own `valid_until`. Nothing but JSON is decoded.
    """
    raw = item
    try:
        message = _mapping(_decode(json.loads, item, "message", "不是 Celery 消息", "not a message of Celery's"))
        raw = _body(message)
        return [Line(_decode(_as_line, each, *_NOT_JSON)) for each in _instructions(message, raw)]
    except BadInstruction as refusal:
        return [Line(raw, refusal)]


def _body(message: dict[str, Any]) -> bytes:
    """What kombu has wrapped. Raises BadInstruction."""
    body = message.get("body")
    if not isinstance(body, str):
        raise BadInstruction("body", "消息没有正文", "the message has no body")
    raw = body.encode("utf-8", "backslashreplace")
    if _mapping(message.get("properties")).get("body_encoding") == "base64":
        raw = _decode(
            partial(base64.b64decode, validate=True), raw, "body", "正文不是 base64", "the body is not base64"
        )
    method = _mapping(message.get("headers")).get("compression")
    if method is not None:
        unpack = partial(compression.decompress, content_type=method)
        raw = _decode(unpack, raw, "compression", "正文无法解压", "the body can't be decompressed")
    return raw


def _instructions(message: dict[str, Any], raw: bytes) -> list[Any]:
    """The arguments of the task, as protocol 2 of Celery has them, or 1. Raises BadInstruction."""
    if message.get("content-type") != JSON:
        raise BadInstruction("content-type", f"正文应为 {JSON}", f"send the body as {JSON}")
    body = _decode(json.loads, raw, *_NOT_JSON)
    if isinstance(body, dict):
        name, args, named = body.get("task"), body.get("args", []), body.get("kwargs", {})
    else:
        name = _mapping(message.get("headers")).get("task")
        args, named = body[:2] if isinstance(body, list) and len(body) > 1 else (None, None)
    if name != TASK:
        raise BadInstruction("task", f"没有这个任务名,应为 {TASK}", f"no such task; send to task {TASK}")
    if not isinstance(args, list) or not isinstance(named, dict):
        raise BadInstruction("args", "每条指令应为一个参数", "give each instruction as an argument of its own")
    return [*args, named] if named or not args else args


def _decode(decode: Callable[[Any], Any], value: Any, field: str, zh: str, en: str) -> Any:
    """Raises BadInstruction, whatever the decoder raises: each method of compression has its own."""
    try:
        return decode(value)
    except Exception:  # noqa: BLE001 - as above
        raise BadInstruction(field, zh, en) from None


def _as_line(instruction: Any) -> bytes:
    # Half a surrogate pair has no UTF-8; its escape is valid JSON, and refused as what it is.
    return json.dumps(instruction, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
