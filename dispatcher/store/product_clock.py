"""The source of product time if it is not real time: one row, the same for all processes."""

from sqlalchemy.orm import Mapped, mapped_column

from dispatcher.store.base import Base, Timestamp


class ClockRow(Base):
    __tablename__ = "product_clock"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    spec: Mapped[str]
    product_at: Mapped[Timestamp]
    real_at: Mapped[Timestamp]
