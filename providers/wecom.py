"""Adapter for a WeCom group robot: posts a warning that names nobody to one group, such as a neighbourhood.

Source: developer.work.weixin.qq.com/document/path/91770, second-hand. The address of a robot is its secret. No
receipts, no status query, no idempotence; 20 messages a minute for one robot, and 2,048 bytes a message.
"""

import httpx

from providers import error_codes, http, options, reach, tiers
from providers.base import (
    Answered,
    Capabilities,
    Message,
    Outcome,
    ProviderSettings,
    SendOnlyProvider,
)
from providers.error_codes import ErrorCodes, operations_fault, permanent, transient
from providers.limits import Limits, Rate
from schemas.vocabulary import Channel, Result

_CHANNELS = frozenset({Channel.BROADCAST})

# By its errcode; all [MEM], unconfirmed.
ERROR_CODES: ErrorCodes = {
    "errcode.45009": transient,  # 20 a minute
    "errcode.93000": operations_fault,  # no such robot
    "errcode.40008": permanent(Result.REJECTED_CONTENT),
    "errcode.40058": permanent(Result.REJECTED_CONTENT),
}

# Of one robot; second-hand, as the rest.
_LIMITS = Limits(rate=(Rate(20, 60),))


class WecomRobot(SendOnlyProvider):
    """Settings: secret_env (the key in the robot's address), base_url, timeout_s (10)."""

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises SettingsError."""
        self.name = settings.name
        self.capabilities = Capabilities(
            channels=options.channels(settings, _CHANNELS), destinations=settings.destinations, limits=_LIMITS
        )
        self.timeout_s = options.timeout_s(settings)
        self._key = options.secret(settings)
        url = options.base_url(settings, "https://qyapi.weixin.qq.com")
        self.address = reach.of_url(url)
        self._http = http.client(url, timeout_s=self.timeout_s)

    async def send(self, message: Message) -> Outcome:
        payload = {**message.facts, "text": message.text}
        if fault := tiers.fault(payload, message):
            return fault
        lines = [line for line in (message.facts.get("area"), message.text) if line]
        body = {"msgtype": "text", "text": {"content": "\n".join(lines)}}
        answer = await http.exchange(self._http, "POST", "/cgi-bin/webhook/send", params={"key": self._key}, json=body)
        return _outcome(answer) if isinstance(answer, httpx.Response) else answer

    async def close(self) -> None:
        await self._http.aclose()


def _outcome(answer: httpx.Response) -> Outcome:
    code = (http.json_object(answer) or {}).get("errcode")
    if not isinstance(code, int) or isinstance(code, bool):
        return error_codes.unreadable(answer.status_code)
    if code == 0:
        return Answered(Result.DELIVERED)
    return error_codes.outcome(ERROR_CODES, f"errcode.{code}", answer.status_code)
