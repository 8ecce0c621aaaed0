"""Alembic's entry: always on a connection that the caller opened (see dispatcher.store.migrate)."""

from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from dispatcher.store.tables import metadata


def check_now(ctx: MigrationContext, step: Any, heads: Any, run_args: Any) -> None:
    """What a revision wrote is checked at its end: the next one may alter a table only with no check pending."""
    ctx.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    ctx.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    context.config.attributes.get("check_stop", str)()


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    on_version_apply=check_now,
    include_object=lambda thing, name, kind, reflected, compare_to: (
        not (
            kind == "table"
            and reflected
            and compare_to is None
            and str(name).startswith(("attempts_", "journal_", "receipts_"))
        )
    ),
)
with context.begin_transaction():
    context.run_migrations()
