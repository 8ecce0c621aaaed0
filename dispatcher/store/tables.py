"""Every table, for migrations and tests."""

from dispatcher.store import (
    attempts,
    cases,
    codes,
    duties,
    heartbeats,
    instructions,
    journal,
    parts,
    probes,
    product_clock,
    providers,
    receipts,
    transfers,
    vault,
    visits,
)
from dispatcher.store.base import Base

__all__ = [
    "attempts",
    "cases",
    "codes",
    "duties",
    "heartbeats",
    "instructions",
    "journal",
    "parts",
    "probes",
    "product_clock",
    "providers",
    "receipts",
    "transfers",
    "vault",
    "visits",
]

metadata = Base.metadata
