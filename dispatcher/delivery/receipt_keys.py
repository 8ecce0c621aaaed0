"""What a receipt is about: from the key that its vendor echoes, or the vendor's own reference, to what was sent."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, null, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from dispatcher.store.attempts import AttemptRow
from dispatcher.store.base import in_array
from dispatcher.store.probes import ProbeRow
from providers.base import Receipt
from schemas.vocabulary import Channel

_KEY_DIGITS = 32
# 88 bits, the whole time of a UUIDv7 among them.
_BEGINNING = re.compile(r"[0-9a-f]{22,31}", re.IGNORECASE)

Sent = tuple[UUID, Channel | None]  # under which key, and on which channel: a probe of the watch has none
Addressed = tuple[Receipt, Channel | None]
HasKey = Callable[[InstrumentedAttribute[UUID]], ColumnElement[bool]]


def check(receipt: Receipt) -> None:
    """Raises ValueError if what the receipt echoes is no key, nor the beginning of one."""
    _range_of(receipt)


def find(session: Session, given: Sequence[tuple[str, Receipt]]) -> list[Addressed | None]:
    """Each receipt of a provider with the whole key of what was sent, and its channel. All passed `check`.

    None where nothing was sent, or there is no telling which.

    A message was committed before it left, so no true receipt comes too early.
    """
    sent_under = _by_key(session, {key for _, receipt in given if (key := _whole_key(receipt)) is not None})
    return [_addressed(receipt, _sent(session, sent_under, provider, receipt)) for provider, receipt in given]


def _addressed(receipt: Receipt, sent: Collection[Sent]) -> Addressed | None:
    if len(sent) != 1:
        return None
    [(send_key, channel)] = sent
    return replace(receipt, send_key=str(send_key)), channel


def _sent(
    session: Session, sent_under: Mapping[UUID, Collection[Sent]], provider: str, receipt: Receipt
) -> Collection[Sent]:
    """What this receipt may be about; two are as good as none."""
    whole_key, between = _whole_key(receipt), _range_of(receipt)
    if whole_key is not None:
        return sent_under.get(whole_key, ())
    if between is not None:
        return set(session.execute(_sent_where(lambda key: key.between(*between)).limit(2)).tuples())
    by_ref = AttemptRow.provider == provider, AttemptRow.ref == receipt.outcome.ref
    statement = select(AttemptRow.send_key, AttemptRow.channel).where(*by_ref).distinct().limit(2)
    return set(session.execute(statement).tuples())


def _by_key(session: Session, keys: Iterable[UUID]) -> Mapping[UUID, Collection[Sent]]:
    """What was sent under these keys, in one statement for all."""
    found: dict[UUID, set[Sent]] = defaultdict(set)
    for sent in session.execute(_sent_where(lambda key: in_array(key, keys))).tuples():
        found[sent[0]].add(sent)
    return found


def _sent_where(has_key: HasKey) -> CompoundSelect[UUID, Channel | None]:
    sent = select(AttemptRow.send_key, AttemptRow.channel).where(
        has_key(AttemptRow.send_key), AttemptRow.sent_at.is_not(None)
    )
    # UNION: one key, however many attempts were made under it.
    return union(sent, select(ProbeRow.send_key, null()).where(has_key(ProbeRow.send_key)))


def _whole_key(receipt: Receipt) -> UUID | None:
    low, high = _range_of(receipt) or (None, None)
    return low if low == high else None


def _range_of(receipt: Receipt) -> tuple[UUID, UUID] | None:
    """Between which keys the echoed one lies: a vendor may echo no more than its beginning. Raises ValueError."""
    key = receipt.send_key
    if key is None:
        return None
    if _BEGINNING.fullmatch(key):
        return UUID(key.ljust(_KEY_DIGITS, "0")), UUID(key.ljust(_KEY_DIGITS, "f"))
    return UUID(key), UUID(key)
