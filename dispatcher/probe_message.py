"""One message outside any case, through the real adapter: what a probe and a test of a provider send."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, insert

from dispatcher.store.probes import ProbeRow
from providers import registry
from providers.base import Message, Outcome, ProviderSettings

_KEPT = timedelta(days=1)


def register(engine: Engine, key: str, at: datetime) -> None:
    """Write it down before it leaves, as every message: the hooks take receipts of what they know."""
    with engine.begin() as connection:
        connection.execute(delete(ProbeRow).where(ProbeRow.sent_at < at - _KEPT))
        connection.execute(insert(ProbeRow).values(send_key=key, sent_at=at))


async def send(table: ProviderSettings, message: Message) -> Outcome:
    """Send over a connection of its own: it has to work when it is needed, not when it was opened."""
    provider = registry.build([table], {}).all()[0]
    try:
        return await provider.send(message)
    finally:
        await provider.close()
