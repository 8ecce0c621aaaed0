"""What in a roster file does not fit together: a unit or badge that stands twice, a parent that is none, a circle.

It looks at the tables as they were read, so that it tells this beside whatever is wrong with a single key.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.errors import bilingual

Tables = Mapping[str, Any]


def misfits(tables: Tables) -> Iterator[str]:
    """One line for each, with its place and remedy in both languages."""
    units = _entries(tables, "units")
    parents: dict[str, Any] = {code: unit.get("parent") for _, unit in units if (code := _text(unit, "code"))}
    yield from _twice(units, "units", "code", "单位代码", "unit code")
    yield from _twice(_entries(tables, "officers"), "officers", "badge", "警号", "badge")
    yield from _twice(_entries(tables, "staff"), "staff", "badge", "警号", "badge")
    for number, unit in units:
        yield from _parent(f"units.{number}.parent", unit, parents)
    yield from _circles(parents)
    for table in ("officers", "staff"):
        for number, person in _entries(tables, table):
            of, badge = _text(person, "unit"), _text(person, "badge") or "?"
            if of is not None and of not in parents:
                told = bilingual(f"{badge} 的单位 {of} 不在 units 中", f"{badge}: unit {of} is not among the units")
                yield f"{table}.{number}.unit: {told}"


def _entries(tables: Tables, name: str) -> list[tuple[int, Mapping[str, Any]]]:
    found = tables.get(name)
    return [
        (number, each) for number, each in enumerate(found if isinstance(found, list) else []) if isinstance(each, dict)
    ]


def _text(entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    return printable(value) if isinstance(value, str) else None


def printable(text: str) -> str:
    """A text of the file on one line of a screen, whatever stands in it."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text[:100])


def _twice(entries: list[tuple[int, Mapping[str, Any]]], table: str, key: str, zh: str, en: str) -> Iterator[str]:
    places: dict[str, list[int]] = {}
    for number, entry in entries:
        if (name := _text(entry, key)) is not None:
            places.setdefault(name, []).append(number)
    for name, numbers in places.items():
        if len(numbers) > 1:
            times = len(numbers)
            told = bilingual(f"{zh} {name} 出现 {times} 次", f"{en} {name} stands {times} times")
            yield f"{table}.{numbers[1]}.{key}: {told}"


def _parent(where: str, unit: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[str]:
    code, parent = _text(unit, "code") or "-", _text(unit, "parent")
    if parent is None:
        return
    if parent == code:
        yield f"{where}: {bilingual(f'单位 {code} 的上级是其自身', f'unit {code} is its own parent')}"
    elif parent not in known:
        zh, en = f"单位 {code} 的上级 {parent} 不在 units 中", f"unit {code}: parent {parent} is not among the units"
        yield f"{where}: {bilingual(zh, en)}"


def _circles(parents: Mapping[str, Any]) -> Iterator[str]:
    """Units that are above one another, each circle once; a unit that is its own parent is told elsewhere."""
    done: set[str] = set()
    for start in parents:
        path: list[str] = []
        at = start
        while at in parents and at not in done and at not in path:
            path.append(at)
            above = parents[at]
            at = printable(above) if isinstance(above, str) else ""
        if at in path and len(circle := path[path.index(at) :]) > 1:
            told = " → ".join([*circle, at])
            yield f"units: {bilingual(f'上级关系成环:{told}', f'the parents go in a circle: {told}')}"
        done.update(path)
