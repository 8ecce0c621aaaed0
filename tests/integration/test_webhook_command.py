"""webhook: endpoints entered, given new secrets, removed; what was given up is listed and sent again."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from casework_fixture import SYSTEM, CaseworkFixture
from typer.testing import CliRunner

from dispatcher.cli import webhook
from dispatcher.cli.app import build_app
from dispatcher.cli.refusals import line
from dispatcher.clients import register
from dispatcher.errors import OperatorError, Refused
from dispatcher.setup import Services
from dispatcher.webhooks import deliveries
from dispatcher.webhooks.deliveries import Try

Run = Callable[..., str]
CREATE = ("webhook", "create", "told", "--client", "north", "--url", "https://10.1.0.1/hooks")


@pytest.fixture
def run(casework: CaseworkFixture, services: Services, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command against the fixture's database; gives what it prints."""
    settings = services.settings.model_copy(update={"webhook_allowed": "10.1.0.0/16"})
    monkeypatch.setattr(webhook, "build_services", lambda: replace(services, settings=settings))
    with services.begin() as work:
        register.create(work, register.Entry("north", {SYSTEM}, set(), calls_per_minute=1))
    return lambda *words: CliRunner().invoke(build_app(), words, catch_exceptions=False).stdout


def told(*words: str) -> str:
    answer = CliRunner().invoke(build_app(), words)
    assert isinstance(answer.exception, OperatorError | Refused), answer.output
    return line(answer.exception) if isinstance(answer.exception, Refused) else str(answer.exception)


def lines(run: Run, *words: str) -> list[dict[str, Any]]:
    return [json.loads(each) for each in run("webhook", *words, "--json").splitlines()]


def test_an_endpoint_from_its_beginning_to_its_end(run: Run, casework: CaseworkFixture) -> None:
    assert run(*CREATE).startswith("whsec_")
    assert json.loads(run("webhook", "rotate", "told", "--overlap-hours", "1", "--json"))["secret"].startswith("whsec_")
    (row,) = lines(run, "list")
    assert (row["name"], row["client"], row["url"]) == ("told", "north", "https://10.1.0.1/hooks")
    assert [bool(each["valid_until"]) for each in row["secrets"]] == [True, False]
    assert "north" in run("webhook", "list")
    run("webhook", "remove", "told")
    assert lines(run, "list") == []
    assert "no webhook told" in told("webhook", "rotate", "told")
    events = ["webhook_created", "webhook_secret_rotated", "webhook_removed"]
    assert [row.event for row in casework.journal(None) if row.event.startswith("webhook")] == events


def test_dead_letters_are_listed_and_sent_again(run: Run, casework: CaseworkFixture) -> None:
    run(*CREATE)
    case_id = casework.open()
    for _ in range(len(deliveries.WAITS) + 1):
        with casework.begin() as work:
            deliveries.enter(work)
            deliveries.record(work, [Try(each, status=500) for each in deliveries.find_due(work, {})])
        casework.pass_time(hours=9)
    (dead,) = lines(run, "dead", "told")
    assert (dead["webhook"], dead["type"], dead["case"], dead["status"]) == ("told", "accepted", str(case_id), 500)
    assert lines(run, "dead") == [dead] and dead["event"] in run("webhook", "dead").replace("\n", "")
    assert lines(run, "list")[0]["dead"] == 1
    assert "1" in run("webhook", "replay", "told", "--event", dead["event"])
    assert lines(run, "dead") == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("webhook", "create", "a b", *CREATE[3:]), "NAME"),
        (("webhook", "create", "told", "--client", "nobody", *CREATE[5:]), "no client nobody"),
        ((*CREATE[:6], "https://10.2.0.1/"), "not_allowed; DISPATCHER_WEBHOOK_ALLOWED"),
        ((*CREATE[:6], "http://10.1.0.1/"), "scheme"),
        ((*CREATE[:6], "https://127.0.0.1/"), "loopback"),
        ((*CREATE[:6], "https://169.254.169.254/"), "reserved"),
        (("webhook", "remove", "nobody"), "no webhook nobody"),
        (("webhook", "replay", "nobody"), "no webhook nobody"),
        (("webhook", "replay", "told", "--event", "x"), "--event"),
        (("webhook", "dead", "nobody"), "no webhook nobody"),
    ],
)
def test_a_mistake_is_one_line(run: Run, words: tuple[str, ...], message: str) -> None:
    assert message in told(*words)


def test_a_name_is_used_once_at_a_time(run: Run) -> None:
    run(*CREATE)
    assert "webhook told exists" in told(*CREATE)
    run("webhook", "remove", "told")
    assert run(*CREATE).startswith("whsec_")
