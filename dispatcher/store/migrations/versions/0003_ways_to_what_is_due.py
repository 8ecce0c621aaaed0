"""Shorter ways to what is due, to what is in hand, and to a person's cases"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_attempts_due_at", "attempts", ["due_at"], postgresql_where=sa.text("action IS NOT NULL"))
    op.create_index(
        "ix_attempts_leased", "attempts", ["lease_until"], postgresql_where=sa.text("lease_until IS NOT NULL")
    )
    # Few attempts are group notices, and each decision on a case with that channel asks for the last one.
    op.create_index("ix_attempts_notices", "attempts", ["case_id"], postgresql_where=sa.text("channel = 'broadcast'"))
    op.create_index("ix_cases_area_fraud_type", "cases", ["area", "fraud_type"])
    op.drop_index("ix_attempts_awaited", "attempts")
    op.create_index("ix_cases_subject_id", "cases", ["subject_id"])
