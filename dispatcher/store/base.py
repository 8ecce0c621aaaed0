"""What every table shares."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import BigInteger, DateTime, ForeignKey, MetaData, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

# A transaction's rows may be inserted in any order; what they refer to must be there at its end.
Refers = partial(ForeignKey, deferrable=True, initially="DEFERRED")

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Key = Annotated[UUID, mapped_column(primary_key=True)]
At = datetime
Yuan = Annotated[int, mapped_column(BigInteger)]
Words = Annotated[list[str], mapped_column(ARRAY(Text))]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True), str: Text}


def new_id() -> UUID:
    """A UUIDv7 of the real time: rows sort by when they were made, and partitions follow."""
    made: UUID = uuid_utils.compat.uuid7()
    return made
