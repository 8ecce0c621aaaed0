"""Every call of the API in the journal: by whom, which route, with what status. Calls of some milliseconds together."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from starlette.types import Scope

from dispatcher.casework.set_aside import Begin
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.clients.authentication import Client
from dispatcher.delivery.group_commit import GroupCommit

RECORDED = "recorded"
"""In a request's state: the status under which the call is on the record already."""


class Call(NamedTuple):
    client: str
    method: str
    route: str  # its pattern, without the ids in it
    status: int


class CallJournal(GroupCommit[Call, None]):
    """`add` returns after the commit."""

    def __init__(self, begin: Begin) -> None:
        super().__init__(partial(write, begin))


def of(scope: Scope, client: Client, status: int) -> Call:
    """A call that is about to be answered so."""
    # The route's pattern, so that no id stands in it; what matches none is told as nothing.
    route = getattr(scope.get("route"), "path_format", "") or ""
    return Call(client.name, scope["method"], route, status)


def write(begin: Begin, calls: Sequence[Call]) -> list[Exception | None]:
    """In one transaction."""
    with begin() as work:
        note(work, calls)
    return [None] * len(calls)


def note(work: UnitOfWork, calls: Sequence[Call]) -> None:
    if calls:
        work.note_several_without_case("api_called", [(call.client, call._asdict()) for call in calls])
