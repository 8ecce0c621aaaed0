"""The numbers of our advisory locks: all in one place, and no two alike."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dispatcher.store import advisory_locks
from dispatcher.store.advisory_locks import code_asker, intake, provider_link

ROOT = Path(__file__).parents[2]
NUMBERS = {name: number for name, number in vars(advisory_locks).items() if name.isupper() and type(number) is int}


def test_no_two_locks_have_one_number() -> None:
    public = {name: number for name, number in NUMBERS.items() if not name.startswith("_")}
    assert len(public) >= 3
    links = [provider_link(name) for name in ("city-smpp", "trunk", "a", "b")]
    assert len({*public.values(), *links}) == len(public) + len(links)


def test_numbers_of_links_are_a_range_of_their_own() -> None:
    assert {provider_link(name) >> 32 for name in ("city-smpp", "trunk", "")} == {0x4C494E4B}
    assert all(number >> 32 != 0x4C494E4B for name, number in NUMBERS.items() if not name.startswith("_"))


@pytest.mark.parametrize("number", [intake, code_asker])
def test_numbers_from_a_digest_fit_into_64_bits(number: Callable[[bytes], int]) -> None:
    assert number(b"\xff" * 32) == -1
    assert number(b"\x7f" + b"\xff" * 31) == 2**63 - 1


def test_no_other_module_takes_an_advisory_lock() -> None:
    paths = [path for folder in ("dispatcher", "tasks", "providers") for path in (ROOT / folder).rglob("*.py")]
    takers = [path.name for path in paths if re.search(r"pg_\w*advisory\w*\(", path.read_text("utf-8"))]
    assert takers == ["advisory_locks.py"]
