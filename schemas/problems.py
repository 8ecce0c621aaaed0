"""What can be wrong with a call of the API: codes that clients rely on, each with its HTTP status (RFC 9457)."""

from enum import StrEnum
from http import HTTPStatus
from typing import NamedTuple

TYPE = "urn:warning-dispatcher:problem:"
"""A problem's `type` is this and its code."""


class _Row(NamedTuple):
    status: HTTPStatus
    zh: str
    en: str


class ProblemCode(StrEnum):
    """A stable code; status and words stand in `PROBLEMS`."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    OUT_OF_SCOPE = "out_of_scope"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TOO_SLOW = "too_slow"
    CONFLICT = "conflict"
    STALE = "stale"
    AMBIGUOUS = "ambiguous"
    TOO_LARGE = "too_large"
    MEDIA_TYPE = "media_type"
    REFUSED = "refused"
    KEY_REUSED = "key_reused"
    TOO_MANY_CALLS = "too_many_calls"
    FAULT = "fault"
    UNAVAILABLE = "unavailable"


PROBLEMS: dict[ProblemCode, _Row] = {
    ProblemCode.MALFORMED: _Row(HTTPStatus.BAD_REQUEST, "请求格式有误", "the request can't be read"),
    ProblemCode.UNAUTHENTICATED: _Row(HTTPStatus.UNAUTHORIZED, "缺少有效密钥", "no valid key"),
    ProblemCode.OUT_OF_SCOPE: _Row(HTTPStatus.FORBIDDEN, "该客户端无此权限", "this client may not do that"),
    ProblemCode.ADDRESS_NOT_ALLOWED: _Row(
        HTTPStatus.FORBIDDEN, "该来源地址不在允许范围内", "this client may not call from this address"
    ),
    ProblemCode.NOT_FOUND: _Row(
        HTTPStatus.NOT_FOUND, "没有该对象,或不属于该客户端", "nothing of this client's is there"
    ),
    ProblemCode.METHOD_NOT_ALLOWED: _Row(HTTPStatus.METHOD_NOT_ALLOWED, "不支持该方法", "not with this method"),
    ProblemCode.TOO_SLOW: _Row(HTTPStatus.REQUEST_TIMEOUT, "请求体迟迟未到齐", "the body did not come in time"),
    ProblemCode.CONFLICT: _Row(
        HTTPStatus.CONFLICT,
        "同一版本内容不同:已按两者中更稳妥的内容处置,交主管核对",
        "same version, other content: the safer of both is applied until a supervisor has decided",
    ),
    ProblemCode.STALE: _Row(
        HTTPStatus.CONFLICT, "已有更新的版本,未作更改", "a newer version has come; nothing was changed"
    ),
    ProblemCode.AMBIGUOUS: _Row(
        HTTPStatus.CONFLICT, "多个来源使用同一编号,请注明 system", "several sources use this id; say which `system`"
    ),
    ProblemCode.TOO_LARGE: _Row(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "请求体过大", "the body is too large"),
    ProblemCode.MEDIA_TYPE: _Row(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "不支持该内容类型", "the body is of another media type than this takes"
    ),
    ProblemCode.REFUSED: _Row(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "未受理;原文已留存于隔离区",
        "not taken; kept in the quarantine",
    ),
    ProblemCode.KEY_REUSED: _Row(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "该 Idempotency-Key 已用于另一请求",
        "this Idempotency-Key was used for another request",
    ),
    ProblemCode.TOO_MANY_CALLS: _Row(HTTPStatus.TOO_MANY_REQUESTS, "调用过于频繁", "too many calls"),
    ProblemCode.FAULT: _Row(HTTPStatus.INTERNAL_SERVER_ERROR, "本系统处理出错", "a fault of the program"),
    ProblemCode.UNAVAILABLE: _Row(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "数据库暂不可用,未作更改,请按 Retry-After 重试",
        "the database is away; nothing was changed, try again after Retry-After",
    ),
}
