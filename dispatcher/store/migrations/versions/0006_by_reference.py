"""A receipt may know an attempt by its provider's reference alone"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_attempts_ref", "attempts", ["ref"], postgresql_where=sa.text("ref IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_attempts_ref", table_name="attempts")
