"""The banner names what a start goes by: policy, providers, texts and roster, with version, digest and date."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from casework_fixture import CaseworkFixture

from dispatcher import clock, policy
from dispatcher.cli.in_use import in_use
from dispatcher.settings import Settings
from dispatcher.settings import settings as read_settings
from dispatcher.texts import approved
from dispatcher.visits import roster
from schemas import roster as form

ROOT = Path(policy.__file__).parents[1]
OWN = Settings(home=Path("/"))


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_LANGUAGE", "en")
    read_settings.cache_clear()


def lines(casework: CaseworkFixture, found: Settings = OWN) -> list[str]:
    with casework.sessions() as session:
        return list(in_use(found, "/etc/providers.toml", session))


def test_the_products_own_are_said_so(casework: CaseworkFixture) -> None:
    rules, providers, texts, duty = lines(casework)
    assert rules.startswith(f"policy: the product's own   version {policy.load().version}   digest ")
    assert providers == "providers: /etc/providers.toml"
    assert texts.startswith("texts: the product's own   version 0-")
    assert duty.startswith("roster: none loaded")


def test_a_centres_own_are_named_with_version_and_digest(casework: CaseworkFixture, tmp_path: Path) -> None:
    defaults = (ROOT / "policy" / "defaults.toml").read_text("utf-8")
    same, other = tmp_path / "same.toml", tmp_path / "other.toml"
    same.write_text("# a comment\n" + defaults, "utf-8")
    other.write_text(defaults.replace('again = "3m"', 'again = "4m"', 1), "utf-8")
    (tmp_path / "ours.toml").write_text('[centre]\nsign = "江畔反诈"\ncity = "江畔市"\ncity_en = "Jiangpan"\n', "utf-8")
    for file in (same, other):
        file.rename(tmp_path / f"{file.stem}.policy")
    approved.approve(tmp_path, "郑批准", datetime(2026, 11, 23, 8, tzinfo=UTC))
    digests = []
    for name in ("same", "other"):
        found = Settings(home=tmp_path, policy_file=tmp_path / f"{name}.policy", texts_folder=tmp_path)
        rules, _, texts, _ = lines(casework, found)
        assert rules.startswith(f"policy: {tmp_path}/{name}.policy   version ")
        assert texts.startswith(f"texts: {tmp_path}   version 1-")
        assert texts.endswith("approved by 郑批准 2026-11-23")
        digests.append(rules.partition("digest ")[2])
    assert digests[0] == lines(casework)[0].partition("digest ")[2]  # a comment says nothing
    assert digests[1] != digests[0]


def test_the_roster_tells_its_date(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    with casework.begin() as work:
        roster.load(work, form.read(ROOT / "samples" / "roster.toml"))
    said = lines(casework)[3]
    now = clock.real_now()
    assert f"officers, loaded {now:%Y}-" in said
    monkeypatch.setattr(clock, "real_now", lambda: now.replace(year=now.year + 1))
    assert "officers, loaded before " in lines(casework)[3]
