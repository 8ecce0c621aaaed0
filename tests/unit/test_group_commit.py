"""What comes together is written together; nobody waits for ever, and nothing is written twice."""

import asyncio
import threading
import time
from collections.abc import Sequence

from dispatcher.delivery.group_commit import GroupCommit

WAIT_S = 30.0


async def pushed(commit: GroupCommit[int, int], entries: Sequence[int]) -> list[int]:
    """Each some milliseconds after the one before, so that they come while others are written."""

    async def push(entry: int) -> int:
        await asyncio.sleep(entry % 7 / 1000)
        return await commit.add(entry)

    return list(await asyncio.gather(*map(push, entries)))


def test_each_entry_is_written_once_and_answered() -> None:
    written: list[int] = []

    def write(entries: Sequence[int]) -> list[int]:
        written.extend(entries)
        return [each * 2 for each in entries]

    async def run() -> list[int]:
        commit = GroupCommit(write)
        waves = [await asyncio.wait_for(pushed(commit, range(first, first + 50)), WAIT_S) for first in (0, 50, 100)]
        return [each for wave in waves for each in wave]

    assert asyncio.run(run()) == [each * 2 for each in range(150)]
    assert sorted(written) == list(range(150))


def test_no_two_groups_are_written_at_once() -> None:
    alone = threading.Lock()

    def write(entries: Sequence[int]) -> list[int]:
        assert alone.acquire(blocking=False)
        time.sleep(0.002)  # as long as a short transaction
        alone.release()
        return list(entries)

    async def run() -> list[int]:
        return await asyncio.wait_for(pushed(GroupCommit(write), range(100)), WAIT_S)

    assert asyncio.run(run()) == list(range(100))
