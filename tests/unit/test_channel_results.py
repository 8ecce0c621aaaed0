"""Which results belong to which channel, and that the tables of every adapter keep to it."""

from collections.abc import Iterator

import pytest

from providers import key_press
from providers.aliyun import call_reports
from providers.aliyun import sms as aliyun_sms
from providers.aliyun import voice as aliyun_voice
from providers.base import Answered, Outcome, Permanent, Status
from providers.kannel import _STATES as KANNEL_STATES
from providers.sip import response_codes
from providers.smpp import protocol_codes
from providers.tencent import api as tencent_api
from providers.tencent import sms as tencent_sms
from providers.tencent import voice as tencent_voice
from providers.wecom import ERROR_CODES as WECOM
from schemas.channel_results import RESULTS_OF
from schemas.vocabulary import Channel, Result

MET = {each for each in Result if each.value.startswith("MET_")}


def test_a_meeting_is_a_result_of_a_visit_alone() -> None:
    for channel in Channel:
        assert RESULTS_OF[channel] >= MET if channel is Channel.VISIT else not MET & RESULTS_OF[channel]


def test_every_channel_has_its_results_and_every_result_but_ours_its_channel() -> None:
    assert RESULTS_OF.keys() == set(Channel)
    assert set(Result) - set().union(*RESULTS_OF.values()) == {Result.SKIPPED}


def outcomes(channel: Channel) -> Iterator[Outcome | Status]:
    """Whatever stands in a table of an adapter of this channel."""
    codes = {
        Channel.SMS: (aliyun_sms.ERROR_CODES, tencent_api.COMMON_ERRORS, tencent_sms.ERROR_CODES),
        Channel.VOICE: (
            aliyun_voice.ERROR_CODES,
            tencent_api.COMMON_ERRORS,
            tencent_voice.ERROR_CODES,
            response_codes.MEANINGS,
        ),
        Channel.BROADCAST: (WECOM,),
    }
    for table in codes.get(channel, ()):
        yield from (meaning("code") for meaning in table.values())
    if channel is Channel.SMS:
        yield from KANNEL_STATES.values()
        yield from (protocol_codes.outcome_of(status) for status in range(1, 256))
        yield from (Answered(result) for _, result in protocol_codes.STATES.values() if result is not None)
    if channel is Channel.VOICE:
        yield from (key_press.CONFIRMED, key_press.NO_KEY)
        yield from call_reports._STATES.values()
        yield from (*tencent_voice._PROMPT.values(), *tencent_voice._FAILURES.values())


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.VOICE, Channel.BROADCAST])
def test_no_table_of_an_adapter_says_what_its_channel_can_not(channel: Channel) -> None:
    said = {each.result for each in outcomes(channel) if isinstance(each, Answered | Permanent)}
    assert said
    assert said <= RESULTS_OF[channel]
