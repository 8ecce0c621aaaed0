"""The watch: which facts are an alarm, and which alarms are news."""

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import typer
from builders import MONDAY
from typer.core import TyperGroup

from dispatcher.cli import output, watch
from dispatcher.cli.app import build_app
from dispatcher.settings import settings
from dispatcher.watch.active_alarms import ActiveAlarms
from dispatcher.watch.alarms import Alarm, Code, judge
from dispatcher.watch.facts import Count, Doubts, Down, Facts, Late, NotTaken, OutOfUse, Probe, Silent, Waiting
from dispatcher.watch.limits import Limits
from schemas.vocabulary import Cause, Channel, Health, Urgency, WorkItemKind

WELL = Facts(MONDAY)
LIMITS = Limits()
EARLIER = MONDAY - timedelta(minutes=2)
ONE = frozenset({(7, 0)})  # a work item by its number, and how often it has climbed


def alarms(**facts: Any) -> list[Alarm]:
    return judge(replace(WELL, **facts), LIMITS)


def test_a_silent_sweep_is_told_within_15_seconds_of_its_last_sign_of_life() -> None:
    assert LIMITS.sweep_s + LIMITS.period_s <= 15
    assert [each.code for each in alarms(swept_s=LIMITS.sweep_s + 0.1)] == [Code.SWEEP_SILENT]
    assert alarms(swept_s=LIMITS.sweep_s) == []


def test_where_all_is_well_there_is_no_alarm() -> None:
    assert judge(WELL, LIMITS) == []


@pytest.mark.parametrize(
    ("facts", "code", "about", "count", "since", "words"),
    [
        ({"database": "ConnectionTimeout"}, Code.DATABASE_UNREACHABLE, "", 1, MONDAY, "ConnectionTimeout"),
        ({"redis": "ConnectionError"}, Code.REDIS_UNREACHABLE, "", 1, MONDAY, "ConnectionError"),
        ({"swept_s": 10.5}, Code.SWEEP_SILENT, "", 1, MONDAY - timedelta(seconds=10.5), "10"),
        ({"swept_s": None}, Code.SWEEP_SILENT, "", 1, MONDAY, "10"),
        ({"silent": (Silent("casework@a", EARLIER),)}, Code.WORKER_SILENT, "casework@a", 1, EARLIER, "casework@a"),
        ({"forgotten": Count(3, EARLIER)}, Code.CASE_WITHOUT_NEXT_STEP, "", 3, EARLIER, "3"),
        ({"set_aside": Count(2, EARLIER)}, Code.ROW_HELD, "", 2, EARLIER, "2"),
        (
            {
                "waiting": (
                    Waiting(WorkItemKind.LADDER_EXHAUSTED, Urgency.CRITICAL, Count(1, EARLIER), frozenset({(7, 0)})),
                )
            },
            *(Code.LADDER_EXHAUSTED, "ladder_exhausted:critical", 1, EARLIER, "1"),
        ),
        (
            {
                "waiting": (
                    Waiting(WorkItemKind.VISIT_OVERDUE, Urgency.HIGH, Count(2, EARLIER), frozenset({(7, 1), (8, 0)})),
                )
            },
            *(Code.DEADLINE_MISSED, "visit_overdue:high", 2, EARLIER, "2"),
        ),
        (
            {"waiting": (Waiting(WorkItemKind.CONFLICT, Urgency.LOW, Count(3, EARLIER), ONE),)},
            *(Code.HUMAN_WAITING, "conflict:low", 3, EARLIER, "3"),
        ),
        ({"early_lines": Count(2, EARLIER)}, Code.EARLY_LINES, "", 2, EARLIER, "2"),
        ({"unsent": Count(2, EARLIER)}, Code.WEBHOOKS_SILENT, "", 2, EARLIER, "2"),
        (
            {"not_taken": (NotTaken("north", Count(4, EARLIER)),)},
            *(Code.WEBHOOK_NOT_TAKEN, "north", 4, EARLIER, "north"),
        ),
        (
            {"late": (Late("attempt", Urgency.CRITICAL, Count(7, EARLIER)),)},
            *(Code.WORK_LATE, "attempt:critical", 7, EARLIER, "15"),
        ),
        ({"late": (Late("receipt", None, Count(7, EARLIER)),)}, Code.WORK_LATE, "receipt", 7, EARLIER, "30"),
        (
            {"doubts": (Doubts("city-sms", 20, 5, 1000, 0),)},
            *(Code.DOUBTS_RISING, "city-sms", 5, MONDAY - timedelta(minutes=10), "25%"),
        ),
        (
            {"out_of_use": (OutOfUse("city-sms", Health.OUT, EARLIER, Cause.FAULT),)},
            *(Code.PROVIDER_OUT, "city-sms", 1, EARLIER, "city-sms"),
        ),
        (
            {"out_of_use": (OutOfUse("city-sms", Health.OPEN, EARLIER, Cause.SLOW),)},
            *(Code.PROVIDER_OUT, "city-sms", 1, EARLIER, "city-sms"),
        ),
        (
            {"out_of_use": (OutOfUse("city-sms", Health.PAUSED, EARLIER, Cause.PAUSED),)},
            *(Code.PROVIDER_PAUSED, "city-sms", 1, EARLIER, "city-sms"),
        ),
        ({"down": (Down(Channel.VOICE, EARLIER),)}, Code.CHANNEL_DOWN, "voice", 1, EARLIER, ""),
        ({"probe": Probe(EARLIER, "receipt", "Accepted")}, Code.PROBE_STUCK, "receipt", 1, EARLIER, "Accepted"),
    ],
)
def test_each_alarm_says_what_since_when_and_how_many(
    facts: dict[str, Any], code: Code, about: str, count: int, since: Any, words: str
) -> None:
    [alarm] = alarms(**facts)
    assert (alarm.code, alarm.about, alarm.count, alarm.since) == (code, about, count, since)
    assert words in alarm.zh and words in alarm.en
    assert alarm.en.isascii() and not alarm.zh.isascii()


@pytest.mark.parametrize("facts", [{"swept_s": 10.0}, {"probe": Probe(MONDAY)}, {"forgotten": Count(0)}])
def test_what_is_within_its_limit_is_no_alarm(facts: dict[str, Any]) -> None:
    assert alarms(**facts) == []


def test_a_database_that_is_away_says_nothing_of_the_sweep() -> None:
    assert [each.code for each in alarms(database="x", swept_s=None)] == [Code.DATABASE_UNREACHABLE]


@pytest.mark.parametrize(
    ("recent", "doubtful", "before", "before_doubtful", "rises"),
    [
        (10, 4, 1000, 0, False),  # too few to say anything
        (25, 5, 0, 0, True),  # a fifth
        (26, 5, 0, 0, True),  # less, but nothing was in doubt before
        (100, 5, 1000, 16, True),  # three times what it was
        (100, 5, 1000, 17, False),  # always a little in doubt
        (100, 20, 1000, 200, True),  # always much in doubt stays an alarm
        (101, 5, 1000, 0, False),  # less than one in twenty
    ],
)
def test_doubts_rise_where_they_are_many_or_many_more_than_before(
    recent: int, doubtful: int, before: int, before_doubtful: int, rises: bool
) -> None:
    assert bool(alarms(doubts=(Doubts("p", recent, doubtful, before, before_doubtful),))) == rises


def test_news_is_raised_once_reminded_and_over() -> None:
    active = ActiveAlarms(timedelta(minutes=10))
    [alarm] = alarms(forgotten=Count(1, EARLIER))
    assert active.update([alarm], MONDAY) == [("raised", alarm)]
    more = replace(alarm, count=2, since=MONDAY)
    assert active.update([more], MONDAY + timedelta(minutes=9)) == []
    reminded = replace(more, since=EARLIER)  # as old as its first sight
    assert active.update([more], MONDAY + timedelta(minutes=10)) == [("standing", reminded)]
    assert active.update([more], MONDAY + timedelta(minutes=11)) == []
    assert active.update([], MONDAY + timedelta(minutes=12)) == [("over", reminded)]
    assert active.update([alarm], MONDAY + timedelta(minutes=13)) == [("raised", alarm)]


def test_nothing_is_over_while_nothing_can_be_looked_at() -> None:
    active = ActiveAlarms(timedelta(minutes=10))
    [stands], [blind] = alarms(forgotten=Count(1, EARLIER)), alarms(database="OperationalError")
    active.update([stands], MONDAY)
    assert active.update([blind], MONDAY, is_blind=True) == [("raised", blind)]
    assert active.update([stands], MONDAY) == [("over", blind)]
    assert active.update([], MONDAY) == [("over", stands)]


def test_alarms_of_one_code_are_told_apart() -> None:
    active = ActiveAlarms(timedelta(minutes=10))
    both = alarms(late=tuple(Late("attempt", each, Count(1, EARLIER)) for each in (Urgency.CRITICAL, Urgency.LOW)))
    assert len(active.update(both, MONDAY)) == 2
    assert [(state, each.about) for state, each in active.update(both[:1], MONDAY)] == [("over", "attempt:low")]


def test_each_urgency_has_its_limit_and_the_grave_ones_the_shorter() -> None:
    limits = [LIMITS.late(each) for each in Urgency]
    assert limits == sorted(limits) == [15, 30, 120, 300]


def test_what_nobody_takes_is_told_again_each_time_that_it_climbs_and_when_another_comes() -> None:
    active = ActiveAlarms(timedelta(hours=1))
    waits = Waiting(WorkItemKind.LADDER_EXHAUSTED, Urgency.CRITICAL, Count(1, EARLIER), frozenset({(7, 0)}))
    steps = [{(7, 0)}, {(7, 0)}, {(7, 1)}, {(7, 1), (8, 0)}, {(8, 0)}]
    news = [active.update(alarms(waiting=(replace(waits, told=frozenset(each)),)), MONDAY) for each in steps]
    assert [[state for state, _ in each] for each in news] == [["raised"], [], ["standing"], ["standing"], []]
    assert [state for state, _ in active.update([], MONDAY)] == ["over"]


# Mended outside the dispatcher: a server, a process, the network.
WITHOUT_COMMAND = {
    *(Code.DATABASE_UNREACHABLE, Code.REDIS_UNREACHABLE, Code.REDIS_FULL, Code.WORKER_SILENT),
    *(Code.WEBHOOKS_SILENT, Code.PROBE_STUCK),
}


def test_every_alarm_line_names_the_command_that_deals_with_it() -> None:
    assert watch.COMMANDS.keys() == set(Code) - WITHOUT_COMMAND
    app = typer.main.get_command(build_app())
    assert isinstance(app, TyperGroup)
    for command in watch.COMMANDS.values():
        program, name, *words = command.format(about="north", kind="paused").split()
        assert program == "dispatcher"
        app.commands[name].make_context(name, words)
    waiting = Waiting(WorkItemKind.LADDER_EXHAUSTED, Urgency.CRITICAL, Count(1, MONDAY), ONE)
    [alarm] = alarms(waiting=(waiting,))
    shown = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output.out, "_file", shown)
        watch._line(ZoneInfo("America/New_York"))("raised", alarm)
        watch._line(ZoneInfo("Asia/Shanghai"))("over", alarm)
    raised, over = shown.getvalue().splitlines()
    assert raised.endswith("dispatcher worklist --kind ladder_exhausted")
    assert f"{MONDAY.astimezone(ZoneInfo('America/New_York')):%m-%d %H:%M:%S}" in raised
    assert over.endswith(f"{MONDAY.astimezone(ZoneInfo('Asia/Shanghai')):%m-%d %H:%M:%S}")


def test_a_policy_that_can_not_be_read_keeps_nobody_from_an_alarm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DISPATCHER_POLICY_FILE", "/nowhere/policy.toml")
    settings.cache_clear()
    shown = io.StringIO()
    monkeypatch.setattr(output.err, "_file", shown)
    assert str(watch._zone()) == "Asia/Shanghai"
    assert "DISPATCHER_POLICY_FILE" in shown.getvalue()
    settings.cache_clear()
