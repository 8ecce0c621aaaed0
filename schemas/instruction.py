"""The instruction and the events as they cross the wire (JSON, field names fixed).

What is required and can't be read refuses a line; all else is left out and flagged (`schemas/wire.py`).
Which forms of a field are read: docs/rules.md.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from schemas import ages, folding, normalise
from schemas.reading import amounts, lists, times, words
from schemas.simplified import simplified
from schemas.vocabulary import Channel, Resolution
from schemas.wire import Elements, Line, LineReading, PlainReading, Wire, reads

MAX_BODY_BYTES = 256 * 1024

MAX_YUAN = 10**15
_NO_TIME, _WIDEST_OFFSET = timedelta(), timedelta(hours=14)

Yuan = Annotated[int, Field(ge=0, le=MAX_YUAN)]
Amount = Annotated[Yuan, reads(amounts.yuan)]
# PostgreSQL's text has no NUL, and a control character has no place in what people read.
_CLEAR = r"^[^\x00-\x1f]*$"
Text = Annotated[str, reads(words.text)]
Label = Annotated[str, Field(min_length=1, max_length=100, pattern=_CLEAR), reads(words.reference)]
# Identity and origin stay readable in logs and journals, so they may hold nothing but a reference.
Reference = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s\x00-\x1f]+$"), reads(words.reference)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1), reads(words.whole_number)]
YesOrNo = Annotated[bool, reads(words.boolean)]


def _sane(at: datetime) -> datetime:
    if not 2000 <= at.year <= 2100:
        raise PydanticCustomError("no_sane_time", "not between the years 2000 and 2100")
    # An offset that no place has is one that PostgreSQL does not take.
    return at if abs(at.utcoffset() or _NO_TIME) <= _WIDEST_OFFSET else at.astimezone(UTC)


def _sane_birth(born: date) -> date:
    if not 1900 <= born.year <= 2100:
        raise PydanticCustomError("no_sane_date", "not between the years 1900 and 2100")
    return born


Moment = Annotated[AwareDatetime, AfterValidator(_sane), reads(times.moment)]
End = Annotated[AwareDatetime, AfterValidator(_sane), reads(times.end)]
BirthDate = Annotated[date, AfterValidator(_sane_birth), reads(times.birth_date)]


class Source(Wire):
    system: Label = Field(description="来源系统 pushing system")
    unit: Reference | None = Field(default=None, description="所属单位代码 unit code")
    ref: Reference | None = Field(default=None, description="来源编号 the source's own reference")


class Phone(Wire):
    country: Text = "CN"  # before the number, which is read by it
    number: Text = Field(description="号码 as the source has it")
    owner: Text | None = None
    use: Text | None = None

    @field_validator("number")
    @classmethod
    def _diallable(cls, number: str, info: ValidationInfo) -> str:
        try:
            normalise.number(number, info.data.get("country"))
        except ValueError:
            raise PydanticCustomError("not_diallable", "can't be dialled") from None
        return number


class Address(Wire):
    kind: Text = Field(default="", description="地址类型 code or Chinese label")
    text: Text = Field(min_length=1)
    district: Text | None = None
    precinct_code: Reference | None = None
    city: Text | None = None
    valid_until: End | None = None


class Contact(Wire):
    """A contact's number that can't be dialled is flagged, not refused: it must not hold up the subject's warning."""

    relation: Text = Field(default="", description="关系 code or Chinese label")
    name: Text | None = None
    phone: Text
    country: Text = "CN"
    basis: Text | None = None


class Victim(Wire):
    name: Text | None = None
    id_type: Text | None = None
    id_number: Text | None = None
    birth_date: BirthDate | None = None
    gender: Text | None = None
    phones: Annotated[tuple[Phone, ...], Elements(lists.phones)] = ()
    addresses: Annotated[tuple[Address, ...], Elements(lists.addresses)] = ()
    contacts: Annotated[tuple[Contact, ...], Elements(lists.contacts)] = ()
    language: Annotated[str, Field(max_length=100), reads(words.label)] = "zh-CN"
    vulnerability: Annotated[tuple[Text, ...], Elements(lists.words)] = ()
    antifraud_app: Annotated[str, Field(max_length=40), reads(words.label)] = "unknown"

    @model_validator(mode="before")
    @classmethod
    def _age_for_a_birth_date(cls, body: Any, info: ValidationInfo) -> Any:
        """A child's age where the date of birth belongs is read as what it says of the person."""
        told = body.get("birth_date") if isinstance(body, dict) else None
        if not isinstance(told, str) or not ages.is_a_childs(simplified(folding.label(told))):
            return body
        if isinstance(info.context, PlainReading):
            info.context.doubt("age_given")
        if isinstance(info.context, LineReading):
            with info.context.at("birth_date"):
                info.context.doubt("age_given")
        said = body.get("vulnerability")
        labels = [*(said if isinstance(said, list) else [said]), told]
        return {name: each for name, each in body.items() if name != "birth_date"} | {"vulnerability": labels}

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.phones and not self.addresses:
            raise PydanticCustomError("nobody_to_reach", "neither a phone nor an address")
        return self


class Transfer(Wire):
    """Money that left; by how much or when need not be known."""

    at: Moment | None = None
    amount_yuan: Amount | None = None
    payee_account: Text | None = None


class Risk(Wire):
    amount_at_risk_yuan: Amount | None = None
    call_in_progress: YesOrNo = False
    suspect_phone: Text | None = None
    transfers: Annotated[tuple[Transfer, ...], Elements(lists.transfers)] = ()
    transfer_ongoing: YesOrNo = False
    suspected_call_forwarding: YesOrNo = False
    suspected_remote_control: YesOrNo = False
    life_at_risk: YesOrNo = Field(default=False, description="有人身危险 self-harm or violence feared")


class Instruction(Line):
    """预警指令: this person is probably being defrauded right now."""

    op: Literal["create", "update"] = "create"
    instruction_id: Reference
    version: Version
    source: Source
    issued_at: Moment | None = None  # where it is not known, intake takes the time of receipt
    valid_until: End | None = None
    # An unknown label, and none, is `high`. Of several, with a stroke between them, the most urgent counts.
    urgency: Annotated[str, Field(max_length=100, pattern=_CLEAR), reads(words.label)] = Field(
        default="", description="紧急程度 code or source label"
    )
    fraud_type: Text | None = None
    # Where the centre names none that we know, the policy says which.
    channels: Annotated[tuple[Annotated[Channel, reads(words.channel)], ...], Elements(lists.words)] = (
        Channel.SMS,
        Channel.VOICE,
        Channel.VISIT,
    )
    victim: Victim
    risk: Risk = Risk()
    source_kind: Annotated[Label, reads(words.label)] | None = None
    note: Text | None = None


class Event(Line):
    instruction_id: Reference
    source: Source | None = None
    at: Moment
    by: Reference = "centre"
    event_id: Reference | None = None


class Patch(Event):
    """An update that names what changes, by dotted paths in wire names."""

    op: Literal["update"]
    version: Version
    patch: Annotated[dict[str, Any], Field(min_length=1, max_length=50)]


class Withdraw(Event):
    op: Literal["withdraw"]
    version: Version
    reason: Text = ""


class Feedback(Event):
    op: Literal["feedback"]
    outcome: Annotated[Resolution, reads(words.resolution)]
    note: Text | None = None


class LaterLoss(Event):
    op: Literal["later_loss"]
    loss_yuan: Amount
    note: Text | None = None


def _unknown(op: object) -> object:
    raise PydanticCustomError("unknown_op", "unknown op")


class UnknownEvent(Event):
    """One that is never taken; to name what else is wrong with it."""

    op: Annotated[Any, BeforeValidator(_unknown)]


OPS: Mapping[str, type[Instruction] | type[Event]] = {
    "create": Instruction,
    "update": Instruction,
    "withdraw": Withdraw,
    "feedback": Feedback,
    "later_loss": LaterLoss,
}

# Sources are to send them, though no warning is refused without them.
_EXPECTED = ("issued_at", "urgency", "channels")


# What a source may push, by its op; an update may also be a whole instruction with a higher version.
PUSHED: Mapping[str, type[Instruction] | type[Event]] = {**OPS, "update": Patch}


def json_schema(op: str = "create") -> dict[str, Any]:
    """JSON Schema of what is pushed with this op, as sources are to send it."""
    if op != "create":
        return PUSHED[op].model_json_schema()
    schema = Instruction.model_json_schema()
    return schema | {"required": [*schema["required"], *_EXPECTED]}
