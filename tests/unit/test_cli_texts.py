"""`dispatcher texts`: read and check the wording without a database."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dispatcher.cli import texts as command
from dispatcher.errors import OperatorError
from dispatcher.settings import Settings
from dispatcher.texts import approved
from schemas.vocabulary import FRAUD_TYPES

OCCASIONS = (1, 2, 3)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.delenv("DISPATCHER_DATABASE_URL", raising=False)
    made = typer.Typer()
    command.register(made)
    made.command()(lambda: None)
    return made


def records(app: typer.Typer, *options: str) -> list[dict[str, object]]:
    done = CliRunner().invoke(app, ["texts", "preview", "--json", *options], catch_exceptions=False)
    assert done.exit_code == 0
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_preview_shows_every_text_and_nothing_is_at_fault(app: typer.Typer) -> None:
    found = records(app)
    sms = [each for each in found if each["kind"] == "sms"]
    assert {(each["type"], each["language"], each["occasion"]) for each in sms} == {
        (code, language, occasion) for code in FRAUD_TYPES for language in ("zh-CN", "en") for occasion in OCCASIONS
    }
    assert all(each["faults"] == [] and each["characters"] == len(str(each["text"])) for each in sms)
    assert {each["hearer"] for each in found if each["kind"] == "voice"} == set(command._HEARERS)
    assert [each["type"] for each in found if each["kind"] == "cue"] == list(FRAUD_TYPES)


def test_options_narrow_it(app: typer.Typer) -> None:
    found = records(app, "--type", "f12", "--language", "en", "--occasion", "2")
    assert {each["type"] for each in found} == {"F12"}
    assert {each["language"] for each in found if "language" in each} == {"en"}
    assert {each["occasion"] for each in found if "occasion" in each} == {2}


def test_wrong_option_is_one_clear_line(app: typer.Typer) -> None:
    for wrong in (["--type", "F77"], ["--language", "fr"], ["--occasion", "4"]):
        with pytest.raises(OperatorError, match="one of"):
            CliRunner().invoke(app, ["texts", "preview", *wrong], catch_exceptions=False)


def test_check_tells_one_line_per_fault(app: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[centre]\nsign = "12381"\ncity = "{x}"\n', encoding="utf-8")
    done = CliRunner().invoke(app, ["texts", "check", str(path)], catch_exceptions=False)
    assert done.exit_code == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["centre.sign", "centre.city", "centre.city_en"]


def test_check_passes_a_good_file(app: typer.Typer) -> None:
    path = Path(command.__file__).parents[1] / "texts" / "warnings.toml"
    done = CliRunner().invoke(app, ["texts", "check", str(path)], catch_exceptions=False)
    assert done.exit_code == 0
    assert done.stdout == "文本可用\n"


def test_the_texts_in_use_are_told_with_version_approver_and_messages(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "settings", lambda: Settings(texts_folder=tmp_path))
    (tmp_path / "ours.toml").write_text('[centre]\nsign = "江畔反诈"\ncity = "江畔市"\ncity_en = "Jiangpan"\n', "utf-8")
    approved.approve(tmp_path, "SUP-1", datetime.now(UTC))
    shown = json.loads(CliRunner().invoke(app, ["texts", "--json"], catch_exceptions=False).stdout)
    assert (shown["version"][:2], shown["by"], shown["edited"]) == ("1-", "SUP-1", False)
    first = shown["sms"][0]
    assert (first["type"], first["language"], first["occasion"], first["alphabet"], first["parts"]) == (
        *("F01", "zh-CN", 1),
        *("UCS-2", 1),
    )
    (tmp_path / "ours.toml").write_text("[centre]", "utf-8")
    told = CliRunner().invoke(app, ["texts"], catch_exceptions=False).stdout
    assert "SUP-1" in told
    assert "另有未获批的改动" in told


def test_without_a_folder_the_products_own_texts_are_in_use(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "settings", Settings)
    shown = json.loads(CliRunner().invoke(app, ["texts", "--json"], catch_exceptions=False).stdout)
    assert (shown["version"][:2], shown["by"], shown["edited"]) == ("0-", None, False)
    assert "产品自带" in CliRunner().invoke(app, ["texts"], catch_exceptions=False).stdout
    with pytest.raises(OperatorError, match="DISPATCHER_TEXTS_FOLDER is not set"):
        CliRunner().invoke(app, ["texts", "approve", "--by", "SUP-1"], catch_exceptions=False)
