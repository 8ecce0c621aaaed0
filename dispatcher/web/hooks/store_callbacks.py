"""Stores the receipts of many callbacks in one transaction, each callback by itself."""

from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus

from dispatcher.casework.set_aside import Begin
from dispatcher.delivery import receipt_keys, receipts, understanding
from dispatcher.logging import logger
from providers.base import Receipt, Receipts

_log = logger(__name__)
ReadCallback = tuple[str, Receipts]  # of a provider, authentic and read


class CallbackRefused(Exception):
    """Why a callback is not taken: a code or a library's words, never what was in it."""

    def __init__(self, why: str, status: HTTPStatus) -> None:
        super().__init__(why)
        self.why, self.status = why, status


def store_callbacks(begin: Begin, callbacks: Sequence[ReadCallback]) -> list[Counter[str] | CallbackRefused]:
    """Store what can be stored. Returns how many receipts of each callback could not be, by why, or its refusal."""
    storing = [_Callback(provider, read) for provider, read in callbacks]
    with begin() as work:
        asked = [(callback, receipt) for callback in storing for receipt in callback.with_keys()]
        found = receipt_keys.find(work.session, [(callback.provider, receipt) for callback, receipt in asked])
        known: list[tuple[str, Receipt]] = []
        for (callback, _), addressed in zip(asked, found, strict=True):
            if addressed is None:
                callback.leave_out("unknown_id", HTTPStatus.NOT_FOUND)
                continue
            receipt, channel = addressed
            if channel is not None and not understanding.fits(channel, receipt.outcome):
                callback.left_out["result of another channel"] += 1  # kept, and changes nothing
            known.append((callback.provider, receipt))
        fresh = receipts.store_all(work, known)
    for (provider, receipt), is_fresh in zip(known, fresh, strict=True):
        _log.info("receipt_stored" if is_fresh else "receipt_repeated", provider=provider, attempt=receipt.send_key)
    return [callback.refused or callback.left_out for callback in storing]


class _Callback:
    """What becomes of one callback."""

    def __init__(self, provider: str, read: Receipts) -> None:
        self.provider = provider
        self.left_out: Counter[str] = Counter({"malformed": read.unreadable} if read.unreadable else {})
        self.refused: CallbackRefused | None = None
        self._read = read

    def leave_out(self, why: str, status: HTTPStatus) -> None:
        """This receipt, if the vendor gets its reply whatever is in the batch; else the callback."""
        if self._read.reply is None:
            self.refused = CallbackRefused(why, status)
        else:
            self.left_out[why] += 1

    def with_keys(self) -> list[Receipt]:
        """The receipts whose keys can be looked for."""
        found = []
        for receipt in self._read.items:
            try:
                receipt_keys.check(receipt)
            except ValueError as error:
                self.leave_out(str(error)[:60], HTTPStatus.BAD_REQUEST)
            else:
                found.append(receipt)
        return found
