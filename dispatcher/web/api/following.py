"""The route of a source that asks what happened in its cases, instead of being told by a webhook."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from dispatcher.reporting import source_events
from dispatcher.web.api.problems import documented
from dispatcher.web.api.reading import Reader
from dispatcher.web.api.state import parts_of
from schemas.read_models.source_events import SourceEvents

router = APIRouter(tags=["查询 read"])
_HIGHEST = 2**63 - 1


class EventFilters(BaseModel):
    model_config = {"extra": "forbid"}

    after: int = Field(0, ge=0, le=_HIGHEST, description="上一页的 next / `next` of the page before")
    limit: int = Field(100, ge=1, le=1000, description="每页行数 rows a page")


@router.get(
    "/v1/events",
    summary="案件进展,按先后顺序 / what happened in the cases, in order",
    description="与 webhook 推送的内容相同(CloudEvents)。反复以 next 作为 after 查询即可,不漏不乱。 / "
    "As webhooks send it (CloudEvents). Whoever asks again and again after `next` misses none.",
    responses=documented(),
    response_model=SourceEvents,
)
def events(request: Request, client: Reader, filters: Annotated[EventFilters, Query()]) -> SourceEvents:
    with parts_of(request).services.sessions() as session:
        return source_events.page(session, client.systems, after=filters.after, limit=filters.limit)
