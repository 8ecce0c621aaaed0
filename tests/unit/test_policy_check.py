"""`dispatcher policy check`: every fault of a policy, one a line, and everything that is odd about it."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from policies import DEFAULTS, put, table, write
from typer.testing import CliRunner

from dispatcher.cli import policy as command
from dispatcher.cli.up import oddities
from dispatcher.errors import OperatorError
from dispatcher.policy import load
from dispatcher.policy.lint import lint
from dispatcher.settings import Settings

# What a bad edit does to the file, and the key and the remedy that its line names.
FAULTS: list[tuple[str, Any, str, str]] = [
    ("receipt_wait.fax", "10m", "receipt_wait.fax", "no such key; one of: sms, voice, visit, broadcast, hook"),
    ("urgency.high.fax", {"after": "0s"}, "urgency.high.fax", "one of: doubt_wait"),
    ("urgency.high.visit.on", ["no_answer"], "urgency.high.visit.on.0", "'no_contact'"),
    ("urgency.high.hooks.stop_payment", ["receipt"], "urgency.high.hooks.stop_payment.0", "'money_moved'"),
    ("urgency.high.doubt_wait", "-5m", "urgency.high.doubt_wait", "a wait can't be negative (-5m)"),
    ("urgency.high.doubt_wait", "99999999d", "urgency.high.doubt_wait", "3650d"),
    ("urgency.high.follow_up", ["2d", "-7d"], "urgency.high.follow_up.1", "can't be negative"),
    ("urgency.low.phone_route_exhausted_raises_to", "low", "exhausted_raises_to", "a loop of raises"),
    ("urgency.high.phone_route_exhausted_raises_to", "medium", "exhausted_raises_to", "a loop of raises"),
    ("urgency.critical.phone_route_exhausted_raises_to", "critical", "exhausted_raises_to", "a loop of raises"),
    ("ladder", [], "ladder", "must not be empty"),
    ("ladder", ["officer", "county_desk"], "ladder", "must end with centre"),
    ("ladder", ["station_leader", "centre"], "ladder", "must start at officer"),
    ("ladder", ["officer", "county_desk", "officer", "centre"], "ladder", "must not go down"),
    ("urgency.low", None, "urgency.low", "required, but missing"),
    ("urgency.medium.visit", None, "urgency.medium.visit", "required, but missing"),
    ("urgency.high.voice", 5, "urgency.high.voice", "a table of keys"),
    ("urgency.high.voice.per_day", None, "urgency.high.voice.rounds", "per_day or rounds"),
    ("urgency.high.visit.no_contact_after", None, "urgency.high.visit.no_contact_after", "give a duration"),
    ("sms_cap.per_day", True, "sms_cap.per_day", "a whole number"),
    ("quiet_hours.from", "21:30+08:00", "quiet_hours.from", '"21:30"'),
    ("revisit.windows", ["22:00-02:00"], "revisit.windows.0", "split it in two"),
    ("retry.doubt_sends", 1000, "retry.doubt_sends", "at most 10"),
    ("retry.waits", ["3650d"], "retry.waits.0", "give 1s to 1d, not 3650d"),
    ("retry.waits", ["0s"], "retry.waits.0", "give 1s to 1d, not 0s"),
    ("retry.waits", ["1s"] * 21, "retry.waits", "at most 20"),
    ("sms_cap.again_after", "0s", "sms_cap.again_after", "give 1s to 7d"),
    ("sms_cap.per_day", 51, "sms_cap.per_day", "at most 50"),
    ("revisit.after", "8d", "revisit.after", "give 0s to 7d"),
    ("revisit.windows", ["18:00-19:00"] * 11, "revisit.windows", "at most 10"),
    ("quiet_hours.to", "21:29", "quiet_hours.to", "leave at least 6 hours of it"),
    ("ladder", ["officer"] * 12 + ["centre"], "ladder", "at most 12"),
    ("pause_ends_after", "31d", "pause_ends_after", "give 1m to 30d"),
    ("number_request_within", "59s", "number_request_within", "give 1m to 7d"),
    ("receipt_wait.sms", "25h", "receipt_wait.sms", "give 1s to 1d"),
    ("urgency.high.answer_within", "0s", "urgency.high.answer_within", "give 1m to 7d"),
    ("urgency.high.sms.after", "30d", "urgency.high.sms.after", "give 0s to 7d, not 30d"),
    ("urgency.high.doubt_wait", "0s", "urgency.high.doubt_wait", "give 1s to 1d"),
    ("urgency.high.voice.per_day", 400, "urgency.high.voice.per_day", "at most 50"),
    ("urgency.high.voice.later_days", [1] * 31, "urgency.high.voice.later_days", "at most 30"),
    ("urgency.high.voice.rounds", 51, "urgency.high.voice.rounds", "at most 50"),
    ("urgency.high.voice.again", "0s", "urgency.high.voice.again", "give 1s to 7d"),
    ("urgency.high.family.again", "0s", "urgency.high.family.again", "give 1s to 7d"),
    ("urgency.high.family.rounds", 11, "urgency.high.family.rounds", "at most 10"),
    ("urgency.high.visit.accept_within", "0s", "urgency.high.visit.accept_within", "give 1s to 1d"),
    ("urgency.high.visit.met_within", "8d", "urgency.high.visit.met_within", "give 0s to 7d"),
    ("urgency.high.follow_up", ["1d"] * 21, "urgency.high.follow_up", "at most 20"),
]

RARE_ROUNDS = {"after": "1m", "within": "5m", "again": "1h", "per_day": 8, "rounds": 30, "confirmed_closes": True}

# What one edit makes odd; without a key, an edit at the very border that is not odd yet.
ODD: list[tuple[str, Any, str, str]] = [
    ("ladder", ["officer", "centre"], "ladder", "passes over station_leader, county_desk"),
    ("quiet_hours.to", "21:30", "quiet_hours", "nothing is ever held"),
    ("working_hours.days", [], "working_hours", "no hour is a working hour"),
    ("revisit.windows", ["18:30-21:30", "02:00-04:00"], "revisit.windows.1", "knock at night"),
    ("revisit.after", "25h", "revisit.after", "nobody comes again for 25h"),
    ("sms_cap.again_after", "25h", "sms_cap.again_after", "longer than a day"),
    ("sms_cap.per_day", 13, "sms_cap.per_day", "can never be reached"),
    ("warned_again.at_least", "low", "warned_again.at_least", "nothing can ever be raised"),
    ("minors.under", 0, "minors.under", "can never fire"),
    ("codes.valid_for", "2h", "codes.valid_for", "no longer valid"),
    ("retry.waits", ["10s", "2s"], "retry.waits", "do not ascend"),
    ("retry.waits", ["2s", "29s"], "retry.waits", "a provider that is out is tried all the time"),
    ("retry.waits", ["2s", "30s"], "", ""),
    ("quiet_hours", {"from": "08:00", "to": "21:30"}, "quiet_hours", "the wrong way round?"),
    ("quiet_hours", {"from": "22:00", "to": "06:30"}, "", ""),
    ("revisit.windows", ["18:00-20:00", "19:59-21:00"], "revisit.windows", "overlap"),
    ("revisit.windows", ["18:00-20:00", "20:00-21:00"], "", ""),
    ("sms_cap.again_after", "9m", "sms_cap.again_after", "only 9m between"),
    ("urgency.low.sms.after", "49h", "urgency.low.sms.after", "nothing is said there within the deadline"),
    ("urgency.low.sms.after", "37h", "", ""),
    ("urgency.medium.visit.met_within", "10h", "urgency.medium.held_in_quiet_hours", "what comes at night"),
    ("urgency.high.voice.again", "59s", "urgency.high.voice.again", "hardly a rest"),
    ("urgency.high.doubt_wait", "29s", "urgency.high.doubt_wait", "hardly a rest"),
    ("urgency_labels", {"high": ["丙"], "low": ["丙"]}, "urgency_labels.low", "it is high already"),
    ("urgency_labels.low", ["高"], "urgency_labels.low", "is high by the words that ship"),
    ("urgency_labels.low", ["high"], "urgency_labels.low", "it is high already"),
    ("urgency_labels.low", ["D级"], "urgency_labels.low", "never matches"),
    ("urgency.critical.doubt_wait", "4m", "urgency.critical.doubt_wait", "4m is slower than at high (3m)"),
    ("urgency.high.voice.within", "30s", "urgency.high.voice.after", "1m > voice.within 30s"),
    ("urgency.high.voice.after", "5m", "", ""),
    ("urgency.high.visit.accept_within", "20m", "", ""),
    ("urgency.high.visit.no_contact_after", "30s", "urgency.high.voice.after", "before anybody has called"),
    ("urgency.high.visit.no_contact_after", "3h", "urgency.high.visit.no_contact_after", "3h > visit.met_within 2h"),
    ("urgency.high.visit.report_within", "119m", "urgency.high.visit.met_within", "before the person is met"),
    ("urgency.high.family.after", "121m", "urgency.high.family.after", "121m > visit.met_within 2h"),
    ("urgency.high.family.money_moved_after", "1h", "urgency.high.family.money_moved_after", "1h > family.after 30m"),
    ("urgency.high.family.again", "59s", "urgency.high.family.again", "hardly a rest"),
    ("urgency.medium.visit.no_contact_after", "1h", "urgency.medium.visit.no_contact_after", "can never fire"),
    ("urgency.low.visit.on", [], "urgency.low.visit.on", "no visit"),
    ("urgency.critical.visit.on", ["receipt", "refused"], "urgency.critical.visit.on", "refused can never fire"),
    ("urgency.high.visit.accept_within", "21m", "urgency.high.visit.accept_within", "21m × 6 = 126m"),
    ("urgency.low.voice.per_day", 7, "urgency.low.voice.per_day", "can never be reached"),
    ("urgency.low.voice.per_day", 6, "urgency.low.voice.per_day", "rounds ends first"),
    ("urgency.high.voice", RARE_ROUNDS, "urgency.high.voice.rounds", "per_day begins anew"),
    ("urgency.low.voice.later_days", [1], "urgency.low.voice.later_days", "can never fire without per_day"),
    ("urgency.high.voice.later_days", [9], "urgency.high.voice.later_days", "more calls than the day before"),
    ("urgency.high.voice.later_days", [8, 8, 1], "", ""),
    ("urgency.high.voice.again", "4h", "urgency.high.voice.later_days", "can never be reached in the waking hours"),
    ("urgency.high.voice.again", "2h", "", ""),
    ("urgency.high.follow_up", ["7d", "2d"], "urgency.high.follow_up", "does not ascend"),
    ("urgency.high.held_in_quiet_hours", True, "urgency.high.held_in_quiet_hours", "waits until the morning"),
    ("urgency.low.hooks.stop_payment", ["refused"], "urgency.low.hooks.stop_payment", "never asked to be stopped"),
]


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    command.register(app)
    app.command()(lambda: None)
    return CliRunner().invoke(app, ["policy", *map(str, arguments)], catch_exceptions=False)


@pytest.mark.parametrize(("key", "value", "named", "why"), FAULTS)
def test_a_fault_is_one_line_with_key_and_remedy(tmp_path: Path, key: str, value: Any, named: str, why: str) -> None:
    path = write(tmp_path / "own.toml", put(table(), key, value))
    done = run("check", path)
    (line,) = done.stderr.splitlines()
    assert done.exit_code == 1
    assert re.match(rf"[\w.]*{re.escape(named)}: .*[一-鿿].* / ", line)
    assert why in line
    with pytest.raises(OperatorError) as refused:
        load(path)
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    policy = table()
    for key, value in {
        "ladder": ["county_desk", "officer"],
        "urgency.high.fax": {},
        "urgency.high.doubt_wait": "-5m",
        "urgency.high.visit.on": ["recipt"],
        "urgency.medium.phone_route_exhausted_raises_to": "low",
        "urgency.low": None,
    }.items():
        put(policy, key, value)
    done = run("check", write(tmp_path / "own.toml", policy))
    assert done.exit_code == 1
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        *("ladder", "ladder", "ladder"),
        *("urgency.high.doubt_wait", "urgency.high.visit.on.0", "urgency.high.fax"),
        *("urgency.medium.phone_route_exhausted_raises_to", "urgency.low"),
    ]


def test_a_file_that_leaves_most_out_is_told_so_without_the_whole_list(tmp_path: Path) -> None:
    path = write(
        tmp_path / "own.toml", {"version": "city-1", "urgency": {"high": {"visit": {"no_contact_after": "8m"}}}}
    )
    with pytest.raises(OperatorError) as refused:
        load(path)
    told = str(refused.value)
    assert told.count("required, but missing") == 4
    assert f"more faults; `dispatcher policy check {path}` lists all; copy the built-in file first" in told
    assert len(run("check", path).stderr.splitlines()) > 20


def test_our_default_has_neither_fault_nor_oddity() -> None:
    done = run("check", DEFAULTS, "--strict")
    assert (done.exit_code, done.stdout) == (0, "策略可用\n")


@pytest.mark.parametrize(("key", "value", "named", "why"), ODD)
def test_an_oddity_is_told_and_refused_only_when_asked(
    tmp_path: Path, key: str, value: Any, named: str, why: str
) -> None:
    path = write(tmp_path / "own.toml", put(table(), key, value))
    told = [str(each) for each in lint(load(path))]
    assert any(line.startswith(f"{named}: ") and why in line for line in told) if named else not told
    done = run("check", path)
    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if line.startswith("odd: ")] == [f"odd: {line}" for line in told]
    assert run("check", path, "--strict").exit_code == bool(told)


def test_an_absent_file_is_one_line(tmp_path: Path) -> None:
    done = run("check", tmp_path / "absent.toml")
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1


def test_an_urgency_that_says_nothing_within_its_deadline_is_told(tmp_path: Path) -> None:
    policy = table()
    for key, value in {"sms.after": "3d", "voice.after": "3d", "voice.within": "4d"}.items():
        put(policy, f"urgency.medium.{key}", value)
    told = [str(each) for each in lint(load(write(tmp_path / "own.toml", policy)))]
    silent = [each for each in told if "says nothing to anybody within its own deadline" in each]
    assert [each.partition(": ")[0] for each in silent] == ["urgency.medium.sms.after", "urgency.medium.voice.after"]


def test_the_banner_of_up_tells_the_first_oddities_and_how_many_more_there_are(tmp_path: Path) -> None:
    assert oddities(Settings(policy_file=None)) == []
    policy = put(table(), "minors.under", 0)
    (line,) = oddities(Settings(policy_file=write(tmp_path / "one.toml", policy)))
    assert "minors.under: " in line
    for urgency in ("critical", "high", "medium", "low"):
        for key in ("voice.again", "visit.accept_within"):
            put(policy, f"urgency.{urgency}.{key}", "2s")
    told = oddities(Settings(policy_file=write(tmp_path / "nine.toml", policy)))
    assert len(told) == 6
    assert "dispatcher policy check" in told[-1] and "4" in told[-1]
