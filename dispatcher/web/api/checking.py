"""The route by which 96110 or 110 checks a task code: yes or no, no more."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, Response

from dispatcher.casework import callback_codes
from dispatcher.clients.authentication import Client
from dispatcher.errors import Refused
from dispatcher.web.api import bodies
from dispatcher.web.api.access import may
from dispatcher.web.api.problems import Problem, documented
from dispatcher.web.api.repeats import IdempotencyKey, Reply, request_digest
from dispatcher.web.api.state import parts_of
from schemas.problems import ProblemCode
from schemas.read_models.base import ReadModel
from schemas.vocabulary import ClientScope

router = APIRouter(tags=["核验 check"])
_BADGE = r"^[A-Za-z0-9_-]{1,40}$"


class Question(BaseModel):
    """What the operator asks the caller for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    code: str = Field(pattern=r"^[0-9]{6}$", description="六位任务码 the task code", examples=["123456"])
    last_four: str = Field(pattern=r"^[0-9]{4}$", description="被叫号码后四位 last four digits of the called number")
    operator: str = Field(pattern=_BADGE, description="接线员警号,限额按人计 the operator's badge")
    officer: str | None = Field(None, pattern=_BADGE, description="来人警号 badge of who came to the door")


class Genuine(ReadModel):
    """Whether the call or the visit was ours. A no proves no fraud."""

    genuine: bool


@router.post(
    "/v1/callback-check",
    summary="核验任务码:只答是或否 / check a task code: yes or no",
    description="否不代表诈骗;每名接线员限次。 / A no proves no fraud; tries are limited for each operator.",
    responses=documented(ProblemCode.TOO_LARGE, ProblemCode.TOO_SLOW, ProblemCode.MEDIA_TYPE, ProblemCode.KEY_REUSED),
    response_model=Genuine,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": Question.model_json_schema()}},
        }
    },
)
async def callback_check(
    request: Request,
    client: Annotated[Client, Depends(may(ClientScope.CALLBACK_CHECK))],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    body = await bodies.one(request)
    question = _read(body)
    parts = parts_of(request)
    digest = request_digest(parts.services.context.vault, request, body)
    if idempotency_key is not None:
        known = await asyncio.to_thread(parts.repeats.find, client, idempotency_key, digest)
        if known is not None:
            return JSONResponse(known.body, known.status, headers={"Idempotency-Replayed": "true"})
    told = {"genuine": await asyncio.to_thread(_check, request, client, question)}
    if idempotency_key is not None:
        await asyncio.to_thread(parts.repeats.keep, client, idempotency_key, digest, Reply(200, told))
    return JSONResponse(told)


def _read(body: bytes) -> Question:
    """Raises Problem, which never shows what was sent."""
    try:
        return Question.model_validate_json(body)
    except ValidationError as error:
        faults = [
            {"where": ".".join(map(str, each["loc"])), "wanted": each["msg"]}
            for each in error.errors(include_input=False, include_context=False)
        ]
        raise Problem(ProblemCode.MALFORMED, errors=faults) from None


def _check(request: Request, client: Client, question: Question) -> bool:
    """Raises Refused."""
    asker = f"{client.name}/{question.operator}"
    with parts_of(request).services.begin() as work:
        found = callback_codes.check(work, question.code, question.last_four, asker=asker, officer=question.officer)
    if isinstance(found, Refused):
        raise found
    return found
