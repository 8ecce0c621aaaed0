"""Lines of clients into intake: single ones in groups, each client in its turn; those of batches by the slice."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from dispatcher.clients.authentication import Client
from dispatcher.delivery.group_commit import GroupCommit
from dispatcher.intake import batch
from dispatcher.intake.answer import Answer
from dispatcher.intake.lines import refuse_line
from dispatcher.setup import Services
from dispatcher.store.retries import retry_on_deadlock
from dispatcher.web.api import call_journal
from dispatcher.web.api.call_journal import Call
from dispatcher.web.api.pushed_lines import PushedLine
from schemas.problems import PROBLEMS, ProblemCode
from schemas.read_models.instructions import Taken
from schemas.vocabulary import IntakeStatus

_PROBLEMS = {
    IntakeStatus.REFUSED: ProblemCode.REFUSED,
    IntakeStatus.STALE: ProblemCode.STALE,
    IntakeStatus.CONFLICT: ProblemCode.CONFLICT,
}


class Entry(NamedTuple):
    """A line that is pushed by itself. `call`: as it stands in the journal, by the status of its answer."""

    client: Client
    line: PushedLine
    call: Callable[[int], Call]


class Intake(GroupCommit[Entry, Answer]):
    """`add` takes one line; returns after the commit."""

    def __init__(self, services: Services) -> None:
        # While one transaction waits for PostgreSQL, the next one is put together.
        super().__init__(self._take, turn_of=lambda entry: entry.client.id, writers=2)
        self._services = services

    def _take(self, entries: Sequence[Entry]) -> list[Answer | Exception]:
        """A transaction or more for each client; each client's lines in their order.

        What one client's lines raise is told to that client alone: what of them is committed is a repeat when it comes
        again.
        """
        answers: dict[int, Answer | Exception] = {}
        for client in {entry.client.id: entry.client for entry in entries}.values():
            own = [place for place, entry in enumerate(entries) if entry.client.id == client.id]
            try:
                taken = take_lines(self._services, client, [entries[place].line for place in own])
            except Exception as error:  # noqa: BLE001 - raised to each that waits for it
                answers |= dict.fromkeys(own, error)
            else:
                answers |= zip(own, taken, strict=True)
        return self._on_record(entries, [answers[place] for place in range(len(entries))])

    def _on_record(self, entries: Sequence[Entry], answers: list[Answer | Exception]) -> list[Answer | Exception]:
        """Nobody is told what is not on the record. Written here, since a group of its own would wait once more."""
        told = [
            entry.call(status_of(answer))
            for entry, answer in zip(entries, answers, strict=True)
            if not isinstance(answer, Exception)
        ]
        try:
            if told:
                call_journal.write(self._services.begin, told)
        except Exception as error:  # noqa: BLE001 - raised to each that waits for it
            return [error] * len(entries)
        return answers


def take_lines(services: Services, client: Client, lines: Sequence[PushedLine]) -> list[Answer]:
    """Some hundreds of lines of one client, in their order; all of it is committed."""
    tried = [line.raw for line in lines if line.refusal is None]
    answers = iter(batch.take_lines(services.begin, tried, door=client.door))
    return [next(answers) if line.refusal is None else _refuse(services, client, line) for line in lines]


@retry_on_deadlock
def _refuse(services: Services, client: Client, line: PushedLine) -> Answer:
    if line.refusal is None:
        raise TypeError("a line that is refused has a refusal")
    return refuse_line(services.begin, line.raw, line.refusal, door=client.door)


def status_of(answer: Answer) -> int:
    """The HTTP status of an answer to a line that was pushed by itself."""
    if answer.status in _PROBLEMS:
        return int(PROBLEMS[_PROBLEMS[answer.status]].status)
    if answer.status is IntakeStatus.DUPLICATE:
        return 200
    return 202 if answer.case is None else 201


def taken(answer: Answer) -> Taken:
    """What a client is told of what was taken. The same again gets the first answer."""
    row = answer.row
    return Taken(
        instruction_id=answer.instruction_id or "",
        version=row.version if row is not None else None,
        status=IntakeStatus.ACCEPTED,
        case=answer.case,
        received_at=row.received_at if row is not None else None,
        flags=row.flags if row is not None else [],
        repeated=answer.status is IntakeStatus.DUPLICATE,
        reason=answer.reason,
    )
