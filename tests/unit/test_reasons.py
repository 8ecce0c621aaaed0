"""`case --why`: every rule and event has words, and every entry that carries a decision becomes one sentence."""

from typing import Any, get_args

import pytest
import rule_names
from rule_names import Named

from dispatcher.engine.work_items import WITHOUT_CASE
from dispatcher.policy import load
from dispatcher.policy.flatten import flatten
from dispatcher.reporting.explain import explain
from dispatcher.supervision.decisions import CALLED_ON_ORDER
from dispatcher.texts import reasons
from dispatcher.texts.reasons import placeholders
from dispatcher.visits.officer_steps import STEPS
from schemas.instruction import Feedback, LaterLoss, Withdraw
from schemas.read_models.case import JournalEntry
from schemas.vocabulary import BankRequest, Hold, IntakeStatus, LinkKind, Result, Urgency

# What an expression in the source can come to. One that is not here fails the test: add it, with its words.
EXPRESSIONS: dict[str, set[str]] = {
    "bank_request.value": {
        BankRequest.STOP_PAYMENT.value,
        BankRequest.PROTECT_ACCOUNT.value,
    },  # lifting is a human's order
    "attempt.hook": {BankRequest.STOP_PAYMENT.value},
    "wanted.kind": {each.value for each in WITHOUT_CASE},
    "kind.value": {each.value for each in LinkKind},
    "status.value": {IntakeStatus.DUPLICATE.value, IntakeStatus.STALE.value},
    "_op(event)": {get_args(each.model_fields["op"].annotation)[0] for each in (Withdraw, Feedback, LaterLoss)},
    "f'ladder_after_{_why(last.result)}'": {f"ladder_after_{each.value.lower()}" for each in Result},
    "f'overdue_{name}'": {"overdue_met_by", "overdue_report_by", "overdue_window"},
    "f'officer_{step}'": {f"officer_{step}" for step in STEPS},
    "f'visit_{visit.state}'": {f"visit_{step.after}" for name, step in STEPS.items() if name != "return"},
    "f'call_{relation}'": {f"call_{relation}" for relation in CALLED_ON_ORDER},
    "f'transfer_{state}'": {"transfer_accepted", "transfer_refused"},
}
AT = "2026-03-02T01:00:00+00:00"
OPENED = {"urgency": "high", "policy": load().version}


def names(found: set[Named]) -> list[tuple[str, str]]:
    known = ((each, {each.text} if each.is_name else EXPRESSIONS.get(each.text, {each.text})) for each in found)
    return sorted((name, each.where) for each, texts in known for name in texts)


def entry(event: str, rule: str | None = None, **data: Any) -> JournalEntry:
    return JournalEntry(seq=1, at=AT, actor="engine", event=event, rule=rule, data=data)


def told(*entries: JournalEntry, language: str | None = "en") -> list[str]:
    return [each.why for each in explain(entries, load(), reasons.load(), language)]


def test_the_source_names_rules_where_they_are_looked_for() -> None:
    found = dict(names(rule_names.rules()))
    for rule in ("first_sms", "guardian_absent", "next_number", "case_closed", "stop_payment", "ladder_after_returned"):
        assert found[rule].startswith("engine/")
    for rule in ("officer_accept", "false_alarm", "unsupported_destination", "withdraw", "feedback"):
        assert found[rule].partition("/")[0] in rule_names.JOURNALLED


@pytest.mark.parametrize(("rule", "where"), names(rule_names.rules()))
def test_every_rule_has_words(rule: str, where: str) -> None:
    assert reasons.load().rule(rule) is not None, f"{where}: no reason for {rule!r} in dispatcher/texts/reasons.toml"


@pytest.mark.parametrize(("event", "where"), names(rule_names.events()))
def test_every_event_with_a_rule_has_a_sentence(event: str, where: str) -> None:
    assert event in reasons.load().events, f"{where}: no sentence for {event!r} in dispatcher/texts/reasons.toml"


def test_both_languages_say_the_same_of_an_entry() -> None:
    for sentences in reasons.load().events.values():
        for each in sentences:
            assert placeholders(each.zh) == placeholders(each.en)
    for name, each in reasons.load().rules.items():
        allowed = {"part"} if name.endswith("*") else set()
        assert placeholders(each.zh) == placeholders(each.en) == allowed


def test_every_number_that_a_rule_looks_at_is_a_key_of_the_policy() -> None:
    known = dict(flatten(load()))
    for rule, each in reasons.load().rules.items():
        for key in each.numbers:
            of_a_plan = any(f"urgency.{urgency}.{key}" in known for urgency in Urgency)
            assert key in known or of_a_plan, (rule, key)


def test_a_decision_is_told_with_its_reason_in_words() -> None:
    planned = entry("attempt_planned", "first_sms", channel="sms", person="subject", due_at=AT, occasion=1, rung=None)
    assert told(planned) == [
        "Planned for 2026-03-02 09:00:00: SMS, to: subject, warning no. 1. "
        "Why: the case is new, and the policy sends an SMS first."
    ]
    assert told(planned, language="zh") == [
        "计划于 2026-03-02 09:00:00 联系:短信,对象:本人,第 1 次提醒。理由:任务已受理,按策略首先发短信提醒。"
    ]
    (both,) = told(planned, language=None)
    assert both == f"{told(planned, language='zh')[0]} / {told(planned)[0]}"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (entry("attempt_planned", "stop_payment", channel="hook", hook="stop_payment", due_at=AT), "for stop payment"),
        (entry("attempt_planned", "visit_assigned", channel="visit", rung=0, due_at=AT), "goes to rung 1 of"),
        (entry("attempt_planned", "ladder_after_nobody_on_duty", rung=3, due_at=AT), "ended as “nobody on duty”"),
        (entry("urgency_raised", "warned_again", before="low", after="high"), "from low to high"),
        (entry("visit_re_addressed", "re_addressed", before="YT-1", after="YT-2"), "from YT-1 to YT-2"),
        (entry("deadline_set", "deadline", name="met_by", at=AT), "met by, 2026-03-02 09:00:00"),
        (entry("visit_opened", "visit_no_contact", precinct="YT-1", not_before=None), "Visit opened, station YT-1."),
        (entry("visit_opened", "visit_no_contact", precinct=None), "Visit opened. Why: no true contact"),
        (entry("number_marked_bad", "bad_number", channels=["sms", "voice"], until=AT), "SMS, voice call"),
        (entry("case_closed", "met", resolution="DISSUADED_IN_TIME", avoided=None), "Case closed: dissuaded in time."),
        (entry("case_closed", "met", resolution="SELF_AWARE", avoided=0, avoided_basis="x"), "avoided 0 yuan"),
        (entry("duty_planned", "follow_up", kind="follow_up", due_at=AT), "Work item: follow-up"),
        (
            entry("visit_address_tried", "officer_tried", kind="work", result="WRONG_ADDRESS"),
            "an address (work): wrong",
        ),
        (entry("card_read", "visit_card", masked=True), "card was read, masked: yes."),
        (entry("card_read", "visit_card", masked=False), "card was read. Why: whoever reads"),
        (entry("duty_climbed", "item_overdue", kind="paused", to="centre"), "now for the centre"),
        (entry("duty_brought_forward", "work_item_urgency_rose", kind="conflict", due_at=AT), "due sooner: compare"),
        (entry("human_asked", "plan_exhausted", who="centre"), "asked to decide: centre"),
    ],
)
def test_codes_and_times_are_labels(made: dict[str, Any], said: str) -> None:
    assert said in told(made)[0]


def test_an_entry_without_a_rule_is_no_decision() -> None:
    assert told(entry("case_opened", **OPENED), entry("attempt_settled", result="DELIVERED")) == []


@pytest.mark.parametrize(
    "data",
    [{}, {"name": {"a": [1]}}, {"channel": ["sms", None]}, {"rung": "x"}, {"at": "2026-99-99T00:00"}, {"result": 3}],
)
def test_what_is_unknown_is_shown_raw_and_never_fails(data: dict[str, Any]) -> None:
    assert told(entry("hat_thrown", "whim", **data)) == ["hat_thrown. Why: whim."]
    for event in reasons.load().events:
        assert len(told(entry(event, "deadline", **data))) == 1


def test_inputs_hold_the_numbers_of_the_urgency_at_that_time() -> None:
    made = list(
        explain(
            [
                entry("case_opened", **(OPENED | {"urgency": "medium"})),
                entry("visit_opened", "visit_not_accepted", precinct="YT-1"),
                entry("urgency_raised", "somebody_else_answered", before="medium", after="high"),
                entry("visit_opened", "visit_no_contact", precinct="YT-1", not_before=None),
                entry("number_marked_bad", "bad_number", phone="7"),
            ],
            load(),
            reasons.load(),
        )
    )
    assert [each.inputs for each in made] == [
        {"precinct": "YT-1", "urgency.medium.visit.accept_within": "30m"},
        {"before": "medium", "after": "high"},
        {"precinct": "YT-1", "urgency.high.visit.no_contact_after": "15m"},
        {"phone": "7", "bad_number_for": "90d"},
    ]
    assert {each.policy for each in made} == {load().version}


def test_what_holds_an_attempt_is_told_with_its_numbers() -> None:
    held = entry("attempt_planned", "first_sms", channel="sms", person="subject", due_at=AT, held_by=["quiet_hours"])
    (made,) = explain([entry("case_opened", **(OPENED | {"urgency": "medium"})), held], load(), reasons.load(), "en")
    assert made.why.endswith(
        "Why: the case is new, and the policy sends an SMS first; quiet hours hold it until they end."
    )
    assert made.inputs.keys() >= {"quiet_hours.from", "quiet_hours.to", "urgency.medium.sms.after"}


@pytest.mark.parametrize("hold", Hold)
def test_every_hold_has_words(hold: Hold) -> None:
    assert reasons.load().rules[hold].numbers


def test_numbers_of_another_policy_are_not_told() -> None:
    entries = [entry("case_opened", urgency="high", policy="last-year"), entry("visit_opened", "visit_no_contact")]
    (made,) = explain(entries, load(), reasons.load())
    assert (made.policy, made.inputs) == ("last-year", {})
