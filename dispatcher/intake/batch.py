"""Many lines at once: answered and committed as if each had been taken alone, one after the other.

What opens cases for new people, and touches no other line, goes together: one transaction for a slice of lines. Every
other line is taken by itself, after them and in its place among the others; only such as came before and are the same
go together, where they stand one after the other. It makes no difference to what does not touch it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from dispatcher.casework.context import Context
from dispatcher.casework.set_aside import Begin, is_outage
from dispatcher.casework.unit_of_work import UnitOfWork
from dispatcher.intake import content, early, lines, locks, named_line, new_people, repeated
from dispatcher.intake.answer import Answer
from dispatcher.intake.new_people import ReadLine
from dispatcher.intake.normalised import identities
from dispatcher.store.retries import retry_on_deadlock
from schemas import parse
from schemas.instruction import Event, Instruction, Patch
from schemas.vocabulary import Channel

SLICE = 100
"""Lines in one transaction: it is over in a tenth of a second, and holds some five locks a line, for which PostgreSQL
has room: by default 6,400 of all transactions."""
_MOST_IDENTITIES = 20  # of a line that goes with others, for the same reason
_MOST_LOCKED = 500  # identities in one transaction
Also = Callable[[UnitOfWork, Mapping[int, Answer]], None]
"""What is written in the same transaction, given the answers by place. It may be taken back with them."""
_take_line = retry_on_deadlock(lines.take_line)


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    place: int
    raw: bytes
    said: Instruction | Event | None  # None: it can't be read, which is told where it is taken


def take_lines(begin: Begin, raws: Sequence[bytes], *, door: str, also: Also = lambda *_: None) -> list[Answer]:
    """Take some hundreds of lines. Returns the answer to each, in their order; all of it is committed.

    `also`: called for such as are taken together, and so for none or for some.

    An outage goes up, and so does a lock that somebody holds for too long. What was committed by then is answered as a
    duplicate when it comes again.
    """
    answers: dict[int, Answer] = {}
    read = [_read(place, raw) for place, raw in enumerate(raws)]
    for first in range(0, len(read), SLICE):
        for part in _parts(read[first : first + SLICE]):
            _take(begin, part, door, answers, also)
    return [answers[place] for place in range(len(read))]


def _read(place: int, raw: bytes) -> _Line:
    try:
        return _Line(place, raw, parse.line(raw))
    except Exception:  # noqa: BLE001 - it is read once more where it is taken, and refused or kept there
        return _Line(place, raw, None)


def _parts(read: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Cut where a patch stands: whom it may touch is not to be seen in it."""
    for _, part in groupby(read, key=lambda each: each.place if isinstance(each.said, Patch) else None):
        yield list(part)


def _take(begin: Begin, part: Sequence[_Line], door: str, answers: dict[int, Answer], also: Also) -> None:
    """Take together what can be, by halves where that raises, and the rest line by line."""
    if len(part) > 1:
        try:
            with begin() as work:
                together = _take_together(work, part)
                also(work, together)
        except Exception as error:
            if is_outage(error):
                raise
            middle = len(part) // 2
            _take(begin, part[:middle], door, answers, also)
            _take(begin, part[middle:], door, answers, also)
            return
        answers |= together
    rest = [line for line in part if line.place not in answers]
    for is_repeated, run in groupby(rest, key=_repeated(begin, rest).__contains__):
        lines_of_run = list(run)
        if is_repeated:
            answers |= _take_repeated(begin, lines_of_run)
        for line in lines_of_run:
            if line.place not in answers:
                answers[line.place] = _take_line(begin, line.raw, door=door)


def _repeated(begin: Begin, rest: Sequence[_Line]) -> frozenset[_Line]:
    """Those that seem to have come before, as they are; none where that can't be asked of them all."""
    pushed = [(line, line.said) for line in rest if isinstance(line.said, Instruction)]
    if len(pushed) < 2:
        return frozenset()
    try:
        with begin() as work:
            rows = repeated.stored(work, [_as_read(work.context, line, said) for line, said in pushed])
    except Exception as error:
        if is_outage(error):
            raise
        return frozenset()
    return frozenset(line for (line, _), row in zip(pushed, rows, strict=True) if row is not None)


def _take_repeated(begin: Begin, run: Sequence[_Line]) -> dict[int, Answer]:
    """Take lines that stand one after the other together, as far as they are repeated indeed."""
    try:
        with begin() as work:
            run, persons = _lockable(work.context, run)
            pushed = [line.said for line in run if isinstance(line.said, Instruction)]
            locks.lock_together(work, pushed, persons)
            read = [_as_read(work.context, line, said) for line, said in zip(run, pushed, strict=True)]
            taken = repeated.take(work, read)
    except Exception as error:
        if is_outage(error):
            raise
        return {}
    return {line.place: answer for line, answer in zip(run, taken, strict=False)}


def _lockable(context: Context, run: Sequence[_Line]) -> tuple[list[_Line], set[bytes]]:
    """The first lines of a run whose locks one transaction may hold, and their identities."""
    lines_of_run: list[_Line] = []
    persons: set[bytes] = set()
    for line in run:
        own = _persons(context, line)
        if len(persons) + len(own) > _MOST_LOCKED:
            break
        lines_of_run.append(line)
        persons |= own
    return lines_of_run, persons


def _take_together(work: UnitOfWork, part: Sequence[_Line]) -> dict[int, Answer]:
    chosen = list(_apart(work.context, part, _awaited_from(work, part)))
    if len(chosen) < 2:
        return {}
    read = [_as_read(work.context, line, said) for line, said, _ in chosen]
    locks.lock_together(work, [said for _, said, _ in chosen], (each for *_, persons in chosen for each in persons))
    answers = new_people.take(work, read)
    return {line.place: answer for (line, *_), answer in zip(chosen, answers, strict=True) if answer is not None}


def _awaited_from(work: UnitOfWork, part: Sequence[_Line]) -> int:
    """The place of the first line for which something waits: that may touch whatever comes after it."""
    keys = {
        key: line.place
        for line in reversed(part)
        if isinstance(line.said, Instruction)
        for key in early.keys_of(work.context, line.said)
    }
    return min((keys[each] for each in early.awaited(work, keys)), default=part[-1].place + 1)


def _apart(context: Context, part: Sequence[_Line], end: int) -> Iterator[tuple[_Line, Instruction, frozenset[bytes]]]:
    """The instructions before this place that touch no other line of the part, each with its person's identities.

    One that may end in a notice to a whole area may touch any other.
    """
    persons = [_persons(context, each) for each in part]
    ids = [_instruction_id(context, each) for each in part]
    counts, locked = Counter[str | bytes | None](chain(ids, *persons)), 0
    for line, instruction_id, own in zip(part, ids, persons, strict=True):
        said = line.said
        is_alone = all(counts[each] == 1 for each in (instruction_id, *own)) and len(own) <= _MOST_IDENTITIES
        if not isinstance(said, Instruction) or not is_alone or line.place >= end:
            continue
        locked += len(own)
        if Channel.BROADCAST not in said.channels and locked <= _MOST_LOCKED:
            yield line, said, own


def _as_read(context: Context, line: _Line, said: Instruction) -> ReadLine:
    return ReadLine(said, line.raw, content.digest(context, said))


def _persons(context: Context, line: _Line) -> frozenset[bytes]:
    """Whatever tells the person of an instruction from others."""
    return frozenset(identities(context, line.said)) if isinstance(line.said, Instruction) else frozenset()


def _instruction_id(context: Context, line: _Line) -> str | None:
    """Of the instruction that a line is, or names, of whichever source."""
    return line.said.instruction_id if line.said is not None else named_line.read(line.raw, context).instruction_id
