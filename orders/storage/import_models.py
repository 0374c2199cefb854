"""The tables of imported orders: a file, its rows, and what becomes of the orders in it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.base import Base


class OrderImport(Base):
    """A file of orders that somebody has uploaded, and how far it has come."""

    __tablename__ = "order_import"
    __table_args__ = (
        Index("ix_order_import_org_created", "org_id", "created_at", "id"),
        Index("ix_order_import_org_content", "org_id", "content_hash"),
        Index("ix_order_import_org_headers", "org_id", "headers_hash"),
        Index(
            "ix_order_import_waiting",
            "waiting_since",
            sqlite_where=text("waiting_since IS NOT NULL"),
            postgresql_where=text("waiting_since IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    file_name: Mapped[str] = mapped_column(String(255))
    # Names of the columns, and sentences on what was assumed while reading.
    columns: Mapped[list[Any]]
    notes: Mapped[list[Any]]
    row_count: Mapped[int]
    # SHA-256 over names and cells, and over the names alone.
    content_hash: Mapped[str] = mapped_column(String(64))
    headers_hash: Mapped[str] = mapped_column(String(64))
    # What each column is; SQL NULL until somebody has said so.
    matching: Mapped[dict[str, Any] | None] = mapped_column(nullable=True)
    state: Mapped[str] = mapped_column(String(16))
    # How many orders the rows make; NULL until they are counted.
    order_count: Mapped[int | None]
    is_all_or_nothing: Mapped[bool] = mapped_column(default=False)
    # Why it has failed.
    message: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(36))
    # Whoever started it makes the orders, to the end: their keys are by account.
    started_at: Mapped[datetime | None]
    started_by: Mapped[str | None] = mapped_column(String(36))
    finished_at: Mapped[datetime | None]
    # Set while there is something to do in the background.
    waiting_since: Mapped[datetime | None]
    # Set while somebody does it; a process that died lets it go at this time.
    claimed_until: Mapped[datetime | None]


class OrderImportRow(Base):
    """A row of the file, as it was read. `number` counts as spreadsheets do."""

    __tablename__ = "order_import_row"
    __table_args__ = ({"sqlite_with_rowid": False},)

    import_id: Mapped[str] = mapped_column(ForeignKey("order_import.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[list[Any]]


class OrderImportOrder(Base):
    """An order of the file, in the order in which they begin, and what has become of it."""

    __tablename__ = "order_import_order"
    __table_args__ = ({"sqlite_with_rowid": False},)

    import_id: Mapped[str] = mapped_column(ForeignKey("order_import.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(255))
    # Numbers of its rows.
    rows: Mapped[list[Any]]
    pieces: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    # `[[row, column, message], …]`
    faults: Mapped[list[Any]]
    # An order that had the same platform order ID, or this code, when the file was checked.
    same_as: Mapped[str | None] = mapped_column(String(14))
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.id"))
    short_id: Mapped[str | None] = mapped_column(String(14))
