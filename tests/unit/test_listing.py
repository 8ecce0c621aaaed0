"""Lists on a screen of 80 columns: ids are whole, whatever their length, and what stands beside them can be read."""

import re
from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from dispatcher.cli import case, visit
from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.log_listing import log_listing
from dispatcher.settings import settings
from schemas.read_models.cases import CaseLine
from schemas.read_models.log import LogLine
from schemas.read_models.visits import ListedVisitLine
from schemas.vocabulary import (
    Actor,
    AttemptState,
    CaseState,
    Channel,
    Person,
    Result,
    Rung,
    Urgency,
    VisitState,
    WorkItemKind,
)

WIDTH = 80
AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)  # 09:30 in the policy's zone
UUIDS = [str(uuid5(UUID(int=0), str(number))) for number in range(3)]
IDS = {
    "short": ["YJ-1"],
    "two of twenty characters": ["YT-20260302-00000001", "YT-20260302-00000002"],
    "three UUIDs": UUIDS,
    "64 characters": ["b" * 64],
    "64 and short": ["YJ-1", "b" * 64, "YJ-2"],
    "Chinese": ["预警指令二〇二六〇三〇二第一号"],
}
UNITS = {
    "none": None,
    "short": "P1",
    "twelve digits": "440305570000",
    "Chinese": "清河市望川区人民路街道派出所第三警务责任区",
}
EACH = [(names, unit) for names in IDS.values() for unit in UNITS.values()]


@pytest.fixture(params=["zh-CN", "en"], autouse=True)
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_LANGUAGE", request.param)
    settings.cache_clear()
    request.addfinalizer(settings.cache_clear)


def visit_listing(names: list[str], unit: str | None, number: int) -> Listing:
    blank = dict.fromkeys(ListedVisitLine.model_fields)
    known = {
        "visit": UUID(int=1),
        "case": UUID(int=2),
        "number": number,
        "state": VisitState.WAITING,
        "rule": "urgent",
        "opened_at": AT,
        "precinct_code": unit,
        "officer": "WC01-A",
        "instructions": names,
        "urgency": Urgency.CRITICAL,
        "deadline": AT,
        "overdue": True,
        "rung": Rung.STATION_LEADER,
        "rung_number": 4,
    }
    return visit._listing([ListedVisitLine(**(blank | known))])


def case_listing(names: list[str], unit: str | None, number: int) -> Listing:
    line = CaseLine(
        case=UUID(int=number),
        instructions=names,
        urgency=Urgency.CRITICAL,
        state=CaseState.OPEN,
        resolution=None,
        fraud_type="F08",
        opened_at=AT,
        paused=True,
        next_at=None,
        waits_for=WorkItemKind.TRANSFER_OFFERED,
        waiting_for=Rung.STATION_LEADER,
        items=1,
        overdue=True,
        due_at=AT,
        units=[unit] if unit else [],
    )
    return case._listing([line])


def log_lines(names: list[str], unit: str | None, number: int) -> Listing:
    blank = dict.fromkeys(LogLine.model_fields)
    known = {
        "case": UUID(int=2),
        "instructions": names,
        "attempt": UUID(int=number),
        "channel": Channel.VOICE,
        "actor": Actor.CENTRE,
        "person": Person.GUARDIAN,
        "state": AttemptState.SETTLED,
        "result": Result.ANSWERED_NOT_SUBJECT,
        "confirmed": False,
        "rule": "ladder_after_failed_temporary",
        "possible_duplicate": True,
        "planned_at": AT,
        "sent_at": AT,
        "occasion": 1,
        "was_in_doubt": True,
        "corrected_from": Result.ANSWERED_SUBJECT,
    }
    return log_listing([LogLine(**(blank | known))], "log")


@pytest.mark.parametrize("draw", [visit_listing, case_listing, log_lines])
@pytest.mark.parametrize(("names", "unit"), EACH)
def test_every_id_is_whole_and_every_line_fits(draw, names: list[str], unit: str | None) -> None:
    lines = [line.plain for line in draw(names, unit, 7).lines(WIDTH)]
    assert max(map(cell_len, lines)) <= WIDTH
    for each in filter(None, (*names, unit if draw is not log_lines else None)):
        assert sum(each in re.split(r"[ ,]+", line) for line in lines) == 1, (each, lines)
    first = lines[2]
    assert "03-02 09:30" in first
    assert first.split()[0] in ("7", Urgency.CRITICAL.zh, Urgency.CRITICAL.en, "03-02")
    # A row is no tower: what is folded is folded into a few lines.
    assert len(lines) <= 2 + 4 + len(names) + 1 + 1, lines


def test_what_is_late_says_so_by_a_word() -> None:
    for draw in (visit_listing, case_listing):
        assert re.search(
            "超时|逾期|late", "\n".join(line.plain for line in list(draw(["YJ-1"], "P1", 7).lines(WIDTH))[2:])
        )


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=70)
ROWS = st.lists(st.tuples(st.integers(1, 99999), st.text(max_size=60), st.lists(NAMES, max_size=4)), max_size=6)


@given(ROWS)
def test_any_ids_are_whole(rows) -> None:
    listing = Listing("x", (Column("no.", is_number=True), words("what"), ids("instruction")))
    for number, what, names in rows:
        listing.add(str(number), Text(what), names)
    lines = [line.plain for line in listing.lines(WIDTH)]
    told = iter(lines)
    for number, *_ in rows:
        assert any(line.split()[:1] == [str(number)] for line in told)
    for _, _, names in rows:
        for each in names:
            assert any(each in line for line in lines)
    longest = max((cell_len(each) for _, _, names in rows for each in names), default=0)
    assert max(map(cell_len, lines)) <= max(WIDTH, longest + 2)


def test_the_name_of_a_column_is_folded_like_what_stands_below_it() -> None:
    listing = Listing("x", [words("a name of some words", readable=8) for _ in range(9)])
    listing.add(*["told in several words"] * 9)
    lines = [line.plain for line in listing.lines(WIDTH + 10)]
    assert max(map(cell_len, lines)) <= WIDTH + 10
    starts = {tuple(found.start() for found in re.finditer(r"(?<= {2})\S|^\S", line)) for line in (lines[1], lines[5])}
    assert len({each[0] for each in starts}) == 1
