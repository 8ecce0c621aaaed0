"""Each adapter's vendor as a row: what it is set up with, what may leave, and what the vendor says on the wire."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import entry_points
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook
from vendor_stub import Asked, Says, signed_by_aliyun, signed_by_tencent

from providers.base import (
    Accepted,
    Answered,
    InDoubt,
    NeverTaken,
    OperationsFault,
    Outcome,
    Permanent,
    Status,
    SwitchChannel,
    Transient,
)
from schemas.vocabulary import BankRequest, Channel, Result

TOKEN = "path-token-0123456789abcdefghij"
WEBHOOK = "whsec_" + base64.b64encode(b"c" * 32).decode()
REF = "ref-1"
ALIYUN_REPLY = '{"code":0,"msg":"接收成功"}'
TENCENT_REPLY = '{"result":0,"errmsg":"OK"}'
# Nothing of it is personal: fixed words that a centre files.
TEMPLATES = [
    {"fraud_type": "F08", "language": "zh", "code": "T-F08", "params": {"city": "云汀市", "ring": "96110"}},
    {"code": "T-ANY", "params": {"city": "云汀市", "ring": "96110"}},
]
MENUS = [row | {"key_1": f"K-{row['code']}", "key_1_params": {"type": "假冒客服"}} for row in TEMPLATES]


@dataclass(frozen=True)
class Posted:
    """A callback as the vendor makes it."""

    body: bytes = b""
    path: str = f"/{TOKEN}"
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


# A key, the vendor's reference, whether it went well.
Reports = Callable[[str, str, bool], Posted]


@dataclass(frozen=True)
class Vendor:
    channel: Channel
    options: Mapping[str, Any]
    secrets: Mapping[str, str]
    accepts: Says
    accepted: Outcome
    fields: frozenset[str]
    refusals: tuple[tuple[Says, Outcome], ...]
    secret: str = "the-secret"
    echo: Callable[[Asked], str | None] = lambda asked: None
    is_signed: Callable[[Asked], bool] = lambda asked: True
    statuses: tuple[tuple[Callable[[str], Says], Status], ...] = ()
    reports: Reports | None = None
    good: Result = Result.DELIVERED
    bad: Result = Result.FAILED_TEMPORARY
    reply: tuple[int, str] = (204, "")
    is_batched: bool = False
    is_forged_by_token: bool = True
    idempotent: bool = False
    hook: BankRequest | None = None


def _signed(body: dict[str, Any]) -> Posted:
    raw = json.dumps(body)
    at = datetime.now(UTC)
    signature = Webhook(WEBHOOK).sign("m-1", at, raw)
    headers = {"webhook-id": "m-1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    return Posted(raw.encode(), path="", headers=headers)


def _gateway(channel: Channel, *fields: str, **more: Any) -> Vendor:
    return Vendor(
        channel=channel,
        options={},
        secrets={},
        secret=WEBHOOK,
        accepts=Says({"ref": REF}, 202),
        accepted=Accepted(REF),
        fields=frozenset(("id", "channel", "callback_url", *fields)),
        refusals=(
            (Says("", 429), Transient("gateway answered 429")),
            (Says("", 503), Transient("gateway answered 503")),
            (Says("", 401), OperationsFault("gateway answered 401")),
            (Says("", 402), OperationsFault("gateway answered 402")),
            (Says({"code": "content"}, 422), Permanent(Result.REJECTED_CONTENT, "content")),
            (Says({"code": "blacklisted"}, 403 + 19), SwitchChannel("blacklisted")),
            (Says("", 418), Permanent(Result.FAILED_PERMANENT, "gateway answered 418")),
        ),
        echo=lambda asked: asked.json["id"] if asked.headers["idempotency-key"] == asked.json["id"] else None,
        is_signed=lambda asked: asked.headers["authorization"] == f"Bearer {WEBHOOK}",
        statuses=(
            (lambda key: Says({"id": key, "ref": REF, "result": "DELIVERED"}), Answered(Result.DELIVERED, ref=REF)),
            (lambda key: Says({"id": key, "ref": REF, "result": "QUEUED"}), Accepted(REF, held=True)),
            (lambda key: Says("", 404), NeverTaken()),
            (lambda key: Says("<html>"), InDoubt("status query answered in an unknown form")),
        ),
        reports=lambda key, ref, well: _signed(
            {"id": key, "ref": ref, "result": "DELIVERED" if well else "FAILED_TEMPORARY"}
        ),
        is_forged_by_token=False,
        idempotent=True,
        **more,
    )


def _cloud(product: Mapping[str, Any], templates: list[dict[str, Any]]) -> dict[str, Any]:
    return {**product, "templates": templates}


def _tencent_status(code: str) -> Says:
    return Says(
        {"Response": {"SendStatusSet": [{"SerialNo": "", "Code": code, "Message": "何样兰"}], "RequestId": "r"}}
    )


def _tencent_error(code: str) -> Says:
    return Says({"Response": {"Error": {"Code": code, "Message": "+8615400000001"}, "RequestId": "r"}})


def _aliyun_error(code: str, status: int = 200) -> Says:
    return Says({"Code": code, "Message": "15400000001", "RequestId": "r"}, status)


def _aliyun_details(key: str, state: int, **more: Any) -> Says:
    others = {"OutId": "somebody-else", "SendStatus": 3}
    rows = [others, {"OutId": key, "SendStatus": state, "PhoneNum": "15400000001", **more}]
    return Says({"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows}, "TotalCount": 2})


def _array(item: dict[str, Any]) -> Posted:
    return Posted(json.dumps([item], ensure_ascii=False).encode())


def _short(key: str) -> str:
    return base64.urlsafe_b64encode(UUID(key).bytes[:11]).decode().rstrip("=")


def _sms_report(key: str, ref: str, well: bool) -> Posted:
    code = "DELIVERED" if well else "MK:0004"
    times = {"send_time": "2026-03-02 09:00:00", "report_time": "2026-03-02 09:00:05", "sms_size": "1"}
    words = {"success": well, "err_code": code, "err_msg": "何样兰", "biz_id": ref, "out_id": key}
    return _array({"phone_number": "15400000001", **times, **words})


def _voice_report(key: str, ref: str, well: bool) -> Posted:
    what = {"status_code": "200000", "dtmf": "1"} if well else {"status_code": "200002"}
    return _array({"call_id": ref, "out_id": _short(key), "callee": "15400000001", "duration": "12", **what})


def _callback(key: str, ref: str, well: bool) -> Posted:
    status = {"report_status": "SUCCESS" if well else "FAIL", "errmsg": "DELIVRD" if well else "UNDELIV"}
    who = {"mobile": "15400000001", "nationcode": "86", "description": "何样兰"}
    return _array({"user_receive_time": "2026-03-02 09:00:05", "sid": ref, "ext": key, **who, **status})


def _voice_callback(key: str, ref: str, well: bool) -> Posted:
    who = {"call_from": "", "callid": ref, "mobile": "15400000001", "nationcode": "86"}
    key_1 = {"voicekey_callback": {**who, "keypress": "1"}}
    busy = {"voice_failure_callback": {**who, "failure_code": 2, "failure_reason": "占线"}}
    return Posted(json.dumps(key_1 if well else busy).encode())


_ALIYUN_SECRETS = {"access_key_id": "AKID", "receipts_token": TOKEN}
_TENCENT_SECRETS = {"secret_id": "TID", "receipts_token": TOKEN}

VENDORS: Mapping[str, Vendor] = {
    "http_gateway": _gateway(Channel.SMS, "to", "text"),
    "number_only": _gateway(Channel.SMS, "to", "type"),
    "bank_hook": _gateway(Channel.HOOK, "to", "hook", hook=BankRequest.STOP_PAYMENT),
    "group_notice": _gateway(Channel.BROADCAST, "text", "area"),
    "kannel": Vendor(
        channel=Channel.SMS,
        options={"username": "disp", "sender": "12381"},
        secrets={"receipts_token": TOKEN},
        accepts=Says("0: Accepted for delivery", 202),
        accepted=Accepted(),
        fields=frozenset(
            f"?{name}"
            for name in ["username", "password", "from", "to", "text", "charset", "coding", "dlr-mask", "dlr-url"]
        ),
        refusals=(
            (Says("3: Queued for later delivery", 202), Accepted(held=True)),
            (Says("Authorization failed for sendsms", 403), OperationsFault("kannel answered 403")),
            (Says("Missing receiver number, rejected", 400), OperationsFault("kannel answered 400")),
            (Says("Temporal failure, try again later.", 503), Transient("kannel answered 503")),
            (Says("", 500), InDoubt("kannel answered 500")),
        ),
        echo=lambda asked: asked.parameters["dlr-url"].split(f"/receipts/kannel/{TOKEN}?id=")[1].split("&")[0],
        is_signed=lambda asked: asked.parameters["password"] == "the-secret",
        statuses=((lambda key: Says(""), InDoubt("no status query")),),
        reports=lambda key, ref, well: Posted(method="GET", query={"id": key, "type": "1" if well else "34"}),
        reply=(200, "ok"),
    ),
    "aliyun_sms": Vendor(
        channel=Channel.SMS,
        options=_cloud({"sign_name": "云汀反诈"}, TEMPLATES),
        secrets=_ALIYUN_SECRETS,
        accepts=Says({"Code": "OK", "Message": "OK", "BizId": REF, "RequestId": "r"}),
        accepted=Accepted(REF),
        fields=frozenset(f"?{name}" for name in ["PhoneNumbers", "SignName", "TemplateCode", "TemplateParam", "OutId"]),
        refusals=(
            (_aliyun_error("isv.OUT_OF_SERVICE"), OperationsFault("isv.OUT_OF_SERVICE")),
            (_aliyun_error("isv.AMOUNT_NOT_ENOUGH"), OperationsFault("isv.AMOUNT_NOT_ENOUGH")),
            (_aliyun_error("isv.SMS_SIGN_ILLEGAL"), OperationsFault("isv.SMS_SIGN_ILLEGAL")),
            (_aliyun_error("SignatureDoesNotMatch", 400), OperationsFault("SignatureDoesNotMatch")),
            (_aliyun_error("Forbidden.RAM", 403), OperationsFault("Forbidden.RAM")),
            (_aliyun_error("isv.BUSINESS_LIMIT_CONTROL"), SwitchChannel("isv.BUSINESS_LIMIT_CONTROL")),
            (
                _aliyun_error("isv.MOBILE_NUMBER_ILLEGAL"),
                Permanent(Result.FAILED_PERMANENT, "isv.MOBILE_NUMBER_ILLEGAL"),
            ),
            (_aliyun_error("isv.SMS_CONTENT_ILLEGAL"), Permanent(Result.REJECTED_CONTENT, "isv.SMS_CONTENT_ILLEGAL")),
            (_aliyun_error("isp.SYSTEM_ERROR"), Transient("isp.SYSTEM_ERROR")),
            (_aliyun_error("Throttling.User", 400), Transient("Throttling.User")),
            (_aliyun_error("isv.SOMETHING_NEW"), Transient("isv.SOMETHING_NEW")),
            (_aliyun_error("何样兰 15400000001"), Transient("unreadable_code")),
            (_aliyun_error("InternalError", 500), InDoubt("InternalError")),
            (_aliyun_error("SomethingNew", 500), InDoubt("500 SomethingNew")),
            (Says("<html>", 502), InDoubt("502 answer in an unknown form")),
            (Says("<html>", 503), Transient("answer in an unknown form")),
        ),
        echo=lambda asked: asked.parameters["OutId"],
        is_signed=lambda asked: signed_by_aliyun(asked, "the-secret"),
        statuses=(
            (
                lambda key: _aliyun_details(key, 3, ErrCode="DELIVERED"),
                Answered(Result.DELIVERED, ref=REF, detail="DELIVERED"),
            ),
            (
                lambda key: _aliyun_details(key, 2, ErrCode="MK:0004"),
                Answered(Result.FAILED_TEMPORARY, ref=REF, detail="MK:0004"),
            ),
            (lambda key: _aliyun_details(key, 1), Accepted(REF)),
            (lambda key: _aliyun_details("another", 3), InDoubt("not listed")),
            (lambda key: _aliyun_error("Throttling.User", 400), InDoubt("status query refused")),
            (lambda key: Says("<html>"), InDoubt("answer in an unknown form")),
        ),
        reports=_sms_report,
        reply=(200, ALIYUN_REPLY),
        is_batched=True,
    ),
    "tencent_sms": Vendor(
        channel=Channel.SMS,
        options=_cloud({"sign_name": "云汀反诈", "sms_sdk_app_id": "1400006666"}, TEMPLATES),
        secrets=_TENCENT_SECRETS,
        accepts=Says({"Response": {"SendStatusSet": [{"SerialNo": REF, "Code": "Ok", "Fee": 1}], "RequestId": "r"}}),
        accepted=Accepted(REF),
        fields=frozenset(
            ("PhoneNumberSet[]", "SmsSdkAppId", "SignName", "TemplateId", "TemplateParamSet[]", "SessionContext")
        ),
        refusals=(
            (
                _tencent_status("FailedOperation.InsufficientBalanceInSmsPackage"),
                OperationsFault("FailedOperation.InsufficientBalanceInSmsPackage"),
            ),
            (
                _tencent_status("FailedOperation.SignatureIncorrectOrUnapproved"),
                OperationsFault("FailedOperation.SignatureIncorrectOrUnapproved"),
            ),
            (_tencent_error("AuthFailure.SignatureFailure"), OperationsFault("AuthFailure.SignatureFailure")),
            (
                _tencent_error("UnauthorizedOperation.ServiceSuspendDueToArrears"),
                OperationsFault("UnauthorizedOperation.ServiceSuspendDueToArrears"),
            ),
            (_tencent_status("LimitExceeded.AppDailyLimit"), OperationsFault("LimitExceeded.AppDailyLimit")),
            (
                _tencent_status("LimitExceeded.PhoneNumberDailyLimit"),
                SwitchChannel("LimitExceeded.PhoneNumberDailyLimit"),
            ),
            (
                _tencent_status("FailedOperation.PhoneNumberInBlacklist"),
                SwitchChannel("FailedOperation.PhoneNumberInBlacklist"),
            ),
            (
                _tencent_status("InvalidParameterValue.IncorrectPhoneNumber"),
                Permanent(Result.FAILED_PERMANENT, "InvalidParameterValue.IncorrectPhoneNumber"),
            ),
            (
                _tencent_status("FailedOperation.ContainSensitiveWord"),
                Permanent(Result.REJECTED_CONTENT, "FailedOperation.ContainSensitiveWord"),
            ),
            (_tencent_error("RequestLimitExceeded"), Transient("RequestLimitExceeded")),
            (
                _tencent_status("LimitExceeded.DeliveryFrequencyLimit"),
                Transient("LimitExceeded.DeliveryFrequencyLimit"),
            ),
            (_tencent_error("Something.New"), Transient("Something.New")),
            (_tencent_error("InternalError.Timeout"), InDoubt("InternalError.Timeout")),
            (_tencent_status("InternalError.SendAndRecvFail"), InDoubt("InternalError.SendAndRecvFail")),
        ),
        echo=lambda asked: asked.json["SessionContext"],
        is_signed=lambda asked: signed_by_tencent(asked, "the-secret"),
        statuses=(
            (
                lambda key: _pulled(SessionContext=key, SerialNo="ref-2"),
                Answered(Result.DELIVERED, ref="ref-2", detail="DELIVRD"),
            ),
            (
                lambda key: _pulled(SessionContext="", SerialNo=REF, ReportStatus="FAIL", Description="UNDELIV"),
                Answered(Result.FAILED_TEMPORARY, ref=REF, detail="UNDELIV"),
            ),
            (lambda key: _pulled(SessionContext="", SerialNo="another"), InDoubt("not listed")),
            (lambda key: _tencent_error("RequestLimitExceeded"), InDoubt("status query refused")),
            (lambda key: Says("<html>"), InDoubt("answer in an unknown form")),
        ),
        reports=_callback,
        reply=(200, TENCENT_REPLY),
        is_batched=True,
    ),
    "aliyun_voice": Vendor(
        channel=Channel.VOICE,
        options=_cloud({"show_number": "057100000000"}, MENUS),
        secrets=_ALIYUN_SECRETS,
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
            (_aliyun_error("isv.TTS_TEMPLATE_ILLEGAL"), OperationsFault("isv.TTS_TEMPLATE_ILLEGAL")),
            (_aliyun_error("isv.BUSINESS_LIMIT_CONTROL"), SwitchChannel("isv.BUSINESS_LIMIT_CONTROL")),
            (
                _aliyun_error("isv.MOBILE_NUMBER_ILLEGAL"),
                Permanent(Result.INVALID_NUMBER, "isv.MOBILE_NUMBER_ILLEGAL"),
            ),
            (_aliyun_error("isp.SYSTEM_ERROR"), Transient("isp.SYSTEM_ERROR")),
            (_aliyun_error("InternalError", 500), InDoubt("InternalError")),
        ),
        # As much of it as the vendor takes.
        echo=lambda asked: asked.parameters["OutId"],
        is_signed=lambda asked: signed_by_aliyun(asked, "the-secret"),
        statuses=(
            (lambda key: _call("200010"), Answered(Result.POWERED_OFF, ref=REF)),
            (lambda key: _call("200000"), Answered(Result.UNKNOWN, ref=REF, detail="no_key")),
            (lambda key: _call(""), Accepted(REF)),
            (lambda key: Says({"Code": "OK", "Data": "no json"}), InDoubt("not listed")),
            (lambda key: _aliyun_error("isp.SYSTEM_ERROR"), InDoubt("status query refused")),
        ),
        reports=_voice_report,
        good=Result.ANSWERED_SUBJECT,
        bad=Result.BUSY,
        reply=(200, ALIYUN_REPLY),
        is_batched=True,
    ),
    "tencent_voice": Vendor(
        channel=Channel.VOICE,
        options=_cloud({"voice_sdk_app_id": "1400006666"}, TEMPLATES),
        secrets=_TENCENT_SECRETS,
        accepts=Says({"Response": {"SendStatus": {"CallId": REF, "SessionContext": ""}, "RequestId": "r"}}),
        accepted=Accepted(REF),
        fields=frozenset(("CalledNumber", "VoiceSdkAppid", "TemplateId", "TemplateParamSet[]", "SessionContext")),
        refusals=(
            (
                _tencent_error("FailedOperation.InsufficientBalanceInVoicePackage"),
                OperationsFault("FailedOperation.InsufficientBalanceInVoicePackage"),
            ),
            (
                _tencent_error("InvalidParameterValue.CalledNumberVerifyFail"),
                Permanent(Result.INVALID_NUMBER, "InvalidParameterValue.CalledNumberVerifyFail"),
            ),
            (_tencent_error("LimitExceeded.DeliveryFrequencyLimit"), Transient("LimitExceeded.DeliveryFrequencyLimit")),
            (
                _tencent_error("FailedOperation.AccessUpstreamTimeout"),
                InDoubt("FailedOperation.AccessUpstreamTimeout"),
            ),
        ),
        echo=lambda asked: asked.json["SessionContext"],
        is_signed=lambda asked: signed_by_tencent(asked, "the-secret"),
        statuses=((lambda key: Says(""), InDoubt("no status query")),),
        reports=_voice_callback,
        good=Result.ANSWERED_SUBJECT,
        bad=Result.BUSY,
        reply=(200, TENCENT_REPLY),
    ),
    "wecom_robot": Vendor(
        channel=Channel.BROADCAST,
        options={},
        secrets={},
        accepts=Says({"errcode": 0, "errmsg": "ok"}),
        accepted=Answered(Result.DELIVERED),
        fields=frozenset(("?key", "msgtype", "text.content")),
        refusals=(
            (Says({"errcode": 45009, "errmsg": "limit"}), Transient("errcode.45009")),
            (Says({"errcode": 93000, "errmsg": "invalid webhook url"}), OperationsFault("errcode.93000")),
            (Says({"errcode": 40058}), Permanent(Result.REJECTED_CONTENT, "errcode.40058")),
            (Says({"errcode": -1}), Transient("unreadable_code")),
        ),
        is_signed=lambda asked: asked.parameters["key"] == "the-secret",
        statuses=((lambda key: Says(""), InDoubt("no status query")),),
    ),
}


def _pulled(**row: Any) -> Says:
    whole = {"PhoneNumber": "+8615400000001", "ReportStatus": "SUCCESS", "Description": "DELIVRD", **row}
    return Says({"Response": {"PullSmsSendStatusSet": [whole], "RequestId": "r"}})


def _call(state: str) -> Says:
    return Says({"Code": "OK", "Data": json.dumps({"state": state, "callee": "15400000001", "duration": 0})})


# Adapters of other packages bring their rows along: docs/write-a-provider.md.
VENDORS.update({entry.name: entry.load() for entry in entry_points(group="dispatcher.contracts")})
