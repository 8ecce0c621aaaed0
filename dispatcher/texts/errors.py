"""What is wrong with a file of texts, one line for each key."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from dispatcher.errors import OperatorError
from schemas.errors import bilingual
from schemas.validation_errors import Words, faults

_WORDS: Words = {
    "missing": ("缺少此项", "{message}"),
    "extra_forbidden": ("没有此项", "{message}"),
    "string_too_short": ("不能为空", "{message}"),
    "string_type": ("应为文字", "{message}"),
}


class TextsError(OperatorError):
    """The texts can't be used; one line for each key at fault."""

    def __init__(self, path: Path, errors: list[str]) -> None:
        self.errors = errors
        super().__init__("预警文本文件有误", f"{path}: {'; '.join(errors)}")


def describe(error: ValidationError) -> Iterator[str]:
    """Every fault that the model found."""
    for fault in faults(error):
        if fault.kind == "within":
            yield from (f"{fault.key}.{line}" for line in fault.message.splitlines())
        elif fault.kind == "value_error":
            yield f"{fault.key}: {fault.message}"
        else:
            yield f"{fault.key}: {bilingual(*fault.in_words(_WORDS))}"
