"""What the engine decides on is a column of its own, no word in `detail` and no name of a rule

The facts of attempts that are there already are filled in, and one entry in the journal of each of their cases tells
them, so that the journal goes on to rebuild the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COLUMNS: tuple[sa.Column[object], ...] = (
    sa.Column("retry_kind", sa.Text(), nullable=True),
    sa.Column("ending", sa.Text(), nullable=True),
    sa.Column("number_fault", sa.Boolean(), nullable=True),
    sa.Column("return_reason", sa.Text(), nullable=True),
    sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=True),
)
# The words that we wrote into `detail` ourselves; a vendor's code for a bad number stays there. When a call was
# recalled is known only until its provider said that it was too late; that it was is what matters.
_FILL = """
UPDATE attempts SET
    retry_kind = CASE WHEN rule IN ('never_taken', 'next_provider', 'transient_failure') THEN rule
                      WHEN rule = 'doubt_wait' THEN 'doubt' END,
    ending = CASE WHEN detail IN ('never_taken', 'no_receipt', 'doubt_given_up', 'settled_by_first') THEN detail END,
    number_fault = CASE WHEN channel = 'sms' AND detail = 'invalid_number' THEN true END,
    return_reason = CASE WHEN channel = 'visit' AND result = 'RETURNED' THEN detail END,
    recalled_at = CASE WHEN detail = 'recalled' THEN coalesce(settled_at, due_at) END,
    detail = CASE WHEN detail IN ('never_taken', 'no_receipt', 'doubt_given_up', 'settled_by_first', 'recalled')
                    OR channel = 'visit' AND result = 'RETURNED' THEN NULL ELSE detail END
WHERE rule IN ('never_taken', 'next_provider', 'transient_failure', 'doubt_wait')
   OR detail IN ('never_taken', 'no_receipt', 'doubt_given_up', 'settled_by_first', 'recalled')
   OR channel = 'sms' AND detail = 'invalid_number'
   OR channel = 'visit' AND result = 'RETURNED'
"""
# A key of version 7, which leads with its time; PostgreSQL makes them itself only from 18 on.
_KEY = """(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
    || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid"""
# Each case's entry comes after its last one, at the same time of the product.
_TELL = f"""
WITH facts AS (
    SELECT case_id, jsonb_object_agg(id::text, jsonb_build_object('detail', detail) || jsonb_strip_nulls(
        jsonb_build_object('retry_kind', retry_kind, 'ending', ending, 'number_fault', number_fault,
                           'return_reason', return_reason, 'recalled_at', replace(to_char(
                               recalled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), '.000000', ''))
    )) AS attempts
    FROM attempts
    WHERE retry_kind IS NOT NULL OR ending IS NOT NULL OR number_fault IS NOT NULL OR return_reason IS NOT NULL
       OR recalled_at IS NOT NULL
    GROUP BY case_id
), told AS (
    UPDATE cases SET journal_seq = journal_seq + 1 FROM facts WHERE cases.id = facts.case_id
    RETURNING cases.id, cases.journal_seq, facts.attempts
)
INSERT INTO journal (id, case_id, seq, at, written_at, actor, event, rule, data, rows)
SELECT {_KEY}, told.id, told.journal_seq, last.at, clock_timestamp(), 'migration', 'records_converted', NULL,
       '{{"revision": "0010"}}', jsonb_build_object('attempts', told.attempts)
FROM told JOIN journal last ON last.case_id = told.id AND last.seq = told.journal_seq - 1
"""  # noqa: S608 - no value comes from outside
_BACK = """
UPDATE attempts SET detail = coalesce(detail, ending, return_reason, CASE WHEN recalled_at IS NOT NULL
    AND state <> 'settled' THEN 'recalled' END)
"""


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("attempts", column)
    op.execute(_FILL)
    op.execute(_TELL)


def downgrade() -> None:
    op.execute(_BACK)
    for column in _COLUMNS:
        op.drop_column("attempts", column.name)
