"""A variable that is misspelt is told; one that is somebody else's is left alone."""

import pytest

from dispatcher.errors import OperatorError
from dispatcher.settings import Settings, read_as
from dispatcher.watch.limits import Limits


@pytest.mark.parametrize(
    "name",
    ["DATABASE_URL_FILE", "DATABASE_URL_RO", "REDIS_URL_2", "DATABASE_USER", "TEST_DATABASE_URL", "KEY_FILE_OLD"],
)
def test_one_that_goes_on_behind_ours_is_somebody_elses(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"DISPATCHER_{name}", "x")
    read_as(Settings)


def test_an_empty_one_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_CLOK", "")
    read_as(Settings)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("DISPATCHER_PROVIDER_FILE", "DISPATCHER_PROVIDERS_FILE"),
        ("DISPATCHER_POLICYFILE", "DISPATCHER_POLICY_FILE"),
        ("DISPATCHER_DATABASEURL", "DISPATCHER_DATABASE_URL"),
        ("DISPATCHER_CLOK", "DISPATCHER_CLOCK"),
        ("DISPATCHER_WEBHOOKS_ALLOWED", "DISPATCHER_WEBHOOK_ALLOWED"),
        ("DISPATCHER_KEYFILE", "DISPATCHER_KEY_FILE"),
    ],
)
def test_one_that_is_nearly_ours_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str, right: str) -> None:
    monkeypatch.setenv(wrong, "x")
    with pytest.raises(OperatorError, match=f"{wrong}.*{right}"):
        read_as(Settings)


def test_one_of_the_watch_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_WATCH_PERIODS", "5")
    with pytest.raises(OperatorError, match="DISPATCHER_WATCH_PERIOD_S"):
        read_as(Limits)


def test_no_name_of_ours_is_taken_for_another() -> None:
    """All of them at once, as they may stand beside one another."""
    with pytest.MonkeyPatch.context() as environment:
        for kind in (Settings, Limits):
            for name in kind.model_fields:
                environment.setenv(kind.prefix + name.upper(), "")
        for name in ("CITY_SECRET", "SMS_KEY", "SIMULATOR_SECRET", "SIMULATOR_URL", "TEST_FUZZ", "SUPERVISOR_PID"):
            environment.setenv(f"DISPATCHER_{name}", "x")
        read_as(Settings)
        read_as(Limits)
