"""A case's entries are found by the case alone: an index of one column holds the case once, not once for each entry"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_journal_case_id", "journal", ["case_id"])
    op.drop_index("ix_journal_case_id_seq", "journal")


def downgrade() -> None:
    op.create_index("ix_journal_case_id_seq", "journal", ["case_id", "seq"])
    op.drop_index("ix_journal_case_id", "journal")
