"""Where money went, and which accounts a bank was told of; nothing where it was asked before"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("payees", ARRAY(sa.LargeBinary())))
    op.add_column("attempts", sa.Column("asked_payees", ARRAY(sa.LargeBinary())))


def downgrade() -> None:
    op.drop_column("attempts", "asked_payees")
    op.drop_column("cases", "payees")
