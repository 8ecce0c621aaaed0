"""What each provider's contract allows, to be told with what is left of it"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("providers", sa.Column("limits", JSONB(), nullable=False, server_default="{}"))
    op.alter_column("providers", "limits", server_default=None)


def downgrade() -> None:
    op.drop_column("providers", "limits")
