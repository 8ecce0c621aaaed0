"""What every table shares."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from functools import cache, partial
from typing import Annotated, Any, ClassVar, TypeVar, get_args
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    ForeignKey,
    MetaData,
    Text,
    any_,
    bindparam,
    event,
    inspect,
    literal,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, TypeResolve, mapped_column
from sqlalchemy.types import TypeEngine

from dispatcher.store.code_column import CodeColumn

# A transaction's rows may be inserted in any order; what they refer to must be there at its end.
DeferredFK = partial(ForeignKey, deferrable=True, initially="DEFERRED")

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Key = Annotated[UUID, mapped_column(primary_key=True)]
Timestamp = datetime
Yuan = Annotated[int, mapped_column(BigInteger)]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]
Value = TypeVar("Value")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True), str: Text}

    def __init__(self, **values: Any) -> None:
        """Sets the columns of a new row past SQLAlchemy's watch over changes, which takes most of its making."""
        columns = _columns(type(self))
        if not values.keys() <= columns:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values.keys() - columns)}")
        vars(self).update(values)


@cache
def _columns(table: type[Base]) -> frozenset[str]:
    return frozenset(inspect(table).columns.keys())


@event.listens_for(Base, "resolve_type_annotation")
def _code_column(resolve: TypeResolve) -> TypeEngine[Any] | None:
    """A vocabulary, or a list of its members: as type_annotation_map would have it, and knows its column's name."""
    column = f"{resolve.cls.__tablename__}.{resolve.key}"
    match resolve.resolved_type, get_args(resolve.resolved_type):
        case type() as codes, () if issubclass(codes, StrEnum):
            return CodeColumn(codes, column)
        case _, (type() as codes,) if issubclass(codes, StrEnum):
            return ARRAY(CodeColumn(codes, column))
    return None


def new_id() -> UUID:
    """A UUIDv7 of the real time: rows sort by when they were made, and partitions follow."""
    made: UUID = uuid_utils.compat.uuid7()
    return made


def in_array(column: InstrumentedAttribute[Value], values: Iterable[Value]) -> ColumnElement[bool]:
    """IN, as one array: the same statement for any number of values, so that it is parsed and planned once."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def in_array_named(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """The same for a statement that is made once: the values are its parameter of this name, a list."""
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


def equal_where_given(
    *pairs: tuple[InstrumentedAttribute[Any] | ColumnElement[Any], Any],
) -> Iterator[ColumnElement[bool]]:
    """A condition for each column whose value is given; None asks for nothing."""
    return (column == value for column, value in pairs if value is not None)


def constant(column: InstrumentedAttribute[Value], value: Value) -> ColumnElement[Value]:
    """A value that stands in the text of the statement and is no parameter of it.

    A plan that is made once for all parameters can use a partial index only where its condition stands so.
    """
    return bindparam(None, value, type_=column.type, literal_execute=True)
