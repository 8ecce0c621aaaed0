"""What a source is told of its cases, as it is sent and as it is read: CloudEvents 1.0 in JSON. Ids and codes only."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from schemas.read_models.base import Json, Moment, ReadModel

SOURCE = "urn:warning-dispatcher:cases"
TYPE = "warning-dispatcher."
"""The type of an event is this and its code."""
_DIGITS = 19  # of the highest position, so that positions sort as texts too


class ToldOfCase(ReadModel):
    """What happened in a case. `instructions`: those of this source in the case. `details` depend on the type."""

    system: str
    case: UUID
    instructions: list[str]
    details: Json


class CloudEvent(ReadModel):
    """`id` is the same each time that it is sent. `sequence`: its place among all events, which sorts as a text."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = SOURCE
    type: str = Field(examples=[f"{TYPE}accepted"])
    subject: UUID = Field(description="案件编号 the case")
    time: Moment
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: str = Field(examples=[f"{42:0{_DIGITS}d}"])
    data: ToldOfCase


class SourceEvents(ReadModel):
    """A page. The next one begins after `next`, also where there is nothing yet: a feed has no last page."""

    items: list[CloudEvent]
    next: str


def sequence(position: int) -> str:
    return f"{position:0{_DIGITS}d}"
