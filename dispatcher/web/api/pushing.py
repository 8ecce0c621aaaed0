"""Routes that push: an instruction, a new version of it, what became of it."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import JSONResponse, Response

from dispatcher.clients.authentication import Client
from dispatcher.intake.answer import Answer
from dispatcher.web.api import bodies, call_journal, pushed_lines
from dispatcher.web.api.access import may
from dispatcher.web.api.conflicting import as_json, both_contents
from dispatcher.web.api.documents import BATCH, EVENTS, INSTRUCTION, LINES, body_of
from dispatcher.web.api.intake import Entry, status_of, taken
from dispatcher.web.api.paths import INSTRUCTION as INSTRUCTION_PATH
from dispatcher.web.api.problems import Problem, documented
from dispatcher.web.api.repeats import IdempotencyKey, Reply, request_digest
from dispatcher.web.api.state import Parts, parts_of
from schemas.problems import ProblemCode
from schemas.read_models.instructions import Taken
from schemas.vocabulary import ClientScope, IntakeStatus

router = APIRouter(tags=["推送 push"])
InstructionId = Annotated[
    str, Path(min_length=1, max_length=100, description="指令编号 the instruction's id", examples=["W-1"])
]
Pusher = Annotated[Client, Depends(may(ClientScope.PUSH))]
Teller = Annotated[Client, Depends(may(ClientScope.FEEDBACK))]
_NOT_TAKEN = documented(
    ProblemCode.CONFLICT,
    ProblemCode.STALE,
    ProblemCode.TOO_LARGE,
    ProblemCode.TOO_SLOW,
    ProblemCode.MEDIA_TYPE,
    ProblemCode.REFUSED,
    ProblemCode.KEY_REUSED,
)
_TAKEN: Mapping[int | str, dict[str, Any]] = {
    200: {"model": Taken, "description": "已受理过,答复与首次相同 / taken before: the first answer again"},
    201: {
        "model": Taken,
        "description": "已受理并提交入库 / taken, and committed",
        "links": {"case": {"operationId": "case", "parameters": {"case_id": "$response.body#/case"}}},
    },
    202: {"model": Taken, "description": "指令尚未到达,已留存 / kept until its instruction comes"},
}


@dataclass(frozen=True)
class _Call:
    """One call that pushes one line."""

    request: Request
    client: Client
    key: str | None

    @property
    def parts(self) -> Parts:
        return parts_of(self.request)


@router.post(
    "/v1/instructions",
    summary="推送一条预警指令 / push one instruction",
    description="2xx 表示已提交入库。按编号、版本、内容判重:同样内容再推得到首次答复。 / "
    "A 2xx means committed. Id, version and content decide what is the same; it gets the first answer again.",
    status_code=201,
    responses={**_TAKEN, **_NOT_TAKEN},
    openapi_extra=body_of(INSTRUCTION),
)
async def push(request: Request, client: Pusher, idempotency_key: IdempotencyKey = None) -> Response:
    return await _take(_Call(request, client, idempotency_key), {})


@router.put(
    INSTRUCTION_PATH,
    summary="推送新版本 / push a newer version",
    description="完整指令,或 version 加 patch。 / A whole instruction, or `version` and `patch`.",
    responses={**_TAKEN, **_NOT_TAKEN},
    openapi_extra=body_of(EVENTS["update"], INSTRUCTION),
)
async def update(request: Request, client: Pusher, instruction_id: InstructionId) -> Response:
    return await _take(_Call(request, client, None), {"instruction_id": instruction_id, "op": "update"})


@router.post(
    "/v1/instructions/{instruction_id}:withdraw",
    summary="撤回 / withdraw it",
    description="不再劝阻;已发出的留痕。 / No more warnings; what was sent stays on record.",
    responses={**_TAKEN, **_NOT_TAKEN},
    openapi_extra=body_of(EVENTS["withdraw"]),
)
async def withdraw(
    request: Request, client: Pusher, instruction_id: InstructionId, idempotency_key: IdempotencyKey = None
) -> Response:
    return await _take_event(_Call(request, client, idempotency_key), instruction_id, "withdraw")


@router.post(
    "/v1/instructions/{instruction_id}:feedback",
    summary="反馈处置结果 / tell how it ended",
    description="来源自行得知的结果。 / What the source itself came to know.",
    responses={**_TAKEN, **_NOT_TAKEN},
    openapi_extra=body_of(EVENTS["feedback"]),
)
async def feedback(
    request: Request, client: Teller, instruction_id: InstructionId, idempotency_key: IdempotencyKey = None
) -> Response:
    return await _take_event(_Call(request, client, idempotency_key), instruction_id, "feedback")


@router.post(
    "/v1/instructions/{instruction_id}:later-loss",
    summary="告知事后损失 / tell of a later loss",
    description="劝阻之后仍发生的损失。 / Money that was lost after all, however the case had ended.",
    responses={**_TAKEN, **_NOT_TAKEN},
    openapi_extra=body_of(EVENTS["later_loss"]),
)
async def later_loss(
    request: Request, client: Teller, instruction_id: InstructionId, idempotency_key: IdempotencyKey = None
) -> Response:
    return await _take_event(_Call(request, client, idempotency_key), instruction_id, "later_loss")


@router.post(
    "/v1/instructions:batch",
    summary="批量推送,JSON Lines / push many, as JSON Lines",
    description="一行一条,至多 100000 行;逐行答复,随提交随返回。中断后整批重发不会重复。 / "
    "One a line, 100,000 at most; each line is answered as it is committed. Broken off, the whole is sent again: "
    "nothing is taken twice.",
    responses={
        200: {
            "description": "每行一个 JSON 对象 / one JSON object a line",
            "content": {"application/jsonl": {"schema": LINES}},
        },
        **documented(ProblemCode.MEDIA_TYPE),
    },
    openapi_extra=BATCH,
    response_class=Response,
)
async def batch(request: Request, client: Pusher) -> Response:
    bodies.check_lines(request)
    return parts_of(request).batches.answer(request, client)


async def _take_event(call: _Call, instruction_id: str, op: str) -> Response:
    given = {"instruction_id": instruction_id, "op": op}
    if call.key is not None:
        # The same under the same key, also where the first answer never arrived.
        given["event_id"] = hashlib.sha256(f"{call.client.id}\0{call.key}".encode()).hexdigest()[:32]
    return await _take(call, given)


async def _take(call: _Call, given: Mapping[str, str]) -> Response:
    body = await bodies.one(call.request)
    if call.key is None:
        return (await _answer(call, body, given))[0]
    digest = request_digest(call.parts.services.context.vault, call.request, body)
    known = await asyncio.to_thread(call.parts.repeats.find, call.client, call.key, digest)
    if known is not None:
        return JSONResponse(known.body, known.status, headers={"Idempotency-Replayed": "true"})
    response, told = await _answer(call, body, given)
    reply = Reply(response.status_code, told)
    await asyncio.to_thread(call.parts.repeats.keep, call.client, call.key, digest, reply)
    return response


async def _answer(call: _Call, body: bytes, given: Mapping[str, str]) -> tuple[Response, dict[str, Any] | None]:
    """The response, and its body where it holds no personal data and may be kept."""
    line = pushed_lines.read(body.strip(), call.client, **given)
    answer = await call.parts.intake.add(
        Entry(call.client, line, partial(call_journal.of, call.request.scope, call.client))
    )
    setattr(call.request.state, call_journal.RECORDED, status_of(answer))
    status = answer.status
    if status is IntakeStatus.REFUSED:
        raise Problem(ProblemCode.REFUSED, answer.reason)
    if status is IntakeStatus.STALE:
        raise Problem(ProblemCode.STALE, instruction_id=answer.instruction_id, case=answer.case)
    if status is IntakeStatus.CONFLICT:
        raise await _conflict(call, answer, line)
    told = taken(answer).model_dump(mode="json")
    return JSONResponse(told, status_of(answer)), told


async def _conflict(call: _Call, answer: Answer, line: pushed_lines.PushedLine) -> Problem:
    case = UUID(answer.case) if answer.case else None
    shown = await asyncio.to_thread(both_contents, call.parts.services, answer.row, case)
    return Problem(
        ProblemCode.CONFLICT,
        answer.reason,
        instruction_id=answer.instruction_id,
        case=answer.case,
        applied="safer_union",
        stored=shown.stored,
        received=as_json(line.raw),
        work_items=shown.work_items,
    )
