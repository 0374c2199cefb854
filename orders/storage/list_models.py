"""The list of orders: saved views, what people have chosen, and changes of many orders."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.base import Base
from orders.storage.types import JsonText


class SavedView(Base):
    """Filters, sort and columns of the list of orders under a name."""

    __tablename__ = "saved_view"
    __table_args__ = (Index("ix_saved_view_org_name", "org_id", "name", "id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    # Whose it is; others of the org see it when it is shared.
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"))
    name: Mapped[str] = mapped_column(String(80))
    is_shared: Mapped[bool]
    # Names and values of the list's address: `[["status", "New"], ["sort", "name"], …]`.
    address: Mapped[list[Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class StaffPreference(Base):
    """What a person has chosen for themselves, such as the columns of the list."""

    __tablename__ = "staff_preference"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JsonText)


class BulkChange(Base):
    """A change of many orders by one person, and what became of each, so that it can be undone."""

    __tablename__ = "bulk_change"
    __table_args__ = (Index("ix_bulk_change_created", "created_at"),)

    # Made from the form's key: a form that is sent twice is one change.
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"))
    # "status", "bin" or "restore", and the status that was set.
    action: Mapped[str] = mapped_column(String(16))
    status: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime]
    # NULL while it is at work.
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    # Of each order: `{"id", "shortId", "from", "version", "result", "reason"}`.
    outcome: Mapped[list[Any]]
