"""Short numbers, to be said on the phone: each kind of row has a sequence of its own."""

from sqlalchemy import Sequence, func, select
from sqlalchemy.orm import Session

from dispatcher.store.base import Base


class Numbers:
    """The numbers of one kind. Nothing is flushed for one: a batch of cases is written together at the end."""

    def __init__(self, name: str) -> None:
        self._sequence = Sequence(name, metadata=Base.metadata)

    def reserve(self, session: Session, count: int) -> None:
        """Have the next `count` at hand, so that they are asked for once."""
        if count > 1:
            wanted = select(self._sequence.next_value()).select_from(func.generate_series(1, count))
            with session.no_autoflush:
                session.info[self._sequence.name] = list(session.scalars(wanted))[::-1]

    def next(self, session: Session) -> int:
        if reserved := session.info.get(self._sequence.name):
            number: int = reserved.pop()
            return number
        with session.no_autoflush:
            return session.execute(self._sequence.next_value().select()).scalar_one()
