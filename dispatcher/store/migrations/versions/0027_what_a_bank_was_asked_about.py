"""What was known to be lost when a bank was asked to stop it, so that it is asked again about more"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("asked_yuan", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("attempts", "asked_yuan")
