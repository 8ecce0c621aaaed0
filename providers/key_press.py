"""What an answered call achieved, by the key that was pressed."""

from providers.base import Answered
from schemas.vocabulary import Result

# The key is asked for before anything is told, so the person who presses it is taken for the subject.
CONFIRMED = Answered(Result.ANSWERED_SUBJECT, confirmed=True)
# It is unknown who picked up. A key that is reported later may still tell.
NO_KEY = Answered(Result.UNKNOWN, detail="no_key")


def is_confirmed(keys: str | None) -> bool:
    """Whether key 1 is among them."""
    return "1" in (keys or "")
