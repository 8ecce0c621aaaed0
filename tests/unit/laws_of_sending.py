"""Laws on what is sent: to whom, how often, when, and never twice unmarked."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from builders import SMS, VISIT, VOICE, ZONE
from engine_harness import EngineHarness
from laws_of_cases import is_held

from dispatcher.engine import Case
from dispatcher.engine.case import SUBJECT, Attempt
from dispatcher.engine.decisions import BringAttemptForward, PlanAttempt
from schemas.vocabulary import AttemptState, BankRequest, Channel, Ending, Person, Result, Urgency

UNDER_WAY = (AttemptState.PLANNED, AttemptState.SENDING, AttemptState.ACCEPTED)
NEVER_ARRIVED = frozenset(
    {
        Result.FAILED_TEMPORARY,
        Result.FAILED_PERMANENT,
        Result.REJECTED_CONTENT,
        Result.UNSUPPORTED,
        Result.INVALID_NUMBER,
        Result.OUT_OF_SERVICE,
    }
)


def one_live_attempt_to_a_party_on_a_channel(harness: EngineHarness) -> None:
    live = harness.in_state(AttemptState.PLANNED, AttemptState.SENDING)
    assert max(Counter((each.party, each.channel, each.bank_request) for each in live).values(), default=0) <= 1


def a_bank_is_asked_one_thing_once_at_a_time(harness: EngineHarness) -> None:
    for bank_request in BankRequest:
        assert sum(each.bank_request is bank_request for each in harness.in_state(*UNDER_WAY)) <= 1


def nothing_goes_to_a_bad_or_retired_number(harness: EngineHarness) -> None:
    good = {
        (each.id, channel) for each in harness.case.numbers for channel in (SMS, VOICE) if channel not in each.bad_for
    }
    for each in harness.in_state(AttemptState.PLANNED):
        assert each.number_id is None or (each.number_id, each.channel) in good or is_held(harness.case)


def the_cap_of_calls_a_day_holds(harness: EngineHarness) -> None:
    """No further call on a day that is used up, by this case or a linked one. Under one key a gateway rings once."""
    for due, key, party, found in sendings(harness, VOICE):
        per_day = harness.policy.plan(found.urgency).voice.per_day
        if party in found.callees and per_day is not None:
            own = [each for each in found.on(VOICE, party) if each.result is not Result.FAILED_TEMPORARY]
            rang = {each.send_key for each in own if day_of(each.made_at) == day_of(due)}
            other = [at for at in elsewhere(found, VOICE, party) if day_of(at) == day_of(due)]
            assert len(rang | {key}) + len(other) <= per_day


def only_first_calls_go_at_night(harness: EngineHarness) -> None:
    """Later ones are spread over the waking hours: whoever never answers is not rung night after night."""
    for due, _, party, found in sendings(harness, VOICE):
        per_day = harness.policy.plan(found.urgency).voice.per_day
        if party in found.callees and per_day is not None and not time(8) <= due.astimezone(ZONE).time() < time(21, 30):
            rang = Counter(each.number_id for each in found.on(VOICE, party))
            assert any(rang[each.id] < per_day for each in found.numbers if each.party == party)


def the_caps_of_sms_hold(harness: EngineHarness) -> None:
    """One in two hours and six a day to one person, whatever case; a rise in urgency permits one more."""
    for due, key, party, found in sendings(harness, SMS):
        arrived = {each.send_key: each.made_at for each in found.on(SMS, party) if each.result not in NEVER_ARRIVED}
        arrived.pop(key, None)
        rose_since = found.rewarned_at is not None and all(at < found.rewarned_at for at in arrived.values())
        if not rose_since:
            others = [*arrived.values(), *elsewhere(found, SMS, party)]
            assert all(abs(due - at) >= timedelta(hours=2) for at in others)
            assert sum(day_of(at) == day_of(due) for at in others) < 6


def a_second_sms_has_its_ground(harness: EngineHarness) -> None:
    """Urgency rose since the last one arrived, or the person refused since."""
    for plan, found in plans(harness):
        known = [each for each in found.on(SMS, plan.party) if each.result in (Result.DELIVERED, Result.UNKNOWN)]
        if plan.channel is SMS and plan.send_key is None and known:
            since = max(each.made_at for each in known)
            assert any(at is not None and at > since for at in (found.rewarned_at, *found.refusals))


def quiet_hours_hold_medium_and_low(harness: EngineHarness) -> None:
    """A bank is asked at any hour, and an officer goes at any hour."""
    if harness.case.urgency in (Urgency.MEDIUM, Urgency.LOW):
        for each in harness.in_state(AttemptState.PLANNED):
            if each.channel in (SMS, VOICE, Channel.BROADCAST):
                assert time(8) <= each.due_at.astimezone(ZONE).time() < time(21, 30)


def quiet_hours_hold_no_bank(harness: EngineHarness) -> None:
    for plan, found in plans(harness):
        if plan.channel is Channel.HOOK:
            again = found.attempt(plan.retry_of) if plan.retry_of else None
            wait = (
                max(*harness.policy.retry.waits, harness.policy.retry.wait(1000))
                if again and plan.rule in ("transient_failure", "never_taken", "not_there")
                else timedelta(0)
            )
            assert plan.due_at <= harness.now + wait


def a_key_is_shared_only_by_resends(harness: EngineHarness) -> None:
    """A resend is marked, unless the provider never took what went before."""
    kept: dict[str, Attempt] = {}
    for each in harness.case.attempts:
        if each.send_key in kept and not each.possible_duplicate:
            assert each.retry_of is not None
            assert harness.case.attempt(each.retry_of).ending is Ending.NEVER_TAKEN
        if each.send_key:
            kept[each.send_key] = each


def what_may_be_a_duplicate_is_marked(harness: EngineHarness) -> None:
    """A retry of a message that may have been taken says so, however many faults lie between."""
    for plan, found in plans(harness):
        chain = resent(found, plan)
        never_taken = {each.send_key for each in chain if each.ending is Ending.NEVER_TAKEN}
        doubtful = {each.send_key for each in chain if each.state is AttemptState.IN_DOUBT}
        assert plan.possible_duplicate or doubtful <= never_taken


def an_sms_beside_a_doubt_about_another_number_is_marked(harness: EngineHarness) -> None:
    for plan, found in plans(harness):
        if plan.channel is SMS and plan.retry_of is not None:
            others = [each for each in found.on(SMS, plan.party) if each.number_id != plan.number_id]
            assert plan.possible_duplicate or all(each.state is not AttemptState.IN_DOUBT for each in others)


def no_new_step_is_taken_beside_a_doubt(harness: EngineHarness) -> None:
    """What nobody knows the end of is made again as what it was, never beside itself."""
    for plan, found in plans(harness):
        for each in found.attempts:
            same = (each.channel, each.party, each.number_id) == (plan.channel, plan.party, plan.number_id)
            if same and each.bank_request is plan.bank_request and each.state is AttemptState.IN_DOUBT:
                assert plan.send_key == each.send_key or found.successor(each) is not None


def a_visit_is_never_doubled(harness: EngineHarness) -> None:
    for plan, found in plans(harness):
        before = [each for each in found.attempts if each.channel is VISIT and each.visit_id == plan.visit_id]
        assert plan.channel is not VISIT or not any(each.state is AttemptState.IN_DOUBT for each in before)


def a_number_rests_between_two_calls_in_a_row(harness: EngineHarness) -> None:
    for plan, found in plans(harness):
        rang = [each for each in found.on(VOICE, plan.party) if each.result is not Result.FAILED_TEMPORARY]
        if plan.channel is VOICE and rang and rang[-1].number_id == plan.number_id and not resent(found, plan):
            policy = harness.policy.plan(found.urgency)
            wait = policy.voice.again if plan.party in found.callees or policy.family is None else policy.family.again
            assert plan.due_at >= rang[-1].made_at + wait


def after_a_true_contact_only_the_family_of_who_refused_is_called(harness: EngineHarness) -> None:
    case = harness.case
    if case.true_contact and not is_held(case):
        calls = [each for each in harness.in_state(AttemptState.PLANNED) if each.channel is VOICE]
        spoken_with = {each.party for each in case.attempts if each.confirmed and each.channel is VOICE}
        assert not calls or case.refusals
        assert not {each.party for each in calls} & (spoken_with | {SUBJECT})


def no_machine_calls_a_child_or_who_cannot_hear(harness: EngineHarness) -> None:
    case = harness.case
    if (case.minor or case.hearing_impaired) and not is_held(case):
        planned = harness.in_state(AttemptState.PLANNED)
        assert not [each for each in planned if each.channel is VOICE and each.party == SUBJECT]


def only_kin_is_called_and_not_of_sensitive_types(harness: EngineHarness) -> None:
    for plan, found in plans(harness):
        if plan.channel is VOICE and plan.party not in found.callees:
            assert plan.person in (Person.FAMILY, Person.GUARDIAN)
            assert found.fraud_type not in ("F09", "F12") or found.life_at_risk or resent(found, plan)


def the_wording_has_one_of_three_occasions(harness: EngineHarness) -> None:
    for plan, found in plans(harness):
        assert plan.warning_number in (1, 2, 3)
        assert not found.warned_before or plan.channel in (Channel.HOOK, Channel.BROADCAST) or plan.warning_number > 1


LAWS = (
    one_live_attempt_to_a_party_on_a_channel,
    a_bank_is_asked_one_thing_once_at_a_time,
    nothing_goes_to_a_bad_or_retired_number,
    the_cap_of_calls_a_day_holds,
    only_first_calls_go_at_night,
    the_caps_of_sms_hold,
    a_second_sms_has_its_ground,
    quiet_hours_hold_medium_and_low,
    quiet_hours_hold_no_bank,
    a_key_is_shared_only_by_resends,
    what_may_be_a_duplicate_is_marked,
    an_sms_beside_a_doubt_about_another_number_is_marked,
    no_new_step_is_taken_beside_a_doubt,
    a_visit_is_never_doubled,
    a_number_rests_between_two_calls_in_a_row,
    after_a_true_contact_only_the_family_of_who_refused_is_called,
    no_machine_calls_a_child_or_who_cannot_hear,
    only_kin_is_called_and_not_of_sensitive_types,
    the_wording_has_one_of_three_occasions,
)


def plans(harness: EngineHarness) -> Iterator[tuple[PlanAttempt, Case]]:
    """What the last step planned, each with the case as it was found."""
    for decision, found in zip(harness.decided, harness.found, strict=True):
        if isinstance(decision, PlanAttempt):
            yield decision, found


def sendings(harness: EngineHarness, channel: Channel) -> Iterator[tuple[datetime, str, str, Case]]:
    """What the last step planned or brought forward: due time, key, party and the case found. No resends."""
    for decision, found in zip(harness.decided, harness.found, strict=True):
        if isinstance(decision, PlanAttempt) and decision.channel is channel and decision.send_key is None:
            yield decision.due_at, "", decision.party, found
        if isinstance(decision, BringAttemptForward) and found.attempt(decision.attempt_id).channel is channel:
            moved = found.attempt(decision.attempt_id)
            yield decision.due_at, moved.send_key, moved.party, found


def elsewhere(case: Case, channel: Channel, party: str) -> list[datetime]:
    return [at for each in case.numbers if each.party == party for kind, at in each.used if kind is channel]


def resent(case: Case, plan: PlanAttempt) -> list[Attempt]:
    """The attempts whose message this one sends again, latest first."""
    chain: list[Attempt] = []
    child: PlanAttempt | Attempt = plan
    while child.retry_of is not None:
        parent = case.attempt(child.retry_of)
        again = parent.result is Result.FAILED_TEMPORARY or parent.send_key == child.send_key
        if not again or parent.number_id != child.number_id:
            break
        chain.append(parent)
        child = parent
    return chain


def day_of(at: datetime) -> date:
    return at.astimezone(ZONE).date()
