"""What Kannel says on the wire."""

from vendor_stub import Says

from providers.base import Accepted, InDoubt, OperationsFault, Transient
from schemas.vocabulary import Channel
from vendors.row import TOKEN, Posted, Vendor, wrong_token

ROWS = {
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
        forgeries=wrong_token,
        reply=(200, "ok"),
    )
}
