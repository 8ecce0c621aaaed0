"""Lanes of links: what needs a provider's line goes to the one worker that holds it, and to no other."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from casework_fixture import CaseworkFixture, Scripted, instruction, phone

from dispatcher.delivery import link_lanes
from dispatcher.setup import links as links_of
from dispatcher.wake import link_lane
from providers.base import Accepted, Capabilities, InDoubt
from providers.registry import Registry
from schemas.vocabulary import Channel

LANE = link_lane("line")


@dataclass
class Line(Scripted):
    """A scripted provider behind a link."""

    name: str = "line"
    channels: tuple[Channel, ...] = (Channel.SMS,)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(frozenset(self.channels), receipts=True, queries=True, linked=True)


@dataclass
class Bells:
    """Notes what is rung, and what was committed by then."""

    casework: CaseworkFixture
    rung: list[tuple[str, int]] = field(default_factory=list)

    def deliver(self, *lanes: str) -> None:
        [(waiting,)] = self.casework.sql("SELECT count(*) FROM attempts WHERE lane = ANY(:lanes)", lanes=list(lanes))
        self.rung += [(lane, waiting) for lane in lanes]

    def settle(self) -> None: ...
    def advance(self) -> None: ...


@pytest.fixture
def bells(casework: CaseworkFixture) -> Bells:
    heard = Bells(casework)
    object.__setattr__(casework.context, "wake", heard)
    return heard


def where(casework: CaseworkFixture) -> dict[str, str]:
    return {row[0]: row[1] for row in casework.sql("SELECT channel, lane FROM attempts")}


def test_a_general_worker_hands_it_over_and_rings_once_it_is_committed(casework: CaseworkFixture, bells: Bells) -> None:
    case_id, line = casework.open(urgency="low"), Line()
    bells.rung.clear()
    assert casework.claim(line) == []
    [row] = casework.attempts(case_id)
    assert (row.state, row.action, row.lane, row.provider, row.sent_at) == ("planned", "send", LANE, "line", None)
    [entry] = casework.journal(case_id, "attempt_handed_over")
    assert entry.data == {"attempt": str(row.id), "channel": "sms", "provider": "line", "lane": LANE}
    assert bells.rung == [(LANE, 1)]
    assert casework.claim(line) == []
    assert line.sent == []


def test_its_worker_takes_its_own_lane_only_most_urgent_first(casework: CaseworkFixture) -> None:
    names = {
        casework.open(number, urgency=urgency): urgency for number, urgency in enumerate(["low", "critical", "high"])
    }
    line = Line()
    assert casework.claim(line, lane=LANE) == []
    casework.claim(line)
    assert [names[each.case_id] for each in casework.deliver(line, lane=LANE)] == ["critical", "high", "low"]
    assert len(line.sent) == 3
    assert casework.claim(line, lane=link_lane("other")) == []


def test_what_it_sent_is_asked_about_on_its_lane(casework: CaseworkFixture) -> None:
    case_id, line = casework.open(), Line([InDoubt("connection lost")], [Accepted("7")])
    casework.claim(line)
    casework.deliver(line, lane=LANE)
    assert casework.claim(line) == []
    [call] = casework.deliver(line, lane=LANE)
    assert (call.action, [each.send_key for each in line.asked]) == ("query", [call.send_key])
    assert casework.attempts(case_id)[0].state == "accepted"


def test_other_channels_go_their_own_way(casework: CaseworkFixture) -> None:
    casework.open(channels=["sms", "voice"], urgency="critical")
    calls = Scripted(name="calls", channels=(Channel.VOICE,))
    casework.deliver(Line(), calls)
    assert len(calls.sent) == 1
    assert where(casework) == {"sms": LANE, "voice": "urgent", "visit": "urgent"}


def test_what_becomes_more_urgent_comes_back_to_its_link(casework: CaseworkFixture) -> None:
    """Planned work moves to another lane with its urgency; whoever finds it there hands it over again."""
    case_id, line = casework.open(urgency="low"), Line()
    casework.claim(line)
    assert casework.push(instruction(urgency="critical", version=2)).status == "accepted"
    assert casework.attempts(case_id, "sms")[0].lane == "urgent"
    assert {each.provider for each in casework.claim(line, lane="urgent")} == {
        None
    }  # the visit, which nobody here serves
    assert casework.attempts(case_id, "sms")[0].lane == LANE


def test_what_waits_for_a_link_that_is_gone_is_taken_back(casework: CaseworkFixture) -> None:
    case_id, line, other = casework.open(urgency="low"), Line(), Scripted()
    casework.claim(line)
    with casework.begin() as work:
        assert link_lanes.take_back(work, Registry([line, other])) == 0
    with casework.begin() as work:
        assert link_lanes.take_back(work, Registry([other])) == 1
    assert casework.attempts(case_id)[0].lane == "routine"
    casework.deliver(other)
    assert [each.to for each in other.sent] == ["+86" + phone(1)]
    assert casework.attempts(case_id)[0].provider == "scripted"


FILE = """
[[providers]]
name = "city-smpp"
adapter = "smpp"
channels = ["sms"]
secret_env = "SMPP_PASSWORD"
host = "127.0.0.1"
system_id = "us"

[[providers]]
name = "roster"
adapter = "roster"
channels = ["visit"]
"""


def test_the_stack_finds_the_links_of_a_providers_file(tmp_path: Path) -> None:
    path = tmp_path / "providers.toml"
    path.write_text(FILE, "utf-8")
    assert links_of(path, {"SMPP_PASSWORD": "secret"}) == ["city-smpp"]
