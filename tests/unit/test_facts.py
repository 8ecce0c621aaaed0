"""No fact of the engine stays at its default: casework fills each from rows, so that no rule ships dead."""

from dataclasses import MISSING, Field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import pytest

from dispatcher.casework.other_cases import OtherCases
from dispatcher.casework.snapshot import case_of
from dispatcher.engine.case import Attempt, Case, Number, Place, Visit, WorkItem
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import Base
from dispatcher.store.cases import AddressRow, CaseRow, PhoneRow
from dispatcher.store.code_column import CodeColumn
from dispatcher.store.visits import VisitRow
from dispatcher.store.work_items import WorkItemRow
from schemas.vocabulary import AttemptState, CaseState, Channel, Person, Result, VisitState

AT = datetime(2026, 3, 2, 2, tzinfo=UTC)
CASE, PHONE, SHARED = uuid4(), uuid4(), b"number"
# Counts what decisions add while they are made; nothing of it is stored.
NOT_STORED = {(Case, "made")}
# What a column holds where any value of its type would not do.
CODES = {
    "fraud_type": "F01",
    "result": Result.RETURNED,
    "person": Person.GUARDIAN,
    "channels": [Channel.SMS],
    "deadlines": {"met_by": AT.isoformat()},
    "raised_for": ["x"],
    "asked_for": ["x"],
    "facts": {"minor": True, "vulnerability": ["hearing"], "life_at_risk": True},
    "party": "contact:guardian:0",
    "digest": SHARED,
    "retired_at": None,
    "payees": [b"a", b"b"],
    "asked_payees": [b"a"],
}
STATES: dict[type[Base], StrEnum] = {
    CaseRow: CaseState.OPEN,
    AttemptRow: AttemptState.SETTLED,
    VisitRow: VisitState.REPORTED,
}
OF_TYPE: dict[type, Any] = {bool: True, int: 7, str: "x", datetime: AT, UUID: CASE, bytes: b"x"}


def filled(table: type[Base], **known: Any) -> Any:
    """A row none of whose columns is empty."""
    values: dict[str, Any] = {}
    for column in table.__table__.columns:
        some = (
            list(column.type.codes)[-1] if isinstance(column.type, CodeColumn) else OF_TYPE.get(column.type.python_type)
        )
        values[column.name] = CODES.get(column.name, some)
    return table(**(values | {"state": STATES[table]} if table in STATES else values) | known)


def the_case() -> Case:
    return case_of(
        filled(CaseRow, id=CASE),
        [filled(PhoneRow, id=uuid4(), party="subject", position=0), filled(PhoneRow, id=PHONE, position=1)],
        [filled(AddressRow)],
        [filled(AttemptRow)],
        [filled(VisitRow)],
        [filled(WorkItemRow, done_at=None)],
        {SHARED: frozenset({Channel.SMS})},
        OtherCases({(CASE, SHARED): ((Channel.SMS, AT),)}, {CASE: AT}, frozenset({Channel.SMS})),
        {PHONE: 7},
    )


def default_of(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


@pytest.mark.parametrize(
    ("kind", "field"),
    [(kind, field) for kind in (Case, Attempt, Visit, WorkItem, Number, Place) for field in fields(kind)],
    ids=lambda each: getattr(each, "name", None) or each.__name__,
)
def test_casework_fills_every_fact_of_the_engine(kind: type, field: Field[Any]) -> None:
    case = the_case()
    _, number = case.numbers
    found = {Case: case, Attempt: case.attempts[0], Visit: case.visits[0], Number: number, Place: case.places[0]}
    found |= {WorkItem: case.work_items[0]}
    if (kind, field.name) not in NOT_STORED:
        assert getattr(found[kind], field.name) != default_of(field), f"{kind.__name__}.{field.name} is never filled"
