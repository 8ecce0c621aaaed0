"""What is wrong with a file of texts, one line for each key."""

from collections.abc import Iterator
from pathlib import Path

from pydantic_core import ErrorDetails

from schemas.errors import bilingual

_ZH = {"missing": "缺少此项", "extra_forbidden": "没有此项", "string_too_short": "不能为空", "string_type": "应为文字"}


class TextsError(ValueError):
    """The texts can't be used; one line for each key at fault."""

    def __init__(self, path: Path, errors: list[str]) -> None:
        self.errors = errors
        super().__init__(f"{path}: {'; '.join(errors)}")


def describe(fault: ErrorDetails) -> Iterator[str]:
    """The lines of one fault that the model found."""
    key = ".".join(map(str, fault["loc"]))
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "within":
        yield from (f"{key}.{line}" for line in message.splitlines())
    elif fault["type"] == "value_error":
        yield f"{key}: {message}"
    else:
        yield f"{key}: {bilingual(_ZH.get(fault['type'], '写法有误'), message)}"
