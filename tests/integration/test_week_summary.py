"""What the summary of a week says of the caps, where it has to tell a breach from what a rise permits."""

from datetime import timedelta
from uuid import UUID

from casework_fixture import START, CaseworkFixture, Scripted, phone, resident

from dispatcher.simulate import summary
from providers.base import Answered
from schemas.vocabulary import Answer, Result

ANOTHER = {"system": "运营商预警(虚构)"}


def test_an_sms_that_a_rise_brings_forward_is_no_breach(casework: CaseworkFixture) -> None:
    case_id = _refused_after_its_sms(casework)
    casework.pass_time(minutes=30)
    casework.open(2, urgency="critical", id_number=resident(1), phones=[{"number": phone(1)}], source=ANOTHER)
    casework.deliver(Scripted(), lane="urgent")
    first, second = casework.attempts(case_id, "sms")
    assert (second.rule, second.sent_at - first.sent_at) == ("other_wording", timedelta(minutes=40))
    assert _caps(casework, case_id) == (0, 0, 1)


def test_an_sms_sent_too_soon_is_a_breach(casework: CaseworkFixture) -> None:
    case_id = _refused_after_its_sms(casework)
    casework.sql("UPDATE attempts SET due_at = :at WHERE rule = 'other_wording'", at=START)
    casework.deliver(Scripted())
    assert _caps(casework, case_id) == (0, 1, 0)


def _refused_after_its_sms(casework: CaseworkFixture) -> UUID:
    case_id = casework.open(1, urgency="medium", channels=["sms", "voice"])
    casework.deliver(Scripted([Answered(Result.DELIVERED)]))
    casework.pass_time(minutes=10)
    casework.deliver(Scripted([Answered(Result.ANSWERED_SUBJECT, confirmed=True, answer=Answer.DENIES)]))
    return case_id


def _caps(casework: CaseworkFixture, case_id: UUID) -> tuple[int, int, int]:
    with casework.begin() as work:
        caps = summary.read(work.session, casework.context.policy, [case_id], casework.now)["sms_caps"]
    return caps["too_many"], caps["too_soon"], caps["rises"]
