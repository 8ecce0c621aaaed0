"""What makes a policy unusable, one line for each key at fault, with the remedy in Chinese and in English."""

from collections.abc import Iterable, Iterator
from inspect import isclass
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dispatcher.policy.models import Policy
from schemas.errors import bilingual

# Where the message is not our own.
_WORDS = {
    "missing": (
        "缺少此项,请补上",
        "required, but missing; copy it from the built-in policy, or see `dispatcher policy upgrade`",
    ),
    "extra_forbidden": ("没有此项,应为 {known} 之一", "not permitted, no such key; one of: {known}"),
    "enum": ("应为 {expected} 之一", "one of: {expected}"),
    "literal_error": ("应为 {expected} 之一", "one of: {expected}"),
    "greater_than_equal": ("不能小于 {ge}", "give a whole number of at least {ge}"),
    "less_than_equal": ("不能大于 {le}", "give a whole number of at most {le}"),
    "int_type": ("应为整数", "give a whole number, without quotes"),
    "bool_type": ("应为 true 或 false", "give a boolean: true or false"),
    "bool_parsing": ("应为 true 或 false", "give a boolean: true or false"),
    "string_type": ("应为带引号的文字", "give a text in quotes"),
    "string_too_short": ("不能为空", "must not be empty"),
    "string_too_long": ("不能超过 {max_length} 个字", "at most {max_length} characters"),
    "tuple_type": ("应为列表 [...]", "give a list: [...]"),
    "model_type": ("应为一节 [table]", "give a table of keys: [table]"),
}


def describe(error: ValidationError) -> Iterator[str]:
    """Every fault that the models found."""
    for fault in error.errors(include_url=False):
        key = ".".join(map(str, fault["loc"])) or "policy"
        for text in _texts_of(fault):
            yield f"{key}: {text}"


def _texts_of(fault: ErrorDetails) -> Iterable[str]:
    if fault["type"] == "value_error":
        return fault["msg"].removeprefix("Value error, ").splitlines()
    if fault["type"] not in _WORDS:
        return (bilingual("写法有误", fault["msg"]),)
    known = _known(fault["loc"]) if fault["type"] == "extra_forbidden" else ()
    facts = {"known": ", ".join(known), **fault.get("ctx", {})}
    facts["expected"] = str(facts.get("expected", "")).replace(" or ", ", ")
    zh, en = (words.format(**facts) for words in _WORDS[fault["type"]])
    return (bilingual(zh, en),)


def _known(where: tuple[int | str, ...]) -> Iterator[str]:
    """The keys that could have stood there."""
    table: type[BaseModel] = Policy
    for part in where[:-1]:
        kind = table.model_fields[str(part)].annotation
        table = next(each for each in (kind, *get_args(kind)) if isclass(each) and issubclass(each, BaseModel))
    for name, field in table.model_fields.items():
        yield field.alias or name
