"""What makes a policy unusable, one line for each key at fault, with the remedy in Chinese and in English."""

from collections.abc import Iterator

from pydantic import ValidationError

from dispatcher.policy.models import Policy
from schemas.errors import bilingual
from schemas.validation_errors import Fault, Words, faults, known_keys

# Where the message is not our own.
_WORDS: Words = {
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
    for fault in faults(error):
        for text in _texts(fault):
            yield f"{fault.key or 'policy'}: {text}"


def _texts(fault: Fault) -> list[str]:
    if fault.kind == "value_error":
        return fault.message.splitlines()
    known = ", ".join(known_keys(Policy, fault.where)) if fault.kind == "extra_forbidden" else ""
    expected = str(fault.facts.get("expected", "")).replace(" or ", ", ")
    return [bilingual(*fault.in_words(_WORDS, known=known, expected=expected))]
