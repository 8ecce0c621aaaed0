"""What a WeCom group robot says on the wire."""

from vendor_stub import Says

from providers.base import Answered, InDoubt, OperationsFault, Permanent, Transient
from schemas.vocabulary import Channel, Result
from vendors.row import Vendor

ROWS = {
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
        echoes=lambda key: None,
        is_signed=lambda asked: asked.parameters["key"] == "the-secret",
        statuses=((lambda key: Says(""), InDoubt("no status query")),),
    )
}
