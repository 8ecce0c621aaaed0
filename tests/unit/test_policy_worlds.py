"""Whatever policy is accepted, it neither storms nor sleeps: generated ones are played in worlds that never answer.

Some tens a run; DISPATCHER_TEST_POLICIES=1000 plays a thousand.
"""

import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import ALL, BROADCAST, FAMILY, MONDAY, SMS, VISIT, VOICE, new_case, number, relative
from engine_harness import EngineHarness
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import put, table
from pydantic import ValidationError

from dispatcher.engine.case import Attempt
from dispatcher.policy import Policy
from dispatcher.policy.fields import quiet_span
from dispatcher.policy.lint import lint
from schemas.vocabulary import AttemptState, Ending, Result, Rung, Urgency

EXAMPLES = int(os.environ.get("DISPATCHER_TEST_POLICIES", "25"))
HOUR = timedelta(hours=1)

DURATIONS = st.sampled_from(
    [*("0s", "1s", "2s", "5s", "30s", "59s", "1m", "5m", "30m"), *("2h", "12h", "1d", "6d", "7d", "8d", "30d", "3650d")]
)
COUNTS = st.sampled_from([1, 2, 3, 10, 11, 20, 50, 51, 400, 1000])
TIMES = st.sampled_from(["00:00", "05:00", "08:00", "12:00", "18:00", "21:30", "23:59"])
RUNGS = st.lists(st.sampled_from(["officer", "station_leader", "county_desk"]), max_size=14).map(
    lambda names: ["officer", *sorted(names, key=list(Rung).index), "centre"]
)
WAITS = st.lists(DURATIONS, min_size=1, max_size=22)
# Keys of every policy, and of the plan of an urgency, each with what an edit may put there.
COMMON = {
    "ladder": RUNGS,
    "retry.waits": WAITS,
    "retry.doubt_sends": COUNTS,
    "sms_cap.again_after": DURATIONS,
    "sms_cap.per_day": COUNTS,
    "quiet_hours.from": TIMES,
    "quiet_hours.to": TIMES,
    "revisit.after": DURATIONS,
    "broadcast.again_after": DURATIONS,
    "number_request_within": DURATIONS,
}
OF_A_PLAN = {
    "doubt_wait": DURATIONS,
    "answer_within": DURATIONS,
    "held_in_quiet_hours": st.booleans(),
    "sms.after": DURATIONS,
    "voice.after": DURATIONS,
    "voice.again": DURATIONS,
    "voice.per_day": COUNTS,
    "voice.later_days": st.lists(COUNTS, max_size=32),
    "voice.rounds": COUNTS,
    "visit.accept_within": DURATIONS,
    "visit.met_within": DURATIONS,
    "visit.report_within": DURATIONS,
    "visit.on": st.lists(st.sampled_from(["receipt", "no_contact", "refused", "phone_route_exhausted"]), unique=True),
    "visit.no_contact_after": DURATIONS,
    "family": st.fixed_dictionaries(
        dict.fromkeys(["after", "money_moved_after", "refused_after", "again"], DURATIONS) | {"rounds": COUNTS}
    ),
}


@st.composite
def accepted(draw: st.DrawFn) -> tuple[Policy, Urgency]:
    """The built-in policy after some edits, each of which the product has taken; and an urgency that they touch."""
    urgency = draw(st.sampled_from(list(Urgency)))
    keys = {**COMMON, **{f"urgency.{urgency}.{key}": values for key, values in OF_A_PLAN.items()}}
    edited, taken = table(), Policy.model_validate(table())
    for key in draw(st.lists(st.sampled_from(sorted(keys)), min_size=1, max_size=10, unique=True)):
        tried = put(deepcopy(edited), key, draw(keys[key]))
        try:
            taken = Policy.model_validate(tried)
        except ValidationError:
            continue
        edited = tried
    return taken, urgency


World = Callable[[EngineHarness, Attempt], None]
_SILENCE = {SMS: Result.DELIVERED, VOICE: Result.NO_ANSWER, BROADCAST: Result.DELIVERED}


def nobody_answers(harness: EngineHarness, attempt: Attempt) -> None:
    if attempt.channel is VISIT:
        harness.assigned(attempt)  # and does not accept
    elif attempt.channel in _SILENCE:
        harness.settled(attempt, _SILENCE[attempt.channel])
    else:
        harness.settled(attempt, Result.UNKNOWN, ending=Ending.NO_RECEIPT)


def nothing_gets_out(harness: EngineHarness, attempt: Attempt) -> None:
    harness.settled(attempt, Result.FAILED_TEMPORARY)


def nobody_knows(harness: EngineHarness, attempt: Attempt) -> None:
    if attempt.channel is VISIT:
        harness.settled(attempt, Result.NOBODY_ON_DUTY)
    else:
        harness.in_doubt(attempt)


# How long each is played, and how many attempts a case may then have in any hour. Unanswered, that is 50 rounds over
# two numbers, ten of the family, ten sends of a message in doubt, and the ladder; where nothing gets out, on each of
# six ways twenty tries, and then one a minute.
WORLDS: list[tuple[World, timedelta, int]] = [
    (nobody_answers, timedelta(hours=26), 170),
    (nobody_knows, timedelta(hours=26), 200),
    (nothing_gets_out, timedelta(minutes=70), 500),
]


def play(policy: Policy, urgency: Urgency, begin: datetime, world: World, lasts: timedelta, most: int) -> EngineHarness:
    numbers = (number("n1"), number("n2"), relative("f1", FAMILY))
    case = new_case(urgency, begin, channels=ALL | {BROADCAST}, numbers=numbers, area="YT", money_moved=True)
    harness = EngineHarness(case, policy, begin)
    harness.act()
    while harness.now - begin <= lasts and sum(map(was_made, harness.case.attempts)) <= 2 * most:
        planned = harness.in_state(AttemptState.PLANNED)
        due = [each for each in planned if each.due_at <= harness.now]
        for attempt in due:
            if harness.case.attempt(attempt.id).state is AttemptState.PLANNED:
                world(harness, harness.sending(harness.case.attempt(attempt.id)))
        waits = [each.due_at for each in harness.in_state(AttemptState.PLANNED)] + harness.looks
        waits += [each.climb_at for each in harness.case.work_items]
        if not waits:
            break
        harness.at(min(waits))
    return harness


def was_made(attempt: Attempt) -> bool:
    return attempt.state not in (AttemptState.PLANNED, AttemptState.CANCELLED, AttemptState.SKIPPED)


def most_in_an_hour(moments: list[datetime]) -> int:
    ordered = sorted(moments)
    return max((bisect_right(ordered, at + HOUR) - n for n, at in enumerate(ordered)), default=0)


@pytest.mark.parametrize(("world", "lasts", "most"), WORLDS, ids=lambda each: getattr(each, "__name__", ""))
@settings(max_examples=EXAMPLES)
@given(generated=accepted(), hours=st.integers(0, 23))
def test_no_accepted_policy_storms(
    generated: tuple[Policy, Urgency], hours: int, world: World, lasts: timedelta, most: int
) -> None:
    policy, urgency = generated
    harness = play(policy, urgency, MONDAY + hours * HOUR, world, lasts, most)
    made = [each for each in harness.case.attempts if was_made(each)]
    assert most_in_an_hour([each.made_at for each in made]) <= most
    instants = Counter(map(_to_whom_and_when, made))
    assert [each for each, times in instants.items() if times > 1] == []


def _to_whom_and_when(attempt: Attempt) -> tuple[Any, ...]:
    to_whom = attempt.channel, attempt.party, attempt.number_id, attempt.bank_request, attempt.visit_id, attempt.rung
    return (*to_whom, attempt.due_at)


@settings(max_examples=4 * EXAMPLES)
@given(generated=accepted(), hours=st.integers(0, 23))
def test_every_urgency_says_something_within_its_deadline_or_is_told(
    generated: tuple[Policy, Urgency], hours: int
) -> None:
    policy, urgency = generated
    plan, begin = policy.plan(urgency), MONDAY + hours * HOUR
    harness = EngineHarness(new_case(urgency, begin, channels=ALL), policy, begin)
    harness.act()
    first = min(each.due_at for each in harness.in_state(AttemptState.PLANNED) if each.channel in (SMS, VOICE))
    deadline = plan.visit.met_within if plan.visit.met_within is not None else plan.visit.report_within
    told = {each.key for each in lint(policy)}
    silences = {f"urgency.{urgency}.{key}" for key in ("sms.after", "voice.after", "held_in_quiet_hours")}
    assert first - begin <= deadline or told & silences
    assert first - begin <= timedelta(days=7) + quiet_span(policy.quiet_hours.begin, policy.quiet_hours.end)
