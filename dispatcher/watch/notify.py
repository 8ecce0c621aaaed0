"""Sends alarms: as JSON, and to a webhook signed as Standard Webhooks."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook
from tenacity import RetryError, retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from dispatcher import clock
from dispatcher.errors import OperatorError
from dispatcher.logging import logger
from dispatcher.store.base import new_id
from dispatcher.watch.alarms import Alarm
from dispatcher.watch.limits import Limits

_TIMEOUT_S = 5.0
_log = logger(__name__)


def as_json(state: str, alarm: Alarm) -> dict[str, Any]:
    return {
        "alarm": alarm.code.value,
        "state": state,
        "about": alarm.about or None,
        "since": alarm.since.astimezone(UTC).isoformat(timespec="seconds"),
        "count": alarm.count,
        "zh": alarm.zh,
        "en": alarm.en,
    }


def alive(active: int, at: datetime) -> dict[str, Any]:
    """The watch's own sign of life: whoever hears none for longer than that looks after the watch."""
    return {"alarm": None, "state": "alive", "at": at.isoformat(timespec="seconds"), "count": active}


@dataclass(frozen=True)
class AlarmWebhook:
    """The address that alarms are posted to. A failure is logged and passed over: the lines are still written."""

    url: str
    signer: Webhook

    def post(self, body: dict[str, Any]) -> bool:
        try:
            _post(self, f"alarm_{new_id()}", json.dumps(body, ensure_ascii=False))
        except RetryError as error:
            cause = error.last_attempt.exception()
            _log.warning("alarm_not_posted", alarm=body["alarm"] or body["state"], error=type(cause).__name__)
            return False
        return True


@retry(stop=stop_after_attempt(3), wait=wait_exponential(0.3), retry=retry_if_exception_type(httpx.HTTPError))
def _post(webhook: AlarmWebhook, webhook_id: str, body: str) -> None:
    """One id for every try: that is how a receiver of Standard Webhooks knows copies."""
    at = clock.real_now()
    headers = {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": webhook.signer.sign(webhook_id, at, body),
    }
    httpx.post(webhook.url, content=body, headers=headers, timeout=_TIMEOUT_S, trust_env=False).raise_for_status()


def build_webhook(limits: Limits) -> AlarmWebhook | None:
    """None if no address is set. Raises OperatorError if alarms could not be signed."""
    if limits.url is None:
        return None
    if limits.secret is None:
        raise OperatorError(
            "设置了 DISPATCHER_WATCH_URL,但未设置 DISPATCHER_WATCH_SECRET",
            "DISPATCHER_WATCH_URL is set, but DISPATCHER_WATCH_SECRET (whsec_…), which signs, is not",
        )
    try:
        return AlarmWebhook(limits.url, Webhook(limits.secret.get_secret_value()))
    except (ValueError, EmptyWebhookSecretError):
        raise OperatorError(
            "DISPATCHER_WATCH_SECRET 应为 whsec_ 加 base64", "DISPATCHER_WATCH_SECRET must be whsec_ and base64"
        ) from None
