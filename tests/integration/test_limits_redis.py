"""The windows in Redis: the scripts do what the ledger in memory does, and exactly so while many ask at once."""

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatcher import embedded
from dispatcher.limits import Booking, Full, Limiter, Shared, shared
from dispatcher.limits.windows import AHEAD_MS, Kind, Ledger, Window
from providers.base import Capabilities, OperationsFault, SwitchChannel
from providers.limits import Limits, Rate
from schemas.vocabulary import Channel

NUMBER = "+8615400000001"
# Long enough that none runs out in real time, which is what Redis lets go of keys by.
WINDOWS = [
    Window("rate", Kind.RATE, 3, 60_000, 20_000),
    Window("rate:routine", Kind.RATE, 2, 60_000, 20_000, is_routine=True),
    Window("lines", Kind.LINES, 4, 0, 120_000),
    Window("callee", Kind.CALLEE, 5, 200_000, 20_000),
]
AHEAD = 30_000
SETS = st.lists(st.sampled_from(WINDOWS), min_size=1, unique=True)
STEPS = st.lists(
    st.tuples(st.sampled_from(["book", "book", "settle", "keep"]), st.integers(0, 40_000), st.integers(0, 9), SETS),
    max_size=60,
)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as found:
        found.flushall()
        yield found


class HealthChange:
    """The scripts with a clock that is moved: all of them but the call that reads it."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        folder = Path(shared.__file__).parent
        self._scripts = {
            name: client.register_script(
                re.sub(r"redis\.call\('TIME'\)", "{ARGV[#ARGV], 0}", (folder / f"{name}.lua").read_text())
            )
            for name in ("book", "settle", "keep")
        }

    def run(self, name: str, now: int, message: str, asked: list[Window], *each: int) -> Any:
        ahead = [AHEAD] if name in ("book", "keep") else []
        # In seconds, as Redis says it: ms are the fraction of its own.
        return self._scripts[name](keys=[w.key for w in asked], args=[message, *ahead, *each, now / 1000])


@given(steps=STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_the_scripts_do_what_the_ledger_does(client: redis.Redis, steps: list[Any]) -> None:
    client.flushall()
    scripts, ledger, now = HealthChange(client), Ledger(), 1_767_000_000_000
    for step, pause, number, asked in steps:
        now += pause
        message = str(number)
        if step == "book":
            sizes = [n for w in asked for n in (w.places, w.length_ms, w.hold_ms)]
            is_booked, *waits = scripts.run("book", now, message, asked, *sizes)
            verdict = ledger.book(now, message, asked, AHEAD)
            assert (bool(is_booked), tuple(waits)) == (verdict.is_booked, verdict.waits_ms)
        elif step == "settle":
            scripts.run("settle", now, message, asked, *[w.length_ms for w in asked])
            ledger.settle(now, message, asked)
        elif timed := [w for w in asked if w.length_ms]:
            kept = scripts.run("keep", now, message, timed, *[w.length_ms + w.hold_ms for w in timed])
            assert bool(kept) == ledger.keep(now, message, timed, AHEAD)
        for window in WINDOWS:
            assert client.zcount(window.key, f"({now}", "+inf") == ledger.used(now, window.key)


class Named:
    """All that the limiter looks at of a provider."""

    name, timeout_s = "city", 10.0
    capabilities = Capabilities(frozenset({Channel.SMS}))


def book(limiter: Limiter, limits: Limits, message: str, *, to: str = NUMBER, urgent: bool = True) -> Any:
    return limiter.book(Named(), limits, to, message, is_urgent=urgent, lease_s=600)  # type: ignore[arg-type]


TICK_S = 0.002  # scores are whole milliseconds


def server_now(client: redis.Redis) -> float:
    seconds, micros = client.time()
    return seconds + micros / 1e6


def limiter_of(url: str, workers: int = 4) -> Limiter:
    return Limiter(Shared(url), lambda number: f"digest-{number[3:][-4:]}", workers)


def test_many_at_once_get_the_places_that_there_are(client: redis.Redis, redis_url: str) -> None:
    limits, answers = Limits(at_once=20), []

    def ask(name: int) -> None:
        limiter = limiter_of(redis_url)
        answers.extend(book(limiter, limits, f"{name}-{n}") for n in range(10))

    threads = [threading.Thread(target=ask, args=(name,)) for name in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(isinstance(each, Booking) for each in answers) == 20
    assert sum(isinstance(each, Full) for each in answers) == 60


def test_the_next_places_are_booked_for_the_moment_they_are_free(client: redis.Redis, redis_url: str) -> None:
    async def scenario() -> None:
        limiter, limits = limiter_of(redis_url), Limits(rate=(Rate(2, 1),))
        for each in [book(limiter, limits, name) for name in "ab"]:
            await limiter.settle(each)
        [key] = client.keys("*")
        free_at = client.zscore(key, "a") / 1000  # by the server's clock, which is read before and after
        await asyncio.sleep(0.6)
        begun, server_begun = time.monotonic(), server_now(client)
        later = book(limiter, limits, "c")
        ended, server_ended = time.monotonic(), server_now(client)
        assert isinstance(later, Booking)
        took = time.monotonic() - begun
        assert begun + free_at - server_begun - TICK_S <= later.starts_at
        assert later.starts_at <= ended + max(0.0, free_at - server_ended) + took + TICK_S
        await limiter.close()

    asyncio.run(scenario())


def test_what_is_full_says_what_becomes_of_the_message(client: redis.Redis, redis_url: str) -> None:
    limiter = limiter_of(redis_url)
    number = Limits(callee=(Rate(1, 600),), rate=(Rate(1, 600),))
    assert isinstance(book(limiter, number, "a"), Booking)
    assert book(limiter, number, "b") == SwitchChannel("callee limit: 1/10m used up")
    assert isinstance(book(limiter, number, "c", to="+8615400000002"), Full)
    account = Limits(account=(Rate(10, 86400),))
    for name in range(8):
        assert isinstance(book(limiter, account, f"r{name}", urgent=False), Booking)
    assert isinstance(book(limiter, account, "r8", urgent=False), Full)
    for name in range(2):
        assert isinstance(book(limiter, account, f"u{name}"), Booking)
    assert book(limiter, account, "u2") == OperationsFault("account limit: 10/1d used up")
    assert book(limiter, Limits(), "z") is None


def test_it_says_how_long_asking_again_is_of_no_use(client: redis.Redis, redis_url: str) -> None:
    """A line may be free at once; of an hour's place some minutes may be its answer's."""
    limiter = limiter_of(redis_url)
    lines, hour = Limits(at_once=1), Limits(rate=(Rate(1, 3600),))
    book(limiter, lines, "a")
    assert book(limiter, lines, "b") == Full(0.0)
    book(limiter, hour, "c")
    assert 3000 < book(limiter, hour, "d").wait_s < 3600


def test_no_key_holds_a_number(client: redis.Redis, redis_url: str) -> None:
    book(limiter_of(redis_url), Limits(callee=(Rate(1, 60),)), "a")
    keys = client.keys("*")
    assert keys == [b"limits:{city}:callee:60s:digest-0001"]
    assert 0 < client.pttl(keys[0]) < 70_000


def test_a_killed_workers_line_comes_back_after_its_lease(client: redis.Redis, redis_url: str) -> None:
    limiter, limits = limiter_of(redis_url), Limits(at_once=1)
    first = limiter.book(Named(), limits, None, "a", is_urgent=True, lease_s=0.3)  # type: ignore[arg-type]
    assert isinstance(first, Booking)
    time.sleep(0.31)
    assert isinstance(book(limiter, limits, "b"), Booking)
    assert isinstance(book(limiter, limits, "c"), Full)


def test_a_message_that_leaves_late_holds_its_place_on_or_gives_it_up(client: redis.Redis, redis_url: str) -> None:
    async def scenario() -> None:
        limiter, limits = limiter_of(redis_url), Limits(rate=(Rate(1, 60),))
        booking = book(limiter, limits, "a")
        [key] = client.keys("*")
        before = client.zscore(key, "a")
        await asyncio.sleep(0.4)
        assert await limiter.keep(booking)
        assert client.zscore(key, "a") - before >= 400
        # Its place is free in less than half a second: somebody may have been promised it.
        client.zadd(key, {"a": client.zscore(key, "a") - 62_000})
        assert not await limiter.keep(booking)
        await limiter.close()

    asyncio.run(scenario())


def test_what_is_left_is_told(client: redis.Redis, redis_url: str) -> None:
    limiter = limiter_of(redis_url)
    limits = Limits(rate=(Rate(50, 60),), at_once=20, account=(Rate(100, 86400),), callee=(Rate(5, 3600),))
    book(limiter, limits, "a", urgent=False)
    assert [(each.kind, each.limit, each.used) for each in limiter.left("city", limits)] == [
        ("rate", "50/1m", 1),
        ("lines", "20", 1),
        ("account", "100/1d", 1),
        ("callee", "5/1h", None),
    ]


def test_without_redis_each_goes_by_its_share_and_by_what_it_knows(tmp_path: Path) -> None:
    server = embedded.redis(tmp_path)
    limiter = limiter_of(server.url, workers=4)
    limits = Limits(rate=(Rate(40, 600),), callee=(Rate(1, 600),), account=(Rate(40, 86400),))
    try:
        assert isinstance(book(limiter, limits, "before", to="+861"), Booking)
    finally:
        server.stop()
    assert isinstance(book(limiter, limits, "again", to="+861"), SwitchChannel)  # remembered
    answers = [book(limiter, limits, str(n), to=f"+86{n}") for n in range(2, 20)]
    assert [isinstance(each, Booking) for each in answers] == [True] * 9 + [False] * 9
    assert isinstance(answers[-1], Full)  # its part of the account being used up is nobody's fault
    asyncio.run(limiter.settle(answers[0]))  # type: ignore[arg-type]


def test_a_window_of_many_places_stays_small(client: redis.Redis, redis_url: str) -> None:
    now = int(time.time() * 1000) + 10**6
    client.zadd("w", {f"0190a{n:031d}": now + n for n in range(20_000)})
    assert client.memory_usage("w", samples=0) < 3_000_000


def test_places_are_booked_ahead_by_less_than_a_window_lasts() -> None:
    """A place whose message is still on its way must never be promised to another."""
    assert AHEAD_MS < 1000
