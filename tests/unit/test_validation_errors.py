"""The one place that reads Pydantic's errors: keys and paths, words by a table, and never the value."""

from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from schemas.validation_errors import Fault, faults, known_keys

SECRET = "13900000000"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    size: Annotated[int, Field(ge=1, alias="at_least")] = 1
    name: str = ""

    @field_validator("name")
    @classmethod
    def _short(cls, name: str) -> str:
        if len(name) > 3:
            raise ValueError("at most three letters")
        return name


class Outer(BaseModel):
    inner: Inner = Inner()
    rows: tuple[Inner, ...] = ()


def refused(body: object) -> list[Fault]:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(body)
    return faults(caught.value)


def test_every_fault_has_its_place_kind_and_words_of_its_own() -> None:
    first, second = refused({"inner": {"name": SECRET}, "rows": [{}, {"at_least": 0}]})
    assert (first.key, first.kind, first.message) == ("inner.name", "value_error", "at most three letters")
    assert (second.key, second.path, second.kind) == ("rows.1.at_least", "rows[1].at_least", "greater_than_equal")
    assert SECRET not in repr((first, second))


def test_a_table_words_it_and_what_is_not_in_it_keeps_pydantics_words() -> None:
    (fault,) = refused({"inner": {"at_least": 0}})
    words = {"greater_than_equal": ("不能小于 {ge}", "at least {ge}{more}")}
    assert fault.in_words(words, more="!") == ("不能小于 1", "at least 1!")
    assert fault.in_words({}) == ("写法有误", "Input should be greater than or equal to 1")
    assert fault.in_words({}, ("不行", "no: {kind}")) == ("不行", "no: greater_than_equal")


def test_the_keys_that_could_have_stood_there_are_known() -> None:
    (fault,) = refused({"inner": {"colour": SECRET}})
    assert (fault.kind, known_keys(Outer, fault.where)) == ("extra_forbidden", ["at_least", "name"])
    assert known_keys(Outer, ("colour",)) == ["inner", "rows"]
