"""What a centre may say about a person in several lines, and what stands in the database when all of it has been said.

Each history ends the same in whatever order its lines come: that is what makes it a test of the order. So none has a
conflict that a newer version overtakes: which of its contents came in time is what the order decides.
"""

# ruff: noqa: S608 - the questions are put together from parts of this file

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from casework_fixture import CaseworkFixture, instruction, phone, withdrawal

from dispatcher.intake import batch

Line = dict[str, Any]
_OTHER = {"system": "运营商预警(虚构)"}
_URGENCIES = ("low", "medium", "high", "critical")
_CHANNELS = ("sms", "voice", "visit")
_APART = 100  # numbers between one person and the next


def _version(number: int, version: int, *, reach: int = 0, grave: int | None = None, **changes: Any) -> Line:
    """A version with a number of its own; urgency and channels only grow, as a case's do."""
    grave = version if grave is None else grave
    known: Line = {
        "version": version,
        "urgency": _URGENCIES[min(grave, 4) - 1],
        "channels": list(_CHANNELS[: min(grave, 3)]),
        "phones": [{"number": phone(number * _APART + version * 10 + reach)}],
    }
    return instruction(number, **(known | changes))


def _plain(number: int) -> list[Line]:
    return [_version(number, 1)]


def _updated(number: int) -> list[Line]:
    return [_version(number, each) for each in (1, 2, 3, 4)]


def _in_conflict(number: int) -> list[Line]:
    return [_version(number, 1), _version(number, 1, reach=1, grave=3)]


def _joined(number: int) -> list[Line]:
    return [_version(number, 1), _version(number, 1, reach=5, grave=3, source=_OTHER)]


def _conflict_beside_an_update(number: int) -> list[Line]:
    other = [_version(number, each, reach=5, grave=3, source=_OTHER) for each in (1, 2)]
    return [*_in_conflict(number), *other]


def _withdrawn(number: int) -> list[Line]:
    return [*_updated(number)[:3], withdrawal(number, version=3)]


def _withdrawn_twice(number: int) -> list[Line]:
    return [_version(number, 1), withdrawal(number, version=1), _version(number, 2), withdrawal(number, version=2)]


def _withdrawn_by_one_of_two(number: int) -> list[Line]:
    same = {"phones": [{"number": phone(number * _APART)}]}
    both = [_version(number, 1, **same), _version(number, 1, source=_OTHER, **same)]
    return [*both, withdrawal(number, version=1, source=_OTHER)]


def _pushed_again(number: int) -> list[Line]:
    return [_version(number, 1), withdrawal(number, version=1), _version(number, 2), _version(number, 3)]


def _neighbours(number: int) -> list[Line]:
    """Three people with one mother, and so linked, each with updates of their own."""
    mother = {"contacts": [{"relation": "母亲", "phone": phone(number * _APART + 99)}]}
    three = [instruction(each)["victim"]["id_number"] for each in (number, number + 1, number + 2)]
    return [
        _version(number, version, reach=reach, id_number=own, instruction_id=f"YJ-{number}-{reach}", **mother)
        for reach, own in enumerate(three)
        for version in (1, 2, 3)
    ]


def _expired(number: int) -> list[Line]:
    return [_version(number, 1, grave=1, valid_until="2026-03-02T08:00:00+08:00")]


HISTORIES: tuple[Callable[[int], list[Line]], ...] = (
    *(_plain, _updated, _in_conflict, _joined, _conflict_beside_an_update, _withdrawn),
    *(_withdrawn_twice, _withdrawn_by_one_of_two, _pushed_again, _neighbours, _expired),
)


def lines(wanted: int, dice: Random) -> list[Line]:
    """That many lines in the order in which a centre would say them: people mixed, each one's own lines in order."""
    histories: list[list[Line]] = []
    while sum(map(len, histories)) < wanted:
        histories.append(HISTORIES[len(histories) % len(HISTORIES)](1 + 3 * len(histories)))
    turns = [index for index, history in enumerate(histories) for _ in history]
    dice.shuffle(turns)
    waiting = [iter(history) for history in histories]
    return [next(waiting[index]) for index in turns][:wanted]


def push_all(casework: CaseworkFixture, pushed: list[Line], together: int = 1) -> list[str]:
    """As a centre does, so many lines at once: what is refused is pushed again. Returns each answer's status."""
    return push_until_taken(partial(_push, casework), pushed, together)


def push_until_taken(push: Callable[[list[Line]], list[str]], pushed: list[Line], together: int) -> list[str]:
    """The same by whatever door: `push` gives the status of each of these lines."""
    answers: list[str] = []
    waiting = pushed
    while waiting:
        statuses = [
            status for first in range(0, len(waiting), together) for status in push(waiting[first : first + together])
        ]
        answers += statuses
        refused = [line for line, status in zip(waiting, statuses, strict=True) if status == "refused"]
        assert len(refused) < len(waiting), refused[0]
        waiting = refused
    return answers


def _push(casework: CaseworkFixture, pushed: list[Line]) -> list[str]:
    if len(pushed) == 1:
        return [str(casework.push(pushed[0]).status)]
    answers = batch.take_lines(casework.begin, [json.dumps(line).encode() for line in pushed], door="push")
    return [str(answer.status) for answer in answers]


def final_state(casework: CaseworkFixture) -> dict[str, Counter[str]]:
    """The database's rows without ids and times; vault digests are the same for the same number."""
    return {name: Counter(map(str, casework.sql(question))) for name, question in _QUESTIONS.items()}


# Versions that a later one or a withdrawal had overtaken before they came are not stored, so the newest alone counts.
_NEWEST = """(SELECT DISTINCT ON (system, instruction_id) *, greatest(version, coalesce(withdrawn_version, 0)) AS upto
              FROM instructions ORDER BY system, instruction_id, version DESC)"""
_OF = f"""(SELECT i.case_id,
           string_agg(i.system || ' ' || i.instruction_id, ', ' ORDER BY i.system, i.instruction_id) AS names
           FROM {_NEWEST} i WHERE i.withdrawn_at IS NULL GROUP BY 1)"""
_QUESTIONS = {
    "instructions": f"SELECT system, instruction_id, upto, withdrawn_at IS NOT NULL FROM {_NEWEST} AS i",
    "open": f"""
        SELECT o.names, c.urgency, array(SELECT unnest(c.channels) ORDER BY 1), c.facts, c.expired,
               c.suppressed, c.amount_at_risk, c.raised_for, c.warned_before IS NULL
        FROM cases c JOIN {_OF} o ON o.case_id = c.id WHERE c.state = 'open'""",
    "closed": f"""
        SELECT o.names, c.resolution FROM cases c JOIN {_OF} o ON o.case_id = c.id WHERE c.state <> 'open'""",
    "orphans": f"SELECT c.id FROM cases c LEFT JOIN {_OF} o ON o.case_id = c.id "
    "WHERE c.state = 'open' AND o.names IS NULL",
    "numbers": f"""
        SELECT o.names, p.digest, p.person FROM phones p JOIN {_OF} o USING (case_id)
        JOIN cases c ON c.id = p.case_id WHERE c.state = 'open' AND p.retired_at IS NULL""",
    # Not to which of several numbers: the first that was known is tried first.
    "planned": f"""
        SELECT o.names, a.channel, a.party, a.lane FROM attempts a JOIN {_OF} o USING (case_id)
        WHERE a.state = 'planned'""",
    "visits": f"""
        SELECT o.names, v.state FROM visits v JOIN {_OF} o USING (case_id) WHERE v.state <> 'cancelled'""",
    "links": f"""
        SELECT one.names, other.names, l.kind FROM case_links l
        JOIN {_OF} one ON one.case_id = l.case_id JOIN {_OF} other ON other.case_id = l.other_id""",
    "conflicts": f"""
        SELECT i.system, i.instruction_id, count(*) FROM events e JOIN {_NEWEST} i ON i.id = e.instruction
        WHERE e.op = 'conflict' GROUP BY 1, 2""",
}
