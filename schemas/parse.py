"""Reads one pushed line: gives a wire model, or a BadInstruction that names field and remedy."""

import json
from typing import Any

from pydantic import ValidationError

from schemas.errors import BadInstruction
from schemas.instruction import MAX_BODY_BYTES, OPS, Event, Instruction, Patch
from schemas.validation_errors import Fault, Words, faults
from schemas.vocabulary import Channel, Resolution

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
    "string_pattern_mismatch": ("格式不符", "wrong form; composer, digits and - only, no blanks"),
    "too_short": ("至少需要 {min_length} 项", "give at least {min_length}"),
    "greater_than_equal": ("不得小于 {ge}", "must be {ge} or more"),
    "less_than_equal": ("不得大于 {le}", "must be {le} or less"),
    "tuple_type": ("应为列表", "give a list in brackets"),
    "date_from_datetime_parsing": ("日期格式应为 YYYY-MM-DD", "give a date as YYYY-MM-DD"),
    "model_type": ("应为对象", "give an object in braces"),
    "model_attributes_type": ("应为对象", "give an object in braces"),
    "enum": (f"未知代码,应为 {_OUTCOMES}", f"unknown code; one of {_OUTCOMES}"),
    "not_diallable": (
        "号码含字母或无数字,无法拨打",
        "can't be dialled: digits only, with + and country code for foreign numbers",
    ),
    "no_sane_time": ("时间超出合理范围(2000–2100 年)", "give a time between the years 2000 and 2100"),
    "nobody_to_reach": ("至少需要一个 phones 或 addresses", "give at least one entry in phones or addresses"),
}
_CHANNEL: Words = {
    **_REMEDIES,
    "enum": (f"未知渠道,应为 {_CHANNELS}", f"unknown channel; one of {_CHANNELS}"),
}
_OTHER = ("取值不合法", "not a valid value ({kind})")
# Where the field to mend is not the one that was refused.
_FIELDS = {"not_diallable": "{path}.number", "nobody_to_reach": "victim"}


def line(raw: bytes) -> Instruction | Event:
    """Parse one JSON line. Raises BadInstruction."""
    if len(raw) > MAX_BODY_BYTES:
        raise BadInstruction(
            "", "超过 256 KiB 上限,请拆分或删去附件", "larger than 256 KiB; split it or leave attachments out"
        )
    try:
        body = json.loads(raw.decode("utf-8-sig"))
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise BadInstruction("", "不是合法的 JSON", "not valid JSON; one object a line, UTF-8") from None
    return body_of(body)


def body_of(body: Any) -> Instruction | Event:
    """Check a decoded body. Raises BadInstruction."""
    if not isinstance(body, dict):
        raise BadInstruction("", "应为 JSON 对象", "give one JSON object a line")
    op = body.get("op", "create")
    model = Patch if op == "update" and "patch" in body else OPS.get(op) if isinstance(op, str) else None
    if model is None:
        raise BadInstruction("op", f"未知操作,应为 {'、'.join(OPS)}", f"unknown op; one of {', '.join(OPS)}")
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise _refusal(faults(error)[0]) from None


def _refusal(fault: Fault) -> BadInstruction:
    field = _FIELDS.get(fault.kind, "{path}").format(path=fault.path)
    words = _CHANNEL if fault.where[:1] == ("channels",) else _REMEDIES
    return BadInstruction(field, *fault.in_words(words, _OTHER))
