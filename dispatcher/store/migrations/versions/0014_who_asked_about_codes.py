"""Who asked about a call-back code: limits are an asker's own, and a code is confirmed a few times only"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("code_checks", sa.Column("asker", sa.Text(), nullable=True))
    op.drop_index("ix_code_checks_checked_at", "code_checks")
    op.create_index("ix_code_checks_asker", "code_checks", ["asker", "checked_at"])
    op.create_index("ix_code_checks_genuine", "code_checks", ["case_id"], postgresql_where=sa.text("genuine"))


def downgrade() -> None:
    op.drop_index("ix_code_checks_genuine", "code_checks")
    op.drop_index("ix_code_checks_asker", "code_checks")
    op.create_index("ix_code_checks_checked_at", "code_checks", ["checked_at"])
    op.drop_column("code_checks", "asker")
