"""Every call of the API in the journal: by whom, which route, with what status. Calls of some milliseconds together."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from dispatcher.casework.set_aside import Begin
from dispatcher.delivery.group_commit import GroupCommit


class Call(NamedTuple):
    client: str
    method: str
    route: str  # its pattern, without the ids in it
    status: int


class CallJournal(GroupCommit[Call, None]):
    """`add` returns after the commit."""

    def __init__(self, begin: Begin) -> None:
        super().__init__(partial(_write, begin))


def _write(begin: Begin, calls: Sequence[Call]) -> list[Exception | None]:
    with begin() as work:
        work.note_several_without_case("api_called", [(call.client, call._asdict()) for call in calls])
    return [None] * len(calls)
