"""Group commit: what comes within some milliseconds is written in one transaction, and answered after it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from dispatcher.casework import set_aside

_MOST = 100  # in one transaction
_GATHER_S = 0.005  # a commit for each would cost more than the wait

Entry = TypeVar("Entry")
Result = TypeVar("Result")


class GroupCommit(Generic[Entry, Result]):
    """Gathers entries while a transaction runs, and writes them in the next one.

    `write` is one whole transaction, run in a thread; it returns a result for each entry, in their order. A result that
    is an exception is raised to who waits for it. If `write` raises, the entry that makes it raise is found by halves.
    `turn_of`: whose turn an entry takes. Where more wait than one transaction holds, each has as many of them.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Entry]], Sequence[Result | Exception]],
        turn_of: Callable[[Entry], Hashable] = lambda entry: None,
    ) -> None:
        self._write, self._turn_of = write, turn_of
        self._waiting: list[tuple[Entry, asyncio.Future[Result]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, entry: Entry) -> Result:
        """Write this entry; returns after the commit. Raises what it alone made `write` raise, or an outage."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, result))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_on())
        return await result

    async def _write_on(self) -> None:
        while self._waiting:
            await asyncio.sleep(_GATHER_S)
            group = self._next_group()
            written = await asyncio.to_thread(self._write_group, [entry for entry, _ in group])
            for (_, waiting), result in zip(group, written, strict=True):
                if waiting.done():
                    continue  # who waited is gone
                if isinstance(result, Exception):
                    waiting.set_exception(result)
                else:
                    waiting.set_result(result)

    def _next_group(self) -> list[tuple[Entry, asyncio.Future[Result]]]:
        if len(self._waiting) > _MOST:
            # The first of each comes before the second of any.
            seen: Counter[Hashable] = Counter()
            turns: list[int] = []
            for entry, _ in self._waiting:
                whose = self._turn_of(entry)
                seen[whose] += 1
                turns.append(seen[whose])
            order = sorted(range(len(turns)), key=turns.__getitem__)
            self._waiting = [self._waiting[each] for each in order]
        group, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        return group

    def _write_group(self, entries: Sequence[Entry]) -> list[Result | Exception]:
        results: dict[int, Result | Exception] = {}

        def write(some: Sequence[int], _: bool) -> None:
            results.update(zip(some, self._write([entries[each] for each in some]), strict=True))

        try:
            set_aside.isolate(range(len(entries)), write, results.__setitem__)
        except Exception as outage:  # noqa: BLE001 - whoever waits is told, whatever it was
            return [results.get(each, outage) for each in range(len(entries))]
        return [results[each] for each in range(len(entries))]
