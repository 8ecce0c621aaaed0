"""What an entry of the journal did to its case's rows lies packed beside its data; its id has no index of its own"""

import json

import sqlalchemy as sa
from alembic import op

from dispatcher.store import journal_form

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("journal", sa.Column("changes", sa.LargeBinary()))
    op.execute("ALTER TABLE journal ALTER COLUMN changes SET STORAGE MAIN")
    # Nobody ever looked for an entry by its id; what tells it is its case and its number in it.
    op.drop_constraint("pk_journal", "journal")


def downgrade() -> None:
    """The version before reads JSON only: entries are written as it would have written them."""
    connection = op.get_bind()
    connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
    packed = sa.text("SELECT id, case_id, at, data, changes, rows FROM journal WHERE changes IS NOT NULL")
    as_json = sa.text("UPDATE journal SET rows = CAST(:rows AS jsonb) WHERE id = :id")
    op.create_primary_key("pk_journal", "journal", ["id"])
    as_they_come = connection.execute(packed, execution_options={"yield_per": 500})
    for key, case_id, at, data, changes, rows in as_they_come.tuples():
        whole = journal_form.unpack(changes, case_id, at, data) | (rows or {})
        connection.execute(as_json, {"id": key, "rows": json.dumps(whole)})
    connection.execute(sa.text("SET LOCAL session_replication_role = origin"))
    op.drop_column("journal", "changes")
