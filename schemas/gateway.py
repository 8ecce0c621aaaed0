"""The gateway protocol, spoken with any SMS or voice gateway, bank or community platform.

POST {base_url}/messages with header Idempotency-Key -> 202 {"ref"}; GET and DELETE
{base_url}/messages/{id}; receipts come to callback_url, signed as Standard Webhooks.
"""

import re
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.instruction import MAX_YUAN
from schemas.vocabulary import Answer, Result

# Interim words: the other side has the message in hand, and what comes of it is still to come.
QUEUED = "QUEUED"
REQUESTED = "REQUESTED"
INTERIM = frozenset({QUEUED, REQUESTED})

_LONGEST_PROTECTION_HOURS = 24 * 30
_LONGEST_REF = 100
_SEND_KEY = re.compile(r"[0-9A-Fa-f-]{32,36}")


def send_key_of(value: object) -> str | None:
    """Our key as the other side writes it, in capitals or without dashes too. None if it is not one of ours."""
    if not isinstance(value, str) or not _SEND_KEY.fullmatch(value.strip()):
        return None
    try:
        return str(UUID(value.strip()))
    except ValueError:
        return None


def ref_of(value: object) -> str | None:
    """Somebody's reference, which may be a number. None if it is neither that nor a text that can be stored."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value[:_LONGEST_REF] if isinstance(value, str) and value and value.isprintable() else None


def _send_key(value: str) -> str:
    key = send_key_of(value)
    if key is None:
        raise ValueError("no id of ours")
    return key


class GatewayReceipt(BaseModel):
    """Body of a receipt, and of the answer to a status query.

    What is optional and unreadable is left out: a result is not lost for it.
    """

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    id: Annotated[str, AfterValidator(_send_key)]
    ref: Annotated[str | None, BeforeValidator(ref_of)] = None
    result: Annotated[str, Field(max_length=40)]
    at: Annotated[str | None, BeforeValidator(ref_of)] = None
    detail: Any = None

    @property
    def is_interim(self) -> bool:
        return self.result in INTERIM

    @property
    def contact_result(self) -> Result:
        """The result as a code; a word we don't know is UNKNOWN, never success."""
        try:
            return Result(self.result)
        except ValueError:
            return Result.UNKNOWN

    @property
    def word(self) -> str:
        """The interim word, or the result's code: the same for every copy, and never free text."""
        return self.result if self.is_interim else self.contact_result.value

    @property
    def confirmed(self) -> bool:
        return isinstance(self.detail, dict) and self.detail.get("confirmed") is True

    @property
    def answer(self) -> Answer | None:
        word = self.detail.get("answer") if isinstance(self.detail, dict) else None
        return Answer(word) if isinstance(word, str) and word in set(Answer) else None

    @property
    def note(self) -> str | None:
        """The gateway's coded remark; free text is dropped, since it may hold personal data."""
        note = self.detail.get("note") if isinstance(self.detail, dict) else self.detail
        is_code = isinstance(note, str) and len(note) <= 40 and note.replace("_", "").isalpha() and note.isascii()
        return note if is_code else None

    @property
    def stopped_yuan(self) -> int | None:
        """How much a bank stopped; a figure that can't be one is dropped."""
        return self._figure("stopped_yuan", range(MAX_YUAN + 1))

    @property
    def hours(self) -> int | None:
        """How long an account stays protected."""
        return self._figure("hours", range(1, _LONGEST_PROTECTION_HOURS + 1))

    def _figure(self, name: str, allowed: range) -> int | None:
        value = self.detail.get(name) if isinstance(self.detail, dict) else None
        # type() and not isinstance: True is an int, too.
        return value if type(value) is int and value in allowed else None
