"""Who acts without standing on the ladder: supervisors, operators of the centre"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("badge", sa.Text(), primary_key=True),
        sa.Column(
            "unit", sa.Text(), sa.ForeignKey("units.code", deferrable=True, initially="DEFERRED"), nullable=False
        ),
        sa.Column("role", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("staff")
