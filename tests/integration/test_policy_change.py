"""A changed policy reaches the open cases: each is decided on anew, in slices, whoever else is at work."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from casework_fixture import START, CaseworkFixture, Scripted, event, instruction
from set_aside_fixture import Poisoned
from sqlalchemy import select
from visits_fixture import Load

from dispatcher import policy, sweep
from dispatcher.casework import set_aside
from dispatcher.policy import Policy, kept
from dispatcher.policy.content import digest
from dispatcher.policy.fields import Part
from dispatcher.setup import Services
from dispatcher.store.attempts import AttemptRow
from dispatcher.store.cases import CaseRow
from dispatcher.store.visits import VisitRow
from dispatcher.supervision import policy_change
from dispatcher.visits.roster import RosterAssigner
from providers.base import ProviderSettings, Transient
from providers.roster import RosterProvider
from schemas.vocabulary import AttemptState, Channel, Hold, Rung, WorkItemKind

HOUR = timedelta(hours=1)
HOME = {"kind": "residence", "text": "样板路1号", "precinct_code": "P1"}


def with_(part: Part, key: str, value: Any) -> Any:
    """A policy, or a part of one, with another value at a dotted key."""
    name, _, rest = key.partition(".")
    return part.model_copy(update={name: with_(getattr(part, name), rest, value) if rest else value})


def edited(version: str, **changes: Any) -> Policy:
    """The built-in policy as a centre edits it: dotted keys, with `__` for the dot."""
    made: Policy = policy.load().model_copy(update={"version": version})
    for key, value in changes.items():
        made = with_(made, key.replace("__", "."), value)
    return made


def under(casework: CaseworkFixture, new: Policy) -> CaseworkFixture:
    """The same database, as a process sees it that was started with this policy."""
    with casework.sessions.begin() as session:
        kept.keep(session, new)
    return replace(casework, context=replace(casework.context, policy=new))


def decide_anew(casework: CaseworkFixture) -> int:
    """What the sweep does between two rounds, until nothing is left. Returns how many cases it decided on."""
    with casework.begin() as work:
        policy_change.put_in_force(work)
    decided = 0
    while some := set_aside.run(casework.begin, policy_change.DECIDING_ANEW):
        decided += some
    return decided


def digests(casework: CaseworkFixture) -> set[str | None]:
    with casework.sessions() as session:
        return set(session.scalars(select(CaseRow.policy_digest).where(CaseRow.state == "open")))


def test_every_open_case_is_decided_on_anew_once_and_the_most_urgent_first(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_change, "SLICE", 2)
    levels = ["low", "critical", "medium", "high", "low", "critical"]
    cases = [casework.open(n, urgency=level) for n, level in enumerate(levels, start=1)]
    closed = casework.open(9)
    casework.push(event("feedback", 9, outcome="SELF_AWARE"))
    new = under(casework, edited("our-city-2", pause_ends_after=5 * HOUR))
    order = []
    while set_aside.run(new.begin, policy_change.DECIDING_ANEW):
        versions = [new.case(each).policy_version for each in cases]
        order.append({level for level, version in zip(levels, versions, strict=True) if version == "our-city-2"})
    assert order == [{"critical"}, {"critical", "high", "medium"}, {"critical", "high", "medium", "low"}]
    assert digests(new) == {digest(new.context.policy)}
    assert all(len(new.journal(each, "policy_changed")) == 1 for each in cases)
    assert new.journal(closed, "policy_changed") == []
    assert decide_anew(new) == 0


def test_the_same_content_under_another_name_is_no_other_content(casework: CaseworkFixture) -> None:
    case_id = casework.open()
    new = under(casework, edited("our-city-2"))
    assert decide_anew(new) == 0
    assert new.journal(case_id, "policy_changed") == []
    new.pass_time(minutes=15)  # the name is noted with the next decision, and nothing else of it changes
    (noted,) = new.journal(case_id, "policy_changed")
    assert noted.data["digest_before"] == noted.data["policy_digest"]


def test_what_comes_into_force_is_journalled_once_with_both_digests(casework: CaseworkFixture) -> None:
    old = under(casework, casework.context.policy)
    decide_anew(old)
    assert casework.journal(None, "policy_changed") == []
    new = under(casework, edited("our-city-2", pause_ends_after=5 * HOUR))
    for _ in range(2):
        decide_anew(new)
    (entry,) = casework.journal(None, "policy_changed")
    assert entry.data == {
        "before": "default-1",
        "digest_before": digest(policy.load()),
        "policy": "our-city-2",
        "policy_digest": digest(new.context.policy),
    }


def test_a_wrong_policy_mended_under_a_new_version(casework: CaseworkFixture) -> None:
    """The story: retries in ten years, a visit after five days; mended, all goes as if that had never been said."""
    wrong = under(
        casework,
        edited(
            "our-city-1",
            retry__waits=(timedelta(days=3650),),
            urgency__high__visit__no_contact_after=timedelta(days=5),
            urgency__high__voice__after=timedelta(days=5),
        ),
    )
    case_id = wrong.open(channels=["sms", "voice", "visit"])
    wrong.deliver(Scripted([Transient("busy")]))
    (retry,) = [each for each in wrong.attempts(case_id, "sms") if each.state == AttemptState.PLANNED]
    assert retry.due_at == START + timedelta(days=3650)
    assert wrong.case(case_id).next_look_at == START + timedelta(days=5)
    wrong.pass_time(minutes=3)
    mended = under(wrong, edited("our-city-2"))
    assert decide_anew(mended) == 1
    planned = {each.channel: each for each in mended.attempts(case_id) if each.state == AttemptState.PLANNED}
    assert {channel: each.due_at for channel, each in planned.items()} == {
        Channel.SMS: mended.now,
        Channel.VOICE: mended.now,
    }
    assert mended.case(case_id).next_look_at == START + timedelta(minutes=15)
    moved = mended.journal(case_id, "attempt_moved")
    assert {each.rule for each in moved} == {"policy_changed"}
    assert {datetime.fromisoformat(each.data["due_before"]) - START for each in moved} == {
        timedelta(days=3650),
        timedelta(days=5),
    }
    assert len(mended.deliver(Scripted())) == 2


def test_quiet_hours_newly_extended_hold_what_is_planned(casework: CaseworkFixture) -> None:
    case_id = casework.open(urgency="low", channels=["sms", "voice"])
    quiet = policy.load().quiet_hours.model_copy(update={"end": (START + 2 * HOUR).timetz().replace(tzinfo=None)})
    new = under(casework, edited("our-city-2", quiet_hours=quiet))
    decide_anew(new)
    assert {each.due_at for each in new.attempts(case_id)} == {START + 2 * HOUR}
    assert new.deliver(Scripted()) == []
    moved = new.journal(case_id, "attempt_moved")
    assert [each.data["held_by"] for each in moved] == [[Hold.QUIET_HOURS], [Hold.QUIET_HOURS]]
    new.pass_time(hours=2)
    assert len(new.deliver(Scripted())) == 2


def test_an_old_process_beside_a_new_one_ends_in_the_new_policy(casework: CaseworkFixture) -> None:
    """A rolling start: the old one goes on deciding for a while, and is followed up until it has ended."""
    old = under(casework, casework.context.policy)
    cases = [old.open(n, channels=["sms", "voice", "visit"]) for n in range(1, 5)]
    new = under(old, edited("our-city-2", urgency__high__visit__no_contact_after=timedelta(minutes=20)))
    assert decide_anew(new) == 4
    old.pass_time(minutes=15)  # nothing strikes: the new policy looks at twenty
    late = old.open(9, channels=["sms", "voice", "visit"])
    old.push(instruction(1, version=2, channels=["sms", "voice", "visit"], phones=[{"number": "15400009999"}]))
    assert len(digests(new)) == 2
    assert decide_anew(new) == 2
    assert digests(new) == {digest(new.context.policy)}
    assert [len(new.journal(each, "policy_changed")) for each in (*cases, late)] == [3, 1, 1, 1, 1]
    assert new.journal(late, "visit_opened") == []


def test_several_that_start_at_once_decide_on_each_case_once(casework: CaseworkFixture) -> None:
    """One sweep sweeps; but also where two hold that they do, for a moment, nothing is decided twice."""
    cases = [casework.open(n) for n in range(1, 13)]
    new = under(casework, edited("our-city-2", pause_ends_after=5 * HOUR))
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: decide_anew(new), range(3)))
    decide_anew(new)  # what another had in hand at that moment
    assert digests(new) == {digest(new.context.policy)}
    assert all(len(new.journal(each, "policy_changed")) == 1 for each in cases)


def test_one_that_cannot_be_decided_on_stops_no_other(casework: CaseworkFixture, poison: Poisoned) -> None:
    cases = [casework.open(n) for n in range(1, 6)]
    poison.decide()
    poison.cases = {str(cases[2])}
    new = under(casework, edited("our-city-2", pause_ends_after=5 * HOUR))
    decide_anew(new)
    assert [new.case(each).policy_version for each in cases] == ["our-city-2"] * 2 + ["default-1"] + ["our-city-2"] * 2
    assert "case_set_aside" in new.events(cases[2])


def test_one_that_is_in_somebodys_hands_is_decided_on_later(casework: CaseworkFixture) -> None:
    one, other = casework.open(1), casework.open(2)
    new = under(casework, edited("our-city-2", pause_ends_after=5 * HOUR))
    with casework.holding(one):
        assert decide_anew(new) == 1
    assert new.case(other).policy_version == "our-city-2"
    assert decide_anew(new) == 1


def test_a_ladder_shortened_with_a_higher_rung_planned_asks_its_top(casework: CaseworkFixture, load: Load) -> None:
    """Also where a worker of the new policy takes in hand what an old process has planned meanwhile."""
    load("DUTY")
    old = under(casework, casework.context.policy)
    cases = [old.open(n, urgency="critical", channels=["visit"], addresses=[HOME]) for n in (1, 2)]
    for rung in range(5):
        assert {each.rung for case_id in cases for each in planned_visits(old, case_id)} == {rung}
        old.deliver(roster_provider(old))
    assert {each.rung for case_id in cases for each in planned_visits(old, case_id)} == {5}
    new = under(old, edited("our-city-2", ladder=(Rung.OFFICER, Rung.STATION_LEADER, Rung.CENTRE)))
    before = new.deliver(roster_provider(new))
    assert len(before) == 2
    assert {visit.officer for visit in new.rows(VisitRow)} == {"DUTY"}
    assert digests(new) == {digest(new.context.policy)}
    new.pass_time(minutes=3)
    assert {each.kind for case_id in cases for each in new.items(case_id)} == {WorkItemKind.LADDER_EXHAUSTED}


def planned_visits(casework: CaseworkFixture, case_id: UUID) -> list[AttemptRow]:
    return [each for each in casework.attempts(case_id, "visit") if each.state == AttemptState.PLANNED]


def roster_provider(casework: CaseworkFixture) -> RosterProvider:
    settings = ProviderSettings("roster", "roster", frozenset({Channel.VISIT}))
    return RosterProvider(settings, RosterAssigner(casework.sessions, casework.context))


def test_a_restart_in_the_middle_goes_on_where_it_was(
    casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_change, "SLICE", 2)
    cases = [casework.open(n) for n in range(1, 6)]
    new = edited("our-city-2", pause_ends_after=5 * HOUR)
    first = under(casework, new)
    assert set_aside.run(first.begin, policy_change.DECIDING_ANEW) == 2
    with pytest.raises(ZeroDivisionError), first.begin() as work:  # it ends in the middle of a slice
        policy_change.decide_anew(work)
        raise ZeroDivisionError
    second = under(casework, new)
    assert decide_anew(second) == 3
    assert all(len(second.journal(each, "policy_changed")) == 1 for each in cases)


def test_the_sweep_decides_between_two_rounds_and_a_stepped_clock_waits_for_it(
    casework: CaseworkFixture, services: Services
) -> None:
    cases = [casework.open(n) for n in range(1, 4)]
    new = under(casework, edited("our-city-2", pause_ends_after=5 * HOUR))
    anew = sweep.DecidingAnew(replace(services, context=new.context))
    assert not anew.is_done
    anew.use(0.0, threading.Event())  # no time at all
    assert digests(new) == {digest(policy.load())}
    anew.use(60.0, threading.Event())
    assert anew.is_done
    assert {new.case(each).policy_version for each in cases} == {"our-city-2"}
