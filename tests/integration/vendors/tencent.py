"""What Tencent Cloud says on the wire."""

import json
from typing import Any

from vendor_stub import Says, signed_by_tencent

from providers.base import Accepted, Answered, InDoubt, OperationsFault, Permanent, SwitchChannel, Transient
from schemas.vocabulary import Channel, Result
from vendors.row import REF, TEMPLATES, TOKEN, Posted, Vendor, pushed_array, wrong_token

_REPLY = '{"result":0,"errmsg":"OK"}'
_SECRETS = {"secret_id": "TID", "receipts_token": TOKEN}


def _refused(code: str) -> Says:
    return Says(
        {"Response": {"SendStatusSet": [{"SerialNo": "", "Code": code, "Message": "何样兰"}], "RequestId": "r"}}
    )


def _error(code: str) -> Says:
    return Says({"Response": {"Error": {"Code": code, "Message": "+8615400000001"}, "RequestId": "r"}})


def _pulled(**row: Any) -> Says:
    whole = {"PhoneNumber": "+8615400000001", "ReportStatus": "SUCCESS", "Description": "DELIVRD", **row}
    return Says({"Response": {"PullSmsSendStatusSet": [whole], "RequestId": "r"}})


def _callback(key: str, ref: str, well: bool) -> Posted:
    status = {"report_status": "SUCCESS" if well else "FAIL", "errmsg": "DELIVRD" if well else "UNDELIV"}
    who = {"mobile": "15400000001", "nationcode": "86", "description": "何样兰"}
    return pushed_array({"user_receive_time": "2026-03-02 09:00:05", "sid": ref, "ext": key, **who, **status})


def _voice_callback(key: str, ref: str, well: bool) -> Posted:
    who = {"call_from": "", "callid": ref, "mobile": "15400000001", "nationcode": "86"}
    key_1 = {"voicekey_callback": {**who, "keypress": "1"}}
    busy = {"voice_failure_callback": {**who, "failure_code": 2, "failure_reason": "占线"}}
    return Posted(json.dumps(key_1 if well else busy).encode())


SMS = Vendor(
    channel=Channel.SMS,
    options={"sign_name": "云汀反诈", "sms_sdk_app_id": "1400006666", "templates": TEMPLATES},
    secrets=_SECRETS,
    accepts=Says({"Response": {"SendStatusSet": [{"SerialNo": REF, "Code": "Ok", "Fee": 1}], "RequestId": "r"}}),
    accepted=Accepted(REF),
    fields=frozenset(
        ("PhoneNumberSet[]", "SmsSdkAppId", "SignName", "TemplateId", "TemplateParamSet[]", "SessionContext")
    ),
    refusals=(
        (
            _refused("FailedOperation.InsufficientBalanceInSmsPackage"),
            OperationsFault("FailedOperation.InsufficientBalanceInSmsPackage"),
        ),
        (
            _refused("FailedOperation.SignatureIncorrectOrUnapproved"),
            OperationsFault("FailedOperation.SignatureIncorrectOrUnapproved"),
        ),
        (_error("AuthFailure.SignatureFailure"), OperationsFault("AuthFailure.SignatureFailure")),
        (
            _error("UnauthorizedOperation.ServiceSuspendDueToArrears"),
            OperationsFault("UnauthorizedOperation.ServiceSuspendDueToArrears"),
        ),
        (_refused("LimitExceeded.AppDailyLimit"), OperationsFault("LimitExceeded.AppDailyLimit")),
        (
            _refused("LimitExceeded.PhoneNumberDailyLimit"),
            SwitchChannel("LimitExceeded.PhoneNumberDailyLimit"),
        ),
        (
            _refused("FailedOperation.PhoneNumberInBlacklist"),
            SwitchChannel("FailedOperation.PhoneNumberInBlacklist"),
        ),
        (
            _refused("InvalidParameterValue.IncorrectPhoneNumber"),
            Permanent(Result.FAILED_PERMANENT, "InvalidParameterValue.IncorrectPhoneNumber"),
        ),
        (
            _refused("FailedOperation.ContainSensitiveWord"),
            Permanent(Result.REJECTED_CONTENT, "FailedOperation.ContainSensitiveWord"),
        ),
        (_error("RequestLimitExceeded"), Transient("RequestLimitExceeded")),
        (
            _refused("LimitExceeded.DeliveryFrequencyLimit"),
            Transient("LimitExceeded.DeliveryFrequencyLimit"),
        ),
        (_error("Something.New"), Transient("Something.New")),
        (_error("InternalError.Timeout"), InDoubt("InternalError.Timeout")),
        (_refused("InternalError.SendAndRecvFail"), InDoubt("InternalError.SendAndRecvFail")),
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
        (lambda key: _error("RequestLimitExceeded"), InDoubt("status query refused")),
        (lambda key: Says("<html>"), InDoubt("answer in an unknown form")),
    ),
    reports=_callback,
    forgeries=wrong_token,
    reply=(200, _REPLY),
    is_batched=True,
)

VOICE = Vendor(
    channel=Channel.VOICE,
    options={"voice_sdk_app_id": "1400006666", "templates": TEMPLATES},
    secrets=_SECRETS,
    accepts=Says({"Response": {"SendStatus": {"CallId": REF, "SessionContext": ""}, "RequestId": "r"}}),
    accepted=Accepted(REF),
    fields=frozenset(("CalledNumber", "VoiceSdkAppid", "TemplateId", "TemplateParamSet[]", "SessionContext")),
    refusals=(
        (
            _error("FailedOperation.InsufficientBalanceInVoicePackage"),
            OperationsFault("FailedOperation.InsufficientBalanceInVoicePackage"),
        ),
        (
            _error("InvalidParameterValue.CalledNumberVerifyFail"),
            Permanent(Result.INVALID_NUMBER, "InvalidParameterValue.CalledNumberVerifyFail"),
        ),
        (_error("LimitExceeded.DeliveryFrequencyLimit"), Transient("LimitExceeded.DeliveryFrequencyLimit")),
        (
            _error("FailedOperation.AccessUpstreamTimeout"),
            InDoubt("FailedOperation.AccessUpstreamTimeout"),
        ),
    ),
    echo=lambda asked: asked.json["SessionContext"],
    is_signed=lambda asked: signed_by_tencent(asked, "the-secret"),
    statuses=((lambda key: Says(""), InDoubt("no status query")),),
    reports=_voice_callback,
    reports_echo_key=False,
    good=Result.ANSWERED_SUBJECT,
    bad=Result.BUSY,
    forgeries=wrong_token,
    reply=(200, _REPLY),
)

ROWS = {"tencent_sms": SMS, "tencent_voice": VOICE}
