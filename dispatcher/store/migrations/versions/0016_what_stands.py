"""What stands: conflicts until they are decided, what came before its instruction, false alarms of one source alone"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_AWAITS, _OF_INSTRUCTION = sa.text("awaits IS NOT NULL"), sa.text("instruction IS NOT NULL")
_COLUMNS: tuple[tuple[str, sa.Column[object]], ...] = (
    ("subjects", sa.Column("is_id_doubtful", sa.Boolean(), nullable=True)),
    ("subjects", sa.Column("name_digest", sa.LargeBinary(), nullable=True)),
    ("instructions", sa.Column("refuted_at", sa.DateTime(timezone=True), nullable=True)),
    ("duties", sa.Column("about", sa.Uuid(), nullable=True)),
    ("quarantine", sa.Column("awaits", sa.LargeBinary(), nullable=True)),
    ("quarantine", sa.Column("instruction", sa.Uuid(), nullable=True)),
    ("quarantine", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True)),
)
# A conflict stood until a newer version came; those that a version has overtaken are over.
_CONFLICTS = """
UPDATE quarantine SET instruction = told.instruction,
    decided_at = CASE WHEN told.is_over THEN now() END
FROM (
    SELECT (journal.data ->> 'quarantine')::uuid AS kept, of.id AS instruction,
           EXISTS (SELECT FROM instructions AS newer WHERE newer.system = of.system
               AND newer.instruction_id = of.instruction_id AND newer.version > of.version) AS is_over
    FROM journal JOIN instructions AS of ON of.id = (journal.data ->> 'instruction')::uuid
    WHERE journal.event = 'instruction_conflict'
) AS told WHERE told.kept = quarantine.id
"""


def upgrade() -> None:
    for table, column in _COLUMNS:
        op.add_column(table, column)
    op.create_foreign_key(
        op.f("fk_quarantine_instruction_instructions"),
        "quarantine",
        "instructions",
        ["instruction"],
        ["id"],
        initially="DEFERRED",
        deferrable=True,
    )
    op.create_index("ix_quarantine_awaits", "quarantine", ["awaits"], postgresql_where=_AWAITS)
    op.create_index("ix_quarantine_instruction", "quarantine", ["instruction"], postgresql_where=_OF_INSTRUCTION)
    op.execute(_CONFLICTS)


def downgrade() -> None:
    op.drop_index("ix_quarantine_instruction", "quarantine")
    op.drop_index("ix_quarantine_awaits", "quarantine")
    op.drop_constraint(op.f("fk_quarantine_instruction_instructions"), "quarantine")
    for table, column in reversed(_COLUMNS):
        op.drop_column(table, column.name)
