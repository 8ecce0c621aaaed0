"""Proves the mirror: the rows that a decision leaves say the same as the engine's own `evolve`.

The engine decides on what `evolve` says that its earlier decisions made of the case. If the rows came out otherwise,
the next decision would begin from another case than the last one ended with.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any
from uuid import UUID

from dispatcher.casework import snapshot
from dispatcher.casework.carry_out import carry_out
from dispatcher.casework.case_file import CaseFile
from dispatcher.casework.other_cases import OtherCases
from dispatcher.engine import Case, Decision, evolve
from dispatcher.engine.case import Attempt, Visit

NEW = "new-"
_NO_OTHERS = OtherCases(used={}, noticed={}, down=frozenset())


def carry_out_and_compare(case_file: CaseFile, case_id: UUID, decisions: Iterable[Decision]) -> None:
    """As `carry_out`; raises AssertionError if the case that is read back is not the one that the engine meant."""
    decisions = tuple(decisions)
    meant = _case(case_file, case_id)
    for decision in decisions:
        meant = evolve(meant, decision, case_file.now)
    carry_out(case_file, case_id, decisions)
    case_file.session.flush()
    stored = _case(case_file, case_id)
    differing = list(_differences(with_stored_ids(meant, stored), stored))
    assert differing == [], decisions


def _case(case_file: CaseFile, case_id: UUID) -> Case:
    """The case alone: what other cases did is no decision's doing, and to read it twice costs more than the rest."""
    return snapshot.case_of(
        case_file.cases[case_id],
        case_file.phones[case_id],
        case_file.places[case_id],
        case_file.attempts[case_id],
        case_file.visits[case_id],
        case_file.work_items[case_id],
        case_file.bad,
        _NO_OTHERS,
        case_file.past_calls,
    )


def _differences(meant: Any, stored: Any, where: str = "case") -> Iterator[str]:
    if isinstance(meant, tuple) and isinstance(stored, tuple) and len(meant) == len(stored):
        for number, (one, other) in enumerate(zip(meant, stored, strict=True)):
            yield from _differences(one, other, f"{where}[{number}]")
    elif is_dataclass(meant) and type(meant) is type(stored):
        for field in fields(meant):
            yield from _differences(getattr(meant, field.name), getattr(stored, field.name), f"{where}.{field.name}")
    elif meant != stored:
        yield f"{where}: meant {meant!r}, stored {stored!r}"


def with_stored_ids(meant: Case, stored: Case) -> Case:
    """The engine names new rows new-0, new-1, …; the rows have ids, in the same order."""
    kinds = ((meant.attempts, stored.attempts), (meant.visits, stored.visits), (meant.work_items, stored.work_items))
    assert [len(one) for one, _ in kinds] == [len(other) for _, other in kinds]
    pairs = [pair for one, other in kinds for pair in zip(one, other, strict=True)]
    ids = {one.id: other.id for one, other in pairs if one.id.startswith(NEW)}
    return replace(
        meant,
        attempts=tuple(_attempt(each, ids) for each in meant.attempts),
        visits=tuple(_visit(each, ids) for each in meant.visits),
        work_items=tuple(replace(each, **_named(each, ids, "id")) for each in meant.work_items),
        made=stored.made,
    )


def _attempt(attempt: Attempt, ids: Mapping[str, str]) -> Attempt:
    key = attempt.send_key or attempt.id  # what is left out has no key to the engine
    return replace(attempt, **_named(attempt, ids, "id", "visit_id", "retry_of"), send_key=ids.get(key, key))


def _visit(visit: Visit, ids: Mapping[str, str]) -> Visit:
    return replace(visit, **_named(visit, ids, "id", "attempt_id"))


def _named(value: Any, ids: Mapping[str, str], *names: str) -> dict[str, Any]:
    return {name: ids.get(getattr(value, name), getattr(value, name)) for name in names}
