"""The tables of orders: lines, history, and what has been made already by a form or request."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.base import Base, RowNumber
from orders.storage.indexes import only_on


class OrderRow(Base):
    """An order without its lines."""

    __tablename__ = "orders"
    __table_args__ = (
        # PostgreSQL: the list reads by the first three; the start page counts by all of them.
        only_on(
            "postgresql",
            Index("ix_orders_org_created", "org_id", "created_at", "id", "status", "deleted_at"),
        ),
        # The same on SQLite with all that the desk's list searches, filters and sorts by: orders
        # that do not match are passed over without reading their rows, which are much longer.
        # PostgreSQL would refuse so long a row in an index.
        only_on(
            "sqlite",
            Index(
                "ix_orders_list",
                *("org_id", "created_at", "id", "deleted_at", "status", "updated_at", "created_by"),
                *("name", "customer_id", "search_text"),
            ),
        ),
        # Partial: an order without a customer costs nothing.
        Index(
            "ix_orders_org_customer",
            "org_id",
            "customer_id",
            sqlite_where=text("customer_id IS NOT NULL"),
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    short_id: Mapped[str] = mapped_column(String(14), unique=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    origin_org_id: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(255))
    customer_id: Mapped[str | None] = mapped_column(String(255))
    platform: Mapped[dict[str, Any]]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    derivative: Mapped[dict[str, Any]]
    items: Mapped[list[Any]]
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(36))
    deleted_at: Mapped[datetime | None]
    # Raised with every change; the ETag and the check against lost updates are made from it.
    version: Mapped[int] = mapped_column(default=1)
    # What the list's search looks through, in case-folded form; written by one service. SQLite does
    # not look at the length that the column was made with, and keeps it.
    search_text: Mapped[str] = mapped_column(Text().with_variant(String(1200), "sqlite"))


class CartLineRow(Base):
    """One line of an order's cart, in the order in which the lines were sent."""

    __tablename__ = "cart_line"
    __table_args__ = (
        Index("ix_cart_line_configuration", "configuration_id"),
        # The lines of an order lie together in the key's own tree: one tree less to write.
        {"sqlite_with_rowid": False},
    )

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    # As sent: a UUID or a short ID.
    configuration_id: Mapped[str] = mapped_column(String(36))
    count: Mapped[int]
    # SQL NULL when the line was sent without the key.
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata", nullable=True)


class OrderHistory(Base):
    """What happened to an order: when, by whom, and what changed. Rows are only ever added."""

    __tablename__ = "order_history"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    at: Mapped[datetime]
    # "staff" or "token", and its ID.
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(36))
    action: Mapped[str] = mapped_column(String(32))
    # `{field: {"from": …, "to": …}}` or `{"cart": {"added": […]}}`; `{}` on creation, whose values
    # the order itself holds.
    changes: Mapped[dict[str, Any]]


class Submission(Base):
    """Remembers what a form or request has made, so that a repeat makes no second one."""

    __tablename__ = "submission"
    __table_args__ = (
        # Keys of the JSON door live for a day, those of forms for ever.
        Index(
            "ix_submission_answered",
            "created_at",
            sqlite_where=text("answer IS NOT NULL"),
            postgresql_where=text("answer IS NOT NULL"),
        ),
    )

    actor_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    # SHA-256 over what was sent: the same key with other content is not a repeat.
    fingerprint: Mapped[str] = mapped_column(String(64))
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.id"))
    # The first answer of the JSON door: `{"status": …, "headers": {…}, "body": …}`.
    answer: Mapped[dict[str, Any] | None] = mapped_column(nullable=True)
    created_at: Mapped[datetime]
