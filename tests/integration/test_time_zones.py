"""Wherever host and server are, the same command says the same: times are read and shown in the policy's zone."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from casework_fixture import CaseworkFixture, Scripted
from settings_fixture import set_for
from sqlalchemy import make_url
from visits_fixture import Load, act, case_with_visit

from dispatcher.cli import main
from dispatcher.settings import settings
from dispatcher.store import engine
from dispatcher.store.cases import AddressRow
from schemas.vocabulary import Result

ZONES = ("UTC", "Asia/Shanghai", "America/New_York")
# A time of nine in the morning in the policy's zone, at which the cases were opened: elsewhere it is another moment.
COMMANDS = (
    *(("log", "--since", "2026-03-02T09:00"), ("log", "--since", "2026-03-02 09:01:00", "--json")),
    *(("log", "--until", "2026-03-02T09:01"), ("case", "YJ-1"), ("case", "YJ-1", "--json"), ("case", "YJ-1", "--why")),
    *(("worklist",), ("worklist", "--json"), ("visit", "list"), ("visit", "list", "--json"), ("case", "list")),
    *(("case", "list", "--json"), ("feedback", "list"), ("kpi",), ("kpi", "--since", "2026-03-02T09:00", "--json")),
    *(("kpi", "--until", "2026-03-02"), ("kpi", "--since", "2026-03-02", "--until", "2026-03-03", "--by", "officer")),
    *(("item", "show", "1"), ("roster", "show"), ("quarantine", "list"), ("verify",)),
)
Run = Callable[..., str]


@pytest.fixture
def run(
    casework: CaseworkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Runs a command on a host of this zone, whose server has it too; returns what it prints."""
    set_for(casework, tmp_path, monkeypatch)
    monkeypatch.setenv("DISPATCHER_DATABASE_URL", casework.url)

    def run_(zone: str, *words: str, exit_code: int = 0) -> str:
        casework.sql(f"ALTER DATABASE \"{make_url(casework.url).database}\" SET timezone = '{zone}'")
        engine.engine(casework.url, serving=False).dispose()
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        monkeypatch.setattr(sys, "argv", ["dispatcher", *words])
        settings.cache_clear()
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert (ended.value.code or 0, printed.err) == (exit_code, ""), (words, printed)
        return printed.out

    yield run_
    monkeypatch.delenv("TZ")
    time.tzset()
    engine.engine(casework.url, serving=False).dispose()
    settings.cache_clear()


@pytest.fixture
def night(casework: CaseworkFixture, load: Load) -> CaseworkFixture:
    """Two visits, one of them late, messages sent at several times, a follow-up."""
    load()
    done = case_with_visit(casework, number=2, channels=["sms", "visit"])
    casework.deliver(Scripted())
    act(casework, done, "accept")
    act(casework, done, "report", result=Result.MET_DISSUADED)
    casework.pass_time(minutes=1)
    case_with_visit(casework, channels=["sms", "voice", "visit"])
    casework.deliver(Scripted())
    casework.pass_time(minutes=31)
    return casework


def test_the_same_rows_and_figures_in_every_zone(night: CaseworkFixture, run: Run) -> None:
    for words in COMMANDS:
        printed = {run(zone, *words) for zone in ZONES}
        assert len(printed) == 1, (words, *printed)


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["screen", "json"])
def test_an_alarm_says_the_same_time_in_every_zone(night: CaseworkFixture, run: Run, options: tuple[str, ...]) -> None:
    """Of what has waited for a person since a time of the product; all else it has seen just now."""
    night.open(3, urgency="critical", valid_until="2026-03-02T08:00:00+08:00")
    opened = night.now
    night.pass_time(minutes=31)
    printed = set()
    for zone in ZONES:
        lines = run(zone, "watch", "--once", *options, exit_code=1).splitlines()
        printed.add(tuple(line for line in lines if "expired" in line))
    [lines] = printed
    [line] = lines
    since = opened.astimezone(ZoneInfo("UTC" if options else "Asia/Shanghai"))
    assert (since.isoformat(timespec="seconds") if options else f"自 {since:%m-%d %H:%M:%S}") in line


def test_a_time_without_a_zone_chooses_the_same_lines(night: CaseworkFixture, run: Run) -> None:
    earlier = [
        json.loads(line)
        for line in run("America/New_York", "log", "--until", "2026-03-02T09:01", "--json").splitlines()
    ]
    assert {line["instructions"][0] for line in earlier} == {"YJ-2"}


@pytest.mark.parametrize("zone", ZONES)
def test_a_place_holds_until_the_time_that_was_said(night: CaseworkFixture, run: Run, zone: str) -> None:
    where = ("--text", "海棠酒店", "--precinct", "P2", "--until", "2026-03-02T20:00")
    run(zone, "decide", "locate", "YJ-1", *where, "--by", "S-1", "--reason", "家属来电")
    [place] = night.rows(AddressRow, AddressRow.valid_until.is_not(None))
    assert place.valid_until == datetime.fromisoformat("2026-03-02T20:00:00+08:00")
