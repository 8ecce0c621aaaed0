"""Children and people who can't hear: never called by machine; the guardian instead, a text, and a visit."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import (
    CRITICAL,
    GUARDIAN,
    HIGH,
    MEDIUM,
    MINUTE,
    MONDAY,
    ONLY_VISIT,
    ONLY_VOICE,
    SECOND_GUARDIAN,
    SMS,
    VISIT,
    VOICE,
    at,
    guardian,
    number,
)
from engine_harness import EngineHarness, is_planned, planned

from dispatcher.engine.decisions import CancelAttempt, MarkNumberBad, OpenVisit, OpenWorkItem, PlanAttempt, SkipChannel
from schemas.vocabulary import Answer, Channel, Resolution, Result, SkipReason, VisitState

CHILD = (number("n1"), guardian("g1"))


def skips(harness: EngineHarness) -> list[tuple[Channel, SkipReason]]:
    return [(each.channel, each.reason) for each in harness.decided if isinstance(each, SkipChannel)]


def test_of_a_child_the_guardian_is_texted_and_called_like_the_subject() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=CHILD)
    assert planned(harness, SMS, GUARDIAN).due_at == MONDAY
    assert planned(harness, VOICE, GUARDIAN).due_at == MONDAY + MINUTE
    assert (harness.made(SMS), is_planned(harness, VOICE)) == ([], False)
    assert (VOICE, SkipReason.MINOR) in skips(harness)


def test_the_guardians_own_number_comes_before_the_one_shared_with_the_child() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=(number("n1"), guardian("g1", shared=True), guardian("g2")))
    assert planned(harness, VOICE, GUARDIAN).number_id == "g2"
    harness.send(VOICE, Result.BUSY, GUARDIAN)
    assert planned(harness, VOICE, GUARDIAN).number_id == "g1"


# --- two guardians


MOTHER_ON_THE_CHILDS_PHONE, GRANDMOTHER = guardian("g1", shared=True), guardian("g2", SECOND_GUARDIAN)
TWO_GUARDIANS = (number("n1"), MOTHER_ON_THE_CHILDS_PHONE, GRANDMOTHER)


def test_every_guardian_is_called_at_once_first_the_one_whose_number_is_not_the_childs() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=TWO_GUARDIANS)
    calls = [each for each in harness.plans if each.channel is VOICE]
    assert [(each.number_id, each.due_at) for each in calls] == [("g2", MONDAY + MINUTE), ("g1", MONDAY + MINUTE)]


def test_each_guardian_is_called_again_whatever_became_of_the_call_to_the_other() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=TWO_GUARDIANS)
    harness.send(VOICE, Result.BUSY, SECOND_GUARDIAN)
    harness.send(VOICE, Result.NO_ANSWER, GUARDIAN)
    assert [planned(harness, VOICE, party).due_at for party in (GUARDIAN, SECOND_GUARDIAN)] == [MONDAY + 6 * MINUTE] * 2


def test_the_sms_goes_to_the_guardian_who_has_a_number_of_their_own() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=TWO_GUARDIANS)
    assert [each.number_id for each in harness.plans if each.channel is SMS] == ["g2"]


def test_a_number_of_ones_own_that_takes_no_sms_is_no_reason_to_text_the_childs_phone() -> None:
    landline = replace(guardian("g3"), bad_for=frozenset({SMS}))
    harness = EngineHarness.of(HIGH, minor=True, numbers=(*TWO_GUARDIANS, landline))
    assert [each.number_id for each in harness.plans if each.channel is SMS] == ["g2"]


def test_an_sms_that_one_guardian_can_not_get_goes_to_the_other() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=TWO_GUARDIANS)
    harness.send(SMS, Result.FAILED_PERMANENT, SECOND_GUARDIAN)
    assert planned(harness, SMS, GUARDIAN).number_id == "g1"


def test_once_one_guardian_has_confirmed_the_other_is_called_no_more() -> None:
    harness = EngineHarness.of(CRITICAL, minor=True, numbers=TWO_GUARDIANS)
    harness.send(VOICE, Result.ANSWERED_GUARDIAN, SECOND_GUARDIAN, confirmed=True, answer=Answer.DISSUADED)
    assert "true_contact" in harness.rules(CancelAttempt)
    assert not is_planned(harness, VOICE, GUARDIAN)


def test_once_one_guardian_has_refused_the_other_is_called_still() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=TWO_GUARDIANS)
    harness.send(VOICE, Result.ANSWERED_GUARDIAN, SECOND_GUARDIAN, confirmed=True, answer=Answer.DENIES)
    assert is_planned(harness, VOICE, GUARDIAN)
    assert not is_planned(harness, VOICE, SECOND_GUARDIAN)
    harness.send(VOICE, Result.BUSY, GUARDIAN)
    assert is_planned(harness, VOICE, GUARDIAN)


def test_the_phone_route_of_a_child_is_open_as_long_as_one_guardian_can_be_called() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=TWO_GUARDIANS)
    harness.send(VOICE, Result.OUT_OF_SERVICE, SECOND_GUARDIAN)
    assert harness.rules(OpenVisit) == []
    harness.send(VOICE, Result.OUT_OF_SERVICE, GUARDIAN)
    assert harness.rules(OpenVisit) == ["visit_phone_route_exhausted"]


def test_a_number_is_asked_for_only_if_no_guardian_can_be_rung() -> None:
    dead = frozenset({SMS, VOICE})
    one = (replace(MOTHER_ON_THE_CHILDS_PHONE, bad_for=dead), GRANDMOTHER)
    both = (replace(MOTHER_ON_THE_CHILDS_PHONE, bad_for=dead), replace(GRANDMOTHER, bad_for=dead))
    assert EngineHarness.of(HIGH, minor=True, numbers=one).rules(OpenWorkItem) == []
    assert EngineHarness.of(HIGH, minor=True, numbers=both).rules(OpenWorkItem) == ["ask_for_number", "operator_help"]


def test_a_stranger_on_any_guardians_phone_raises_one_step() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=TWO_GUARDIANS)
    harness.send(VOICE, Result.ANSWERED_NOT_SUBJECT, GUARDIAN)
    assert harness.case.urgency is CRITICAL


def test_of_an_adult_a_guardian_is_family() -> None:
    harness = EngineHarness.of(HIGH, numbers=TWO_GUARDIANS)
    assert [each.party for each in harness.plans if each.channel is VOICE] == ["subject"]


def test_a_child_without_a_guardians_number_is_not_called_but_visited() -> None:
    harness = EngineHarness.of(HIGH, minor=True)
    assert harness.made(VOICE)[0].skip_reason is SkipReason.MINOR
    assert planned(harness, SMS).number_id == "n1"
    assert harness.rules(OpenVisit) == ["visit_phone_route_exhausted"]


@pytest.mark.parametrize(("fact", "rule"), [("minor", "minor_not_called"), ("hearing_impaired", "hearing_impaired")])
def test_a_call_planned_before_it_was_known_is_called_off(fact: str, rule: str) -> None:
    harness = EngineHarness.of(HIGH)
    call = planned(harness, VOICE)
    harness.joined(**{fact: True})
    assert CancelAttempt(rule, call.id) in harness.decided
    assert not is_planned(harness, VOICE)


@pytest.mark.parametrize("fact", ["minor", "hearing_impaired"])
def test_a_doubtful_call_is_not_repeated_once_it_is_known(fact: str) -> None:
    harness = EngineHarness.of(CRITICAL, channels=ONLY_VOICE)
    harness.in_doubt(harness.sending(planned(harness, VOICE)))
    harness.joined(**{fact: True})
    harness.after(minutes=2)
    assert not is_planned(harness, VOICE)


def test_a_guardian_who_dissuaded_the_child_closes_the_case() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=CHILD)
    harness.send(VOICE, Result.ANSWERED_GUARDIAN, GUARDIAN, confirmed=True, answer=Answer.DISSUADED)
    assert harness.case.resolution is Resolution.DISSUADED_IN_TIME


def met_child(with_guardian: bool) -> EngineHarness:
    harness = EngineHarness.of(CRITICAL, minor=True, channels=ONLY_VISIT, numbers=CHILD)
    harness.goes_there()
    harness.reports(Result.MET_DISSUADED, with_guardian=with_guardian)
    return harness


def test_a_child_met_with_a_guardian_is_met() -> None:
    assert met_child(with_guardian=True).case.resolution is Resolution.DISSUADED_IN_TIME


def test_a_child_met_alone_is_not_met_and_is_visited_again() -> None:
    harness = met_child(with_guardian=False)
    assert harness.case.is_open
    assert not harness.case.true_contact
    assert harness.rules(OpenVisit) == ["guardian_absent"]


def test_who_cannot_hear_is_texted_and_visited_and_the_call_is_skipped() -> None:
    harness = EngineHarness.of(HIGH, hearing_impaired=True)
    assert skips(harness) == [(VOICE, SkipReason.ACCESSIBILITY)]
    assert planned(harness, SMS).due_at == MONDAY
    assert harness.rules(OpenVisit) == ["visit_phone_route_exhausted"]
    harness.after(seconds=1)
    assert skips(harness) == []


def test_the_guardian_of_a_deaf_child_is_called() -> None:
    harness = EngineHarness.of(HIGH, minor=True, hearing_impaired=True, numbers=CHILD)
    assert planned(harness, VOICE, GUARDIAN).number_id == "g1"
    assert not is_planned(harness, VOICE)


def test_a_guardians_dead_number_is_marked_and_the_next_one_called() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=(*CHILD, guardian("g2")))
    harness.send(VOICE, Result.OUT_OF_SERVICE, GUARDIAN)
    assert harness.rules(MarkNumberBad) == ["bad_number"]
    assert planned(harness, VOICE, GUARDIAN).number_id == "g2"


def test_a_guardian_who_is_not_reached_is_visited_in_time() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=CHILD)
    harness.at(MONDAY + timedelta(minutes=15))
    assert harness.rules(OpenVisit) == ["visit_no_contact"]
    assert "visit_assigned" in harness.rules(PlanAttempt)
    assert harness.visit.state is VisitState.WAITING
    assert planned(harness, VISIT)


def test_the_phone_route_of_a_child_is_its_guardians() -> None:
    harness = EngineHarness.of(MEDIUM, minor=True, numbers=(guardian(),))
    for _ in range(2):
        harness.send(VOICE, Result.NO_ANSWER, GUARDIAN)
        assert harness.case.urgency is MEDIUM
    call = harness.sending(planned(harness, VOICE, GUARDIAN))
    harness.accepted(call)
    assert harness.case.urgency is MEDIUM
    harness.settled(call, Result.NO_ANSWER)
    assert harness.case.urgency is HIGH


def test_a_guardian_who_refuses_is_sent_one_more_sms_in_other_words_within_the_cap() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=CHILD)
    harness.send(SMS, Result.DELIVERED, GUARDIAN)
    harness.send(VOICE, Result.ANSWERED_GUARDIAN, GUARDIAN, confirmed=True, answer=Answer.DENIES)
    assert "other_wording" in harness.rules(PlanAttempt)
    another = planned(harness, SMS, GUARDIAN)
    assert (another.due_at, another.warning_number) == (MONDAY + timedelta(hours=2), 2)


def test_a_child_whose_guardian_can_be_rung_needs_no_other_number() -> None:
    assert EngineHarness.of(HIGH, minor=True, numbers=(guardian(),)).rules(OpenWorkItem) == []


def test_a_guardians_retried_call_minds_the_days_cap_of_the_guardians_calls() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=(guardian(),))
    harness.send(VOICE, Result.NO_ANSWER, GUARDIAN)
    call = harness.sending(planned(harness, VOICE, GUARDIAN))
    harness.act(numbers=(replace(guardian(), used=((VOICE, MONDAY),) * 7),))
    harness.settled(call, Result.FAILED_TEMPORARY)
    assert planned(harness, VOICE, GUARDIAN).due_at == at("08:00", day=3)


def test_a_child_without_a_number_whose_guardian_has_one_has_no_channel_skipped_but_the_call() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=(guardian(),))
    assert [each for each in harness.decided if isinstance(each, SkipChannel)] == [
        SkipChannel("minor_not_called", VOICE, SkipReason.MINOR)
    ]


def test_a_guardians_number_that_takes_no_sms_skips_it_whatever_number_the_child_has() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=(number("n1"), replace(guardian(), bad_for=frozenset({SMS}))))
    assert (SMS, SkipReason.BAD_NUMBER) in skips(harness)


def test_a_stranger_on_the_guardians_phone_raises_one_step() -> None:
    harness = EngineHarness.of(HIGH, minor=True, numbers=CHILD)
    harness.send(VOICE, Result.ANSWERED_NOT_SUBJECT, GUARDIAN)
    assert harness.case.urgency is CRITICAL
