"""Health of providers with a real PostgreSQL and a real Redis: counted, judged, kept, and what follows from it."""

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from casework_fixture import NO_REDIS, PATIENT_REDIS, CaseworkFixture, Scripted, pump_of
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from dispatcher import embedded, sweep
from dispatcher.casework import provider_health
from dispatcher.casework.breaker import RECENT_S, WINDOW_S, Counts, Kind, Window
from dispatcher.delivery import due, judge_providers
from dispatcher.delivery.send_stats import SendCounter, SendStats
from dispatcher.errors import Refused
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.providers import ProviderHistoryRow, ProviderRow
from dispatcher.wake import link_lane
from providers.base import Answered, Capabilities, OperationsFault, Transient
from providers.registry import Registry
from schemas.refusals import RefusalCode
from schemas.vocabulary import Cause, Channel, Health, Result

FAILING = SendStats(Window(Counts(error=6), Counts(error=6), 6), "gateway answered 500")
WELL = SendStats(Window(Counts(good=9), Counts(good=3)))


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="dispatcher-redis-") as home:
        server = embedded.redis(Path(home))
        yield server.url + PATIENT_REDIS
        server.stop()


@pytest.fixture
def send_counter(redis_url: str) -> SendCounter:
    found = SendCounter(redis_url)
    found.forget("a")
    return found


class Line(Scripted):
    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(frozenset({Channel.SMS}), receipts=True, queries=True, linked=True)


A, B = Scripted(name="a"), Scripted(name="b")


def register(casework: CaseworkFixture, *providers: Any) -> None:
    with casework.sessions.begin() as session:
        provider_health.register(session, Registry(list(providers)))
    casework.context.provider_health.forget()


def judge(casework: CaseworkFixture, **told: SendStats) -> list[judge_providers.HealthChange]:
    with casework.begin() as work:
        moved = judge_providers.judge(work, told)
    casework.context.provider_health.forget()
    return moved


def pass_real(casework: CaseworkFixture, **duration: float) -> None:
    """Real time, as the provider_health know it, moves on."""
    casework.sql("UPDATE providers SET since = since - :by", by=timedelta(**duration))


def row(casework: CaseworkFixture, name: str = "a") -> ProviderRow:
    found: ProviderRow = casework.rows(ProviderRow, ProviderRow.name == name)[0]
    return found


def history(casework: CaseworkFixture, name: str = "a") -> list[tuple[str, str, float | None]]:
    found = casework.rows(ProviderHistoryRow, ProviderHistoryRow.provider == name)
    return [(each.after, each.cause, each.share) for each in found]


def pause(casework: CaseworkFixture, name: str = "a") -> None:
    with casework.begin() as work:
        judge_providers.pause(work, name, by="OPS-1", note="合同到期")
    casework.context.provider_health.forget()


def resume(casework: CaseworkFixture, name: str = "a") -> None:
    with casework.sessions.begin() as session:
        judge_providers.resume(session, name, by="OPS-1", note="已续约")
    casework.context.provider_health.forget()


# --- counting


def test_counts_of_all_workers_come_together(
    redis_url: str, send_counter: SendCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = 1_000_000
    monkeypatch.setattr("dispatcher.delivery.send_stats._second", lambda server: second)
    other = SendCounter(redis_url)
    for kind in (Kind.GOOD, Kind.SLOW, Kind.ERROR):
        send_counter.note("a", kind, "500" if kind is Kind.ERROR else None)
        other.note("a", kind)
    send_counter.flush()
    other.flush()
    told = send_counter.read(["a", "never-used"])
    counts = Counts(good=2, slow=2, error=2)
    assert (told["a"].window.whole, told["a"].window.recent) == (counts, counts)
    assert (told["a"].last_error, told["a"].last_error_at is not None) == ("500", True)
    assert told["never-used"] == SendStats()
    second += RECENT_S
    assert (send_counter.read(["a"])["a"].window.whole, send_counter.read(["a"])["a"].window.recent) == (
        counts,
        Counts(),
    )
    second += WINDOW_S
    assert send_counter.read(["a"])["a"].window.whole == Counts()


def test_what_we_refused_ourselves_is_not_counted(send_counter: SendCounter) -> None:
    for outcome in (OperationsFault("401"), OperationsFault("payload holds a field", ours=True)):
        send_counter.count(Line(name="a"), outcome, 0.1, 1.0)
    send_counter.flush()
    found = send_counter.read(["a"])["a"]
    assert (found.window.whole, found.last_error) == (Counts(fault=1), "401")


def test_failures_in_a_row_are_counted_across_flushes_until_one_answers(send_counter: SendCounter) -> None:
    found = []
    for kinds in ([Kind.ERROR] * 2, [Kind.DOUBT], [Kind.ERROR, Kind.GOOD, Kind.ERROR], [Kind.SLOW]):
        for kind in kinds:
            send_counter.note("a", kind)
        send_counter.flush()
        found.append(send_counter.read(["a"])["a"].window.in_a_row)
    assert found == [2, 3, 1, 0]


def test_what_was_before_a_change_is_forgotten(send_counter: SendCounter) -> None:
    send_counter.note("a", Kind.ERROR)
    send_counter.flush()
    send_counter.forget("a")
    assert send_counter.read(["a"])["a"].window == Window()


def test_without_redis_nothing_is_counted_and_nothing_fails() -> None:
    for url in (NO_REDIS, None):
        send_counter = SendCounter(url)
        send_counter.note("a", Kind.GOOD)
        send_counter.flush()
        send_counter.forget("a")
        assert send_counter.read(["a"]) == {}


# --- judging


def test_it_opens_and_comes_back_and_each_change_is_kept(casework: CaseworkFixture) -> None:
    register(casework, A, B)
    assert judge(casework, a=WELL, b=WELL) == []
    [moved] = judge(casework, a=FAILING, b=WELL)
    assert (moved.provider, moved.before, moved.after, moved.cause) == ("a", "closed", "open", Cause.IN_A_ROW)
    assert judge(casework, a=FAILING) == []
    for wait in (15, 10, 10, 10):
        pass_real(casework, seconds=wait)
        judge(casework, a=WELL)
    assert history(casework) == [
        ("open", "in_a_row", 0.0),
        ("returning", "cooled_down", 0.1),
        ("returning", "step", 0.25),
        ("returning", "step", 0.5),
        ("closed", "back", 1.0),
    ]
    assert casework.rows(ProviderHistoryRow)[0].seen["in_a_row"] == 6
    assert history(casework, "b") == []


def test_a_restart_forgets_nothing(casework: CaseworkFixture) -> None:
    register(casework, A, B)
    judge(casework, a=FAILING)
    pause(casework, "b")
    register(casework, A, B, Scripted(name="c"))
    assert [(each.name, each.health) for each in casework.rows(ProviderRow)] == [
        ("a", "open"),
        ("b", "paused"),
        ("c", "closed"),
    ]
    register(casework, B)
    assert [each.name for each in casework.rows(ProviderRow)] == ["b"]


def test_the_history_can_only_grow(casework: CaseworkFixture) -> None:
    register(casework, A)
    judge(casework, a=FAILING)
    for change in ("UPDATE provider_history SET cause = 'slow'", "DELETE FROM provider_history"):
        with pytest.raises(ProgrammingError, match="append-only"):
            casework.sql(change)


def test_what_a_worker_sends_is_judged_by_the_sweep(
    casework: CaseworkFixture, redis_url: str, send_counter: SendCounter, pump_module: Any, tmp_path: Path
) -> None:
    bad, good = Scripted([Transient("gateway answered 500")] * 99, name="a"), Scripted(name="b")
    register(casework, bad, good)
    services = Services(Settings(home=tmp_path, redis_url=redis_url), casework.sessions, casework.context)
    vars(services)["registry"] = Registry([bad, good])  # as if its providers file named them
    pump = pump_of(services)
    for number in range(30):
        casework.open(number)
    pump.deliver()
    services.send_counter.flush()
    sweep.judge_providers(services)
    pump.close()
    assert len(bad.sent) >= 6
    assert (row(casework).health, row(casework).last_error) == (Health.OPEN, "gateway answered 500")
    assert row(casework, "b").health == Health.CLOSED
    assert send_counter.read(["a"])["a"].window == Window()
    assert {each.provider for each in casework.rows(AttemptRow) if each.result is None and each.channel == "sms"} == {
        "b"
    }


def test_a_worker_that_starts_again_waits_for_nobody_who_holds_the_standings(casework: CaseworkFixture) -> None:
    register(casework, A, B)
    with casework.sessions.begin() as sweep, casework.sessions.begin() as worker:
        sweep.execute(text("SELECT 1 FROM providers FOR UPDATE"))
        worker.execute(text("SET LOCAL lock_timeout = '1s'"))
        provider_health.register(worker, Registry([A, B]))


# --- choosing by it


def to(casework: CaseworkFixture, *providers: Scripted, count: int = 30) -> dict[str, int]:
    """How many of so many messages each provider gets."""
    for each in providers:
        each.sent.clear()
    start = len(casework.sql("SELECT 1 FROM cases"))
    for number in range(start + 1, start + count + 1):
        casework.open(number)
    casework.deliver(*providers)
    return {each.name: len(each.sent) for each in providers}


def test_traffic_leaves_an_open_one_and_comes_back_slowly(casework: CaseworkFixture) -> None:
    register(casework, A, B)
    judge(casework, a=FAILING)
    assert to(casework, A, B) == {"a": 0, "b": 30}
    pass_real(casework, seconds=15)
    judge(casework, a=WELL)
    assert to(casework, A, B, count=100)["a"] in range(1, 25)  # 9 on average


def test_where_all_are_open_they_are_tried_all_the_same(casework: CaseworkFixture) -> None:
    register(casework, A, B)
    judge(casework, a=FAILING, b=FAILING)
    assert sum(to(casework, A, B).values()) == 30


def test_a_paused_one_is_never_used(casework: CaseworkFixture) -> None:
    register(casework, A)
    pause(casework)
    assert to(casework, A, count=1) == {"a": 0}
    [row] = casework.sql("SELECT provider, state FROM attempts WHERE channel = 'sms'")
    assert tuple(row) == (None, "planned")
    assert judge(casework, a=FAILING) == []


def test_no_attempt_is_made_that_nobody_can_take(casework: CaseworkFixture) -> None:
    """However often it is looked at; once there is somebody again it goes."""
    register(casework, A)
    pause(casework)
    case_id = casework.open(urgency="low")
    casework.deliver(A)
    assert [tuple(each) for each in casework.sql("SELECT rule FROM visits")] == [("visit_channel_down",)]
    for _ in range(60):
        casework.clear_leases()
        casework.deliver(A)  # the visit climbs its ladder meanwhile
    assert [each.state for each in casework.attempts(case_id, "sms")] == ["planned"]
    assert {each.data["channel"] for each in casework.journal(case_id, "attempt_sending")} == {"visit"}
    with casework.sessions.begin() as session:
        judge_providers.resume(session, "a", by="OPS-1", note="mended")
    casework.context.provider_health.forget()
    casework.clear_leases()
    casework.deliver(A)
    assert [each.provider for each in casework.attempts(case_id, "sms")] == ["a"]


@pytest.mark.parametrize(("urgency", "is_sent"), [("low", False), ("medium", False), ("critical", True)])
def test_what_was_held_by_day_does_not_go_at_night(casework: CaseworkFixture, urgency: str, is_sent: bool) -> None:
    register(casework, A)
    pause(casework)
    case_id = casework.open(urgency=urgency, channels=["sms"])
    casework.deliver(A)
    casework.pass_time(hours=14)  # it is 23:00
    resume(casework)
    casework.clear_leases()
    already = len(A.sent)
    casework.deliver(A)
    assert (len(A.sent) > already) is is_sent
    if not is_sent:
        [moved] = casework.journal(case_id, "attempt_moved")
        assert (moved.rule, moved.data["held_by"]) == ("late_for_day", ["quiet_hours"])
        casework.pass_time(hours=9)
        casework.deliver(A)
        assert len(A.sent) > already


def test_a_stepped_clock_moves_on_beside_what_nobody_can_take(casework: CaseworkFixture) -> None:
    register(casework, A)
    pause(casework)
    casework.open(urgency="low")
    casework.deliver(A)
    casework.sql("UPDATE attempts SET lease_until = clock_timestamp() + interval '1 hour' WHERE channel = 'visit'")
    with casework.begin() as work:
        seen = due.find_due_work(work)
    assert seen.lanes == frozenset()
    assert seen.next_at is None or seen.next_at > casework.now


def test_an_open_one_is_no_other_to_fail_over_to(casework: CaseworkFixture) -> None:
    register(casework, A, B)
    judge(casework, b=FAILING)
    case_id = casework.open()
    casework.deliver(Scripted([Transient("500")], name="a"), B)
    assert [each.rule for each in casework.attempts(case_id, "sms")] == ["first_sms", "transient_failure"]


def test_a_link_that_opens_gives_back_what_waits_for_it(casework: CaseworkFixture) -> None:
    line, other = Line(name="line"), Scripted([Answered(Result.DELIVERED)], name="other")
    register(casework, line, other)
    with casework.weighing(other=0):
        case_id = casework.open()
        assert casework.claim(line, other) == []
    assert casework.attempts(case_id, "sms")[0].lane == link_lane("line")
    judge(casework, line=FAILING)
    casework.deliver(line, other)
    [sent] = casework.attempts(case_id, "sms")
    assert (sent.provider, sent.result, line.sent) == ("other", "DELIVERED", [])
    assert [each.event for each in casework.journal(case_id)].count("attempt_taken_back") == 1


def test_a_link_that_is_alone_gets_it_back_and_is_not_asked_again_and_again(casework: CaseworkFixture) -> None:
    line = Line(name="line")
    register(casework, line)
    case_id = casework.open()
    casework.claim(line)
    judge(casework, line=FAILING)
    casework.claim(line)
    for _ in range(3):
        judge(casework, line=FAILING)
    assert casework.attempts(case_id, "sms")[0].lane == link_lane("line")
    assert casework.events(case_id).count("attempt_taken_back") == 1


# --- people


def test_a_pause_has_a_reason_and_ends_by_steps(casework: CaseworkFixture) -> None:
    register(casework, A, B)
    pause(casework)
    with pytest.raises(Refused, match=RefusalCode.PROVIDER_PAUSED):
        pause(casework)
    resume(casework)
    with pytest.raises(Refused, match=RefusalCode.PROVIDER_IN_USE):
        resume(casework)
    with pytest.raises(Refused, match="no_provider provider=x"):
        pause(casework, "x")
    rows = casework.rows(ProviderHistoryRow)
    assert [(each.after, each.share, each.by, each.note) for each in rows] == [
        ("paused", None, "OPS-1", "合同到期"),
        ("returning", 0.1, "OPS-1", "已续约"),
    ]


def test_a_person_may_end_a_cool_down(casework: CaseworkFixture) -> None:
    register(casework, A, B)
    judge(casework, a=SendStats(Window(Counts(fault=1), Counts(fault=1))))
    assert row(casework).health == Health.OUT
    resume(casework)
    assert (row(casework).health, row(casework).trips) == (Health.RETURNING, 0)


# --- visits


@pytest.mark.parametrize("urgency", ["high", "medium", "low"])
def test_who_waits_for_a_channel_that_goes_down_is_visited_at_once(casework: CaseworkFixture, urgency: str) -> None:
    register(casework, A)
    waiting, reached = casework.open(1, urgency=urgency), casework.open(2, urgency=urgency)
    casework.deliver(Scripted([Transient("500"), Answered(Result.DELIVERED)], name="a"))
    waiting, reached = (waiting, reached) if casework.attempts(waiting)[-1].state == "planned" else (reached, waiting)
    judge(casework, a=FAILING)
    assert casework.sql("SELECT 1 FROM visits") == []
    for _ in range(2):
        casework.advance()
        assert [tuple(each) for each in casework.sql("SELECT case_id, rule FROM visits")] == [
            (waiting, "visit_channel_down")
        ]
        judge(casework, a=FAILING)


def test_a_new_case_of_a_channel_that_is_down_is_visited_at_once(casework: CaseworkFixture) -> None:
    register(casework, Scripted(name="a", channels=(Channel.SMS,)), Scripted(name="calls", channels=(Channel.VOICE,)))
    pause(casework)
    by_sms = casework.open(1, urgency="medium", channels=["sms"])
    casework.open(2, urgency="low", channels=["voice"])
    assert [tuple(each) for each in casework.sql("SELECT case_id, rule FROM visits")] == [
        (by_sms, "visit_channel_down")
    ]


def test_who_waits_for_a_call_of_later_is_not_visited_for_a_channel_that_may_be_back_by_then(
    casework: CaseworkFixture,
) -> None:
    register(casework, A)
    case_id = casework.open(urgency="medium", channels=["voice"])
    pause(casework)
    judge(casework)
    casework.advance()
    assert casework.sql("SELECT 1 FROM visits") == []
    casework.pass_time(minutes=10)
    casework.deliver(A)
    assert [tuple(each) for each in casework.sql("SELECT case_id, rule FROM visits")] == [
        (case_id, "visit_channel_down")
    ]
