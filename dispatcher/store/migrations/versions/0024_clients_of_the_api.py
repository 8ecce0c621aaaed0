"""Clients of the API, their keys, and what they were answered under an Idempotency-Key"""

from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def _client(*, is_key: bool = False) -> sa.Column[UUID]:
    reference = sa.ForeignKey("clients.id", deferrable=True, initially="DEFERRED")
    return sa.Column("client_id", sa.Uuid(), reference, nullable=False, primary_key=is_key)


def upgrade() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
        sa.Column("systems", ARRAY(sa.Text()), nullable=False),
        sa.Column("scopes", ARRAY(sa.Text()), nullable=False),
        sa.Column("calls_per_minute", sa.Integer(), nullable=False),
        sa.Column("networks", ARRAY(sa.Text()), nullable=False),
        sa.Column("certificates", ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("revoked_at", _TIME, nullable=True),
    )
    op.create_table(
        "client_keys",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        _client(),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("valid_until", _TIME, nullable=True),
    )
    op.create_index("ix_client_keys_client_id", "client_keys", ["client_id"])
    op.create_table(
        "api_answers",
        _client(is_key=True),
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", JSONB(), nullable=True),
    )
    op.create_index("ix_api_answers_at", "api_answers", ["at"])


def downgrade() -> None:
    op.drop_table("api_answers")
    op.drop_table("client_keys")
    op.drop_table("clients")
