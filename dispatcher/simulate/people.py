"""Invented people: nobody in them exists.

Numbers begin with 154, which is assigned to nobody, or are kept for films; identity numbers have a region that does
not exist and end in a wrong check digit; addresses say that they are invented.
"""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from dispatcher.simulate.weighted_random import weighted_choice

_PLACES = {("YT-WC-01", "望潮区"): 3, ("YT-WC-02", "望潮区"): 3, ("YT-QY-01", "青榆区"): 3, ("YT-SJ-01", "石矶区"): 1}
_STREETS = ("样板路", "海棠街", "样苑小区", "样河村", "样前弄", "老样巷", "样湖花园", "样南路")
_SURNAMES, _GIVEN = "何郑冯蒋沈朱许吕曹戚陶姜谢邹欧", "宁成达衡根颖航静兰琪文峰怡明远"
_KIN = {"女儿": 3, "儿子": 3, "妻子": 2, "丈夫": 2, "母亲": 2, "社区网格员": 1, "同事": 1}


def victim(random: Random, number: int, at: datetime, traits: set[str]) -> dict[str, Any]:
    """The number tells people apart: it is in their phone and identity numbers."""
    foreign, minor = "foreign" in traits, "minor" in traits
    age = random.randint(6, 13) if minor else random.randint(66, 88) if "old" in traits else random.randint(18, 65)
    # Month and last digits come from the number, so that no two people share an identity.
    born = date(at.year - age - 1, 1 + number // 1000 % 12, random.randint(1, 28))
    weak = {"minor": "未成年人", "old": "老年人", "hearing": "听力障碍"}
    return {
        "name": f"SAMPLE, {chr(65 + number % 26)}lex" if foreign else _name(random),
        "id_type": "护照" if foreign else "居民身份证",
        "id_number": None if "no_id" in traits else f"XX{number:07d}" if foreign else _identity(born, number % 1000),
        "birth_date": born.isoformat(),
        "gender": random.choice("男女"),
        "phones": _phones(number, traits),
        "addresses": _addresses(random, at, traits),
        "contacts": _contacts(random, number, traits),
        "language": "en" if foreign else "zh-CN",
        "vulnerability": [label for trait, label in weak.items() if trait in traits],
        "antifraud_app": random.choice(("installed_alert_on", "installed_alert_off", "not_installed", "unknown")),
    }


def _phones(number: int, traits: set[str]) -> list[dict[str, str]]:
    if "no_phone" in traits:
        return []
    if "foreign" in traits:
        return [{"number": f"+447700900{number % 1000:03d}", "country": "GB"}]
    lines = (1, 2) if "second_number" in traits else (1,)
    return [{"number": f"154{line}{number:07d}", "country": "CN"} for line in lines]


def _addresses(random: Random, at: datetime, traits: set[str]) -> list[dict[str, Any]]:
    kinds = {"residence": True, "branch": "branch" in traits, "registered": "second_address" in traits}
    if "no_address" in traits and not traits & {"no_phone", "branch"}:
        return []
    return [_address(random, at, kind, traits) for kind, there in kinds.items() if there]


def _address(random: Random, at: datetime, kind: str, traits: set[str]) -> dict[str, Any]:
    precinct, district = weighted_choice(random, _PLACES)
    text = f"{district}{random.choice(_STREETS)}{random.randint(1, 99)}号（虚构）"
    found: dict[str, Any] = {"kind": kind, "text": text, "district": district, "city": "云汀市"}
    found |= {} if "no_precinct" in traits else {"precinct_code": precinct}
    # At the counter now, and gone in two hours.
    return found | ({"valid_until": (at + timedelta(hours=2)).isoformat()} if kind == "branch" else {})


def _contacts(random: Random, number: int, traits: set[str]) -> list[dict[str, str]]:
    relations = ["监护人"] if "minor" in traits else []
    relations += [weighted_choice(random, _KIN)] if "family" in traits else []
    return [
        {"relation": relation, "name": _name(random), "phone": f"154{5 + index}{number:07d}"}
        for index, relation in enumerate(relations)
    ]


def _name(random: Random) -> str:
    return f"{random.choice(_SURNAMES)}样{random.choice(_GIVEN)}"


def _identity(born: date, last: int) -> str:
    """A number whose region does not exist, with a check digit that is wrong."""
    digits = f"990101{born:%Y%m%d}{last:03d}"
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits))
    return digits + "10X98765432"[(total + 1) % 11]
