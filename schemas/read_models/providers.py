"""Providers 服务商: how each stands now, and how it came to stand so."""

from schemas.read_models.base import Json, Moment, ReadModel
from schemas.vocabulary import Cause, Channel, Health


class LimitUse(ReadModel):
    """One limit of a provider. `used` is None if it is counted for each number by itself, or was not asked."""

    kind: str
    limit: str
    used: int | None


class ProviderStatus(ReadModel):
    """One provider; `cause`, `by` and `note` are of the last change.

    `health` and `since` are None where PROVIDERS_FILE names it no more, and something is in doubt there.
    """

    provider: str
    channels: list[Channel]
    weight: float
    health: Health | None
    share: float | None
    since: Moment | None
    cause: Cause | None
    by: str | None
    note: str | None
    in_doubt: int
    last_error: str | None
    last_error_at: Moment | None
    limits: list[LimitUse]


class ProviderChange(ReadModel):
    """One change of health. `share` of its weight holds from then on; `seen` are the counts that it was judged by."""

    at: Moment
    provider: str
    before: Health
    after: Health
    share: float | None
    cause: Cause
    by: str | None
    note: str | None
    seen: Json | None
