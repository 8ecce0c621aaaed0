"""The baseline: what one would write first. One Celery message, one httpx POST, one INSERT, one commit.

Started by `dispatcher bench deliver` as a worker of its own: celery -A dispatcher.bench.naive worker.
"""

import os
from functools import cache

import httpx
from celery import Celery
from sqlalchemy import Engine, create_engine, text

QUEUE = "naive"

app = Celery("naive", broker=os.environ.get("DISPATCHER_REDIS_URL"), set_as_current=False)
app.conf.update(task_ignore_result=True, task_default_queue=QUEUE, broker_connection_retry_on_startup=True)


@cache
def _engine() -> Engine:
    return create_engine(os.environ["DISPATCHER_DATABASE_URL"])


@cache
def _http() -> httpx.Client:
    return httpx.Client(
        base_url=os.environ["DISPATCHER_SIMULATOR_URL"],
        headers={"Authorization": f"Bearer {os.environ['DISPATCHER_SIMULATOR_SECRET']}"},
        trust_env=False,
    )


@app.task(name="naive.deliver")
def deliver(key: str, to: str, words: str) -> None:
    answer = _http().post(
        "/messages", json={"id": key, "channel": "sms", "to": to, "text": words}, headers={"Idempotency-Key": key}
    )
    with _engine().begin() as connection:
        connection.execute(
            text("INSERT INTO bench_naive (id, ref) VALUES (:id, :ref)"), {"id": key, "ref": answer.json()["ref"]}
        )
