"""Every table, for migrations and tests."""

from dispatcher.store import attempts, cases, instructions, journal, product_clock, receipts, vault, visits
from dispatcher.store.base import Base

__all__ = ["attempts", "cases", "instructions", "journal", "product_clock", "receipts", "vault", "visits"]

metadata = Base.metadata
