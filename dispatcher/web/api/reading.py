"""Routes that read: instructions, cases, attempts, what was refused, and the schemas of what is pushed."""

from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from dispatcher.clients.authentication import Client
from dispatcher.reporting import source_views
from dispatcher.reporting.log import Filters
from dispatcher.reporting.source_views import Page, Wanted
from dispatcher.web.api.access import client_of, may
from dispatcher.web.api.paths import INSTRUCTION as INSTRUCTION_PATH
from dispatcher.web.api.problems import Problem, documented
from dispatcher.web.api.state import parts_of
from schemas.instruction import PUSHED, json_schema
from schemas.problems import ProblemCode
from schemas.read_models.base import ReadModel
from schemas.read_models.case import CaseReport
from schemas.read_models.instructions import InstructionLine, QuarantineLine
from schemas.read_models.log import LogLine
from schemas.vocabulary import AttemptState, CaseState, Channel, ClientScope, Result, Urgency

router = APIRouter(tags=["查询 read"])
Row = TypeVar("Row", bound=BaseModel)
Reader = Annotated[Client, Depends(may(ClientScope.READ))]
Limit = Annotated[int, Query(ge=1, le=1000, description="每页行数 rows a page")]
After = Annotated[UUID | None, Query(description="上一页的 next / `next` of the page before")]


def _written_out(text: object) -> object:
    """A number would be read as seconds since 1970."""
    if isinstance(text, str) and "T" not in text.upper():
        raise PydanticCustomError("datetime_parsing", "ISO 8601 with a zone, e.g. 2026-03-02T09:00:00+08:00")
    return text


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
_READ = documented(ProblemCode.MALFORMED)
_ONE = documented(ProblemCode.NOT_FOUND)


class Listed(ReadModel, Generic[Row]):
    """A page. `next` is null on the last one."""

    items: list[Row]
    next: UUID | None


class Instruction(ReadModel):
    """An instruction: its newest version, and all of them in the order in which they came."""

    newest: InstructionLine
    versions: list[InstructionLine]


class InstructionFilters(BaseModel):
    model_config = {"extra": "forbid"}

    limit: int = Field(100, ge=1, le=1000, description="每页行数 rows a page")
    after: UUID | None = Field(None, description="上一页的 next / `next` of the page before")
    system: str | None = Field(None, max_length=100, description="来源系统 source.system")
    urgency: Urgency | None = None
    case_state: CaseState | None = None
    since: Moment | None = Field(None, description="受理时间不早于 received at or after")
    until: Moment | None = Field(None, description="受理时间早于 received before")


class AttemptFilters(BaseModel):
    model_config = {"extra": "forbid"}

    limit: int = Field(100, ge=1, le=1000, description="每页行数 rows a page")
    after: UUID | None = Field(None, description="上一页的 next / `next` of the page before")
    case: UUID | None = None
    instruction_id: str | None = Field(None, max_length=100)
    channel: Channel | None = None
    result: Result | None = None
    state: AttemptState | None = None
    since: Moment | None = Field(None, description="计划时间不早于 planned at or after")
    until: Moment | None = Field(None, description="计划时间早于 planned before")


class QuarantineFilters(BaseModel):
    model_config = {"extra": "forbid"}

    limit: int = Field(100, ge=1, le=1000, description="每页行数 rows a page")
    after: UUID | None = Field(None, description="上一页的 next / `next` of the page before")


def _listed(rows: list[Any], limit: int, key: str = "id") -> dict[str, Any]:
    return {"items": rows, "next": getattr(rows[-1], key) if len(rows) == limit else None}


@router.get(
    "/v1/instructions",
    summary="指令列表,按受理先后 / instructions in the order in which they came",
    description="各版本一行。 / One row a version.",
    responses=_READ,
    response_model=Listed[InstructionLine],
)
def instructions(request: Request, client: Reader, filters: Annotated[InstructionFilters, Query()]) -> dict[str, Any]:
    _check_text(filters.system)
    wanted = Wanted(
        system=filters.system,
        urgency=filters.urgency,
        case_state=filters.case_state,
        since=filters.since,
        until=filters.until,
    )
    with parts_of(request).services.sessions() as session:
        rows = source_views.instructions(session, client.systems, wanted, Page(filters.limit, filters.after))
    return _listed(rows, filters.limit)


@router.get(
    INSTRUCTION_PATH,
    summary="一条指令及其各版本 / an instruction with its versions",
    description="多个来源使用同一编号时须注明 system。 / Where several sources use one id, `system` says which.",
    responses=documented(ProblemCode.NOT_FOUND, ProblemCode.AMBIGUOUS),
    response_model=Instruction,
)
def instruction(
    request: Request,
    client: Reader,
    instruction_id: Annotated[str, Path(min_length=1, max_length=100, examples=["W-1"])],
    system: Annotated[str | None, Query(max_length=100, description="来源系统 source.system")] = None,
) -> Instruction:
    _check_text(instruction_id, system)
    wanted = Wanted(system=system, instruction_id=instruction_id)
    with parts_of(request).services.sessions() as session:
        rows = source_views.instructions(session, client.systems, wanted, Page(limit=1000))
    if not rows:
        raise Problem(ProblemCode.NOT_FOUND)
    systems = sorted({row.system for row in rows})
    if len(systems) > 1:
        raise Problem(ProblemCode.AMBIGUOUS, systems=systems)
    return Instruction(newest=max(rows, key=lambda row: row.version), versions=rows)


@router.get(
    "/v1/cases/{case_id}",
    summary="一件劝阻任务及其全部经过 / a case with everything that happened in it",
    description="只含本客户端来源的内容;不含个人信息。 / Nothing of other sources in it, and no personal data.",
    responses=_ONE,
    response_model=CaseReport,
)
def case(request: Request, client: Reader, case_id: UUID) -> CaseReport:
    with parts_of(request).services.sessions() as session:
        report = source_views.case(session, client.systems, case_id)
    if report is None:
        raise Problem(ProblemCode.NOT_FOUND)
    return report


@router.get(
    "/v1/attempts",
    summary="劝阻尝试,一次一行 / the dissuasion log, one line an attempt",
    description="只含编号与代码,不含个人信息。 / Ids and codes, no personal data.",
    responses=_READ,
    response_model=Listed[LogLine],
)
def attempts(request: Request, client: Reader, filters: Annotated[AttemptFilters, Query()]) -> dict[str, Any]:
    _check_text(filters.instruction_id)
    chosen = Filters(
        case=filters.case,
        instruction=filters.instruction_id,
        channel=filters.channel,
        result=filters.result,
        state=filters.state,
        since=filters.since,
        until=filters.until,
    )
    with parts_of(request).services.sessions() as session:
        rows = source_views.attempts(session, client.systems, chosen, Page(filters.limit, filters.after))
    return _listed(rows, filters.limit, "attempt")


@router.get(
    "/v1/quarantine",
    summary="本客户端推送而未受理的行 / lines of this client's that were not taken",
    description="只列原因,不含原文。 / The reasons, without the content.",
    responses=_READ,
    response_model=Listed[QuarantineLine],
)
def quarantine(request: Request, client: Reader, filters: Annotated[QuarantineFilters, Query()]) -> dict[str, Any]:
    with parts_of(request).services.sessions() as session:
        rows = source_views.quarantined(session, client.door, Page(filters.limit, filters.after))
    return _listed(rows, filters.limit)


@router.get(
    "/v1/schema/{op}",
    summary="推送格式,JSON Schema / what is pushed with this op, as JSON Schema",
    description="各操作的推送格式。 / How a source is to send it; more forms are read.",
    responses=_ONE,
    response_model=dict[str, Any],
)
def schema(
    client: Annotated[Client, Depends(client_of)],
    op: Annotated[str, Path(max_length=20, description=", ".join(PUSHED), examples=["create"])],
) -> dict[str, Any]:
    if op not in PUSHED:
        raise Problem(ProblemCode.NOT_FOUND, ops=list(PUSHED))
    return json_schema(op)


def _check_text(*texts: str | None) -> None:
    """What PostgreSQL can't hold is in no row. Raises Problem."""
    if any(text is not None and "\0" in text for text in texts):
        raise Problem(ProblemCode.NOT_FOUND)
