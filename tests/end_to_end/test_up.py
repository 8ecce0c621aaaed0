"""`up` and the commands beside it, as a person would use them."""

import json
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import redis
from celery import Celery

from tests.celery_envelope import envelope
from tests.end_to_end.conftest import Played
from tests.end_to_end.stack import BIN, PATIENCE_S, Up, environment, open_to_others

BARE_CLIENT = """
import json, sys
from celery import Celery
Celery(broker=sys.argv[1]).send_task("intake", [json.loads(sys.argv[2])])
"""
LOG_KEYS = {
    *("case", "instructions", "attempt", "retry_of", "channel", "provider", "person", "state", "result"),
    *("confirmed", "rule", "possible_duplicate", "planned_at", "sent_at", "settled_at", "ref"),
}
CASE_KEYS = {"case", "instructions", "urgency", "state", "resolution", "deadlines", "money", "attempts", "visits"}


def _instruction(sample_file: Path, case: str, instruction_id: str) -> dict[str, object]:
    cases = json.loads(sample_file.read_text("utf-8"))["cases"]
    found: dict[str, object] = next(each for each in cases if each["case"] == case)["instruction"]
    return found | {"instruction_id": instruction_id}


def test_every_worker_leaves_signs_of_life_and_its_end_is_no_silence(played: Played, tmp_path: Path) -> None:
    names = {f"worker:{name}@{socket.gethostname()}" for name in ("delivery-1", "delivery-2", "casework")}
    beats = "SELECT name FROM heartbeats WHERE name LIKE 'worker:%'"
    assert set(played.up.psql(beats).out.split()) == names
    command = [BIN / "celery", "-A", "tasks", "worker", "-P", "threads", "-c", "1", "-Q", "casework", "-n", "more@%h"]
    settings = environment(played.up.home, **played.up.settings)
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, env=settings, stdout=log, stderr=log) as more:
        played.up.wait_for_psql(beats, until="worker:more@")
        more.terminate()
    assert set(played.up.psql(beats).out.split()) == names


def test_push_prints_one_answer_a_line(played: Played, sample_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "push.jsonl"
    file.write_text(json.dumps(_instruction(sample_file, "S20", "PUSH-A1"), ensure_ascii=False) + "\n", "utf-8")
    (line,) = played.up.run("push", str(file), "--json").lines
    assert (line["line"], line["instruction_id"], line["status"], line["reason"]) == (1, "PUSH-A1", "accepted", None)
    again = played.up.run("push", "-", "--json", stdin=file.read_text("utf-8"))
    assert [each["status"] for each in again.lines] == ["duplicate"]
    assert again.code == 0


def test_the_demo_client_pushes_over_http_as_the_readme_has_it(played: Played) -> None:
    """With the key that `up` has left for its own user alone."""
    key = (played.up.home / "api-key").read_text("ascii").strip()
    url = f"http://127.0.0.1:{played.up.running['DISPATCHER_API_PORT']}/v1/instructions"
    victim = {"phones": [{"number": "15400000002"}]}
    body = {"instruction_id": "W-0", "version": 1, "issued_at": "2026-11-23T08:00:00+08:00", "urgency": "高"}
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=PATIENCE_S) as client:
        answer = client.post(url, json=body | {"channels": ["sms"], "victim": victim})
        assert answer.status_code == 201, answer.text
        assert client.get(f"{url}/W-0").json()["newest"]["case"] == answer.json()["case"]
    assert played.up.run("case", "W-0", "--json").lines[0]["case"] == answer.json()["case"]


def test_log_and_case_have_the_fields_that_others_rely_on(played: Played) -> None:
    lines = played.up.run("log", "--json", "--instruction", "YJ20260302-000001").lines
    assert lines and all(set(line) >= LOG_KEYS for line in lines)
    (case,) = played.up.run("case", "YJ20260302-000001", "--json").lines
    assert set(case) >= CASE_KEYS
    assert list(case["journal"][0]) == ["seq", "at", "actor", "event", "rule", "data"]


def test_log_filters(played: Played) -> None:
    run = played.up.run
    assert {each["channel"] for each in run("log", "--json", "--channel", "visit").lines} == {"visit"}
    assert {each["result"] for each in run("log", "--json", "--result", "BUSY").lines} == {"BUSY"}
    of_precinct = run("log", "--json", "--precinct", "YT-QY-01", "--until", "2026-03-02T11:00:00+08:00").lines
    assert {each["case"] for each in of_precinct} == {played.answers["S04"]["case"]}
    assert run("log", "--json", "--since", "2030-01-01").lines == []


def test_a_script_that_knows_only_celery_can_push(played: Played, sample_file: Path) -> None:
    body = json.dumps(_instruction(sample_file, "S05", "CELERY-A1"), ensure_ascii=False)
    broker = played.up.running["DISPATCHER_REDIS_URL"]
    subprocess.run([sys.executable, "-I", "-c", BARE_CLIENT, broker, body], check=True, timeout=PATIENCE_S, cwd="/")
    case = json.loads(played.up.wait_for("case", "CELERY-A1", "--json", until="instruction_accepted").out)
    assert "CELERY-A1" in case["instructions"]


def test_what_celery_would_drop_is_taken_or_kept_and_not_shown(played: Played, sample_file: Path) -> None:
    """The real worker, and what a Celery worker throws away: expired, misspelt, not JSON, no message at all."""
    broker = played.up.running["DISPATCHER_REDIS_URL"]
    client = Celery(broker=broker, set_as_current=False)
    past = datetime.now(UTC) - timedelta(hours=1)
    client.send_task("intake", [_instruction(sample_file, "S05", "CELERY-A2")], expires=past)
    note = {"note": "私密内容"}
    client.send_task("intaek", [note])
    client.send_task("intake", [note], serializer="pickle")
    client.send_task("intake", [note], queue="casework")  # a queue that Celery's consumer serves
    with redis.Redis.from_url(broker) as queue:
        queue.lpush("celery", "私密内容", json.dumps(envelope("[[{私密内容".encode())))
    played.up.wait_for("case", "CELERY-A2", "--json", until="instruction_accepted")
    limit = time.monotonic() + PATIENCE_S
    fields: list[str] = []
    while len(fields) < 5:
        assert time.monotonic() < limit, fields
        kept = played.up.run("quarantine", "list", "--json").lines
        fields = sorted(each["field"] for each in kept if each["door"] == "celery")
    assert fields == ["body", "content-type", "instruction_id", "message", "task"]
    logs = "".join(path.read_text("utf-8") for path in (played.up.home / "logs").glob("*.log"))
    assert "私密内容" not in logs and "\\u79c1" not in logs and "Traceback" not in logs


def test_the_journal_refuses_change(played: Played) -> None:
    for sql in ("UPDATE journal SET actor = 'x'", "DELETE FROM journal", "TRUNCATE journal", "TRUNCATE journal_rest"):
        answer = played.up.psql(sql)
        assert answer.code != 0 and "append-only" in answer.err, sql


def test_schema_instruction_is_json_schema(played: Played) -> None:
    schema = json.loads(played.up.run("schema", "instruction").out)
    assert {"instruction_id", "version", "source", "issued_at", "urgency", "channels", "victim"} == set(
        schema["required"]
    )


def test_a_second_up_under_the_same_home_is_refused(played: Played) -> None:
    answer = played.up.run("up")
    assert answer.code == 2 and "already running" in answer.err and "Traceback" not in answer.err
    assert played.up.run("visit", "list").code == 0  # the first one still stands


def test_ctrl_c_leaves_nothing_running(tmp_path: Path) -> None:
    up = Up(tmp_path / "home")
    up.start()
    assert len(up.processes()) >= 8
    assert up.stop() == 0
    assert up.processes() == []
    assert not (up.home / "run.json").exists()
    assert (up.home / "keys.json").stat().st_mode & 0o777 == 0o600
    assert open_to_others(up.home) == []


def test_without_a_running_up_commands_name_the_remedy(tmp_path: Path) -> None:
    answer = Up(tmp_path).run("log")
    assert answer.code == 2
    assert "dispatcher up" in answer.err and "Traceback" not in answer.err and answer.err.count("\n") == 1


def test_celery_without_a_broker_names_the_remedy(tmp_path: Path) -> None:
    command = [Path(sys.executable).parent / "celery", "-A", "tasks", "inspect", "ping"]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode != 0 and "DISPATCHER_REDIS_URL" in done.stderr and "Traceback" not in done.stderr
