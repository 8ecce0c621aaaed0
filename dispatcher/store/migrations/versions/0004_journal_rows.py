"""The journal tells what each transaction did to a case's rows, so that it can rebuild them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("journal", sa.Column("rows", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("journal", "rows")
