"""Which column is which field of an instruction, and a row's instruction by that."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from schemas.folding import label
from schemas.sheets.read import Row, Sheet, SheetError

Columns = Mapping[str, str]
"""Field by the name of its column, as the header has it."""

_DIGITS, _MOST = "0123456789", 100
_CONTACTS = "victim.contacts"
_ADDRESSES = "victim.addresses"
_PRECINCT = f"{_ADDRESSES}.precinct_code"
_PHONES = "victim.phones"


@cache
def fields() -> Mapping[str, tuple[str, ...]]:
    """Every field that a column can be, with the names by which it is known."""
    table = tomllib.loads(resources.files(__package__).joinpath("columns.toml").read_text("utf-8"))
    return {field: tuple(names) for field, names in _flat(table)}


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, list[str]]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield above + name, value


def guess(header: Sequence[str]) -> dict[str, str]:
    """The columns whose names are known. Of two for one field the first counts, phones and contacts apart."""
    found: dict[str, str] = {}
    for name in header:
        field = _by_name().get(label(_without_number(name)))
        is_free = field is not None and (_may_repeat(field) or field not in found.values())
        if field is not None and is_free and name not in found:
            found[name] = field
    return found


def check(columns: Columns, header: Sequence[str]) -> None:
    """Raises SheetError where a column is not there, a field is not known, or nobody could be reached."""
    missing = [name for name in columns if name not in header]
    if missing:
        raise SheetError(f"没有列 {'、'.join(missing)}", f"no column {', '.join(missing)}")
    unknown = [field for field in columns.values() if field not in fields()]
    if unknown:
        raise SheetError(f"没有字段 {'、'.join(unknown)}", f"no field {', '.join(unknown)}")
    doubled = [name for name, field in columns.items() if header.count(name) > 1 and not _may_repeat(field)]
    if doubled:
        raise SheetError(f"列名重复:{'、'.join(doubled)}", f"more than one column named {', '.join(doubled)}")
    named = list(columns.values())
    twice = sorted({field for field in named if named.count(field) > 1 and not _may_repeat(field)})
    if twice:
        raise SheetError(f"字段重复:{'、'.join(twice)}", f"two columns for {', '.join(twice)}")
    if not any(field.startswith((_PHONES, _ADDRESSES)) and field != _PRECINCT for field in named):
        raise SheetError(
            "没有电话或地址列,无人可以联系;请指明哪一列是电话", "no column of phones or addresses: say which one is"
        )


def bodies(
    sheet: Sheet, columns: Columns, name_row: Callable[[str, bool], str], fixed: Mapping[str, Any]
) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Each row with its instruction. `fixed`: fields of every row that says nothing else of them.

    `name_row` makes the id of a row that has none, of its content and whether that is dated: the same for
    the same content, so that the file may come twice.
    """
    chosen = [(at, columns[name], _number(name)) for at, name in enumerate(sheet.header) if name in columns]
    for row in sheet.rows:
        told = [(field, number, text) for at, field, number in chosen if (text := row.cells[at].strip())]
        said = _body(told)
        body = {"op": "create", "version": 1, **fixed, **said}
        if "source" in fixed and "source" in said:
            body["source"] = {**fixed["source"], **said["source"]}
        if "instruction_id" not in body:
            body["instruction_id"] = name_row("\0".join(text for *_, text in told), "issued_at" in body)
        yield row, body


def _body(told: Iterable[tuple[str, int, str]]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    phones: list[dict[str, str]] = []
    addresses: list[dict[str, str]] = []
    contacts: dict[int, dict[str, str]] = {}
    precinct: dict[str, str] = {}
    for field, number, text in told:
        above, _, name = field.rpartition(".")
        if field == _PHONES:
            phones.append({"number": text})
        elif field == _PRECINCT:
            precinct = {"precinct_code": text}
        elif above == _ADDRESSES:
            addresses.append({"kind": name, "text": text})
        elif above == _CONTACTS:
            contacts.setdefault(number, {})[name] = text
        else:
            (body.setdefault(above, {}) if above else body)[name] = text
    victim = body.setdefault("victim", {})
    victim["phones"] = phones
    # A precinct belongs to the first address; alone it says nothing of where the person is.
    victim["addresses"] = [each | precinct if at == 0 else each for at, each in enumerate(addresses)]
    victim["contacts"] = [contacts[number] for number in sorted(contacts)]
    return body


def _may_repeat(field: str) -> bool:
    """More than one column may be this."""
    return field == _PHONES or field.startswith(_CONTACTS)


@cache
def _by_name() -> Mapping[str, str]:
    return {label(name): field for field, names in fields().items() for name in names}


def _without_number(name: str) -> str:
    return name.strip().rstrip(_DIGITS) or name


def _number(name: str) -> int:
    """Of "联系人电话2" the 2; 1 where there is none."""
    digits = name.strip()[len(_without_number(name)) :]
    return int(digits) if digits and 0 < int(digits) < _MOST else 1
