"""Every rule: links, suppression, hooks, transfers, call-back codes, duties, feedback"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A transaction's rows may be inserted in any order, so that intake needs one flush and not eight.
_DEFERRED = """
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
        WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE INITIALLY DEFERRED', found.owner, found.conname);
    END LOOP;
END $$;
"""

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _columns()
    _duties()
    _links()
    _codes()
    _transfers()
    _feedback()
    op.execute(_DEFERRED)


def _columns() -> None:
    op.add_column("cases", sa.Column("suppressed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("cases", sa.Column("warned_before", sa.Uuid(), nullable=True))
    op.add_column("cases", sa.Column("rewarned_at", _AT, nullable=True))
    op.add_column("cases", sa.Column("paused_at", _AT, nullable=True))
    op.add_column("cases", sa.Column("area", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("money_transferred", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("phones", sa.Column("retired_at", _AT, nullable=True))
    op.add_column("addresses", sa.Column("retired_at", _AT, nullable=True))
    op.add_column("addresses", sa.Column("added_at", _AT, nullable=False, server_default=sa.func.now()))
    op.add_column("attempts", sa.Column("hook", sa.Text(), nullable=True))
    op.add_column("attempts", sa.Column("occasion", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("attempts", sa.Column("stopped_yuan", sa.BigInteger(), nullable=True))
    op.add_column("attempts", sa.Column("granted_until", _AT, nullable=True))
    op.add_column("receipts", sa.Column("stopped_yuan", sa.BigInteger(), nullable=True))
    op.add_column("receipts", sa.Column("hours", sa.Integer(), nullable=True))
    op.add_column("visits", sa.Column("moved_at", _AT, nullable=True))
    op.add_column("visits", sa.Column("offered_until", _AT, nullable=True))
    op.add_column("visits", sa.Column("not_after", _AT, nullable=True))
    op.add_column("visits", sa.Column("guardian_present", sa.Boolean(), nullable=True))
    # The defaults served the rows that were there; from now on the code gives each value.
    for table, column in (
        ("cases", "suppressed"),
        ("cases", "money_transferred"),
        ("addresses", "added_at"),
        ("attempts", "occasion"),
    ):
        op.alter_column(table, column, server_default=None)


def _duties() -> None:
    op.create_table(
        "duties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("planned_at", _AT, nullable=False),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("done_at", _AT, nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("loss_yuan", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_duties_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duties")),
    )
    op.create_index(op.f("ix_duties_case_id"), "duties", ["case_id"])
    op.create_index("ix_duties_open", "duties", ["due_at"], postgresql_where=sa.text("done_at IS NULL"))
    op.execute(
        "INSERT INTO duties (id, case_id, kind, rule, planned_at, due_at, done_at) "
        "SELECT f.id, f.case_id, 'follow_up', 'follow_up', coalesce(c.closed_at, c.opened_at), f.due_at, f.done_at "
        "FROM follow_ups f JOIN cases c ON c.id = f.case_id"
    )
    op.execute(
        "UPDATE cases SET asked_for = asked_for || '[\"follow_up:1\"]'::jsonb "
        "WHERE id IN (SELECT case_id FROM follow_ups)"
    )
    op.drop_table("follow_ups")


def _links() -> None:
    op.create_table(
        "case_links",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_links_case_id")),
        sa.ForeignKeyConstraint(["other_id"], ["cases.id"], name=op.f("fk_case_links_other_id")),
        sa.PrimaryKeyConstraint("case_id", "other_id", "kind", name=op.f("pk_case_links")),
    )
    op.create_table(
        "suppressions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("until", _AT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_suppressions_case_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_suppressions")),
    )


def _codes() -> None:
    op.create_table(
        "callback_codes",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("value_id", sa.Uuid(), nullable=False),
        sa.Column("valid_until", _AT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_callback_codes_case_id")),
        sa.ForeignKeyConstraint(["value_id"], ["vault_values.id"], name=op.f("fk_callback_codes_value_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_callback_codes")),
        sa.UniqueConstraint("case_id", name=op.f("uq_callback_codes_case_id")),
    )
    op.create_table(
        "code_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("checked_at", _AT, nullable=False),
        sa.Column("officer", sa.Text(), nullable=True),
        sa.Column("genuine", sa.Boolean(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_code_checks_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_checks")),
    )
    op.create_index(op.f("ix_code_checks_checked_at"), "code_checks", ["checked_at"])


def _transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("from_unit", sa.Text(), nullable=True),
        sa.Column("to_unit", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offered_at", _AT, nullable=False),
        sa.Column("offered_by", sa.Text(), nullable=False),
        sa.Column("answer_by", _AT, nullable=False),
        sa.Column("decided_at", _AT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_transfers_case_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_transfers_visit_id")),
        sa.ForeignKeyConstraint(["to_unit"], ["units.code"], name=op.f("fk_transfers_to_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    op.create_index(op.f("ix_transfers_case_id"), "transfers", ["case_id"])
    op.create_index(op.f("ix_transfers_visit_id"), "transfers", ["visit_id"])
    op.create_index(
        "uq_transfers_offered_visit",
        "transfers",
        ["visit_id"],
        unique=True,
        postgresql_where=sa.text("state = 'offered'"),
    )


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("instruction", sa.Uuid(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_feedback_case_id")),
        sa.ForeignKeyConstraint(["instruction"], ["instructions.id"], name=op.f("fk_feedback_instruction")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    op.create_index(op.f("ix_feedback_case_id"), "feedback", ["case_id"])
    op.create_index(op.f("ix_feedback_system"), "feedback", ["system"])
