"""Imported files: their rows and the orders in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.models.base import Base, OwnedByOrg, partial_index


class OrderImport(OwnedByOrg, Base):
    """An uploaded file of orders to import, and the progress of its import."""

    __tablename__ = "order_import"
    __table_args__ = (
        Index("ix_order_import_org_created", "org_id", "created_at", "id"),
        Index("ix_order_import_org_content", "org_id", "content_hash"),
        Index("ix_order_import_org_headers", "org_id", "headers_hash"),
        partial_index(
            "ix_order_import_waiting", "waiting_since", where="waiting_since IS NOT NULL"
        ),
    )

    file_name: Mapped[str] = mapped_column(String(255))
    # Names of the columns, and notes about what the reader assumed.
    columns: Mapped[list[Any]]
    notes: Mapped[list[Any]]
    row_count: Mapped[int]
    # SHA-256 over names and cells, and over the names alone.
    content_hash: Mapped[str] = mapped_column(String(64))
    headers_hash: Mapped[str] = mapped_column(String(64))
    # How the file was read, its sheets and hidden rows; NULL in older imports.
    reading: Mapped[dict[str, Any] | None] = mapped_column(nullable=True)
    # The field of each column; SQL NULL until a person has matched them.
    matching: Mapped[dict[str, Any] | None] = mapped_column(nullable=True)
    state: Mapped[str] = mapped_column(String(16))
    # Number of orders in the rows; NULL until they are counted.
    order_count: Mapped[int | None]
    is_all_or_nothing: Mapped[bool] = mapped_column(default=False)
    # Why it has failed.
    message: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(36))
    # The orders are created in the name of this account, since idempotency keys belong to one.
    started_at: Mapped[datetime | None]
    started_by: Mapped[str | None] = mapped_column(String(36))
    finished_at: Mapped[datetime | None]
    # The orders are put into the bin in the name of this account.
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(36))
    # Set while a background job is due.
    waiting_since: Mapped[datetime | None]
    # Set while a process works on it; the claim of a process that died ends at this time.
    claimed_until: Mapped[datetime | None]


class OrderImportRow(Base):
    """A row of an uploaded file; `number` counts from 1 as in spreadsheets, `cells` are strings."""

    __tablename__ = "order_import_row"
    __table_args__ = ({"sqlite_with_rowid": False},)

    import_id: Mapped[str] = mapped_column(ForeignKey("order_import.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[list[Any]]


class OrderImportOrder(Base):
    """An order in an uploaded file, with its result; `position` is its place among the orders."""

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
