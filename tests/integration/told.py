"""What stands in a database, told so that two databases with the same history tell the same.

Ids are replaced by the case that they belong to and their turn in it. The journal tells every column of a case's rows;
of the tables that it does not tell, the rows follow.
"""

import json
import re
from typing import Any
from uuid import UUID

from casework_fixture import CaseworkFixture
from journal_forms import changes_of

from dispatcher.casework import callback_codes, personal_data
from dispatcher.intake.answer import Answer
from dispatcher.store.instructions import EventRow, QuarantineRow
from dispatcher.store.journal import JournalRow
from dispatcher.store.vault import VaultValueRow

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DRAWN = re.compile(r'("callback_codes": \{)"[0-9a-f]{64}"')  # at random
_NUMBER = re.compile(r'"number": \d+')  # of a visit or a work item: which comes first is not the same


def told(casework: CaseworkFixture, answers: list[Answer]) -> list[str]:
    """`answers`: to all lines that were pushed, in their order: by them the cases are known."""
    names: dict[str, str] = {}
    for answer in answers:
        if answer.case is not None:
            names.setdefault(answer.case, f"case {len(names)}")
    lines = [str((each.status, each.instruction_id, names.get(each.case or ""), each.reason)) for each in answers]
    for case_id, name in list(names.items()):
        lines += _case(casework, UUID(case_id), name, names)
    kept = casework.rows(QuarantineRow)
    lines += sorted(
        str(
            (row.status, row.field, row.reason, row.door, row.bytes, row.urgency, row.awaits, bool(row.pushed_again_at))
        )
        for row in kept
    )
    lines += sorted(str((row.op, row.digest)) for row in casework.rows(EventRow))
    without_case = casework.journal(None)
    return [*lines, *(str((row.seq, row.event, row.actor, row.rule, sorted(row.data))) for row in without_case)]


def _case(casework: CaseworkFixture, case_id: UUID, name: str, names: dict[str, str]) -> list[str]:
    lines = [f"{name}: {_values(casework, case_id)}"]
    turn = 0

    def named(found: re.Match[str]) -> str:
        nonlocal turn
        if found[0] not in names:
            turn += 1
            names[found[0]] = f"{name} id {turn}"
        return names[found[0]]

    for row in casework.rows(JournalRow, JournalRow.case_id == case_id):
        text = json.dumps([row.seq, row.at.isoformat(), row.actor, row.event, row.rule, row.data, changes_of(row)])
        plain = _NUMBER.sub("", _DRAWN.sub(r"\1", text))
        lines.append(f"{name}: {_ID.sub(named, plain)}")
    return lines


def _values(casework: CaseworkFixture, case_id: UUID) -> list[tuple[Any, str]]:
    """What the vault holds of the case's person, but for the code."""
    subject_id = casework.case(case_id).subject_id
    rows = casework.rows(VaultValueRow, VaultValueRow.subject_id == subject_id)
    with casework.begin() as work:
        found = [(row.field, personal_data.read_value(work, row.id)) for row in rows]
    return sorted(each for each in found if each[0] != callback_codes.FIELD)
