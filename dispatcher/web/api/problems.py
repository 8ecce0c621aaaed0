"""Problems as they are answered (RFC 9457): a code for programs, Chinese and English for people."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from dispatcher.casework import set_aside
from dispatcher.errors import Refused
from dispatcher.logging import logger
from dispatcher.texts import refusals
from schemas.errors import bilingual
from schemas.problems import PROBLEMS, TYPE, ProblemCode
from schemas.refusals import RefusalCode

MEDIA_TYPE = "application/problem+json"
_AWAY_S = 5  # Retry-After where the database is away
_BY_STATUS = {row.status: code for code, row in reversed(PROBLEMS.items())}
_log = logger(__name__)


class Problem(Exception):
    """Ends a call. `detail` is for people; what programs look at is `told`. Neither holds what was pushed."""

    def __init__(
        self, code: ProblemCode, detail: str | None = None, *, retry_after_s: float | None = None, **told: Any
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.retry_after_s, self.told = code, detail, retry_after_s, told

    def body(self) -> dict[str, Any]:
        row = PROBLEMS[self.code]
        plain = {
            "type": TYPE + self.code,
            "title": bilingual(row.zh, row.en),
            "status": int(row.status),
            "code": str(self.code),
        }
        return plain | ({"detail": self.detail} if self.detail else {}) | self.told

    def response(self) -> Response:
        headers: dict[str, str] = {}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after_s)))
        status = PROBLEMS[self.code].status
        response = JSONResponse(self.body(), status_code=status, headers=headers, media_type=MEDIA_TYPE)
        if self.code is ProblemCode.UNAUTHENTICATED:
            # A header for each: Chromium asks for no password where both stand in one.
            for way in ('Basic realm="warning dispatcher", charset="UTF-8"', "Bearer"):
                response.headers.append("WWW-Authenticate", way)
        return response


def away() -> Problem:
    return Problem(ProblemCode.UNAVAILABLE, retry_after_s=_AWAY_S)


def install(app: FastAPI, routes: Sequence[APIRoute]) -> None:
    """Answer whatever ends a call as a problem."""

    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        # The place and what is wanted there; never the value, which may be personal data.
        faults = [{"where": ".".join(map(str, each["loc"])), "wanted": each["msg"]} for each in error.errors()]
        return Problem(ProblemCode.MALFORMED, errors=faults).response()

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        told = refusals.words(error)
        code = ProblemCode.MALFORMED
        wait_s = None
        if error.code is RefusalCode.TOO_MANY_CODE_CHECKS:
            code, wait_s = ProblemCode.TOO_MANY_CALLS, 60.0
        return Problem(code, bilingual(told.zh, told.en), retry_after_s=wait_s, reason=str(error.code)).response()

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> Response:
        code = next((each for status, each in _BY_STATUS.items() if status == error.status_code), ProblemCode.MALFORMED)
        answer = Problem(code).response()
        answer.headers.update(error.headers or {})
        if code is ProblemCode.METHOD_NOT_ALLOWED:
            # Starlette names those of the first route alone.
            answer.headers["Allow"] = ", ".join(sorted(_methods(routes, request.url.path)))
        return answer

    @app.exception_handler(OperationalError)
    @app.exception_handler(NoConnectionFree)
    async def unavailable(_: Request, error: Exception) -> Response:
        _log.warning("api_unavailable", error=type(error).__name__)
        return away().response()

    @app.exception_handler(Exception)
    async def fault(_: Request, error: Exception) -> Response:
        if set_aside.is_outage(error):
            return away().response()
        _log.error("api_fault", **set_aside.kind_of(error))
        return Problem(ProblemCode.FAULT).response()


def _methods(routes: Sequence[APIRoute], path: str) -> set[str]:
    return {method for route in routes if route.path_regex.match(path) for method in route.methods or ()}


def documented(*codes: ProblemCode) -> dict[int | str, dict[str, Any]]:
    """How these problems stand in the OpenAPI document."""
    by_status: dict[int, list[ProblemCode]] = {}
    for code in (*codes, *_ANY_CALL):
        by_status.setdefault(int(PROBLEMS[code].status), []).append(code)
    return {status: _documented(found) for status, found in sorted(by_status.items())}


_ANY_CALL = (
    ProblemCode.MALFORMED,
    ProblemCode.UNAUTHENTICATED,
    ProblemCode.OUT_OF_SCOPE,
    ProblemCode.TOO_MANY_CALLS,
    ProblemCode.UNAVAILABLE,
)


def _documented(codes: list[ProblemCode]) -> dict[str, Any]:
    told = "; ".join(f"`{code}` {bilingual(PROBLEMS[code].zh, PROBLEMS[code].en)}" for code in dict.fromkeys(codes))
    examples = {str(code): {"value": Problem(code).body()} for code in codes}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}}
    return {"description": told, "content": content}


def schema() -> Mapping[str, Any]:
    """The schema of a problem, for the OpenAPI document."""
    return {
        "title": "Problem",
        "description": "RFC 9457. 问题说明:code 供程序判断,title 与 detail 供人阅读。",
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": [str(code) for code in ProblemCode]},
            "detail": {"type": "string"},
        },
    }
