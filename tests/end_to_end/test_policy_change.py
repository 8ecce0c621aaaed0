"""A policy that changes while cases are open, as an operator changes it: edit the file, start anew."""

import json
import subprocess
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatcher import policy
from tests.end_to_end.stack import BIN, PATIENCE_S, Up, environment

BUILT_IN = (Path(policy.__file__).parent / "defaults.toml").read_text("utf-8")
NOW = datetime.now(ZoneInfo("Asia/Shanghai"))
OPEN_CASES = "SELECT policy_version, count(*) FROM cases WHERE state = 'open' GROUP BY 1"


def _body(number: int) -> str:
    return json.dumps(
        {
            "instruction_id": f"PC-{number}",
            "version": 1,
            "source": {"system": "省反诈平台(虚构)", "unit": "YT-FZ"},
            "issued_at": NOW.isoformat(),
            "urgency": "high",
            "fraud_type": "F08",
            "channels": ["voice"],
            "victim": {"phones": [{"number": f"1540001{number:04d}"}]},
        },
        ensure_ascii=False,
    )


def test_a_changed_file_is_refused_under_its_name_and_reaches_open_cases_under_a_new_one(tmp_path: Path) -> None:
    file, lines = tmp_path / "policy.toml", tmp_path / "push.jsonl"
    slow = BUILT_IN.replace('[urgency.high.voice]\nafter = "1m"', '[urgency.high.voice]\nafter = "6d"')
    lines.write_text("\n".join(map(_body, range(60))) + "\n", "utf-8")
    up = Up(tmp_path / "home", {"DISPATCHER_POLICY_FILE": str(file)})
    wrong = slow.replace('version = "default-1"', 'version = "our-city-1"')
    file.write_text(wrong, "utf-8")
    up.start()
    try:
        assert up.run("push", str(lines)).code == 0
    finally:
        up.stop()

    file.write_text(wrong.replace('after = "6d"', 'after = "3m"'), "utf-8")
    refused = subprocess.run(
        [BIN / "dispatcher", "up"],
        env=environment(up.home, **up.settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    (line,) = [each for each in refused.stderr.splitlines() if each.startswith("dispatcher: ")]
    assert refused.returncode == 2
    assert "our-city-1" in line and "urgency.high.voice.after" in line

    file.write_text(file.read_text("utf-8").replace("our-city-1", "our-city-2"), "utf-8")
    up.start()
    try:
        up.wait_for_psql(OPEN_CASES, until="our-city-2|60")
        due = up.psql("SELECT max(due_at) - min(opened_at) FROM attempts JOIN cases ON cases.id = case_id")
        (told,) = [
            json.loads(each)
            for each in up.psql(
                "SELECT data FROM journal WHERE case_id IS NULL AND event = 'policy_changed'"
            ).out.splitlines()
        ]
        why = up.run("case", "PC-7", "--why", "--json").lines
    finally:
        up.stop()
    assert due.out.startswith("00:0"), due.out
    assert (told["before"], told["policy"]) == ("our-city-1", "our-city-2")
    assert told["digest_before"] != told["policy_digest"]
    numbers = [each["inputs"].get("urgency.high.voice.after") for each in why if each["rule"] == "first_call"]
    assert numbers == ["6d"]
