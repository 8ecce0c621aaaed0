"""Lines of clients into intake: single ones in groups, each client in its turn; those of batches by the slice."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from dispatcher.casework.unit_of_work import UnitOfWork
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
        super().__init__(self._take, turn_of=lambda entry: entry.client.id)
        self._services = services

    def _take(self, entries: Sequence[Entry]) -> list[Answer | Exception]:
        """A transaction or more for each client; each client's lines in their order.

        What one client's lines raise is told to that client alone: what of them is committed is a repeat when it comes
        again. Nobody is told what is not on the record.
        """
        answers: dict[int, Answer | Exception] = {}
        recorded: set[int] = set()
        for client in {entry.client.id: entry.client for entry in entries}.values():
            own = [place for place, entry in enumerate(entries) if entry.client.id == client.id]
            calls = _Calls([entries[place] for place in own])
            try:
                taken = take_lines(self._services, client, [entries[place].line for place in own], calls.record)
            except Exception as error:  # noqa: BLE001 - raised to each that waits for it
                answers |= dict.fromkeys(own, error)
            else:
                answers |= zip(own, taken, strict=True)
                recorded |= {own[each] for each in calls.recorded(taken)}
        return self._on_record(entries, [answers[place] for place in range(len(entries))], recorded)

    def _on_record(
        self, entries: Sequence[Entry], answers: list[Answer | Exception], recorded: Collection[int]
    ) -> list[Answer | Exception]:
        """Written here, since a group of its own would wait once more."""
        told = [
            entry.call(status_of(answer))
            for place, (entry, answer) in enumerate(zip(entries, answers, strict=True))
            if not isinstance(answer, Exception) and place not in recorded
        ]
        try:
            if told:
                call_journal.write(self._services.begin, told)
        except Exception as error:  # noqa: BLE001 - raised to each that waits for it
            return [answer if place in recorded else error for place, answer in enumerate(answers)]
        return answers


class _Calls:
    """Calls that stand in the journal by the same commit as what they pushed."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._noted: dict[int, Answer] = {}

    def record(self, work: UnitOfWork, answers: Mapping[int, Answer]) -> None:
        call_journal.note(work, [self._entries[place].call(status_of(answer)) for place, answer in answers.items()])
        self._noted |= answers

    def recorded(self, answers: Sequence[Answer]) -> Iterator[int]:
        """Places of those that were committed: what was taken back is answered by another answer."""
        return (place for place, answer in enumerate(answers) if self._noted.get(place) is answer)


def take_lines(
    services: Services, client: Client, lines: Sequence[PushedLine], also: batch.Also = lambda *_: None
) -> list[Answer]:
    """Some hundreds of lines of one client, in their order; all of it is committed. `also`: as of `batch`."""
    tried = [place for place, line in enumerate(lines) if line.refusal is None]

    def with_places(work: UnitOfWork, answers: Mapping[int, Answer]) -> None:
        also(work, {tried[place]: answer for place, answer in answers.items()})

    raws = [lines[place].raw for place in tried]
    answers = iter(batch.take_lines(services.begin, raws, door=client.door, also=with_places))
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
