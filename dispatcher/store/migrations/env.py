"""Alembic's entry: always on a connection that the caller opened (see dispatcher.store.migrate)."""

from alembic import context

from dispatcher.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
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
