"""What an officer says with a step of a visit. A field is stated here alone: journal, late report, options follow."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.instruction import Yuan
from schemas.vocabulary import AddressKind, Result, ReturnReason

UNKNOWN = "unknown"  # money is gone, and nobody knows how much
Loss = Yuan | Literal["unknown"]


class SaidWith:
    """Marks a field with the steps that it belongs to."""

    def __init__(self, *steps: str) -> None:
        self.steps = steps


class OfficerReport(BaseModel):
    """Title and description of a field are its label in Chinese and in English."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    result: Annotated[
        Result | None, SaidWith("tried", "report"), Field(title="结果", description="what came of it")
    ] = None
    reason: Annotated[
        ReturnReason | None, SaidWith("return"), Field(title="退回原因", description="why the visit is given back")
    ] = None
    lost_yuan: Annotated[
        Loss | None,
        SaidWith("report"),
        Field(title="共已转出金额(元),不明填 unknown", description="all that is gone, yuan, or unknown"),
    ] = None  # as the person tells it
    guardian_present: Annotated[
        bool | None, SaidWith("report"), Field(title="监护人在场(未成年人必答)", description="a guardian is present")
    ] = None
    to_unit: Annotated[
        str | None, SaidWith("return"), Field(title="移交给该单位", description="offer it to this unit")
    ] = None
    address: Annotated[
        AddressKind | None, SaidWith("tried"), Field(title="地址类型", description="the address that was tried")
    ] = None

    def said(self, step: str) -> dict[str, Any]:
        """What belongs to this step, as the journal holds it."""
        return self.model_dump(mode="json", include=set(fields_of(step)))


def fields_of(step: str) -> list[str]:
    """The names of the fields that belong to a step."""
    fields = OfficerReport.model_fields.items()
    return [
        name for name, field in fields if any(step in mark.steps for mark in field.metadata if type(mark) is SaidWith)
    ]


def label_of(name: str) -> str:
    """A field's label, Chinese first, English beside it."""
    field = OfficerReport.model_fields[name]
    return f"{field.title} {field.description}"
