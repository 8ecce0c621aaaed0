"""Invented weeks: instructions of all urgencies, and people who behave at random. The same seed gives the same week.

How often each thing is so stands in the tables; none of it is measured, all of it is our guess.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from dispatcher.simulate import events, scripts
from dispatcher.simulate.people import victim
from dispatcher.simulate.sample import Push
from dispatcher.simulate.weighted_random import GRID_MINUTES, draw_each, weighted_choice
from schemas.vocabulary import FRAUD_TYPES

DAYS = 7
# How busy each hour of a day is.
_HOURS = (1, 1, 1, 1, 1, 1, 2, 4, 7, 9, 10, 9, 7, 7, 9, 10, 9, 8, 7, 7, 7, 6, 4, 2)
_BURST = 0.15  # of the instructions come in bursts
_BURST_SIZE = 20

_LABELS = {
    "特急": 3,
    "红色": 1,
    "critical": 1,
    "高": 12,
    "高危": 5,
    "橙色": 3,
    "督办": 0.5,  # unknown, so high
    "中": 25,
    "黄色": 15,
    "medium": 5,
    "低": 20,
    "普": 6,
    "low": 4,
}
_SOURCES = {
    ("省反诈平台（虚构）", "资金预警"): 45,
    ("运营商预警（虚构）", "电话预警"): 30,
    ("部级平台（虚构）", "网址/App预警"): 15,
    ("银行网点（虚构）", "柜面预警"): 10,
}
_COUNTER = "银行网点（虚构）"
_CHANNELS: dict[tuple[str, ...], float] = {
    ("sms", "voice", "visit"): 80,
    ("sms", "voice"): 10,
    ("sms", "voice", "visit", "broadcast"): 7,
    ("sms",): 3,
}
# How often each is so; drawn independently.
_TRAITS = {
    "no_phone": 0.03,
    "second_number": 0.12,
    "no_address": 0.03,
    "second_address": 0.2,
    "no_precinct": 0.01,
    "no_id": 0.03,
    "minor": 0.03,
    "hearing": 0.01,
    "foreign": 0.01,
    "old": 0.15,
    "family": 0.4,
    "moved": 0.1,
    "expired": 0.02,
    "forwarded": 0.03,
    "life": 0.005,
    "call": 0.06,
}


@dataclass(frozen=True)
class Week:
    """What all draws share."""

    random: Random
    seed: int
    start: datetime
    days: int


def pushes(count: int, seed: int, start: datetime, days: int = DAYS) -> list[Push]:
    """`count` instructions with the events about them, in time order."""
    week = Week(Random(seed), seed, start, days)  # noqa: S311 - no secret: the seed is printed
    made: list[Push] = []
    for number, at in enumerate(_moments(week, count), start=1):
        made += _instruction(week, number, at)
    return sorted(made, key=lambda push: push.at)


def _moments(week: Week, count: int) -> list[datetime]:
    """When each comes: more by day than by night, and some many at once."""
    bursts = [_moment(week) for _ in range(max(1, round(count * _BURST / _BURST_SIZE)))]
    draws = range(count)
    return sorted(week.random.choice(bursts) if week.random.random() < _BURST else _moment(week) for _ in draws)


def _moment(week: Week) -> datetime:
    (hour,) = week.random.choices(range(24), _HOURS)
    at = timedelta(days=week.random.randrange(week.days), hours=hour)
    return week.start + at + timedelta(minutes=week.random.randrange(0, 60, GRID_MINUTES))


def _instruction(week: Week, number: int, at: datetime) -> list[Push]:
    random = week.random
    traits = draw_each(random, _TRAITS)
    system, kind = weighted_choice(random, _SOURCES)
    channels = weighted_choice(random, _CHANNELS)
    traits |= {"branch"} if system == _COUNTER else set()
    body = {
        "op": "create",
        "instruction_id": f"W{week.seed}-{number:06d}",
        "version": 1,
        "source": {"system": system, "unit": "YT-FZ", "ref": f"REF-W{week.seed}-{number:06d}"},
        "source_kind": kind,
        "issued_at": at.isoformat(),
        "valid_until": (at + timedelta(minutes=-10)).isoformat() if "expired" in traits else None,
        "urgency": weighted_choice(random, _LABELS),
        "fraud_type": random.choice(FRAUD_TYPES),
        "channels": list(channels),
        "victim": victim(random, number, at, traits),
        "risk": _risk(random, at, traits),
    }
    first = Push(at, f"G{number:06d}", body, scripts.script_for(random, traits))
    end = week.start + timedelta(days=week.days)
    return [first, *events.about(random, first, end)]


def _risk(random: Random, at: datetime, traits: set[str]) -> dict[str, Any]:
    amounts = [1000 * random.randint(1, 80) for _ in range(random.randint(1, 3) if "moved" in traits else 0)]
    transfers = [
        {"at": (at - timedelta(minutes=3 + n)).isoformat(), "amount_yuan": yuan, "payee_account": f"{n:016d}"}
        for n, yuan in enumerate(amounts)
    ]
    return {
        "amount_at_risk_yuan": sum(amounts) + 1000 * random.randint(0, 300) if random.random() < 0.7 else None,
        "transfers": transfers,
        "transfer_ongoing": bool(transfers) and random.random() < 0.5,
        "call_in_progress": "call" in traits,
        "suspected_call_forwarding": "forwarded" in traits,
        "life_at_risk": "life" in traits,
    }
