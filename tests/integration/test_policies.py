"""What a policy says is kept by its digest, and one version says one thing."""

import json
import sys
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from casework_fixture import CaseworkFixture
from settings_fixture import set_for

from dispatcher import policy
from dispatcher.cli import main, why
from dispatcher.errors import OperatorError
from dispatcher.policy import Policy, kept
from dispatcher.policy.content import content, digest
from dispatcher.reporting.case import case_report
from dispatcher.reporting.explain import policies_of
from dispatcher.settings import settings
from dispatcher.store.policies import PolicyRow

Beside = Callable[[Callable[[], Any]], "Future[Any]"]


def edited(version: str = "default-1", **changes: Any) -> Policy:
    """The built-in policy as a centre edits it."""
    return policy.load().model_copy(update={"version": version, **changes})


def keep(casework: CaseworkFixture, said: Policy) -> None:
    with casework.sessions.begin() as session:
        kept.keep(session, said)


def test_what_a_version_says_is_kept_once(casework: CaseworkFixture) -> None:
    for _ in range(2):
        keep(casework, edited())
    keep(casework, edited("our-city-1"))
    rows = casework.rows(PolicyRow)
    assert {(row.version, row.digest) for row in rows} == {
        ("default-1", digest(policy.load())),
        ("our-city-1", digest(policy.load())),
    }
    assert all(row.content == content(policy.load()) for row in rows)


def test_a_version_with_other_content_is_refused_with_the_keys_and_the_remedy(casework: CaseworkFixture) -> None:
    keep(casework, edited())
    with pytest.raises(
        OperatorError, match=r"default-1 was used with other content \(pause_ends_after differ\)"
    ) as told:
        keep(casework, edited(pause_ends_after=timedelta(hours=5)))
    assert "give the changed file a new version" in str(told.value) and "\n" not in str(told.value)
    assert len(casework.rows(PolicyRow)) == 1


def test_of_two_that_start_at_once_with_one_name_one_is_refused(casework: CaseworkFixture, beside: Beside) -> None:
    with casework.sessions.begin() as session:
        kept.keep(session, edited("our-city-1"))
        other = beside(lambda: keep(casework, edited("our-city-1", pause_ends_after=timedelta(hours=5))))
    with pytest.raises(OperatorError, match="our-city-1 was used"):
        other.result(60)
    assert len(casework.rows(PolicyRow)) == 1


def test_what_an_older_release_kept_in_its_own_writing_is_the_same(casework: CaseworkFixture) -> None:
    """A release that leaves out, or writes, a key in another way has meant the same by the file."""
    keep(casework, edited())
    older = content(policy.load()) | {"pause_ends_after": "86400s"}
    casework.sql("UPDATE policies SET digest = 'older', content = CAST(:older AS jsonb)", older=json.dumps(older))
    keep(casework, edited())
    with pytest.raises(OperatorError, match="doubt_sends differ"):
        keep(casework, edited(retry=policy.load().retry.model_copy(update={"doubt_sends": 2})))


def test_any_command_is_refused_in_one_line(
    casework: CaseworkFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(casework, edited())
    file = tmp_path / "edited.toml"
    built_in = Path(policy.__file__).with_name("defaults.toml").read_text("utf-8")
    file.write_text(built_in.replace('pause_ends_after = "24h"', 'pause_ends_after = "5h"'), "utf-8")
    set_for(casework, tmp_path, monkeypatch)
    monkeypatch.setenv("DISPATCHER_DATABASE_URL", casework.url)
    monkeypatch.setenv("DISPATCHER_KEY_FILE", str(tmp_path / "keys.json"))
    monkeypatch.setenv("DISPATCHER_POLICY_FILE", str(file))
    monkeypatch.setattr(sys, "argv", ["dispatcher", "case", "list"])
    monkeypatch.setattr("dispatcher.setup.revision.is_current", lambda engine: True)
    settings.cache_clear()
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        settings.cache_clear()
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert "策略版本 default-1" in line and "pause_ends_after" in line


def test_the_journal_tells_both_digests_and_why_tells_the_numbers_of_then(
    casework: CaseworkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(casework, edited())
    case_id = casework.open(channels=["sms", "voice", "visit"])
    high = policy.load().urgency.high
    slower = high.model_copy(
        update={"visit": high.visit.model_copy(update={"no_contact_after": timedelta(minutes=18)})}
    )
    plans = policy.load().urgency.model_copy(update={"high": slower})
    new = edited("our-city-2", urgency=plans)
    keep(casework, new)
    after = replace(casework, context=replace(casework.context, policy=new))
    after.pass_time(minutes=20)
    (changed,) = after.journal(case_id, "policy_changed")
    assert changed.data == {
        "before": "default-1",
        "digest_before": digest(policy.load()),
        "policy": "our-city-2",
        "policy_digest": digest(new),
    }
    for seen_by in (casework, after):
        with seen_by.sessions() as session:
            report = case_report(session, case_id)
            said = kept.contents(session, policies_of(report.journal))
        why.explain_case(report, seen_by.context.policy, "en", as_json=True, kept=said)
        told = {each["rule"]: each for each in map(json.loads, capsys.readouterr().out.splitlines())}
        assert told["first_call"]["inputs"]["urgency.high.voice.after"] == "1m"
        assert told["visit_no_contact"]["inputs"]["urgency.high.visit.no_contact_after"] == "18m"
        assert (told["first_call"]["policy"], told["visit_no_contact"]["policy"]) == ("default-1", "our-city-2")
