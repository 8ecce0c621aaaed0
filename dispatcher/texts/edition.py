"""Which texts these are: their version, and who approved it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Edition:
    """Version 0 are the product's own texts, which nobody approved by name."""

    version: int = 0
    by: str | None = None
    at: datetime | None = None
