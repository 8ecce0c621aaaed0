"""What each policy said, by its digest, and under which one a case was last decided on"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_INDEX = "ix_cases_policy_digest"


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("version", sa.Text(), primary_key=True),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_force_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("version", name="uq_policies_version"),
    )
    op.add_column("cases", sa.Column("policy_digest", sa.Text(), nullable=True))
    op.create_index(_INDEX, "cases", ["policy_digest"], postgresql_where=sa.text("state = 'open'"))


def downgrade() -> None:
    op.drop_index(_INDEX, "cases")
    op.drop_column("cases", "policy_digest")
    op.drop_table("policies")
