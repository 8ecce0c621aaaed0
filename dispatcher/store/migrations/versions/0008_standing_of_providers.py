"""How providers stand, and what a refusal lets the plan do at once"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("onward", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("attempts", "onward")
