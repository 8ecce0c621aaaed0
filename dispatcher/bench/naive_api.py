"""The baseline of `bench api`: FastAPI and one INSERT of the raw JSON. python -m dispatcher.bench.naive_api PORT"""

import json
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from sqlalchemy import create_engine, text

from dispatcher.settings import database_url

_INSERT = text("INSERT INTO bench_naive_api (body) VALUES (CAST(:body AS jsonb))")


def make() -> FastAPI:
    engine = create_engine(database_url().replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS bench_naive_api (id serial PRIMARY KEY, body jsonb)"))
    app = FastAPI()

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/instructions", status_code=201)
    def push(body: dict[str, Any]) -> dict[str, str]:
        with engine.begin() as connection:
            connection.execute(_INSERT, {"body": json.dumps(body, ensure_ascii=False)})
        return {"status": "accepted"}

    return app


if __name__ == "__main__":
    uvicorn.run(make(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
