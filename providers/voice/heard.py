"""What a call achieved that somebody picked up."""

from providers.base import Answered
from schemas.vocabulary import Result

# The key is asked for before anything is told, and whoever pressed it is taken for the person who was rung.
CONFIRMED = Answered(Result.ANSWERED_SUBJECT, confirmed=True)
# Who picked up is unknown, and a key that is reported later may still tell.
NO_KEY = Answered(Result.UNKNOWN, detail="no_key")


def pressed(keys: str | None) -> bool:
    """Whether key 1 is among them."""
    return "1" in (keys or "")
