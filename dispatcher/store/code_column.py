"""Columns of codes: text in the database, a member of its vocabulary in the code."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NoReturn

from sqlalchemy import ARRAY, Dialect, Text, TypeDecorator
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine


class UnknownCodeError(ValueError):
    """A column holds, or is given, a value that its vocabulary does not have."""


class CodeColumn(TypeDecorator[StrEnum]):
    """A column whose values are members of `codes`. `column` is its name, for whoever reads the error."""

    impl = Text
    cache_ok = True

    def __init__(self, codes: type[StrEnum], column: str) -> None:
        super().__init__()
        self.codes, self.column = codes, column

    # A prepared dictionary's own look-up is the processor: rows are read and written without a call of Python a value.
    def bind_processor(self, dialect: Dialect) -> Any:
        return _Known({code.value: code.value for code in self.codes}, self).__getitem__

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _Known({code.value: code for code in self.codes}, self).__getitem__

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> TypeEngine[Any]:
        """Plain text, such as a pattern or what a person typed as a filter, is compared as text."""
        return self if isinstance(value, self.codes) else Text()


def as_stored(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type by which a column reads as it is stored, whatever somebody wrote into it."""
    if isinstance(kind, ARRAY):
        return ARRAY(as_stored(kind.item_type))
    return kind.impl_instance if isinstance(kind, CodeColumn) else kind


class _Known(dict[str | None, Any]):
    def __init__(self, values: Mapping[str, str], column: CodeColumn) -> None:
        super().__init__({None: None}, **values)
        self._column = column

    def __missing__(self, value: object) -> NoReturn:
        column = self._column
        raise UnknownCodeError(f"{column.column}: {value!r} is no {column.codes.__name__}")
