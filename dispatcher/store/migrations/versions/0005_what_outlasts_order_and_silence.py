"""A withdrawal remembers the version it named, and whoever works on its own leaves a sign of life"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("instructions", sa.Column("withdrawn_version", sa.Integer(), nullable=True))
    op.create_index("ix_attempts_doubted", "attempts", ["sent_at"], postgresql_where=sa.text("was_in_doubt"))
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "probes",
        sa.Column("send_key", sa.Uuid(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("send_key", name=op.f("pk_probes")),
    )


def downgrade() -> None:
    op.drop_table("probes")
    op.drop_table("heartbeats")
    op.drop_index("ix_attempts_doubted", table_name="attempts")
    op.drop_column("instructions", "withdrawn_version")
