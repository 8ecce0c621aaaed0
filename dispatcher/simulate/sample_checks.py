"""What is expected of the sample cases: one check for each line of their `expect`."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from dispatcher.simulate.run_result import RunResult
from dispatcher.simulate.sample import Push

Check = Callable[[RunResult], bool]


@dataclass(frozen=True)
class Verdict:
    name: str
    expectation: str
    met: bool


def check_samples(pushes: list[Push], run: RunResult) -> list[Verdict]:
    """Returns every line that the played cases expect, and whether it was met."""
    return [
        Verdict(push.name, line, check(run))
        for push in pushes
        for line, check in zip(push.expect, CHECKS.get(push.name, ()), strict=True)
    ]


def _s01_visit_beside_the_rest(run: RunResult) -> bool:
    first = {each["channel"]: each for each in reversed(run.attempts("S01", person="subject"))}
    at = {each["sent_at"] for each in first.values()}
    return set(first) == {"sms", "voice", "visit"} and at == {run.cases["S01"]["opened_at"]}


def _s01_busy_is_called_again(run: RunResult) -> bool:
    calls = [run.local(each["sent_at"]) for each in run.sent("S01", channel="voice", person="subject")]
    gaps = {later - earlier for earlier, later in pairwise(calls)}
    return gaps == {timedelta(minutes=3)} and bool(run.sent("S01", person="family"))


def _s01_dissuaded(run: RunResult) -> bool:
    case, busy = run.cases["S01"], run.attempts("S01", channel="voice", result="BUSY")
    money = case["money"]
    return (
        case["resolution"] == "DISSUADED_IN_TIME"
        and case["first_contact"]["channel"] == "visit"
        and (money["avoided"], money["avoided_basis"]) == (20000, "amount_about_to_be_sent")
        and len(busy) >= 4
    )


def _s02_one_sms_one_call(run: RunResult) -> bool:
    made = Counter(each["channel"] for each in run.sent("S02"))
    return made == {"sms": 1, "voice": 1} and not run.cases["S02"]["visits"]


def _s02_kept_apart(run: RunResult) -> bool:
    case = run.cases["S02"]
    money = case["money"]
    return case["resolution"] == "DISSUADED_IN_TIME" and money["avoided"] == 3000 and bool(money["avoided_basis"])


def _s02_followed_up(run: RunResult) -> bool:
    app = run.cases["S02"]["facts"]["antifraud_app"]
    return len(run.duties("S02", "follow_up")) == 2 and app == "installed_alert_off"


def _s03_skipped_without_a_phone(run: RunResult) -> bool:
    skipped = [(each["channel"], each["state"], each["skip_reason"]) for each in run.attempts("S03")][:2]
    return skipped == [("sms", "skipped", "NO_PHONE"), ("voice", "skipped", "NO_PHONE")]


def _s03_revisited_off_hours(run: RunResult) -> bool:
    first, second = run.cases["S03"]["visits"]
    at_once = first["opened_at"] == run.cases["S03"]["opened_at"]
    hour = run.local(second["arrived_at"]).strftime("%H:%M")
    return at_once and second["rule"] == "revisit" and "18:30" <= hour <= "21:30"


def _s04_permanent(run: RunResult) -> bool:
    results = [each["result"] for each in run.attempts("S04", channel="voice")]
    marked = run.journal("S04", "number_marked_bad")[-1]
    kept = run.local(marked["data"]["until"]) - run.local(marked["at"])
    return results == ["INVALID_NUMBER", "ANSWERED_NOT_SUBJECT"] and kept == timedelta(days=90)


def _s04_stranger(run: RunResult) -> bool:
    answered = run.attempts("S04", channel="voice", result="ANSWERED_NOT_SUBJECT")
    contact = run.cases["S04"]["first_contact"]["channel"]
    return len(answered) == 1 and not answered[0]["confirmed"] and contact == "visit"


def _s05_never_sent(run: RunResult) -> bool:
    tried = [each for each in run.attempts("S05") if each["channel"] != "visit"]
    reasons = [(each["channel"], each["skip_reason"], each["sent_at"]) for each in tried]
    return reasons == [(each, "UNSUPPORTED_DESTINATION", None) for each in ("sms", "voice")]


def _s05_in_english(run: RunResult) -> bool:
    english = run.services.context.texts.sms("F03", "en")
    return run.cases["S05"]["language"] == "en" and english in run.card("S05")


def _s06_bank_first(run: RunResult) -> bool:
    sending = run.journal("S06", "attempt_sending")
    hook = run.attempts("S06", hook="stop_payment")[0]["attempt"]
    at_once = {each["sent_at"] for each in run.sent("S06")[:5]}
    people = {(each["channel"], each["person"]) for each in run.sent("S06")[:5]}
    wanted = {("hook", "subject"), ("sms", "subject"), ("voice", "subject"), ("visit", "subject"), ("voice", "family")}
    return sending[0]["data"]["attempt"] == hook and len(at_once) == 1 and people == wanted


def _s06_money_apart(run: RunResult) -> bool:
    money = run.cases["S06"]["money"]
    return (money["lost"], money["stopped"], money["avoided"]) == (48000, 52000, 200000)


def _s06_handed_over(run: RunResult) -> bool:
    reported = run.duties("S06", "case_report") and run.duties("S06", "look_back")
    return run.cases["S06"]["resolution"] == "ALREADY_TRANSFERRED_PARTLY" and bool(reported)


def _s06_no_second_sms(run: RunResult) -> bool:
    sent = run.sent("S06", channel="sms")
    return [(each["result"], each["was_in_doubt"]) for each in sent] == [("DELIVERED", True)]


def _s09_forwarded(run: RunResult) -> bool:
    (call,) = run.sent("S09", channel="voice", person="subject")
    closed = run.journal("S09", "case_closed")[0]["rule"]
    forwarded: bool = call["result"] == "SUSPECTED_FORWARDING" and closed == "met"
    return forwarded and run.cases["S09"]["urgency"] == "critical"


def _s09_delivered_is_not_read(run: RunResult) -> bool:
    delivered = run.attempts("S09", channel="sms", result="DELIVERED")
    return bool(delivered) and run.cases["S09"]["first_contact"]["channel"] == "visit"


def _s09_card(run: RunResult) -> bool:
    return all(word in run.card("S09") for word in ("Wi-Fi", "remote-control app", "do not rely on this phone"))


def _s11_linked(run: RunResult) -> bool:
    return run.cases["S10"]["case"] == run.cases["S11"]["case"] and len(run.cases["S11"]["instructions"]) == 2


def _s11_higher_and_earlier(run: RunResult) -> bool:
    case = run.cases["S11"]
    told = {each["system"] for each in case["feedback"] if each["direction"] == "out"}
    earlier = run.local(case["deadlines"]["first_call_by"]).strftime("%H:%M") == "10:11"
    return case["urgency"] == "high" and earlier and len(told) == 2


def _s11_one_extra_sms(run: RunResult) -> bool:
    return [each["rule"] for each in run.sent("S11", channel="sms")] == ["first_sms", "urgency_rose"]


def _s12_duplicate(run: RunResult) -> bool:
    repeated = run.journal("S02", "instruction_repeated")
    accepted = run.journal("S02", "instruction_accepted")
    return run.answers["S12"] == "duplicate" and len(repeated) == len(accepted) == 1


def _s13_called_back(run: RunResult) -> bool:
    (call,) = run.attempts("S13", channel="voice")
    (told,) = run.journal("S13", "visit_cancelled")
    officer_told = bool(told["data"]["officer_told"] and told["data"]["before_arrival"])
    return call["state"] == "cancelled" and officer_told


def _s16_rings_back(run: RunResult) -> bool:
    return [each["data"]["genuine"] for each in run.journal("S16", "code_checked")] == [True]


def _s16_refusal_stays_open(run: RunResult) -> bool:
    results = [each["result"] for each in run.cases["S16"]["visits"]]
    bank = [each["result"] for each in run.attempts("S16", hook="protect_account")]
    return (
        results == ["MET_REFUSED", "NOT_HOME_FAMILY_TOLD", "MET_DISSUADED"]
        and bank == ["GRANTED"]
        and bool(run.duties("S16", "lift_protection"))
        and bool(run.sent("S16", person="family"))
    )


def _s16_caps(run: RunResult) -> bool:
    calls = run.sent("S16", channel="voice", person="subject")
    days = Counter(run.local(each["sent_at"]).date() for each in calls)
    return max(days.values()) <= 8 and len(run.sent("S16", channel="visit")) == 3


def _s20_after_the_night(run: RunResult) -> bool:
    (sms,) = run.sent("S20", channel="sms")
    return run.local(sms["sent_at"]).strftime("%d %H:%M") == "03 08:00"


def _s20_false_alarm(run: RunResult) -> bool:
    (suppressed,) = run.journal("S20", "trigger_suppressed")
    kept = run.local(suppressed["data"]["until"]) - run.local(suppressed["at"])
    return run.cases["S20"]["resolution"] == "NOT_A_VICTIM" and kept == timedelta(days=30)


CHECKS: Mapping[str, tuple[Check, ...]] = {
    "S01": (
        _s01_visit_beside_the_rest,
        _s01_busy_is_called_again,
        lambda run: run.cases["S01"]["visits"][0]["precinct_code"] == "YT-WC-01",
        _s01_dissuaded,
    ),
    "S02": (_s02_one_sms_one_call, _s02_kept_apart, _s02_followed_up),
    "S03": (
        _s03_skipped_without_a_phone,
        _s03_revisited_off_hours,
        lambda run: len(run.duties("S03", "number_request")) == 1,
    ),
    "S04": (
        _s04_permanent,
        _s04_stranger,
        lambda run: run.cases["S04"]["visits"][0]["rule"] == "visit_phone_route_exhausted",
    ),
    "S05": (_s05_never_sent, _s05_in_english, lambda run: run.numbers("S05") == ["+447700900123"]),
    "S06": (_s06_bank_first, _s06_money_apart, _s06_handed_over, _s06_no_second_sms),
    "S09": (_s09_forwarded, _s09_delivered_is_not_read, _s09_card),
    "S10": (lambda run: run.answers["S10"] == "accepted",),
    "S11": (_s11_linked, _s11_higher_and_earlier, _s11_one_extra_sms),
    "S12": (_s12_duplicate, lambda run: not run.journal("S02", "instruction_conflict")),
    "S13": (
        _s13_called_back,
        lambda run: [each["result"] for each in run.sent("S13", channel="sms")] == ["DELIVERED"],
        lambda run: run.cases["S13"]["resolution"] == "WITHDRAWN",
    ),
    "S16": (
        _s16_rings_back,
        _s16_refusal_stays_open,
        _s16_caps,
    ),
    "S20": (
        _s20_after_the_night,
        lambda run: [each["skip_reason"] for each in run.attempts("S20", channel="voice")] == ["ACCESSIBILITY"],
        _s20_false_alarm,
    ),
}
