"""Codes in rows are members of their vocabulary, read and written by one look-up."""

from enum import StrEnum
from typing import Any, get_args, get_type_hints

import pytest
from sqlalchemy import ARRAY, Column, Dialect, Text
from sqlalchemy.dialects.postgresql import dialect

from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import Base
from dispatcher.store.cases import CaseRow
from dispatcher.store.code_column import CodeColumn, UnknownCodeError, as_stored
from dispatcher.store.tables import metadata
from schemas.vocabulary import Action, AttemptState, Channel, Code

POSTGRESQL: Dialect = dialect()
TABLES = sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda table: table.__tablename__)


def column_type(table: type[Base], name: str) -> Any:
    return table.__table__.columns[name].type


def codes_of(table: type[Base]) -> dict[str, type[StrEnum]]:
    """The annotated columns that hold a vocabulary, or a list of one."""
    found: dict[str, type[StrEnum]] = {}
    for name, annotation in get_type_hints(table).items():
        parts = [annotation, *get_args(annotation)]
        while parts:
            part = parts.pop()
            if isinstance(part, type) and issubclass(part, Code):
                found[name] = part
            parts += get_args(part)
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__tablename__)
def test_every_column_of_codes_reads_as_its_vocabulary_and_is_text_in_the_database(table: type[Base]) -> None:
    for name, codes in codes_of(table).items():
        kind = column_type(table, name)
        item = kind.item_type if isinstance(kind, ARRAY) else kind
        assert isinstance(item, CodeColumn)
        assert (item.codes, item.column) == (codes, f"{table.__tablename__}.{name}")
        assert item.compile(POSTGRESQL) == "TEXT"
        read = item.result_processor(POSTGRESQL, None)
        assert [read(each.value) for each in codes] == list(codes)
        assert read(None) is None


def test_there_are_such_columns_in_most_tables() -> None:
    typed = {table.__tablename__ for table in TABLES if codes_of(table)}
    assert (
        {"attempts", "cases", "visits", "transfers", "providers", "receipts", "duties"} <= typed <= {*metadata.tables}
    )


def test_a_value_that_the_vocabulary_does_not_have_is_told_with_its_column() -> None:
    kind = column_type(AttemptRow, "state")
    with pytest.raises(UnknownCodeError, match=r"attempts\.state: 'mislaid' is no AttemptState"):
        kind.result_processor(POSTGRESQL, None)("mislaid")
    with pytest.raises(UnknownCodeError, match=r"attempts\.state: 'mislaid' is no AttemptState"):
        kind.bind_processor(POSTGRESQL)("mislaid")


@pytest.mark.parametrize("given", [AttemptState.IN_DOUBT, "in_doubt"], ids=["member", "text"])
def test_what_is_written_is_plain_text(given: str) -> None:
    written = column_type(AttemptRow, "state").bind_processor(POSTGRESQL)(given)
    assert (type(written), written) == (str, "in_doubt")


def test_plain_text_is_compared_as_text() -> None:
    for condition in (CaseRow.resolution.like("ALREADY%"), CaseRow.state == "typed by a person"):
        assert isinstance(condition.right.type, Text)
    assert isinstance((AttemptRow.action == Action.SEND).right.type, CodeColumn)


def test_as_stored_reads_whatever_is_there() -> None:
    state, channels = Column("state", CodeColumn(AttemptState, "a.b")), Column("c", ARRAY(CodeColumn(Channel, "a.c")))
    assert isinstance(as_stored(state.type), Text)
    assert not isinstance(as_stored(channels.type).item_type, CodeColumn)
