"""The policy file: the defaults load, a bad edit is named, a changed number changes the decision."""

from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from builders import MONDAY, VISIT, VOICE, new_case
from engine_harness import EngineHarness

from dispatcher.policy import PolicyError, load
from dispatcher.policy.models import UrgencyLabels
from schemas.vocabulary import Channel, Rung, Urgency

DEFAULTS = files("dispatcher.policy").joinpath("defaults.toml").read_text("utf-8")


def edited(tmp_path: Path, old: str, new: str) -> Path:
    assert old in DEFAULTS
    path = tmp_path / "policy.toml"
    path.write_text(DEFAULTS.replace(old, new, 1), encoding="utf-8")
    return path


def test_defaults_load_once() -> None:
    assert load() is load()
    assert load().version == "default-1"
    assert load().ladder == (*[Rung.OFFICER] * 3, Rung.STATION_LEADER, Rung.COUNTY_DESK, Rung.CENTRE)


@pytest.mark.parametrize("urgency", Urgency)
def test_every_urgency_has_a_plan(urgency: Urgency) -> None:
    assert load().plan(urgency).doubt_wait > timedelta()


def test_defaults_are_the_table_of_the_domain() -> None:
    accept = [load().plan(urgency).visit.accept_within for urgency in Urgency]
    assert accept == [timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=4)]
    met = [load().plan(urgency).visit.met_within for urgency in Urgency]
    assert met == [timedelta(minutes=30), timedelta(hours=2), timedelta(hours=24), None]
    report = [load().plan(urgency).visit.report_within for urgency in Urgency]
    assert report == [timedelta(hours=hours) for hours in (2, 12, 24, 48)]


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.VOICE, Channel.VISIT])
def test_every_channel_has_a_receipt_wait(channel: Channel) -> None:
    assert load().receipt_wait.of(channel) > timedelta()


def test_the_last_retry_wait_repeats() -> None:
    waits = load().retry.waits
    assert [load().retry.wait(failures) for failures in (1, 2, 5, 6, 20)] == [waits[0], waits[1], *[waits[-1]] * 3]


@pytest.mark.parametrize(
    ("label", "urgency"),
    [
        ("critical", Urgency.CRITICAL),
        ("CRITICAL", Urgency.CRITICAL),
        (" Low ", Urgency.LOW),
        ("甲等", Urgency.CRITICAL),
        (" 甲等 ", Urgency.CRITICAL),
        ("一级", Urgency.HIGH),
        ("二级", None),
        ("", None),
    ],
)
def test_labels_of_its_own(label: str, urgency: Urgency | None) -> None:
    """All others are the vocabulary's."""
    own = UrgencyLabels(critical=("甲等",), high=("一级",))
    assert load().model_copy(update={"urgency_labels": own}).urgency_of(label) is urgency


@pytest.mark.parametrize(
    ("old", "new", "key", "why"),
    [
        ('on = ["receipt"]', 'on = ["recipt"]', "urgency.critical.visit.on.0", "receipt"),
        ("[urgency.critical.sms]", "[urgency.critical.fax]", "urgency.critical.sms", "required"),
        ('sms = "10m"', 'fax = "10m"', "receipt_wait.sms", "required"),
        ('doubt_wait = "90s"', 'doubt_wait = "-90s"', "urgency.critical.doubt_wait", "negative"),
        ('doubt_wait = "90s"', "doubt_wait = 90", "urgency.critical.doubt_wait", "duration"),
        ('doubt_wait = "90s"', 'doubt_wait = "90"', "urgency.critical.doubt_wait", "duration"),
        ('doubt_wait = "90s"', 'doubt_wait = "1.5m"', "urgency.critical.doubt_wait", "duration"),
        ('"county_desk", "centre"]', '"county_desk"]', "ladder", "end with centre"),
        ('"county_desk", "centre"]', '"mayor", "centre"]', "ladder.4", "station_leader"),
        ("per_day = 20\n", "", "urgency.critical.voice", "per_day or rounds"),
        ("per_day = 20", "per_day = 0", "urgency.critical.voice.per_day", "at least 1"),
        ('no_contact_after = "15m"\n', "", "urgency.high.visit", "no_contact_after"),
        ('version = "default-1"', 'version = "default-1"\nsurprise = 1', "surprise", "not permitted"),
        ("[urgency.low.voice]", "[urgency.low.voice]\nringtone = 1", "urgency.low.voice.ringtone", "not permitted"),
        ("[urgency.low]", "[urgency.lowest]", "urgency.low", "required"),
        ('timezone = "Asia/Shanghai"', 'timezone = "Asia/Yunting"', "timezone", "time zone"),
        ('"06:30-08:30"', '"06:30"', "revisit.windows.0", "window"),
        ('["F09", "F12"]', '["F09", "F98"]', "family_not_told.1", "F99"),
        ('raises_to = "high"', 'raises_to = "higher"', "urgency.medium.phone_route_exhausted_raises_to", "critical"),
        ('waits = ["2s", "10s", "30s", "2m", "5m"]', "waits = []", "retry.waits", "at least 1"),
        ('from = "21:30"', 'from = "half past nine"', "quiet_hours.from", "time"),
        ("confirmed_closes = false", 'confirmed_closes = "perhaps"', "voice.confirmed_closes", "boolean"),
        ("[retry]", "[retry", "policy.toml", "not valid TOML"),
    ],
)
def test_a_bad_edit_names_the_key_and_the_remedy(tmp_path: Path, old: str, new: str, key: str, why: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load(edited(tmp_path, old, new))
    assert key in str(caught.value)
    assert why in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_missing_file_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"absent\.toml.*DISPATCHER_POLICY_FILE"):
        load(tmp_path / "absent.toml")


def test_a_file_that_is_not_text_is_a_policy_error(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyError):
        load(tmp_path / "policy.toml")


def test_a_changed_number_changes_the_decision(tmp_path: Path) -> None:
    path = edited(tmp_path, 'doubt_wait = "3m"', 'doubt_wait = "4m"')
    path.write_text(path.read_text("utf-8").replace('after = "1m"', 'after = "2m"'), "utf-8")
    harness = EngineHarness(new_case(Urgency.HIGH), load(path))
    harness.act()
    (call,) = harness.made(VOICE)
    assert call.due_at == MONDAY + timedelta(minutes=2)
    harness.in_doubt(harness.sending(call))
    assert harness.now + timedelta(minutes=4) in harness.looks


def test_a_changed_trigger_changes_the_decision(tmp_path: Path) -> None:
    path = edited(tmp_path, 'on = ["no_contact", "refused"', 'on = ["receipt", "refused"')
    harness = EngineHarness(new_case(Urgency.HIGH), load(path))
    harness.act()
    assert harness.made(VISIT)
