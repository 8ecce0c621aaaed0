"""The roster file and its shifts."""

import copy
import json
import tempfile
import tomllib
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.simulate import sample
from schemas import roster
from schemas.roster_oddities import oddities

ROSTER = """
[[units]]
code = "YT-WC"
name = "望潮区"
kind = "county"
[[units]]
code = "YT-WC-01"
name = "望潮派出所"
kind = "precinct"
parent = "YT-WC"
[[officers]]
badge = "WC01-A"
unit = "YT-WC-01"
role = "officer"
duty = ["20:00-08:00"]
[[staff]]
badge = "YT-SUP"
unit = "YT-WC"
role = "supervisor"
"""

GOOD = tomllib.loads(ROSTER)
SAMPLE = sample.bundled().with_name("roster.toml")


def test_a_roster_is_read(tmp_path: Path) -> None:
    (path := tmp_path / "roster.toml").write_text(ROSTER, "utf-8")
    found = roster.read(path)
    assert [unit.parent for unit in found.units] == [None, "YT-WC"]
    assert found.officers[0].duty == ("20:00-08:00",)
    assert [(each.badge, each.role) for each in found.staff] == [("YT-SUP", "supervisor")]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('parent = "YT-WC"', 'parent = "YT-QY"', "YT-QY"),
        ('unit = "YT-WC-01"', 'unit = "YT-WC-02"', "WC01-A"),
        ('role = "officer"', 'role = "mayor"', "officers.0.role"),
        ("20:00-08:00", "20:00-25:00", "officers.0.duty.0"),
        ('kind = "county"', 'kind = "moon"', "units.0.kind"),
        ("[[officers]]", "[[officers", "not valid TOML"),
        ('badge = "YT-SUP"\nunit = "YT-WC"', 'badge = "YT-SUP"\nunit = "YT-QY"', "staff.0.unit: YT-SUP 的单位 YT-QY"),
        ('role = "supervisor"', 'role = "centre"', "staff.0.role"),
        ('badge = "WC01-A"', 'badge = "WC01-A"\nshoe = 42', "officers.0.shoe"),
    ],
)
def test_a_bad_roster_names_the_entry(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert old in ROSTER
    (path := tmp_path / "roster.toml").write_text(ROSTER.replace(old, new, 1), "utf-8")
    with pytest.raises(roster.RosterError) as caught:
        roster.read(path)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "望潮区"', r'name = "望\u0000潮"', ("units.0.name (YT-WC)", "控制字符", "invisible characters")),
        ('name = "望潮区"', r'name = "望\u202e潮"', ("units.0.name (YT-WC)", "不可见字符")),
        ('name = "望潮区"', r'name = "望\u001b[31m"', ("units.0.name (YT-WC)", "控制字符")),
        ('name = "望潮区"', 'name = "  "', ("units.0.name", "空白", "only blanks")),
        ('code = "YT-WC"\n', 'code = "YT WC"\n', ("units.0.code (YT WC)", "只能用字母", "letters, digits")),
        ('code = "YT-WC"\n', 'code = "YT-WC"\nparent = "YT-WC"\n', ("units.0.parent", "其自身", "its own parent")),
        (
            'code = "YT-WC"\n',
            'code = "YT-WC"\nparent = "YT-WC-01"\n',
            ("成环", "in a circle: YT-WC → YT-WC-01 → YT-WC"),
        ),
        ('code = "YT-WC-01"', 'code = "YT-WC"', ("units.1.code", "出现 2 次", "unit code YT-WC stands 2 times")),
        ('badge = "WC01-A"', 'bagde = "WC01-A"', ("officers.0.badge", "缺少此项", "officers.0.bagde", "unit, role")),
        ('duty = ["20:00-08:00"]', 'duty = "20:00-08:00"', ("officers.0.duty (WC01-A)", "应为列表", "give a list")),
        ('duty = ["20:00-08:00"]', 'duty = ["8-20"]', ("officers.0.duty.0 (WC01-A)", "班次写法", "08:00-20:00")),
        ('role = "officer"', "role = 5", ("officers.0.role (WC01-A)", "应为", "one of: 'officer', ", "'centre")),
        ("[[staff]]", "[[stuff]]", ("stuff: 没有此项", "no such key; one of: units, officers, staff")),
        ("[[staff]]", r'[["s\u001bf"]]', (r"s\u001bf: 没有此项",)),
        ('parent = "YT-WC"', "parent = 1979-05-27", ("units.1.parent (YT-WC-01)", "带引号的文字", "in quotes")),
    ],
)
def test_a_fault_is_told_with_its_entry_and_remedy_in_both_languages(
    tmp_path: Path, old: str, new: str, told: tuple[str, ...]
) -> None:
    assert old in ROSTER
    (path := tmp_path / "roster.toml").write_text(ROSTER.replace(old, new, 1), "utf-8")
    with pytest.raises(roster.RosterError) as caught:
        roster.read(path)
    assert [each for each in told if each not in str(caught.value)] == []
    assert all(" / " in each for each in caught.value.errors)
    assert str(caught.value).isprintable()


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    faulty = ROSTER.replace('kind = "county"', 'kind = "moon"').replace('parent = "YT-WC"', 'parent = "YT-QY"')
    faulty = faulty.replace('role = "officer"', 'role = "mayor"').replace('unit = "YT-WC"\n', 'unit = "YT-ZZ"\n')
    (path := tmp_path / "roster.toml").write_text(faulty, "utf-8")
    with pytest.raises(roster.RosterError) as caught:
        roster.read(path)
    places = [each.split()[0].strip(":") for each in caught.value.errors]
    assert places == ["units.0.kind", "officers.0.role", "units.1.parent", "staff.0.unit"]


def test_of_very_many_faults_the_rest_is_counted(tmp_path: Path) -> None:
    (path := tmp_path / "roster.toml").write_text(ROSTER + '[[officers]]\nbadge = "!"\n' * 3000, "utf-8")
    with pytest.raises(roster.RosterError, match=r"另有 \d+ 处 / \d+ more$") as caught:
        roster.read(path)
    assert len(caught.value.errors) > 6000
    assert len(str(caught.value)) < 4000


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('duty = ["20:00-08:00"]', "duty = []", ("WC01-A: duty 为空", "never on duty", "没有任何民警")),
        ("", "", ("反诈中心无人值班", "nobody stands at the centre", "YT-WC: 没有民警")),
        ('role = "officer"', 'role = "county_desk"', ("WC01-A", "不会被派单", "is never asked")),
        ('role = "supervisor"', 'role = "operator"', ("没有主管", "no supervisor among the staff")),
        ('parent = "YT-WC"\n', "", ("YT-WC-01: 上级不是县区", "no desk above it")),
    ],
)
def test_what_is_odd_is_told_and_loaded(tmp_path: Path, old: str, new: str, told: tuple[str, ...]) -> None:
    (path := tmp_path / "roster.toml").write_text(ROSTER.replace(old, new, 1), "utf-8")
    found = "\n".join(oddities(roster.read(path)))
    assert [each for each in told if each not in found] == []


def test_nothing_is_odd_about_the_sample() -> None:
    assert list(oddities(roster.read(SAMPLE))) == []


ANY_TEXT = st.text(max_size=12)
VALUES = ANY_TEXT | st.integers() | st.booleans() | st.floats() | st.lists(ANY_TEXT, max_size=3) | st.just({})
MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["delete", "rename", "retype", "swap", "twice"]),
        st.integers(0, 999),
        st.integers(0, 999),
        ANY_TEXT,
        VALUES,
    ),
    min_size=1,
    max_size=4,
)


def places(tables: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Each container of the file with a key of it."""
    found: list[tuple[Any, Any]] = []
    for key, value in tables.items():
        found.append((tables, key))
        for number, entry in enumerate(value if isinstance(value, list) else []):
            found.append((value, number))
            found += [(entry, name) for name in (entry if isinstance(entry, dict) else ())]
    return found


def mutate(tables: dict[str, Any], how: str, first: int, second: int, name: str, value: Any) -> None:
    known = places(tables)
    if not known:
        return
    (at, key), (other, to) = known[first % len(known)], known[second % len(known)]
    if how == "delete":
        del at[key]
    elif how == "rename" and isinstance(at, dict):
        at[name] = at.pop(key)
    elif how == "retype":
        at[key] = value
    elif how == "swap":
        at[key], other[to] = copy.deepcopy(other[to]), copy.deepcopy(at[key])
    elif how == "twice" and isinstance(at, list):
        at.insert(key, copy.deepcopy(at[key]))


def as_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_toml(str(key))} = {as_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, float):
        return "nan" if value != value else repr(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value).lower()


@given(MUTATIONS)
def test_a_good_file_mutated_in_any_way_is_read_or_told(changes: list[tuple[str, int, int, str, Any]]) -> None:
    tables = copy.deepcopy(GOOD)
    for change in changes:
        mutate(tables, *change)
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.writelines(f"{as_toml(str(key))} = {as_toml(value)}\n" for key, value in tables.items())
        file.flush()
        try:
            found = roster.read(Path(file.name))
        except roster.RosterError as error:
            assert error.errors
            assert all(" / " in each for each in error.errors)
            assert str(error).isprintable()
        else:
            assert list(oddities(found)) == list(oddities(found))


def test_a_missing_roster_is_told(tmp_path: Path) -> None:
    with pytest.raises(roster.RosterError, match="can't be read"):
        roster.read(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("shift", "clock", "covered"),
    [
        ("08:00-20:00", time(8, 0), True),
        ("08:00-20:00", time(7, 59, 59), False),
        ("08:00-20:00", time(20, 0), False),
        ("20:00-08:00", time(23, 59), True),
        ("20:00-08:00", time(0, 0), True),
        ("20:00-08:00", time(8, 0), False),
        ("00:00-24:00", time(23, 59, 59), True),
    ],
)
def test_shifts_begin_on_the_minute_and_end_before_it(shift: str, clock: time, covered: bool) -> None:
    assert roster.on_duty((shift,), clock) is covered
