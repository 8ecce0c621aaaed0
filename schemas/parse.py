"""Reads one pushed line: gives a wire model, or a BadInstruction that names field and remedy."""

import json
import re
from functools import partial
from typing import Any

from pydantic import ValidationError

from schemas.errors import BadInstruction
from schemas.instruction import MAX_BODY_BYTES, OPS, Event, Instruction, Patch, UnknownEvent
from schemas.reading.words import fold, is_absent
from schemas.validation_errors import Fault, Words, faults
from schemas.vocabulary import Channel, Resolution
from schemas.wire import LineReading, PlainReading, wire_path

_CHANNELS = ", ".join(Channel)
_OUTCOMES = ", ".join(Resolution)
_REMEDIES: Words = {
    "missing": ("缺少必填字段", "required field is missing; add it"),
    "datetime_from_date_parsing": (
        "时间格式应为带时区的 ISO 8601",
        "give ISO 8601 with a zone, e.g. 2026-03-02T09:05:00+08:00",
    ),
    "datetime_parsing": ("时间格式应为带时区的 ISO 8601", "give ISO 8601 with a zone, e.g. 2026-03-02T09:05:00+08:00"),
    "timezone_aware": ("时间缺少时区", "add the zone, e.g. +08:00"),
    "int_parsing": ("应为整数", "give a whole number"),
    "int_type": ("应为整数", "give a whole number"),
    "string_type": ("应为文本", "give text in quotes"),
    "string_too_long": ("文本过长(上限 {max_length})", "at most {max_length} characters"),
    "string_too_short": ("不能为空", "must not be empty"),
    "string_pattern_mismatch": ("格式不符", "wrong form; letters, digits and - only, no blanks"),
    "too_short": ("至少需要 {min_length} 项", "give at least {min_length}"),
    "greater_than_equal": ("不得小于 {ge}", "must be {ge} or more"),
    "less_than_equal": ("不得大于 {le}", "must be {le} or less"),
    "tuple_type": ("应为列表", "give a list in brackets"),
    "date_from_datetime_parsing": ("日期格式应为 YYYY-MM-DD", "give a date as YYYY-MM-DD"),
    "model_type": ("应为对象", "give an object in braces"),
    "model_attributes_type": ("应为对象", "give an object in braces"),
    "enum": (f"未知代码,应为 {_OUTCOMES}", f"unknown code; one of {_OUTCOMES}"),
    "not_diallable": (
        "号码含字母、无数字或为服务短号,无法拨打",
        "can't be dialled: digits only, no service's number, with + and country code for foreign numbers",
    ),
    "unknown_op": (f"未知操作,应为 {'、'.join(OPS)}", f"unknown op; one of {', '.join(OPS)}"),
    "no_language": ("应为语言代码", "give a language tag, e.g. zh-CN"),
    "no_amount": ("应为金额(元)", "give an amount in yuan, e.g. 12000"),
    "bool_parsing": ("应为 true 或 false", "give true or false"),
    "bool_type": ("应为 true 或 false", "give true or false"),
    "timezone_offset": ("时间缺少时区", "add the zone, e.g. +08:00"),
    "date_parsing": ("日期格式应为 YYYY-MM-DD", "give a date as YYYY-MM-DD"),
    "date_type": ("日期格式应为 YYYY-MM-DD", "give a date as YYYY-MM-DD"),
    "datetime_type": (
        "时间格式应为带时区的 ISO 8601",
        "give ISO 8601 with a zone, e.g. 2026-03-02T09:05:00+08:00",
    ),
    "no_sane_date": ("日期超出合理范围(1900–2100 年)", "give a date between the years 1900 and 2100"),
    "no_sane_time": ("时间超出合理范围(2000–2100 年)", "give a time between the years 2000 and 2100"),
    "nobody_to_reach": ("至少需要一个 phones 或 addresses", "give at least one entry in phones or addresses"),
}
_CHANNEL: Words = {
    **_REMEDIES,
    "enum": (f"未知渠道,应为 {_CHANNELS}", f"unknown channel; one of {_CHANNELS}"),
}
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # UTF-8 itself has none
_OTHER = ("取值不合法", "not a valid value ({kind})")
_MOST_DIGITS = 400
_MOST_NESTED = 100  # an instruction has four levels
_MOST_FAULTS = 100  # that a refusal tells one by one
_OP_WORDS = {
    "新建": "create",
    "新增": "create",
    "创建": "create",
    "更新": "update",
    "修改": "update",
    "撤回": "withdraw",
    "撤销": "withdraw",
    "cancel": "withdraw",
    "反馈": "feedback",
}


def line(raw: bytes) -> Instruction | Event:
    """Parse one JSON line. Raises BadInstruction."""
    if len(raw) > MAX_BODY_BYTES:
        raise BadInstruction(
            "", "超过 256 KiB 上限,请拆分或删去附件", "larger than 256 KiB; split it or leave attachments out"
        )
    body, twice = decoded(raw)
    return body_of(body, tuple(f"duplicate_key:{wire_path(name)}" for name in twice))


def decoded(raw: bytes) -> tuple[Any, list[str]]:
    """A line's JSON, and the keys that stand twice in one of its objects. Raises BadInstruction."""
    twice: list[str] = []
    try:
        text = raw.decode("utf-8-sig")
        body = json.loads(text, object_pairs_hook=partial(_object, twice), parse_int=whole)
    except (ValueError, RecursionError):
        raise BadInstruction("", "不是合法的 JSON", "not valid JSON; one object a line, UTF-8") from None
    _cut_nesting(text, body)
    return _without_half_letters(body) if _SURROGATE.search(text) else body, twice


def _cut_nesting(text: str, body: Any) -> None:
    """Leave out what lies deeper than anything that is read: what reads a body goes down into it, on any stack."""
    may_be = text.count("[") + text.count("{") > _MOST_NESTED and isinstance(body, dict | list)
    level = [body] if may_be else []
    for _ in range(_MOST_NESTED):
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [each for some in inner for each in some if isinstance(each, dict | list)]
    for each in level:
        each.clear()


def whole(digits: str) -> int | str:
    """A number that nobody means as one stays a text: Python reads no more than 4,300 digits."""
    return int(digits) if len(digits) < _MOST_DIGITS else digits


def _object(twice: list[str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key that stands there twice is told in `twice`."""
    found = dict(pairs)
    if len(found) < len(pairs):
        given: dict[str, list[Any]] = {}
        for name, value in pairs:
            given.setdefault(name, []).append(value)
        repeated = {name: values for name, values in given.items() if len(values) > 1}
        twice += repeated
        found |= {name: _of_several(name, values) for name, values in repeated.items()}
    return found


def _of_several(name: str, values: list[Any]) -> Any:
    """Lists and objects are joined, so that nobody is lost who could be reached; what is feared once is feared.

    Else the last that says something counts.
    """
    if len(values) == 1:
        return values[0]
    told = [value for value in values if not is_absent(value)]
    if name == "urgency":
        return told
    if told and all(isinstance(value, list) for value in told):
        return [element for value in told for element in value]
    if told and all(isinstance(value, dict) for value in told):
        names = dict.fromkeys(name for value in told for name in value)
        return {name: _of_several(name, [value[name] for value in told if name in value]) for name in names}
    if told and all(isinstance(value, bool) for value in told):
        return any(told)
    return told[-1] if told else values[-1]


def _without_half_letters(body: Any) -> Any:
    """Half a surrogate pair, as cutting a text in the midst of an emoji leaves it, is no text."""
    text = json.dumps(body, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    return body


def body_of(body: Any, flags: tuple[str, ...] = ()) -> Instruction | Event:
    """Check a decoded body, of which this is doubtful already. Raises BadInstruction, which names every fault."""
    if not isinstance(body, dict):
        raise BadInstruction("", "应为 JSON 对象", "give one JSON object a line")
    model, body = model_of(body)
    if not flags:
        try:
            return model.model_validate(body, context=PlainReading())
        except ValidationError:
            pass  # something is doubtful, or refused: field by field, so that it is named
    reading = LineReading(list(flags))
    try:
        return model.model_validate(body, context=reading)
    except ValidationError as error:
        raise _refusal([*faults(error), *reading.left_out]) from None


def model_of(body: dict[str, Any]) -> tuple[type[Instruction] | type[Event], dict[str, Any]]:
    """The model of its `op`. One that can't be read is a warning if somebody is to be warned, else an unknown event."""
    op = body.get("op")
    word = fold(op) if isinstance(op, str) else ""
    word = "create" if is_absent(op) else _OP_WORDS.get(word, word)
    changes, has_victim = body.get("patch"), not is_absent(body.get("victim"))
    # Beside a whole victim, what names no change is a field that somebody left in.
    if word == "update" and not is_absent(changes) and (not has_victim or (isinstance(changes, dict) and changes)):
        return Patch, body | {"op": word}
    if word in OPS:
        return OPS[word], body | {"op": word}
    return UnknownEvent if is_absent(body.get("victim")) else Instruction, body


def _refusal(found: list[Fault]) -> BadInstruction:
    told = dict.fromkeys((fault.path, *_words(fault)) for fault in found)
    return BadInstruction.of_many(list(told)[:_MOST_FAULTS], len(told))


def _words(fault: Fault) -> tuple[str, str]:
    return fault.in_words(_CHANNEL if fault.where[:1] == ("channels",) else _REMEDIES, _OTHER)
