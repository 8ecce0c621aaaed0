"""Work items that belong to no case; refused lines that call themselves urgent"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_WITHOUT_CASE = sa.text("case_id IS NULL")
_URGENT = sa.text("urgency IS NOT NULL AND pushed_again_at IS NULL")


def upgrade() -> None:
    op.alter_column("duties", "case_id", nullable=True)
    op.add_column("duties", sa.Column("urgency", sa.Text(), nullable=True))
    op.create_index("ix_duties_without_case", "duties", ["cause"], postgresql_where=_WITHOUT_CASE)
    op.add_column("quarantine", sa.Column("urgency", sa.Text(), nullable=True))
    op.create_index("ix_quarantine_urgent", "quarantine", ["id"], postgresql_where=_URGENT)


def downgrade() -> None:
    op.drop_index("ix_quarantine_urgent", "quarantine")
    op.drop_column("quarantine", "urgency")
    op.execute("DELETE FROM duties WHERE case_id IS NULL")
    op.drop_index("ix_duties_without_case", "duties")
    op.drop_column("duties", "urgency")
    op.alter_column("duties", "case_id", nullable=False)
