"""What was slow on many rows: ways to the newest attempts, notices and losses, and when a visit was first accepted

The first assignment and the first acceptance of the visits that are there already are read from the journal, and one
entry of each of their cases tells them, so that the journal goes on to rebuild the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_COLUMNS: tuple[sa.Column[object], ...] = (
    sa.Column("first_assigned_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("first_accepted_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("accepted_late", sa.Boolean(), nullable=True),
)
_BROADCAST = sa.text("channel = 'broadcast'")
_FILL = """
UPDATE visits SET first_assigned_at = told.assigned_at, first_accepted_at = told.accepted_at, accepted_late = told.late
FROM (
    SELECT (data ->> 'visit')::uuid AS visit_id,
           min(at) FILTER (WHERE event = 'visit_assigned') AS assigned_at,
           min(at) FILTER (WHERE event = 'visit_accepted') AS accepted_at,
           bool_or((data ->> 'late')::boolean) FILTER (WHERE event = 'visit_accepted') AS late
    FROM journal WHERE event IN ('visit_assigned', 'visit_accepted') GROUP BY 1
) told WHERE told.visit_id = visits.id
"""
# A key of version 7, which leads with its time; PostgreSQL makes them itself only from 18 on.
_KEY = """(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
    || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid"""
# As the journal writes a time.
_TIME = """replace(to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), '.000000', '')"""
# Each case's entry comes after its last one, at the same time of the product.
_TELL = f"""
WITH facts AS (
    SELECT case_id, jsonb_object_agg(id::text, jsonb_strip_nulls(jsonb_build_object(
        'first_assigned_at', {_TIME.format("first_assigned_at")},
        'first_accepted_at', {_TIME.format("first_accepted_at")},
        'accepted_late', accepted_late
    ))) AS visits
    FROM visits WHERE first_assigned_at IS NOT NULL OR first_accepted_at IS NOT NULL
    GROUP BY case_id
), told AS (
    UPDATE cases SET journal_seq = journal_seq + 1 FROM facts WHERE cases.id = facts.case_id
    RETURNING cases.id, cases.journal_seq, facts.visits
)
INSERT INTO journal (id, case_id, seq, at, written_at, actor, event, rule, data, rows)
SELECT {_KEY}, told.id, told.journal_seq, last.at, clock_timestamp(), 'migration', 'records_converted', NULL,
       '{{"revision": "0015"}}', jsonb_build_object('visits', told.visits)
FROM told JOIN journal last ON last.case_id = told.id AND last.seq = told.journal_seq - 1
"""  # noqa: S608 - no value comes from outside


def upgrade() -> None:
    op.create_index("ix_attempts_planned_at", "attempts", ["planned_at"])
    op.drop_index("ix_attempts_notices", "attempts")
    op.create_index(
        "ix_attempts_notices", "attempts", [sa.text("coalesce(sent_at, due_at)")], postgresql_where=_BROADCAST
    )
    op.create_index("ix_cases_opened_at", "cases", ["opened_at"])
    op.drop_index("ix_cases_area_fraud_type", "cases")
    op.create_index(
        "ix_journal_later_losses", "journal", ["case_id"], postgresql_where=sa.text("event = 'later_loss_reported'")
    )
    op.execute("ALTER TABLE cases SET (fillfactor = 50)")
    for column in _COLUMNS:
        op.add_column("visits", column)
    op.execute(_FILL)
    op.execute(_TELL)


def downgrade() -> None:
    for column in _COLUMNS:
        op.drop_column("visits", column.name)
    op.execute("ALTER TABLE cases RESET (fillfactor)")
    op.drop_index("ix_journal_later_losses", "journal")
    op.create_index("ix_cases_area_fraud_type", "cases", ["area", "fraud_type"])
    op.drop_index("ix_cases_opened_at", "cases")
    op.drop_index("ix_attempts_notices", "attempts")
    op.create_index("ix_attempts_notices", "attempts", ["case_id"], postgresql_where=_BROADCAST)
    op.drop_index("ix_attempts_planned_at", "attempts")
