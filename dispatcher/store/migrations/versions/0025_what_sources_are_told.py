"""What sources are told of their cases, and the webhooks that it is sent to"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_WAITING = sa.text("state = 'waiting'")


def _refers(column: str, *, is_key: bool = False) -> sa.Column[object]:
    reference = sa.ForeignKey(column, deferrable=True, initially="DEFERRED")
    name = {"clients.id": "client_id", "webhook_endpoints.id": "endpoint_id"}[column]
    return sa.Column(name, sa.Uuid(), reference, nullable=False, primary_key=is_key)


def upgrade() -> None:
    op.create_table(
        "source_events",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("id", sa.Uuid(), nullable=False, unique=True),
        sa.Column("position", sa.BigInteger(), nullable=True, unique=True),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("instructions", ARRAY(sa.Text()), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
    )
    unnumbered = sa.text("position IS NULL")
    op.create_index("ix_source_events_unnumbered", "source_events", ["number"], postgresql_where=unnumbered)
    op.create_index("ix_source_events_system_position", "source_events", ["system", "position"])
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        _refers("clients.id"),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("removed_at", _TIME, nullable=True),
    )
    standing = sa.text("removed_at IS NULL")
    op.create_index("uq_webhook_endpoints_name", "webhook_endpoints", ["name"], unique=True, postgresql_where=standing)
    op.create_index("ix_webhook_endpoints_client_id", "webhook_endpoints", ["client_id"])
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _refers("webhook_endpoints.id"),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("valid_until", _TIME, nullable=True),
    )
    op.create_index("ix_webhook_secrets_endpoint_id", "webhook_secrets", ["endpoint_id"])
    op.create_table(
        "webhook_deliveries",
        _refers("webhook_endpoints.id", is_key=True),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
    )
    table = "webhook_deliveries"
    op.create_index("ix_webhook_deliveries_due", table, ["endpoint_id", "due_at"], postgresql_where=_WAITING)
    of_case = ["endpoint_id", "case_id", "position"]
    op.create_index("ix_webhook_deliveries_of_case", table, of_case, postgresql_where=_WAITING)
    dead = sa.text("state = 'dead'")
    op.create_index("ix_webhook_deliveries_dead", table, ["endpoint_id", "position"], postgresql_where=dead)


def downgrade() -> None:
    for table in ("webhook_deliveries", "webhook_secrets", "webhook_endpoints", "source_events"):
        op.drop_table(table)
