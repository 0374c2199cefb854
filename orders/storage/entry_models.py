"""The tables behind entering orders: what is not an order yet, and who is at one."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.base import Base


class Draft(Base):
    """What a person has typed into an order's form and not placed yet."""

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_changed", "changed_at"),)

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"), primary_key=True)
    # The form's own key, under which its order is placed once.
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    # Names and values of the form's fields, in its order: `[["name", "Oak table"], …]`.
    fields: Mapped[list[Any]]
    # What the list of drafts shows: the order's name or customer, and how many lines it has.
    title: Mapped[str] = mapped_column(String(255))
    lines: Mapped[int]
    # Raised with every save, and the open page that saved last: of two pages with one draft neither
    # overwrites the other unseen.
    version: Mapped[int]
    page: Mapped[str] = mapped_column(String(22))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    # Out of the list; whoever opens it by its address all the same can carry it on.
    discarded_at: Mapped[datetime | None]


class OrderTemplate(Base):
    """A form filled in beforehand, for everybody in the org to begin an order with."""

    __tablename__ = "order_template"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    name: Mapped[str] = mapped_column(String(100))
    # As in `draft`.
    fields: Mapped[list[Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(36))


class OrderEditor(Base):
    """Who has an order open for editing; a row that is not renewed for a while says nothing."""

    __tablename__ = "order_editor"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"), primary_key=True)
    seen_at: Mapped[datetime]
