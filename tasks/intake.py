"""Intake over Celery: the body of the message is the instruction.

An existing Celery client needs a broker URL and nothing else:

    Celery(broker="redis://…").send_task("intake", [instruction])

Nothing is promised until the journal says `instruction_accepted`.
"""

import json
from typing import Any

from celery import Task, signals
from celery.worker.request import Request

from dispatcher.intake import instructions as use_case
from dispatcher.intake import lines
from dispatcher.intake.answer import Answer
from dispatcher.logging import logger
from dispatcher.store.retries import wait_for_database
from schemas.errors import BadInstruction
from tasks.celery_app import app
from tasks.worker import worker_services

_log = logger(__name__)
DOOR = "celery"


class _Discreet(Request):
    """`celery inspect` shows a task's arguments; these are somebody's data."""

    def info(self, safe: bool = False) -> dict[str, Any]:
        return dict(super().info(safe=safe), args="(…)", kwargs="{…}")


class _Intake(Task):
    Request = _Discreet


@app.task(name="intake", base=_Intake)
def intake(*instructions: Any, **fields: Any) -> None:
    """Take instructions and events: one argument each, or one as keyword arguments."""
    for body in instructions or (fields,):
        answer = _take(json.dumps(body).encode())
        _log.info("instruction_taken", status=answer.status, instruction=answer.instruction_id, case=answer.case)


@wait_for_database
def _take(raw: bytes) -> Answer:
    return lines.take_line(worker_services().begin, raw, door=DOOR)


@signals.task_unknown.connect
def _keep_unknown(message: Any = None, name: str = "", **_: Any) -> None:
    """A message for a task we don't have may be a misspelt instruction: kept, never dropped."""
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    refusal = BadInstruction("task", "没有这个任务名,应为 intake", "no such task; send to task intake")
    _refuse(body, refusal)


@wait_for_database
def _refuse(body: bytes, refusal: BadInstruction) -> None:
    with worker_services().begin() as work:
        use_case.refuse(work, body, refusal, door=DOOR)
