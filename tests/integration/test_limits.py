"""What a provider's limits do to the work that is due: it waits, goes elsewhere, or calls somebody; none is lost."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from casework_fixture import CaseworkFixture, Scripted, pump_of

from dispatcher.delivery.provider_call import CallResult
from dispatcher.limits import Limiter, Shared
from providers.base import Answered, OperationsFault
from providers.registry import Registry
from schemas.vocabulary import Channel, Result


@pytest.fixture
def limited(casework: CaseworkFixture, redis_url: str) -> CaseworkFixture:
    casework.limiter = Limiter(Shared(redis_url), casework.url[-6:].__add__, 2)
    casework.limiter._shared._redis.flushall()
    return casework


def states(casework: CaseworkFixture, channel: str = "sms") -> Counter[str]:
    return Counter(
        row[0] for row in casework.sql("SELECT state FROM attempts WHERE channel = :channel", channel=channel)
    )


def test_what_there_is_no_room_for_is_left_untouched(limited: CaseworkFixture) -> None:
    city = Scripted(allowed={"rate": ["5/10m"], "reserved_urgent": 0})
    cases = [limited.open(number) for number in range(1, 9)]
    before = {case: limited.events(case) for case in cases}
    assert len(limited.claim(city)) == 5
    assert states(limited) == {"sending": 5, "planned": 3}
    assert limited.claim(city) == []
    waiting = [case for case in cases if limited.attempts(case)[0].state == "planned"]
    assert all(limited.events(case) == before[case] for case in waiting)
    assert {limited.attempts(case)[0].provider for case in waiting} == {None}


def test_the_most_urgent_get_what_room_there_is(limited: CaseworkFixture) -> None:
    """Two of ten are kept free for them, and all of it is theirs where they need it."""
    city = Scripted(allowed={"rate": ["10/10m"]})
    low = [limited.open(number, urgency="low") for number in range(1, 21)]
    assert len(limited.claim(city)) == 8
    high = [limited.open(number) for number in range(21, 31)]
    assert {each.case_id for each in limited.claim(city)} <= set(high)
    assert [sum(limited.attempts(case)[0].state == "sending" for case in cases) for cases in (low, high)] == [8, 2]


def test_what_waits_hides_nothing_behind_it(limited: CaseworkFixture) -> None:
    city, calls = Scripted(allowed={"rate": ["1/10m"]}), Scripted(name="calls", channels=(Channel.VOICE,))
    for number in range(1, 6):
        limited.open(number)
    limited.open(6, channels=["voice"])
    limited.pass_time(minutes=1)
    assert Counter(each.provider for each in limited.claim(city, calls, limit=2)) == {"scripted": 1, "calls": 1}


def test_another_provider_with_room_is_preferred(limited: CaseworkFixture) -> None:
    full, free = Scripted(allowed={"rate": ["2/10m"]}), Scripted(name="free")
    for number in range(1, 41):  # the choice is by chance: of ten, now and then fewer than two fall on the first
        limited.open(number)
    assert len(limited.deliver(full, free)) == 40
    assert (len(full.sent), len(free.sent)) == (2, 38)


def test_a_number_that_has_had_enough_is_told_by_another_provider(limited: CaseworkFixture) -> None:
    """The SMS and the call go to one phone."""
    allowed = {"callee": ["1/10m"]}
    city, spare = Scripted(allowed=allowed), Scripted(name="spare", allowed=allowed)
    limited.open(urgency="critical", channels=["sms", "voice"])
    limited.deliver(city, spare)
    assert [len(each.sent) for each in (city, spare)] == [1, 1]


def test_where_no_provider_may_the_plan_moves_on(limited: CaseworkFixture) -> None:
    city = Scripted(allowed={"callee": ["1/10m"]})
    case_id = limited.open(urgency="critical", channels=["sms", "voice"])
    calls = [each for each in limited.claim(city) if each.message and each.message.to]
    assert sorted(each.refusal is not None for each in calls) == [False, True]
    [refused] = [each for each in calls if each.refusal]
    limited.record(CallResult(refused, refused.refusal))  # type: ignore[arg-type]
    [row] = [each for each in limited.attempts(case_id) if each.id == refused.attempt_id]
    assert (row.result, row.onward) == ("FAILED_PERMANENT", "next_channel")
    assert row.detail == "callee limit: 1/10m used up"


def test_in_its_quiet_hours_a_provider_is_passed_by(limited: CaseworkFixture) -> None:
    asleep, awake = Scripted(allowed={"quiet": "08:30-10:00"}), Scripted(name="awake")
    limited.open()
    [call] = limited.claim(asleep, awake)
    assert call.provider == "awake"
    limited.open(2)
    [call] = limited.claim(asleep)
    assert str(call.refusal) == "SwitchChannel(detail='provider quiet hours 08:30-10:00')"
    limited.pass_time(hours=2)
    limited.open(3)
    assert {each.refusal for each in limited.claim(asleep)} == {None}


def test_an_account_that_is_used_up_is_a_fault_that_a_person_must_mend(limited: CaseworkFixture) -> None:
    city = Scripted(allowed={"account": ["1/1d"]})
    limited.open(1)
    limited.open(2)
    refusals = [each.refusal for each in limited.claim(city)]
    assert refusals[1] == OperationsFault("account limit: 1/1d used up")


@pytest.mark.parametrize("allowed", [{"rate": ["20/3s"]}, {"at_once": 3}])
def test_the_pump_delivers_all_of_it_in_its_time(
    limited: CaseworkFixture, redis_url: str, tmp_path: Path, pump_module: Any, allowed: dict[str, Any]
) -> None:
    """No one is lost, none sent twice, and nothing is written of those that waited."""
    from dispatcher.settings import Settings
    from dispatcher.setup import Services

    city = Scripted([Answered(Result.DELIVERED)] * 40, allowed=allowed)
    for number in range(1, 41):
        limited.open(number)
    services = Services(Settings(home=tmp_path, redis_url=redis_url), limited.sessions, limited.context)
    vars(services)["registry"] = Registry([city])
    pump = pump_of(services)
    try:
        while states(limited)["planned"]:
            pump.deliver()
    finally:
        pump.close()
    assert len({each.send_key for each in city.sent}) == len(city.sent) == 40
    assert states(limited) == {"settled": 40}
    assert Counter(row[0] for row in limited.sql("SELECT event FROM journal"))["attempt_sending"] == 40


@pytest.mark.timeout(600)
def test_a_claim_ends_however_slow_the_machine_is(limited: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits has waited long enough before the next look at what stands behind it."""
    monkeypatch.setattr("dispatcher.delivery.capacity._LEAST_S", 0.0)
    monkeypatch.setattr("dispatcher.delivery.capacity._MOST_S", 0.0)
    for number in range(1, 4):
        limited.open(number)
    assert len(limited.claim(Scripted(allowed={"rate": ["1/10m"]}))) == 1
