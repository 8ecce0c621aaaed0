"""What the watch finds in a real database, and where it posts."""

import base64
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from casework_fixture import START, CaseworkFixture, Scripted, withdrawal
from pydantic import SecretStr
from settings_fixture import forget_settings
from sqlalchemy import create_engine
from standardwebhooks import Webhook
from visits_fixture import Load, case_with_visit
from webhooks_fixture import endpoint, receiving, send

from dispatcher import clock
from dispatcher.casework import provider_health
from dispatcher.casework.breaker import Counts, Window
from dispatcher.delivery import judge_providers, receipts
from dispatcher.delivery.send_stats import SendStats
from dispatcher.errors import OperatorError
from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.store import heartbeats
from dispatcher.supervision import work_items
from dispatcher.watch import collect as collecting
from dispatcher.watch import notify
from dispatcher.watch.alarms import Alarm, Code
from dispatcher.watch.collect import collect
from dispatcher.watch.facts import Count, Doubts, Facts, Late, NotTaken
from dispatcher.watch.limits import Limits
from dispatcher.watch.run import Watch
from providers.base import Accepted, Answered, InDoubt, Receipt
from providers.registry import Registry
from schemas.vocabulary import Cause, Channel, Health, Result, Urgency

NO_REDIS = "redis://127.0.0.1:1/0"
PATIENT = Limits(answer_s=120, sweep_s=600)  # nothing here is about a look that takes long
SECRET = "whsec_" + base64.b64encode(b"w" * 32).decode()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_settings(monkeypatch)


@pytest.fixture
def collected(casework: CaseworkFixture) -> Iterator[Callable[[], Facts]]:
    engine = create_engine(casework.url)
    yield lambda: collect(engine, NO_REDIS, casework.context.clock, PATIENT)
    engine.dispose()


def beat(casework: CaseworkFixture) -> None:
    with casework.sessions.begin() as session:
        heartbeats.beat(session.connection(), heartbeats.SWEEP)


def test_a_quiet_service_gives_no_facts(casework: CaseworkFixture, collected: Callable[[], Facts]) -> None:
    began = time.monotonic()
    beat(casework)
    casework.open()
    facts = collected()
    assert (facts.database, facts.redis, facts.forgotten, facts.late, facts.doubts) == (
        None,
        "ConnectionError",
        Count(0),
        (),
        (),
    )
    assert facts.swept_s is not None and 0 <= facts.swept_s <= time.monotonic() - began


def test_the_sweeps_last_sign_of_life_is_as_old_as_it_is(
    casework: CaseworkFixture, collected: Callable[[], Facts]
) -> None:
    assert collected().swept_s is None
    began = time.monotonic()
    beat(casework)
    casework.sql("UPDATE heartbeats SET beat_at = beat_at - interval '1 hour'")
    assert 3600 <= (collected().swept_s or 0) <= 3600 + time.monotonic() - began
    beat(casework)
    assert 0 <= (collected().swept_s or 0) <= time.monotonic() - began


def test_a_worker_is_silent_once_it_leaves_no_signs_of_life_and_was_not_told_to_end(
    casework: CaseworkFixture, collected: Callable[[], Facts]
) -> None:
    names = [heartbeats.worker(f"{name}@host") for name in ("killed", "ended", "gone")]
    with casework.sessions.begin() as session:
        began = heartbeats.database_now(session.connection())
        for name in names:
            heartbeats.beat(session.connection(), name)
        assert heartbeats.workers_since(session.connection(), began) == {"killed@host", "ended@host", "gone@host"}
    assert collected().silent == ()
    casework.sql("UPDATE heartbeats SET beat_at = beat_at - interval '1 hour'")
    casework.sql("UPDATE heartbeats SET beat_at = beat_at - interval '1 day' WHERE name LIKE '%gone%'")
    with casework.sessions.begin() as session:
        heartbeats.end(session.connection(), names[1])
        heartbeats.forget(session.connection())
    [silent] = collected().silent
    assert silent.worker == "killed@host"
    assert silent.since < clock.real_now() - timedelta(minutes=59)


def test_an_open_case_with_nothing_to_come_and_nobody_is_forgotten(
    casework: CaseworkFixture, load: Load, collected: Callable[[], Facts]
) -> None:
    load()
    case_with_visit(casework)
    grave = casework.open(2)
    too_late = casework.open(3, valid_until="2026-03-02T08:00:00+08:00")  # waits for the centre
    assert collected().forgotten == Count(0)
    casework.is_tampered = True
    casework.sql("UPDATE attempts SET action = NULL, state = 'settled' WHERE case_id = :id", id=grave)
    casework.sql("UPDATE cases SET next_look_at = NULL WHERE id = :id", id=grave)
    assert collected().forgotten == Count(1, casework.journal(grave)[-1].at)
    casework.sql("UPDATE duties SET case_id = :id", id=grave)
    casework.sql("UPDATE cases SET state = 'closed' WHERE id = :id", id=too_late)
    assert collected().forgotten == Count(0)


@pytest.mark.parametrize(("urgency", "limit"), [("critical", 15), ("high", 30), ("medium", 120), ("low", 300)])
def test_due_work_is_late_after_the_limit_of_its_urgency(
    casework: CaseworkFixture, collected: Callable[[], Facts], urgency: str, limit: int
) -> None:
    case_id = casework.open(urgency=urgency, channels=["sms"])
    attempts = casework.attempts(case_id)
    casework.pass_time(seconds=limit)
    assert collected().late == ()
    casework.pass_time(seconds=1)
    some = Count(len(attempts), attempts[0].due_at)
    assert collected().late == (Late("attempt", Urgency(urgency), some),)
    casework.claim(Scripted())
    assert collected().late == ()


def test_providers_out_of_use_and_channels_without_any_are_told(
    casework: CaseworkFixture, collected: Callable[[], Facts]
) -> None:
    a, calls = Scripted(name="a", channels=(Channel.SMS,)), Scripted(name="calls", channels=(Channel.VOICE,))
    with casework.sessions.begin() as session:
        provider_health.register(session, Registry([a, Scripted(name="b", channels=(Channel.SMS,)), calls]))
    with casework.begin() as work:
        judge_providers.pause(work, "a", by="OPS-1", note="检修")
    facts = collected()
    assert [(each.provider, each.health, each.cause) for each in facts.out_of_use] == [
        ("a", Health.PAUSED, Cause.PAUSED)
    ]
    assert facts.down == ()
    with casework.begin() as work:
        judge_providers.judge(work, {"b": SendStats(Window(Counts(fault=1)))})
    facts = collected()
    assert [(each.provider, each.cause) for each in facts.out_of_use] == [("a", Cause.PAUSED), ("b", Cause.FAULT)]
    assert [each.channel for each in facts.down] == [Channel.SMS]


def test_a_channel_that_no_file_serves_is_told_once_somebody_waits_for_it(
    casework: CaseworkFixture, collected: Callable[[], Facts]
) -> None:
    casework.open(channels=["voice"])
    assert collected().down == ()  # no worker has said yet whom it knows
    casework.pass_time(hours=1)
    assert [each.channel for each in collected().down] == [Channel.VOICE]  # nor will: its file has the roster alone
    with casework.sessions.begin() as session:
        provider_health.register(session, Registry([Scripted(channels=(Channel.SMS,))]))
    assert [each.channel for each in collected().down] == [Channel.VOICE]


def test_work_in_hand_is_not_late(casework: CaseworkFixture, collected: Callable[[], Facts]) -> None:
    casework.open()
    casework.claim(Scripted())
    casework.pass_time(minutes=5)
    assert collected().late == ()


def test_money_that_is_leaving_counts_as_critical(casework: CaseworkFixture, collected: Callable[[], Facts]) -> None:
    casework.open(urgency="low", risk={"transfers": [{"at": "2026-03-02T08:50:00+08:00", "amount_yuan": 5000}]})
    casework.pass_time(seconds=16)
    assert Urgency.CRITICAL in [each.urgency for each in collected().late]


def test_a_case_that_is_not_decided_on_and_a_receipt_that_is_not_read_are_late(
    casework: CaseworkFixture, collected: Callable[[], Facts]
) -> None:
    casework.open(urgency="high", channels=["sms"])
    casework.deliver(Scripted([InDoubt("ReadTimeout")]))
    struck = casework.sql("SELECT next_look_at FROM cases")[0][0]
    with casework.begin() as work:
        receipts.store(
            work,
            "scripted",
            Receipt(str(casework.sql("SELECT id FROM attempts")[0][0]), "r", Answered(Result.DELIVERED)),
        )
        stored = casework.context.clock.now(work.session)
    with casework.sessions.begin() as session:
        clock.step_to(session, struck + Limits.model_fields["late_high_s"].default * timedelta(seconds=1.1))
    found = {each.kind: each for each in collected().late}
    assert found["case"] == Late("case", Urgency.HIGH, Count(1, struck))
    assert found["receipt"] == Late("receipt", None, Count(1, stored))
    casework.settle()


def test_doubts_are_counted_by_provider_in_the_window_and_before(
    casework: CaseworkFixture, collected: Callable[[], Facts]
) -> None:
    for number in range(1, 4):
        casework.open(number)
    casework.deliver(Scripted([InDoubt("x")]))
    casework.pass_time(minutes=11)
    for number in range(4, 14):
        casework.open(number)
    casework.deliver(Scripted([InDoubt("x")] * 5, statuses=[Accepted("r")] * 9))
    # One of the eleven is the first doubt, sent again after its wait.
    assert collected().doubts == (Doubts("scripted", 11, 5, 3, 1),)
    casework.pass_time(minutes=11)
    assert collected().doubts == ()


def test_a_database_that_is_away_is_told_by_its_error_alone(tmp_path: Path) -> None:
    engine = create_engine("postgresql+psycopg://user:geheim@127.0.0.1:1/x", connect_args={"connect_timeout": 1})
    facts = collect(engine, NO_REDIS, clock.Clock("real"), PATIENT)
    assert (facts.database, facts.redis) == ("OperationalError", "ConnectionError")


def test_a_server_that_hangs_is_one_that_does_not_answer(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(collecting, "_ask_redis", lambda url: hangs.wait())
    facts = collect(create_engine(casework.url), NO_REDIS, casework.context.clock, Limits(answer_s=1))
    hangs.set()
    assert facts.redis == "no answer"


def watch(casework: CaseworkFixture, **limits: Any) -> Watch:
    return Watch(Settings(clock=casework.context.clock.spec), PATIENT.model_copy(update=limits), casework.url, NO_REDIS)


def test_a_probe_to_nobody_is_a_mistake(casework: CaseworkFixture) -> None:
    watch(casework).check()
    with pytest.raises(OperatorError, match="DISPATCHER_WATCH_NUMBER"):
        watch(casework).check(probe=True)


def test_one_look_tells_each_alarm_and_says_whether_all_is_well(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, Alarm]] = []
    assert not watch(casework).run_once(lambda *said: told.append(said))
    assert [(state, alarm.code) for state, alarm in told] == [
        ("raised", Code.REDIS_UNREACHABLE),
        ("raised", Code.SWEEP_SILENT),
    ]
    monkeypatch.setattr(collecting, "_ask_redis", lambda url: None)
    beat(casework)
    assert watch(casework).run_once(lambda *said: told.append(said))
    assert len(told) == 2


def test_round_after_round_an_alarm_is_raised_and_over(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "_ask_redis", lambda url: None)
    stop, told = threading.Event(), []

    def say(state: str, alarm: Alarm) -> None:
        told.append((state, alarm.code))
        beat(casework)
        if state == "over":
            stop.set()

    assert watch(casework, period_s=1).run(say, stop)
    assert told == [("raised", Code.SWEEP_SILENT), ("over", Code.SWEEP_SILENT)]


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A webhook's receiver; it fails the first time."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(503 if len(got) == 1 else 204)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", got
    server.shutdown()
    server.server_close()


def test_alarms_are_posted_signed_under_one_id(casework: CaseworkFixture, inbox: tuple[str, list[Any]]) -> None:
    url, got = inbox
    watch(casework, url=url, secret=SecretStr(SECRET)).run_once(lambda *_: None)
    (first, body), *others = got
    again = [headers["webhook-id"] for headers, _ in others]
    assert first["webhook-id"] == again[0] != again[1]
    for headers, each in got:
        Webhook(SECRET).verify(each, {name.lower(): value for name, value in headers.items()})
    told = json.loads(body)
    assert (told["alarm"], told["state"], told["count"]) == ("redis_unreachable", "raised", 1)
    assert set(told) == {"alarm", "state", "about", "since", "count", "zh", "en"}


def test_a_webhook_that_is_away_stops_nothing(casework: CaseworkFixture) -> None:
    told = []
    watch(casework, url="http://127.0.0.1:1/", secret=SecretStr(SECRET)).run_once(
        lambda state, alarm: told.append(alarm.code)
    )
    assert told == [Code.REDIS_UNREACHABLE, Code.SWEEP_SILENT]


@pytest.mark.parametrize("limits", [{"url": "http://127.0.0.1:1/"}, {"url": "http://x/", "secret": "whsec_?"}])
def test_alarms_that_could_not_be_signed_are_told_at_the_start(limits: dict[str, Any]) -> None:
    with pytest.raises(OperatorError, match="DISPATCHER_WATCH_SECRET"):
        notify.build_webhook(Limits(**limits))


def test_what_has_waited_an_hour_for_its_instruction_is_told(
    casework: CaseworkFixture, collected: Callable[[], Facts]
) -> None:
    casework.push(withdrawal(1))
    assert collected().early_lines.number == 0
    casework.pass_time(minutes=61)
    assert collected().early_lines == Count(1, START)
    casework.open(1)
    assert collected().early_lines.number == 0


def test_events_that_no_process_sends_and_those_that_no_receiver_takes_are_told(
    casework: CaseworkFixture, services: Services, collected: Callable[[], Facts]
) -> None:
    casework.open(1)
    assert collected().unsent.number == 0  # nobody asked to be told
    with receiving() as receiver:
        endpoint(services, receiver, "north")
        casework.open(2)
        [(events,)] = casework.sql("SELECT count(*) FROM source_events")
        assert collected().unsent == Count(events, START)
        receiver.status = 500
        send(services)
        assert collected().unsent.number > 0
        casework.sql("INSERT INTO heartbeats VALUES (:name, clock_timestamp())", name=heartbeats.WEBHOOKS)
        assert (collected().unsent.number, collected().not_taken) == (0, ())
        casework.pass_time(minutes=61)
        [(tried,)] = casework.sql("SELECT count(*) FROM webhook_deliveries WHERE tries > 0")
        assert collected().not_taken == (NotTaken("north", Count(tried, START)),)
        receiver.status = 200
        send(services)
        assert collected().not_taken == ()
    casework.sql("UPDATE webhook_deliveries SET state = 'dead', ended_at = :now", now=casework.now)
    assert [each.webhook for each in collected().not_taken] == ["north"]
    casework.pass_time(hours=25)
    assert collected().not_taken == ()


def test_a_client_that_was_revoked_is_told_nothing_and_so_nothing_is_missing(
    casework: CaseworkFixture, services: Services, collected: Callable[[], Facts]
) -> None:
    with receiving() as receiver:
        endpoint(services, receiver, "north")
        casework.open(2)
        receiver.status = 500
        send(services)
        casework.pass_time(minutes=61)
        assert collected().unsent.number > 0
        assert collected().not_taken != ()
        casework.sql("UPDATE clients SET revoked_at = now()")
        assert (collected().unsent.number, collected().not_taken) == (0, ())


def test_a_visit_that_nobody_took_is_told_at_once_and_until_somebody_takes_it_up(
    casework: CaseworkFixture, load: Load, collected: Callable[[], Facts]
) -> None:
    load("Z", DUTY=[])
    case_id = case_with_visit(casework)
    [told] = collected().waiting
    number = casework.items(case_id)[0].number
    assert (told.kind, told.urgency, told.told) == ("ladder_exhausted", "critical", {(number, 0)})
    casework.pass_time(minutes=5)
    casework.advance()
    [told] = collected().waiting
    assert told.told == {(number, 1)}
    with casework.begin() as work:
        work_items.take(work, casework.items(case_id)[0].id, by="S-1")
    assert collected().waiting == ()
