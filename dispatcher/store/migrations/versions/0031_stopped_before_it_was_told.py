"""All that is known to have left, where a bank stopped more than that: it counts when the rest is told"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("money_gone", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("cases", "money_gone")
