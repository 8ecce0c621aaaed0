"""What every read model shares."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

# The offset stays as a number: pydantic alone would write Z for +00:00.
Moment = Annotated[
    datetime,
    PlainSerializer(datetime.isoformat, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Json = dict[str, Any]


class ReadModel(BaseModel):
    """One thing as programs read it: `model_dump(mode="json")` has every field, also those that are None."""

    model_config = ConfigDict(frozen=True, extra="forbid")
