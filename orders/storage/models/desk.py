"""What the desk keeps for people: drafts, templates, saved views, preferences, bulk changes."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.models.base import Base, OwnedByOrg
from orders.storage.types import JsonText


class DraftRow(Base):
    """The unsaved input of a person in the form of a new or an existing order."""

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_changed", "changed_at"),)

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"), primary_key=True)
    # The form's idempotency key: its order is placed once.
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    # Names and values of the form's fields, in its order: `[["name", "Oak table"], …]`.
    fields: Mapped[list[Any]]
    # For the list of drafts: the order's name or customer, and its number of lines.
    title: Mapped[str] = mapped_column(String(255))
    lines: Mapped[int]
    # Raised with every save, and the open page that saved last, so that no page overwrites another.
    version: Mapped[int]
    page: Mapped[str] = mapped_column(String(22))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    # Removed from the list; its address still opens it.
    discarded_at: Mapped[datetime | None]


class OrderTemplate(OwnedByOrg, Base):
    """A prefilled order form that everybody in the org can start from."""

    __tablename__ = "order_template"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    name: Mapped[str] = mapped_column(String(100))
    # As in `draft`.
    fields: Mapped[list[Any]]
    created_by: Mapped[str] = mapped_column(String(36))


class OrderEditor(Base):
    """A person who has an order open for editing. The row expires if it is not renewed."""

    __tablename__ = "order_editor"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"), primary_key=True)
    seen_at: Mapped[datetime]


class SavedView(OwnedByOrg, Base):
    """Filters, sort order and columns of the order list, saved by a person under a name."""

    __tablename__ = "saved_view"
    __table_args__ = (Index("ix_saved_view_org_name", "org_id", "name", "id"),)

    # Its owner; others of the org see it when it is shared.
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"))
    name: Mapped[str] = mapped_column(String(80))
    is_shared: Mapped[bool]
    # Query parameters of the list: `[["status", "New"], ["sort", "name"], …]`.
    address: Mapped[list[Any]]
    updated_at: Mapped[datetime]


class StaffPreference(Base):
    """A preference of a person, such as the columns of the list."""

    __tablename__ = "staff_preference"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JsonText)


class BulkChange(OwnedByOrg, Base):
    """A change of many orders by one person, with the result for each order, so it can be undone.

    Its ID is derived from the form's idempotency key, so submitting a form twice makes only one
    change.
    """

    __tablename__ = "bulk_change"
    __table_args__ = (Index("ix_bulk_change_created", "created_at"),)

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"))
    # "status", "bin" or "restore", and the status that was set.
    action: Mapped[str] = mapped_column(String(16))
    status: Mapped[str | None] = mapped_column(String(16))
    # NULL while it is running.
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    # Of each order: `{"id", "short_id", "before", "version", "result", "reason"}`.
    outcome: Mapped[list[Any]]
