"""The API of one process."""

from typing import Any

from fastapi import FastAPI, Response
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from dispatcher.clients.authentication import Authentication, networks
from dispatcher.errors import OperatorError
from dispatcher.setup import Services
from dispatcher.web.api import checking, following, problems, pushing, reading
from dispatcher.web.api.access import Access
from dispatcher.web.api.batches import Batches
from dispatcher.web.api.call_journal import CallJournal
from dispatcher.web.api.documents import ABOUT, TITLE, inlined
from dispatcher.web.api.intake import Intake
from dispatcher.web.api.rate import Rate
from dispatcher.web.api.repeats import Repeats
from dispatcher.web.api.state import Parts
from dispatcher.web.upload import routes as upload
from schemas.read_models.instructions import LineAnswer

_TAGS = [
    {
        "name": "推送 push",
        "description": "推送、更改、撤回、反馈 / push, change, withdraw, tell what became of it",
    },
    {"name": "查询 read", "description": "指令、任务、尝试、隔离区 / instructions, cases, attempts, what was refused"},
    {"name": "核验 check", "description": "核验任务码 / check task codes"},
]


def make(services: Services) -> FastAPI:
    """The app for the services of one process. Raises OperatorError."""
    app = FastAPIOffline(
        title=TITLE,
        description=ABOUT,
        version="1",
        openapi_tags=_TAGS,
        servers=[{"url": "/"}],
        contact={"name": "Warning dispatcher"},
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        middleware=[
            Middleware(
                Access,
                authentication=Authentication(services.sessions),
                rate=Rate(services.settings.redis_url or ""),
                journal=CallJournal(services.begin),
                trusted_proxies=tuple(_proxies(services)),
            )
        ],
    )
    app.state.parts = Parts(services, Intake(services), Batches(services), Repeats(services))
    routers = [each.router for each in (pushing, reading, following, checking, upload)]
    problems.install(app, [route for router in routers for route in router.routes if isinstance(route, APIRoute)])
    for router in routers:
        app.include_router(router)
    _add_health(app, services)
    _complete_document(app)
    return app


def _proxies(services: Services) -> Any:
    named = services.settings.api_trusted_proxies
    try:
        return networks(filter(None, (each.strip() for each in named.split(","))))
    except ValueError:
        raise OperatorError(
            "DISPATCHER_API_TRUSTED_PROXIES 应为以逗号分隔的地址或网段",
            "DISPATCHER_API_TRUSTED_PROXIES wants addresses or networks, separated by commas",
        ) from None


def _add_health(app: FastAPI, services: Services) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        await run_in_threadpool(_check_it_writes, services)
        return Response('{"status":"ok"}', media_type="application/json")


def _check_it_writes(services: Services) -> None:
    """Raises OperationalError where PostgreSQL is away, and Problem where it only reads."""
    with services.sessions() as session:
        if session.scalar(text("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean")):
            raise problems.away()


def _complete_document(app: FastAPI) -> None:
    """What FastAPI can't know: keys, problems, lines of a batch."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        document = plain()
        parts = document.setdefault("components", {})
        parts.setdefault("schemas", {}).update(
            Problem=problems.schema(), LineAnswer=inlined(LineAnswer.model_json_schema(mode="serialization"))
        )
        parts["securitySchemes"] = {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "`dispatcher client create` 生成 makes one",
            }
        }
        document["security"] = [{"key": []}]
        for path in document["paths"].values():
            for operation in path.values():
                if not _is_ours(operation):
                    operation["responses"].pop("422", None)
        for unused in ("HTTPValidationError", "ValidationError"):  # problems are answered instead
            parts["schemas"].pop(unused, None)
        app.openapi_schema = document
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's own documentation does it


def _is_ours(operation: dict[str, Any]) -> bool:
    """Its 422 is a problem of ours, not what FastAPI would answer by itself."""
    return problems.MEDIA_TYPE in operation["responses"].get("422", {}).get("content", {})
