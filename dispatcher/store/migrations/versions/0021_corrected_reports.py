"""What had been reported before a correction, when it was corrected, and when a supervisor reopened a case"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("corrected_from", sa.Text(), nullable=True))
    op.add_column("visits", sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("cases", "reopened_at")
    op.drop_column("visits", "corrected_at")
    op.drop_column("attempts", "corrected_from")
