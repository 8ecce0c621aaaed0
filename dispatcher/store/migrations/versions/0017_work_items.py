"""Work items: whom each waits for, who took it, when it climbs; short numbers for them and for visits

What a case waited for was one column of it. It goes: the next decision about each case that waits, which is due at
once, opens the item instead. Items and visits that are there already get what is new, and one entry of each of
their cases tells it, so that the journal goes on to rebuild the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ITEMS: tuple[sa.Column[object], ...] = (
    sa.Column("number", sa.Integer(), nullable=True),
    sa.Column("state", sa.Text(), nullable=True),
    sa.Column("cause", sa.Text(), nullable=True),
    sa.Column("role", sa.Text(), nullable=True),
    sa.Column("unit", sa.Text(), nullable=True),
    sa.Column("climb_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("climbs", sa.Integer(), nullable=True),
    sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("taken_by", sa.Text(), nullable=True),
)
_FILLED = ("number", "state", "cause", "role", "climb_at", "climbs")
_FILL = """
UPDATE duties SET
    number = nextval('work_item_numbers'),
    state = CASE WHEN done_at IS NULL THEN 'open' ELSE 'done' END,
    cause = kind || ':' || id,
    role = CASE kind WHEN 'follow_up' THEN 'officer' ELSE 'centre' END,
    climb_at = due_at,
    climbs = 0
"""
# What is asked about once, a bank or a visit's result, is asked about again as an item.
_ASK_AGAIN = """
UPDATE cases SET next_look_at = opened_at, asked_for = (
    SELECT coalesce(jsonb_agg(cause), '[]') FROM jsonb_array_elements_text(asked_for) AS cause
    WHERE cause NOT LIKE 'bank:%' AND cause !~ '^[0-9a-f-]{36}$'
) WHERE state = 'open' AND waiting_for IS NOT NULL
"""
_NUMBER_VISITS = "UPDATE visits SET number = nextval('visit_numbers')"
# A key of version 7, which leads with its time; PostgreSQL makes them itself only from 18 on.
_KEY = """(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
    || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid"""
# As the journal writes a time.
_TIME = """replace(to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), '.000000', '')"""
# Each case's entry comes after its last one, at the same time of the product.
_TELL = f"""
WITH items AS (
    SELECT case_id, jsonb_object_agg(id::text, jsonb_strip_nulls(jsonb_build_object(
        'number', number, 'state', state, 'cause', cause, 'role', role, 'climb_at', {_TIME.format("climb_at")},
        'climbs', climbs
    ))) AS rows FROM duties GROUP BY case_id
), numbered AS (
    SELECT case_id, jsonb_object_agg(id::text, jsonb_build_object('number', number)) AS rows
    FROM visits GROUP BY case_id
), asked AS (
    SELECT id AS case_id, jsonb_build_object(id::text, jsonb_build_object('asked_for', asked_for)) AS rows
    FROM cases WHERE state = 'open' AND waiting_for IS NOT NULL
), facts AS (
    SELECT case_id, jsonb_strip_nulls(
        jsonb_build_object('duties', items.rows, 'visits', numbered.rows, 'cases', asked.rows)
    ) AS rows
    FROM items FULL JOIN numbered USING (case_id) FULL JOIN asked USING (case_id)
), told AS (
    UPDATE cases SET journal_seq = journal_seq + 1 FROM facts WHERE cases.id = facts.case_id
    RETURNING cases.id, cases.journal_seq, facts.rows
)
INSERT INTO journal (id, case_id, seq, at, written_at, actor, event, rule, data, rows)
SELECT {_KEY}, told.id, told.journal_seq, last.at, clock_timestamp(), 'migration', 'records_converted', NULL,
       '{{"revision": "0017"}}', told.rows
FROM told JOIN journal last ON last.case_id = told.id AND last.seq = told.journal_seq - 1
"""  # noqa: S608 - no value comes from outside
_OPEN = sa.text("done_at IS NULL")


def upgrade() -> None:
    op.execute("CREATE SEQUENCE work_item_numbers")
    op.execute("CREATE SEQUENCE visit_numbers")
    for column in _ITEMS:
        op.add_column("duties", column)
    op.add_column("visits", sa.Column("number", sa.Integer(), nullable=True))
    op.add_column("visits", sa.Column("ladder_after", sa.Uuid(), nullable=True))
    op.add_column("cases", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
    op.execute(_FILL)
    op.execute(_NUMBER_VISITS)
    op.execute(_ASK_AGAIN)
    op.execute(_TELL)
    # Rows were changed above: constraints that wait for the end of a transaction have to be looked at first.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for name in _FILLED:
        op.alter_column("duties", name, nullable=False)
    op.alter_column("visits", "number", nullable=False)
    op.create_index("ix_assignments_badge", "assignments", ["badge"])
    op.create_index("ix_duties_climb_at", "duties", ["climb_at"], postgresql_where=_OPEN)
    op.drop_column("cases", "waiting_for")


def downgrade() -> None:
    op.add_column("cases", sa.Column("waiting_for", sa.Text(), nullable=True))
    op.drop_index("ix_duties_climb_at", "duties")
    op.drop_column("cases", "paused_until")
    op.drop_index("ix_assignments_badge", "assignments")
    op.drop_column("visits", "ladder_after")
    op.drop_column("visits", "number")
    for column in reversed(_ITEMS):
        op.drop_column("duties", column.name)
    op.execute("DROP SEQUENCE visit_numbers")
    op.execute("DROP SEQUENCE work_item_numbers")
