"""The first tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The journal is append-only for everybody, its owner included. TRUNCATE fires no row trigger and
# looks at the table it names only, so each partition gets a statement trigger of its own.
JOURNAL = """
CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER journal_no_change BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
"""

PARTITIONS = """
CREATE FUNCTION dispatcher_guard_partition(parent text, partition text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF parent = 'journal' THEN
        EXECUTE format('CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()', partition);
    END IF;
END $$;
CREATE FUNCTION dispatcher_add_partition(parent text, partition text, low uuid, high uuid)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', partition, parent, low, high);
    PERFORM dispatcher_guard_partition(parent, partition);
END $$;
"""

DEFAULT_PARTITION = """
CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT;
SELECT dispatcher_guard_partition('{table}', '{table}_rest');
"""


def upgrade() -> None:
    op.create_table(
        "bad_numbers",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", "channel", name=op.f("pk_bad_numbers")),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index("ix_journal_case_id_seq", "journal", ["case_id", "seq"], unique=False)
    op.create_table(
        "key_checks",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_key_checks")),
    )
    op.create_table(
        "product_clock",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("product_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("real_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_clock")),
    )
    op.create_table(
        "receipt_keys",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "dedupe_key", name=op.f("pk_receipt_keys")),
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("send_key", sa.Uuid(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index("ix_receipts_send_key", "receipts", ["send_key"], unique=False)
    op.create_index(
        "ix_receipts_unsettled", "receipts", ["id"], unique=False, postgresql_where=sa.text("settled_at IS NULL")
    )
    op.create_table(
        "subjects",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id_digest", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subjects")),
    )
    op.create_index(op.f("ix_subjects_id_digest"), "subjects", ["id_digest"], unique=False)
    op.create_table(
        "units",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_units")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("urgency_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("fraud_type", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired", sa.Boolean(), nullable=False),
        sa.Column("deadlines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("raised_for", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked_for", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_contact_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_contact_channel", sa.Text(), nullable=True),
        sa.Column("amount_at_risk", sa.BigInteger(), nullable=True),
        sa.Column("money_moved", sa.Boolean(), nullable=False),
        sa.Column("money_lost", sa.BigInteger(), nullable=False),
        sa.Column("money_stopped", sa.BigInteger(), nullable=False),
        sa.Column("money_avoided", sa.BigInteger(), nullable=True),
        sa.Column("money_avoided_basis", sa.Text(), nullable=True),
        sa.Column("money_returned", sa.BigInteger(), nullable=False),
        sa.Column("journal_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_cases_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index(
        "ix_cases_next_look_at",
        "cases",
        ["next_look_at"],
        unique=False,
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.create_index(
        "uq_cases_open_subject", "cases", ["subject_id"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "officers",
        sa.Column("badge", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("duty", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name=op.f("fk_officers_unit")),
        sa.PrimaryKeyConstraint("badge", name=op.f("pk_officers")),
    )
    op.create_index(op.f("ix_officers_unit"), "officers", ["unit"], unique=False)
    op.create_table(
        "vault_values",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_vault_values_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_values")),
    )
    op.create_index(op.f("ix_vault_values_subject_id"), "vault_values", ["subject_id"], unique=False)
    op.create_table(
        "addresses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("precinct_code", sa.Text(), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("value_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_addresses_case_id")),
        sa.ForeignKeyConstraint(["value_id"], ["vault_values.id"], name=op.f("fk_addresses_value_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addresses")),
    )
    op.create_index(op.f("ix_addresses_case_id"), "addresses", ["case_id"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("phone_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("rung", sa.Integer(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("retry_of", sa.Uuid(), nullable=True),
        sa.Column("send_key", sa.Uuid(), nullable=False),
        sa.Column("possible_duplicate", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("urgency_rank", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("skip_reason", sa.Text(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("was_in_doubt", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_attempts_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(
        "ix_attempts_awaited", "attempts", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'accepted'")
    )
    op.create_index("ix_attempts_case_id", "attempts", ["case_id"], unique=False)
    op.create_index(
        "ix_attempts_due",
        "attempts",
        ["lane", "urgency_rank", "due_at"],
        unique=False,
        postgresql_where=sa.text("action IS NOT NULL"),
    )
    op.create_index(
        "ix_attempts_lease", "attempts", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'sending'")
    )
    op.create_index("ix_attempts_send_key", "attempts", ["send_key"], unique=False)
    op.create_table(
        "follow_ups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_follow_ups_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_ups")),
    )
    op.create_index(op.f("ix_follow_ups_case_id"), "follow_ups", ["case_id"], unique=False)
    op.create_table(
        "instructions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("instruction_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("source_kind", sa.Text(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("urgency_label", sa.Text(), nullable=False),
        sa.Column("fraud_type", sa.Text(), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("flags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("raw_value_id", sa.Uuid(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_instructions_case_id")),
        sa.ForeignKeyConstraint(["raw_value_id"], ["vault_values.id"], name=op.f("fk_instructions_raw_value_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instructions")),
        sa.UniqueConstraint(
            "system", "instruction_id", "version", name=op.f("uq_instructions_system_instruction_id_version")
        ),
    )
    op.create_index(op.f("ix_instructions_case_id"), "instructions", ["case_id"], unique=False)
    op.create_index(op.f("ix_instructions_instruction_id"), "instructions", ["instruction_id"], unique=False)
    op.create_table(
        "phones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("value_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_phones_case_id")),
        sa.ForeignKeyConstraint(["value_id"], ["vault_values.id"], name=op.f("fk_phones_value_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phones")),
    )
    op.create_index(op.f("ix_phones_case_id"), "phones", ["case_id"], unique=False)
    op.create_index(op.f("ix_phones_digest"), "phones", ["digest"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("value_id", sa.Uuid(), nullable=False),
        sa.Column("pushed_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["value_id"], ["vault_values.id"], name=op.f("fk_quarantine_value_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("precinct_code", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("officer", sa.Text(), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("departed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_visits_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index("ix_visits_case_id", "visits", ["case_id"], unique=False)
    op.create_index(
        "uq_visits_open_case",
        "visits",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('reported', 'cancelled')"),
    )
    op.create_table(
        "assignments",
        sa.Column("send_key", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("badge", sa.Text(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_assignments_visit_id")),
        sa.PrimaryKeyConstraint("send_key", name=op.f("pk_assignments")),
    )
    op.create_index(op.f("ix_assignments_visit_id"), "assignments", ["visit_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("instruction", sa.Uuid(), nullable=False),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["instruction"], ["instructions.id"], name=op.f("fk_events_instruction")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_events")),
    )
    op.execute(JOURNAL)
    op.execute(PARTITIONS)
    for table in ("attempts", "journal", "receipts"):
        op.execute(DEFAULT_PARTITION.format(table=table))
