"""Receipts as the vendors print them in their documents, with the numbers masked as there."""

import json
from typing import Any

import pytest
from test_adapter_contract import settings
from vendors import TOKEN

from providers import registry
from providers.base import Answered, Callback, Receipt
from schemas.vocabulary import Result

# help.aliyun.com/zh/sms/developer-reference/smsreport-2
SMS_REPORT = [
    {
        "phone_number": "1381111****",
        "send_time": "2017-01-01 00:00:00",
        "report_time": "2017-01-01 00:00:00",
        "success": True,
        "err_code": "DELIVERED",
        "err_msg": "用户接收成功",
        "sms_size": "1",
        "biz_id": "12345********",
        "out_id": "67890**",
    }
]
# help.aliyun.com/zh/vms/developer-reference/voicecallreport-4
VOICE_CALL_REPORT = [
    {
        "status_code": "300000",
        "smart_status_code": "ANSWERED",
        "dtmf": "1",
        "status_time": "2023-03-06 16:21:12",
        "out_id": "4*************2",
        "call_id": "1***********3^1***********2",
    }
]
# cloud.tencent.com/document/api/1128/37725, /37726, /37727
PROMPT = {
    "voiceprompt_callback": {
        "result": "0",
        "accept_time": "1470197211",
        "call_from": "",
        "callid": "xxxxxx",
        "end_calltime": "1470197221",
        "fee": "1",
        "mobile": "13xxxxxxxxx",
        "nationcode": "86",
        "start_calltime": "1470197196",
    }
}
KEY = {
    "voicekey_callback": {
        "call_from": "",
        "callid": "xxxxxx",
        "keypress": "2",
        "mobile": "13xxxxxxxxx",
        "nationcode": "86",
    }
}
FAILURE = {
    "voice_failure_callback": {
        "call_from": "075583763333",
        "callid": "xxxxxx",
        "failure_code": 8,
        "failure_reason": "空号",
        "mobile": "13xxxxxxxxx",
        "nationcode": "86",
    }
}


@pytest.mark.parametrize(
    ("name", "printed", "outcome"),
    [
        ("aliyun_sms", SMS_REPORT, Answered(Result.DELIVERED, ref="12345********", detail="DELIVERED")),
        (
            "aliyun_voice",
            VOICE_CALL_REPORT,
            Answered(Result.ANSWERED_SUBJECT, confirmed=True, ref="1***********3^1***********2"),
        ),
        ("tencent_voice", PROMPT, Answered(Result.UNKNOWN, ref="xxxxxx", detail="no_key")),
        ("tencent_voice", KEY, None),
        ("tencent_voice", FAILURE, Answered(Result.INVALID_NUMBER, ref="xxxxxx")),
    ],
)
def test_a_receipt_as_printed_is_read(name: str, printed: Any, outcome: Answered | None) -> None:
    provider = registry.build([settings(name)], {})[name]
    found = provider.parse_receipts(Callback({}, json.dumps(printed).encode(), token=TOKEN))
    assert found.unreadable == 0
    # What stands in the printed out_id is no key of ours, so the vendor's own id has to tell.
    ref = outcome.ref if outcome else None
    assert [(each.send_key, each.outcome) for each in found.items] == ([(None, outcome)] if outcome else [])
    assert all(isinstance(each, Receipt) and each.dedupe_key.startswith(f"{ref}:") for each in found.items)
