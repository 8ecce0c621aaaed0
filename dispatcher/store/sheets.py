"""Which column is which field, kept by name for the next table of its kind."""

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, Timestamp


class ColumnsRow(Base):
    __tablename__ = "sheet_columns"

    name: Mapped[str] = mapped_column(primary_key=True)
    columns: Mapped[dict[str, str]] = mapped_column(JSONB)  # field by the name of its column
    kept_at: Mapped[Timestamp]
