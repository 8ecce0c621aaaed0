"""The roster file and its shifts."""

from datetime import time
from pathlib import Path

import pytest

from schemas import roster

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
        ('badge = "YT-SUP"\nunit = "YT-WC"', 'badge = "YT-SUP"\nunit = "YT-QY"', "staff YT-SUP: unit YT-QY"),
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
