"""Entries without a case are numbered too, so that one that was deleted is missed"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    numbers = op.create_table(
        "journal_numbers",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("unnumbered", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_numbers")),
    )
    # The journal refuses an UPDATE: what is there keeps its 0, and is counted. Numbered ones are of an upgrade before.
    counted = sa.text("(SELECT count(*) FROM journal WHERE case_id IS NULL AND seq = 0)")
    last = sa.text("(SELECT coalesce(max(seq), 0) FROM journal WHERE case_id IS NULL)")
    op.execute(numbers.insert().values(id=1, last=last, unnumbered=counted))


def downgrade() -> None:
    op.drop_table("journal_numbers")
