"""Entries of the journal in each form that they have had."""

import json
from collections.abc import Callable
from uuid import UUID

from casework_fixture import CaseworkFixture
from sqlalchemy import text

from dispatcher.store.journal import JournalRow
from dispatcher.store.journal_changes import told_by
from dispatcher.store.journal_form import Changes


def changes_of(entry: JournalRow) -> Changes:
    """What an entry tells of all rows, in whatever form it is."""
    return told_by(entry.case_id, entry.at, entry.data, entry.changes, entry.rows)


def rewrite(casework: CaseworkFixture, rewritten: Callable[[UUID | None, Changes], None]) -> None:
    """Every entry as a version before 0032 would have written it, further changed by the caller; no trigger sees it."""
    for entry in casework.rows(JournalRow):
        changes = changes_of(entry)
        rewritten(entry.case_id, changes)
        with casework.sessions.begin() as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            stored = text("UPDATE journal SET rows = CAST(:rows AS jsonb), changes = NULL WHERE id = :id")
            session.execute(stored, {"rows": json.dumps(changes) if changes else None, "id": entry.id})
