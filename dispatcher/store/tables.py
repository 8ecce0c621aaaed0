"""Every table, for migrations and tests."""

from dispatcher.store import (
    attempts,
    cases,
    clients,
    codes,
    heartbeats,
    instructions,
    journal,
    parts,
    policies,
    probes,
    product_clock,
    providers,
    receipts,
    set_aside,
    sheets,
    source_events,
    transfers,
    vault,
    visits,
    webhooks,
    work_items,
)
from dispatcher.store.base import Base

__all__ = [
    "attempts",
    "cases",
    "clients",
    "codes",
    "heartbeats",
    "instructions",
    "journal",
    "parts",
    "policies",
    "probes",
    "product_clock",
    "providers",
    "receipts",
    "set_aside",
    "sheets",
    "source_events",
    "transfers",
    "vault",
    "visits",
    "webhooks",
    "work_items",
]

metadata = Base.metadata
