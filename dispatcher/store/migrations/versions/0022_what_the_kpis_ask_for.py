"""The KPIs find the cases that were warned again, and the instructions that came again, without reading all of them"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_such = sa.text("warned_before IS NOT NULL")
    op.create_index("ix_cases_warned_before", "cases", ["warned_before"], postgresql_where=is_such)
    is_such = sa.text("event = 'instruction_repeated'")
    op.create_index("ix_journal_repeated", "journal", ["case_id"], postgresql_where=is_such)


def downgrade() -> None:
    op.drop_index("ix_journal_repeated", "journal")
    op.drop_index("ix_cases_warned_before", "cases")
