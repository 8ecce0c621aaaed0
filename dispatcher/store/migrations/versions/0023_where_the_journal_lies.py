"""What the journal says lies within its rows, compressed if large, and no longer in a table of its own beside them"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _store("MAIN")


def downgrade() -> None:
    _store("EXTENDED")


def _store(storage: str) -> None:
    """Holds for what is written from now on, also in the partitions to come."""
    for column in ("data", "rows"):
        op.execute(f"ALTER TABLE journal ALTER COLUMN {column} SET STORAGE {storage}")
