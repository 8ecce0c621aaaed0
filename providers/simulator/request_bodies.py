"""Body of POST /messages: what the simulator takes, one form for each kind of other side."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from schemas.vocabulary import BankRequest, Channel

E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
Identity = Annotated[str, Field(min_length=1, max_length=60)]
_Said = Annotated[str, Field(min_length=1)]


class _SendRequest(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
    callback_url: Annotated[str | None, Field(pattern=r"^https?://")] = None


class ToPerson(_SendRequest):
    channel: Literal[Channel.SMS, Channel.VOICE]
    hook: None = None
    to: E164
    text: str | None = None
    script: str | None = None
    collect: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text and not self.script:
            raise ValueError("neither text nor script")
        return self


class ToBank(_SendRequest):
    channel: Literal[Channel.HOOK]
    hook: BankRequest
    to: Identity | None = None
    facts: dict[str, Any] = {}


class ToGroup(_SendRequest):
    channel: Literal[Channel.BROADCAST]
    hook: None = None
    to: None = None
    text: _Said
    area: _Said


SendRequest = ToPerson | ToBank | ToGroup
SEND_REQUEST: TypeAdapter[SendRequest] = TypeAdapter(Annotated[SendRequest, Field(discriminator="channel")])
