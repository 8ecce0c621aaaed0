"""client: entered, given new keys, struck out; a mistake is one line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from casework_fixture import CaseworkFixture
from typer.testing import CliRunner

from dispatcher.cli import client
from dispatcher.cli.app import build_app
from dispatcher.cli.refusals import line
from dispatcher.errors import OperatorError, Refused
from dispatcher.settings import Settings
from dispatcher.setup import Services

Run = Callable[..., str]
CREATE = ("client", "create", "north", "--system", "north-platform")


@pytest.fixture
def run(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command against the fixture's database; gives what it prints."""
    services = Services(Settings(), casework.sessions, casework.context)
    monkeypatch.setattr(client, "build_services", lambda: services)
    return lambda *words: CliRunner().invoke(build_app(), words, catch_exceptions=False).stdout


def told(words: tuple[str, ...]) -> str:
    answer = CliRunner().invoke(build_app(), words)
    assert isinstance(answer.exception, OperatorError | Refused), answer.output
    return line(answer.exception) if isinstance(answer.exception, Refused) else str(answer.exception)


def listed(run: Run) -> list[dict[str, object]]:
    return [json.loads(each) for each in run("client", "list", "--json").splitlines()]


def test_a_key_is_shown_once(run: Run, casework: CaseworkFixture) -> None:
    key = run(*CREATE, "--scope", "push", "--network", "10.1.0.0/16").strip()
    assert key.startswith("wdk_") and len(key) > 40
    (row,) = listed(run)
    assert (row["name"], row["systems"], row["scopes"]) == ("north", ["north-platform"], ["push"])
    assert row["keys"] == [{"hint": f"{key[:8]}…", "valid_until": None}]
    for table in ("clients", "client_keys", "journal"):
        assert key not in str(casework.sql(f"SELECT * FROM {table}"))  # noqa: S608 - a name of ours


def test_what_it_may_do_unless_it_is_said(run: Run) -> None:
    run(*CREATE)
    assert listed(run)[0]["scopes"] == ["feedback", "push", "read"]


def test_two_keys_for_a_while_and_none_after_the_end(run: Run) -> None:
    run(*CREATE)
    new = json.loads(run("client", "rotate", "north", "--overlap-hours", "1", "--json"))["key"]
    keys = listed(run)[0]["keys"]
    assert isinstance(keys, list) and [bool(key["valid_until"]) for key in keys] == [True, False]
    assert keys[1]["hint"] == f"{new[:8]}…"
    run("client", "revoke", "north")
    assert listed(run)[0]["keys"] == []
    assert "wdk_" not in run("client", "list")


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("client", "create", "a b", "--system", "x"), "NAME: letters, digits"),
        (("client", "create", "n", "--system", ""), "--system: no blanks"),
        ((*CREATE, "--scope", "all"), "--scope: one of push, read"),
        ((*CREATE, "--network", "10.1"), "--network wants an address"),
        ((*CREATE, "--certificate", "/nowhere"), "no readable certificate"),
        (("client", "rotate", "nobody"), "no client nobody; see `dispatcher client list`"),
        (("client", "revoke", "nobody"), "no client nobody"),
    ],
)
def test_a_mistake_is_one_line(words: tuple[str, ...], message: str) -> None:
    assert message in told(words)


def test_a_name_is_used_once(run: Run, tmp_path: Path) -> None:
    run(*CREATE)
    assert "client north exists" in told(CREATE)
    run("client", "revoke", "north")
    assert "was revoked" in told(("client", "rotate", "north"))
    (tmp_path / "c.pem").write_text("-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n")
    assert "no readable certificate" in told((*CREATE, "--certificate", str(tmp_path / "c.pem")))
