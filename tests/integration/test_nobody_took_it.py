"""A critical visit that nobody takes, as a story in product time: the alarm, and the two ways out of it."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from casework_fixture import NO_REDIS, CaseworkFixture, Scripted
from sqlalchemy import create_engine
from visits_fixture import OFF_DUTY, Load, act, assign, case_with_visit, decide_as_supervisor, visit_of

from dispatcher.settings import Settings
from dispatcher.store.work_items import WorkItemRow
from dispatcher.supervision import assignments, pauses, work_items
from dispatcher.watch.active_alarms import OVER, RAISED, STANDING, ActiveAlarms
from dispatcher.watch.alarms import Alarm, Code, judge
from dispatcher.watch.collect import collect
from dispatcher.watch.limits import Limits
from dispatcher.watch.run import Watch
from schemas.vocabulary import Channel

PATIENT = Limits(answer_s=120, sweep_s=600)
Look = Callable[[], list[str]]


@pytest.fixture
def look(casework: CaseworkFixture) -> Iterator[Look]:
    """One round of the watch. Returns what it says of visits that nobody took."""
    engine = create_engine(casework.url)
    active = ActiveAlarms(timedelta(days=99))  # no reminder but where something new has happened

    def round_() -> list[str]:
        facts = collect(engine, NO_REDIS, casework.context.clock, PATIENT)
        said = active.update(judge(facts, PATIENT), casework.now)
        return [state for state, alarm in said if alarm.code is Code.LADDER_EXHAUSTED]

    yield round_
    engine.dispose()


@pytest.fixture
def case_id(casework: CaseworkFixture, load: Load) -> UUID:
    """Nobody is on duty; somebody far away is, so that it is this ladder that is empty."""
    load(**OFF_DUTY)
    return case_with_visit(casework)


def item(casework: CaseworkFixture, case_id: UUID) -> WorkItemRow:
    [found] = casework.items(case_id)
    return found


def pass_minutes(casework: CaseworkFixture, minutes: int) -> None:
    casework.pass_time(minutes=minutes)
    casework.advance()


class Steps(threading.Event):
    """Where the watch would wait for its next look, the product's time moves on by as much, and something happens."""

    def __init__(self, casework: CaseworkFixture, happening: Iterator[None]) -> None:
        super().__init__()
        self.casework, self.happening = casework, happening

    def wait(self, timeout: float | None = None) -> bool:
        for _ in self.happening:
            break
        else:
            self.set()
        self.casework.pass_time(seconds=timeout or 0)
        return self.is_set()


def test_the_running_watch_tells_it_within_five_seconds_and_again_until_somebody_takes_it(
    casework: CaseworkFixture, load: Load
) -> None:
    load(**OFF_DUTY)
    told: list[tuple[str, datetime]] = []
    at: dict[str, datetime] = {}

    def notify(state: str, alarm: Alarm) -> None:
        if alarm.code is Code.LADDER_EXHAUSTED:
            told.append((state, casework.now))

    def night() -> Iterator[None]:
        assert told == []
        case_id = case_with_visit(casework)
        at["exhausted"] = casework.now
        yield
        while len(told) < 2:  # nobody takes it: it climbs
            at["climbs"] = item(casework, case_id).climb_at
            yield
        with casework.begin() as work:
            work_items.take(work, item(casework, case_id).id, by="S-1")
        at["taken"] = casework.now
        yield

    settings = Settings(clock=casework.context.clock.spec)
    watch = Watch(settings, Limits(answer_s=120, sweep_s=600), casework.url, NO_REDIS)
    watch.run(notify, Steps(casework, night()))
    assert [state for state, _ in told] == [RAISED, STANDING, OVER]
    within = timedelta(seconds=5)
    for (_, when), cause in zip(told, ("exhausted", "climbs", "taken"), strict=True):
        assert at[cause] <= when <= at[cause] + within, cause


def test_it_is_told_at_the_first_look_and_again_until_somebody_takes_it(
    casework: CaseworkFixture, case_id: UUID, look: Look
) -> None:
    assert look() == [RAISED]
    assert look() == []
    for wait in (5, 5, 10):  # minutes, at growing intervals
        pass_minutes(casework, wait)
        assert look() == [STANDING]
        assert look() == []
    with casework.begin() as work:
        work_items.take(work, item(casework, case_id).id, by="S-1")
    assert look() == [OVER]
    pass_minutes(casework, 4)
    assert look() == []
    pass_minutes(casework, 16)
    assert item(casework, case_id).taken_by is None
    assert look() == [RAISED]


def test_whoever_is_named_has_it_at_once(casework: CaseworkFixture, case_id: UUID, look: Look) -> None:
    look()
    before = casework.now
    with casework.begin() as work:
        assignments.assign(work, visit_of(casework, case_id).id, "A", by="S-1")
    assign(casework)
    assert (visit_of(casework, case_id).officer, casework.now) == ("A", before)
    assert look() == [OVER]
    act(casework, case_id, "accept", officer="A")
    assert casework.items(case_id) == []


def test_a_roster_that_is_loaded_instead_starts_the_ladder(
    casework: CaseworkFixture, case_id: UUID, load: Load, look: Look
) -> None:
    look()
    pass_minutes(casework, 5)
    load("B", "L", "Z")
    casework.advance()
    assign(casework)
    assert (visit_of(casework, case_id).officer, casework.items(case_id)) == ("B", [])
    assert look() == [OVER]
    pass_minutes(casework, 6)  # B does not sign for it: on to the next rung
    assign(casework)
    assert visit_of(casework, case_id).officer == "L"


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_roster_that_is_loaded_in_a_pause_starts_the_ladder_once_it_is_over(
    casework: CaseworkFixture, load: Load, is_paused: bool
) -> None:
    """Everybody was asked, and nobody accepted; the pause cancels the item that said so."""
    load()
    case_id = case_with_visit(casework)
    for _ in range(12):
        pass_minutes(casework, 10)
        assign(casework)
    assert item(casework, case_id).kind == "ladder_exhausted"
    if is_paused:
        decide_as_supervisor(casework, pauses.pause, case_id)
    load()
    if is_paused:
        decide_as_supervisor(casework, pauses.resume, case_id)
    casework.advance()
    assign(casework)
    assert (visit_of(casework, case_id).officer, casework.items(case_id)) == ("A", [])
    load()  # and once more while A is asked: nothing is asked anew
    asked = len(casework.attempts(case_id, "visit"))
    casework.advance()
    assign(casework)
    assert len(casework.attempts(case_id, "visit")) == asked


@pytest.mark.parametrize("without", [frozenset(), frozenset({Channel.VISIT})])
def test_a_file_without_the_roster_puts_the_visit_before_the_centre_at_once(
    casework: CaseworkFixture, load: Load, look: Look, without: frozenset[Channel]
) -> None:
    """Officers are on duty, and PROVIDERS_FILE has no adapter that would find them, whether that is meant or not."""
    casework.without = without
    load()
    case_id = casework.open(urgency="critical", channels=["visit"])
    for _ in range(9):
        casework.deliver(Scripted())
    tried = [(each.rung, each.result, each.detail) for each in casework.attempts(case_id, "visit")]
    assert tried and {each[1:] for each in tried} == {("NOBODY_ON_DUTY", "no_provider")}
    assert len(tried) == len({rung for rung, *_ in tried})  # each rung once, and no more of it
    assert [each.kind for each in casework.items(case_id)] == ["ladder_exhausted"]
    assert look() == [RAISED]
    casework.pass_time(hours=1)
    casework.deliver(Scripted())
    assert len(casework.attempts(case_id, "visit")) == len(tried)
