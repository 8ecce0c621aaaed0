"""Adapter for a WeCom group robot: posts a warning that names nobody to one group, such as that of a neighbourhood.

Source: developer.work.weixin.qq.com/document/path/91770, second-hand. The address of a robot is its secret. No
receipts, no status query, no idempotence; 20 messages a minute for one robot, and 2,048 bytes a message.
"""

import httpx

from providers import codes, http, options, tiers
from providers.base import (
    Answered,
    Callback,
    Capabilities,
    InDoubt,
    Inquiry,
    Message,
    Outcome,
    ProviderSettings,
    ReceiptRefused,
    Receipts,
    Status,
)
from providers.codes import Codes
from providers.limits import Limits, Rate
from schemas.vocabulary import Channel, Result

_CHANNELS = frozenset({Channel.BROADCAST})

# errcode as a code of ours; all [MEM], unconfirmed.
REFUSALS: Codes = {
    "errcode.45009": codes.later,  # 20 a minute
    "errcode.93000": codes.mend,  # no such robot
    "errcode.40008": codes.never(Result.REJECTED_CONTENT),
    "errcode.40058": codes.never(Result.REJECTED_CONTENT),
}


# Of one robot; second-hand, as the rest.
LIMITS = Limits(rate=(Rate(20, 60),))


class WecomRobot:
    """Settings: secret_env (the key in the robot's address), base_url, timeout_s (10)."""

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        self.name = settings.name
        self.capabilities = Capabilities(
            channels=options.channels(settings, _CHANNELS), destinations=settings.destinations, limits=LIMITS
        )
        self.timeout_s = options.timeout_s(settings)
        self._key = options.secret(settings)
        url = options.base_url(settings, "https://qyapi.weixin.qq.com")
        self._http = http.client(url, timeout_s=self.timeout_s)

    async def send(self, message: Message) -> Outcome:
        told = {**message.facts, "text": message.text}
        if fault := tiers.fault(told, message):
            return fault
        lines = [line for line in (told.get("area"), message.text) if line]
        body = {"msgtype": "text", "text": {"content": "\n".join(lines)}}
        answer = await http.exchange(self._http, "POST", "/cgi-bin/webhook/send", params={"key": self._key}, json=body)
        return _outcome(answer) if isinstance(answer, httpx.Response) else answer

    async def query(self, inquiry: Inquiry) -> Status:
        return InDoubt("no status query")

    async def cancel(self, send_key: str) -> bool:
        return False

    def parse_receipts(self, callback: Callback) -> Receipts:
        raise ReceiptRefused("a group robot sends no receipts")

    async def close(self) -> None:
        await self._http.aclose()


def _outcome(answer: httpx.Response) -> Outcome:
    code = (http.json_object(answer) or {}).get("errcode")
    if not isinstance(code, int) or isinstance(code, bool):
        return codes.unreadable(answer.status_code)
    if code == 0:
        return Answered(Result.DELIVERED)
    return codes.outcome(REFUSALS, f"errcode.{code}", answer.status_code)
