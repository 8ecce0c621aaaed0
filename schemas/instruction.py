"""The instruction and the events as they cross the wire (JSON, field names fixed)."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas import normalise
from schemas.vocabulary import Channel, Resolution

_PART, _PLACE, _LONGEST_PATH = re.compile(r"[^.\[\]]+"), re.compile(r"[0-9]{1,3}"), 100
MAX_BODY_BYTES = 256 * 1024

MAX_YUAN = 10**15

Yuan = Annotated[int, Field(ge=0, le=MAX_YUAN)]
# PostgreSQL's text has no NUL, and a control character has no place in what people read.
_CLEAR = r"^[^\x00-\x1f]*$"
Text = Annotated[str, Field(max_length=4000)]
Label = Annotated[str, Field(min_length=1, max_length=100, pattern=_CLEAR)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
# Identity and origin stay readable in logs and journals, so they may hold nothing but a reference.
Reference = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s\x00-\x1f]+$")]


def _blank_is_absent(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Optional = BeforeValidator(_blank_is_absent)


def _sane(at: datetime) -> datetime:
    if not 2000 <= at.year <= 2100:
        raise PydanticCustomError("no_sane_time", "not between the years 2000 and 2100")
    return at


Moment = Annotated[AwareDatetime, AfterValidator(_sane)]


class Wire(BaseModel):
    """Unknown fields are kept and flagged; errors never repeat the input, which may be personal data."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True, frozen=True)

    def unknown_fields(self, prefix: str = "") -> list[str]:
        """Dotted paths of fields that the schema does not know."""
        found = [prefix + name for name in self.__pydantic_extra__ or {}]
        for name in type(self).model_fields:
            value = getattr(self, name)
            for index, part in enumerate(value if isinstance(value, tuple) else (value,)):
                if isinstance(part, Wire):
                    inner = f"{prefix}{name}[{index}]." if isinstance(value, tuple) else f"{prefix}{name}."
                    found += part.unknown_fields(inner)
        return found


class Source(Wire):
    system: Label = Field(description="来源系统 pushing system")
    unit: Reference | None = Field(default=None, description="所属单位代码 unit code")
    ref: Reference | None = Field(default=None, description="来源编号 the source's own reference")


class Phone(Wire):
    number: Annotated[str, Field(min_length=1, max_length=60)] = Field(description="号码 as the source has it")
    country: Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")] = "CN"
    owner: Text | None = None
    use: Text | None = None

    @model_validator(mode="after")
    def _diallable(self) -> "Phone":
        try:
            normalise.number(self.number, self.country)
        except ValueError:
            raise PydanticCustomError("not_diallable", "can't be dialled") from None
        return self


class Address(Wire):
    kind: Annotated[str, Field(min_length=1, max_length=40)] = Field(description="地址类型 code or Chinese label")
    text: Name
    district: Text | None = None
    precinct_code: Annotated[Reference | None, Optional] = None
    city: Text | None = None
    valid_until: Moment | None = None


class Contact(Wire):
    """A contact's number that can't be dialled is flagged, not refused: it must not hold up the subject's warning."""

    relation: Annotated[str, Field(min_length=1, max_length=40)] = Field(description="关系 code or Chinese label")
    name: Text | None = None
    phone: Annotated[str, Field(min_length=1, max_length=60)]
    country: Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")] = "CN"
    basis: Text | None = None


class Victim(Wire):
    name: Annotated[Text | None, Optional] = None
    id_type: Text | None = None
    id_number: Annotated[Annotated[str, Field(max_length=60)] | None, Optional] = None
    birth_date: Annotated[date | None, Optional] = None
    gender: Text | None = None
    phones: tuple[Phone, ...] = ()
    addresses: tuple[Address, ...] = ()
    contacts: tuple[Contact, ...] = ()
    language: Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z0-9-]*$")] = "zh-CN"
    vulnerability: tuple[Annotated[str, Field(max_length=40)], ...] = ()
    antifraud_app: Annotated[str, Field(max_length=40)] = "unknown"


class Transfer(Wire):
    at: Moment
    amount_yuan: Yuan
    payee_account: Text | None = None


class Risk(Wire):
    amount_at_risk_yuan: Yuan | None = None
    call_in_progress: bool = False
    suspect_phone: Text | None = None
    transfers: tuple[Transfer, ...] = ()
    transfer_ongoing: bool = False
    suspected_call_forwarding: bool = False
    suspected_remote_control: bool = False
    life_at_risk: bool = Field(default=False, description="有人身危险 self-harm or violence feared")


class Instruction(Wire):
    """预警指令: this person is probably being defrauded right now."""

    op: Literal["create", "update"] = "create"
    instruction_id: Reference
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    source: Source
    issued_at: Moment
    valid_until: Moment | None = None
    urgency: Label = Field(description="紧急程度 code or source label")
    fraud_type: Annotated[str, Field(max_length=40)] | None = None
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    victim: Victim
    risk: Risk = Risk()
    source_kind: Annotated[Label | None, Optional] = None
    note: Text | None = None

    @model_validator(mode="after")
    def _reachable(self) -> "Instruction":
        if not self.victim.phones and not self.victim.addresses:
            raise PydanticCustomError("nobody_to_reach", "neither a phone nor an address")
        return self


class Event(Wire):
    instruction_id: Reference
    source: Source | None = None
    at: Moment
    by: Reference
    event_id: Reference | None = None


class Patch(Event):
    """An update that names what changes, by dotted paths in wire names."""

    op: Literal["update"]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    patch: Annotated[dict[str, Any], Field(min_length=1, max_length=50)]


class Withdraw(Event):
    op: Literal["withdraw"]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    reason: Annotated[str, Field(min_length=1, max_length=400)]


class Feedback(Event):
    op: Literal["feedback"]
    outcome: Resolution
    note: Text | None = None


class LaterLoss(Event):
    op: Literal["later_loss"]
    loss_yuan: Yuan
    note: Text | None = None


OPS: Mapping[str, type[Instruction] | type[Event]] = {
    "create": Instruction,
    "update": Instruction,
    "withdraw": Withdraw,
    "feedback": Feedback,
    "later_loss": LaterLoss,
}


@cache
def _names() -> frozenset[str]:
    models, found = [Wire], set[str]()
    while models:
        model = models.pop()
        models += model.__subclasses__()
        found |= model.model_fields.keys()
    return frozenset(found)


def wire_path(path: str) -> str:
    """The path with `?` for whatever is no name of the wire's: a key that somebody made up may be personal data."""
    known = _PART.sub(lambda part: part[0] if part[0] in _names() or _PLACE.fullmatch(part[0]) else "?", path)
    return known[:_LONGEST_PATH]


def json_schema() -> dict[str, Any]:
    """JSON Schema of one instruction."""
    return Instruction.model_json_schema()
