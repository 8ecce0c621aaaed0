"""Nothing of the sample people is to be found outside the vault: database, logs, Redis; nor can other users read it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery

from tests.end_to_end.conftest import CASES, Played
from tests.end_to_end.stack import open_to_others


def _needles(sample_file: Path) -> Iterator[str]:
    for case in json.loads(sample_file.read_text("utf-8"))["cases"]:
        if case["case"] not in CASES:
            continue
        victim = case["instruction"]["victim"]
        yield victim["name"]
        yield victim["id_number"]
        yield from (each["number"] for each in victim["phones"])
        yield from (each["text"] for each in victim["addresses"])
        for contact in victim["contacts"]:
            yield from (contact["name"], contact["phone"])
        if suspect := case["instruction"]["risk"].get("suspect_phone"):
            yield suspect


@pytest.fixture(scope="module")
def needles(sample_file: Path) -> list[str]:
    found = list(_needles(sample_file))
    escaped = [json.dumps(each)[1:-1] for each in found if not each.isascii()]
    assert len(found) >= 20
    return found + escaped


def _seen(needles: list[str], text: str) -> list[str]:
    return [needle for needle in needles if needle in text]


def test_database_dump(played: Played, needles: list[str]) -> None:
    dump = played.up.dump()
    assert "YJ20260302-000001" in dump
    assert _seen(needles, dump) == []


def test_logs_of_every_process_and_of_the_servers(played: Played, needles: list[str]) -> None:
    files = [*(played.up.home / "logs").glob("*.log"), *(played.up.home / "redis").glob("*.log")]
    files += [played.up.home / "gateway.jsonl"]
    assert len(files) >= 9 and played.up.home / "logs" / "postgresql.log" in files
    for file in files:
        assert _seen(needles, file.read_text("utf-8", "replace")) == [], file


def test_redis(played: Played, needles: list[str]) -> None:
    client = redis.Redis.from_url(played.up.running["DISPATCHER_REDIS_URL"], decode_responses=True)
    kept = "".join(f"{key} {client.dump(key)!r}" for key in client.scan_iter() if isinstance(key, str))
    files = b"".join(path.read_bytes() for path in (played.up.home / "redis").rglob("*.aof"))
    assert kept
    assert _seen(needles, kept + files.decode("utf-8", "replace")) == []


def test_no_worker_answers_a_remote_control(played: Played) -> None:
    """Whoever can reach the broker could else read what they work on, end them, or have them revoke tasks."""
    shown = Celery(broker=played.up.running["DISPATCHER_REDIS_URL"], set_as_current=False).control.inspect(timeout=1)
    assert (shown.ping(), shown.active(), shown.stats()) == (None, None, None)


def test_no_file_of_the_service_is_open_to_other_users(played: Played) -> None:
    assert len(list(played.up.home.rglob("*"))) > 1000
    assert open_to_others(played.up.home) == []
