"""What Alibaba Cloud says on the wire."""

import base64
import json
from typing import Any
from uuid import UUID

from vendor_stub import Says, signed_by_aliyun

from providers.base import Accepted, Answered, InDoubt, OperationsFault, Permanent, SwitchChannel, Transient
from schemas.vocabulary import Channel, Result
from vendors.row import MENUS, REF, TEMPLATES, TOKEN, Posted, Vendor, pushed_array, wrong_token

_REPLY = '{"code":0,"msg":"接收成功"}'
_SECRETS = {"access_key_id": "AKID", "receipts_token": TOKEN}


def _error(code: str, status: int = 200) -> Says:
    return Says({"Code": code, "Message": "15400000001", "RequestId": "r"}, status)


def _details(key: str, state: int, **more: Any) -> Says:
    others = {"OutId": "somebody-else", "SendStatus": 3}
    rows = [others, {"OutId": key, "SendStatus": state, "PhoneNum": "15400000001", **more}]
    return Says({"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows}, "TotalCount": 2})


def _call(state: str) -> Says:
    return Says({"Code": "OK", "Data": json.dumps({"state": state, "callee": "15400000001", "duration": 0})})


def _short(key: str) -> str:
    return base64.urlsafe_b64encode(UUID(key).bytes[:11]).decode().rstrip("=")


def _sms_report(key: str, ref: str, well: bool) -> Posted:
    code = "DELIVERED" if well else "MK:0004"
    times = {"send_time": "2026-03-02 09:00:00", "report_time": "2026-03-02 09:00:05", "sms_size": "1"}
    words = {"success": well, "err_code": code, "err_msg": "何样兰", "biz_id": ref, "out_id": key}
    return pushed_array({"phone_number": "15400000001", **times, **words})


def _voice_report(key: str, ref: str, well: bool) -> Posted:
    what = {"status_code": "200000", "dtmf": "1"} if well else {"status_code": "200002"}
    return pushed_array({"call_id": ref, "out_id": _short(key), "callee": "15400000001", "duration": "12", **what})


SMS = Vendor(
    channel=Channel.SMS,
    options={"sign_name": "云汀反诈", "templates": TEMPLATES},
    secrets=_SECRETS,
    accepts=Says({"Code": "OK", "Message": "OK", "BizId": REF, "RequestId": "r"}),
    accepted=Accepted(REF),
    fields=frozenset(f"?{name}" for name in ["PhoneNumbers", "SignName", "TemplateCode", "TemplateParam", "OutId"]),
    refusals=(
        (_error("isv.OUT_OF_SERVICE"), OperationsFault("isv.OUT_OF_SERVICE")),
        (_error("isv.AMOUNT_NOT_ENOUGH"), OperationsFault("isv.AMOUNT_NOT_ENOUGH")),
        (_error("isv.SMS_SIGN_ILLEGAL"), OperationsFault("isv.SMS_SIGN_ILLEGAL")),
        (_error("SignatureDoesNotMatch", 400), OperationsFault("SignatureDoesNotMatch")),
        (_error("Forbidden.RAM", 403), OperationsFault("Forbidden.RAM")),
        (_error("isv.BUSINESS_LIMIT_CONTROL"), SwitchChannel("isv.BUSINESS_LIMIT_CONTROL")),
        (
            _error("isv.MOBILE_NUMBER_ILLEGAL"),
            Permanent(Result.FAILED_PERMANENT, "isv.MOBILE_NUMBER_ILLEGAL"),
        ),
        (_error("isv.SMS_CONTENT_ILLEGAL"), Permanent(Result.REJECTED_CONTENT, "isv.SMS_CONTENT_ILLEGAL")),
        (_error("isp.SYSTEM_ERROR"), Transient("isp.SYSTEM_ERROR")),
        (_error("Throttling.User", 400), Transient("Throttling.User")),
        (_error("isv.SOMETHING_NEW"), Transient("isv.SOMETHING_NEW")),
        (_error("何样兰 15400000001"), Transient("unreadable_code")),
        (_error("InternalError", 500), InDoubt("InternalError")),
        (_error("SomethingNew", 500), InDoubt("500 SomethingNew")),
        (Says("<html>", 502), InDoubt("502 answer in an unknown form")),
        (Says("<html>", 503), Transient("answer in an unknown form")),
        (Says("<html>", 408), Transient("answer in an unknown form")),
        (Says("<html>", 499), InDoubt("499 answer in an unknown form")),
        (Says("<html>", 431), OperationsFault("431 answer in an unknown form")),
    ),
    echo=lambda asked: asked.parameters["OutId"],
    is_signed=lambda asked: signed_by_aliyun(asked, "the-secret"),
    statuses=(
        (
            lambda key: _details(key, 3, ErrCode="DELIVERED"),
            Answered(Result.DELIVERED, ref=REF, detail="DELIVERED"),
        ),
        (
            lambda key: _details(key, 2, ErrCode="MK:0004"),
            Answered(Result.FAILED_TEMPORARY, ref=REF, detail="MK:0004"),
        ),
        (lambda key: _details(key, 1), Accepted(REF)),
        (lambda key: _details("another", 3), InDoubt("not listed")),
        (lambda key: _error("Throttling.User", 400), InDoubt("status query refused")),
        (lambda key: Says("<html>"), InDoubt("answer in an unknown form")),
    ),
    reports=_sms_report,
    forgeries=wrong_token,
    reply=(200, _REPLY),
    is_batched=True,
)

VOICE = Vendor(
    channel=Channel.VOICE,
    options={"show_number": "057100000000", "templates": MENUS},
    secrets=_SECRETS,
    accepts=Says({"Code": "OK", "CallId": REF, "RequestId": "r"}),
    accepted=Accepted(REF),
    fields=frozenset(
        f"?{name}"
        for name in (
            *("CalledNumber", "CalledShowNumber", "OutId", "StartCode", "StartTtsParams", "Timeout"),
            *("MenuKeyMap.1.Key", "MenuKeyMap.1.Code", "MenuKeyMap.1.TtsParams"),
        )
    ),
    refusals=(
        (_error("isv.TTS_TEMPLATE_ILLEGAL"), OperationsFault("isv.TTS_TEMPLATE_ILLEGAL")),
        (_error("isv.BUSINESS_LIMIT_CONTROL"), SwitchChannel("isv.BUSINESS_LIMIT_CONTROL")),
        (
            _error("isv.MOBILE_NUMBER_ILLEGAL"),
            Permanent(Result.INVALID_NUMBER, "isv.MOBILE_NUMBER_ILLEGAL"),
        ),
        (_error("isp.SYSTEM_ERROR"), Transient("isp.SYSTEM_ERROR")),
        (_error("InternalError", 500), InDoubt("InternalError")),
    ),
    echoes=_short,
    echo=lambda asked: asked.parameters["OutId"],
    is_signed=lambda asked: signed_by_aliyun(asked, "the-secret"),
    statuses=(
        (lambda key: _call("200010"), Answered(Result.POWERED_OFF, ref=REF)),
        (lambda key: _call("200000"), Answered(Result.UNKNOWN, ref=REF, detail="no_key")),
        (lambda key: _call(""), Accepted(REF)),
        (lambda key: Says({"Code": "OK", "Data": "no json"}), InDoubt("not listed")),
        (lambda key: _error("isp.SYSTEM_ERROR"), InDoubt("status query refused")),
    ),
    reports=_voice_report,
    good=Result.ANSWERED_SUBJECT,
    bad=Result.BUSY,
    forgeries=wrong_token,
    reply=(200, _REPLY),
    is_batched=True,
)

ROWS = {"aliyun_sms": SMS, "aliyun_voice": VOICE}
