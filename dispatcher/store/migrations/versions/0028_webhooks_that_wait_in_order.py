"""Webhooks that wait are read in the order in which they are sent"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_NAME, _TABLE = "ix_webhook_deliveries_due", "webhook_deliveries"
_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.drop_index(_NAME, _TABLE)
    op.create_index(_NAME, _TABLE, ["endpoint_id", "due_at", "position"], postgresql_where=_WAITING)


def downgrade() -> None:
    op.drop_index(_NAME, _TABLE)
    op.create_index(_NAME, _TABLE, ["endpoint_id", "due_at"], postgresql_where=_WAITING)
