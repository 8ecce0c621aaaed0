"""The gateway protocol: what adapter `http_gateway` speaks with any SMS or voice gateway.

POST {base_url}/messages with header Idempotency-Key -> 202 {"ref"}; GET and DELETE
{base_url}/messages/{id}; receipts come to callback_url, signed as Standard Webhooks.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.vocabulary import Answer, Result

# An interim word from the gateway: it holds the message and has not acted yet.
QUEUED = "QUEUED"


class GatewayReceipt(BaseModel):
    """Body of a receipt, and of the answer to a status query."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
    ref: Annotated[str | None, Field(max_length=100)] = None
    result: Annotated[str, Field(max_length=40)]
    at: str | None = None
    detail: dict[str, Any] | str | None = None

    @property
    def is_interim(self) -> bool:
        return self.result == QUEUED

    @property
    def contact_result(self) -> Result:
        """The result as a code; a word we don't know is UNKNOWN, never success."""
        return Result(self.result) if self.result in set(Result) else Result.UNKNOWN

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
