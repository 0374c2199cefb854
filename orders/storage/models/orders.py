"""Orders: lines, history, notes, idempotency keys, and customers' attempts to open an order."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.models.base import Base, OwnedByOrg, RowNumber, only_on, partial_index

# Texts that both databases compare byte by byte.
Bytewise = Text(collation="C").with_variant(Text(), "sqlite")
# Conditions of partial indexes: a query must contain the same words.
IS_OPEN_CART = "status IN ('List', 'In Cart') AND deleted_at IS NULL AND canceled_at IS NULL"
IS_OPEN = "is_open"
IS_OF_FORM = "order_id IS NOT NULL AND answer IS NULL"


class OrderRow(OwnedByOrg, Base):
    """An order without its lines."""

    __tablename__ = "orders"
    __table_args__ = (
        # PostgreSQL: the list uses the first three columns, the start page counts by all of them.
        only_on(
            "postgresql",
            Index("ix_orders_org_created", "org_id", "created_at", "id", "status", "deleted_at"),
        ),
        # SQLite: with every column that the desk's list searches, filters and sorts by, so that it
        # reads no rows of other orders. PostgreSQL would refuse index rows of this length.
        only_on(
            "sqlite",
            Index(
                "ix_orders_list",
                *("org_id", "created_at", "id", "deleted_at", "status", "updated_at", "created_by"),
                *("canceled_at", "name_key", "customer_key", "search_text"),
            ),
        ),
        # For clients that ask what has changed.
        Index("ix_orders_org_updated", "org_id", "updated_at", "id"),
        # Partial: an order without a customer costs nothing.
        partial_index(
            "ix_orders_org_customer_created",
            "org_id",
            "customer_id",
            "created_at",
            "id",
            where="customer_id IS NOT NULL",
        ),
        # The shop's order number: the list's filter, and warnings of repeated numbers. It begins
        # with what few orders have: SQLite would rather walk through the list of the org.
        partial_index(
            "ix_orders_platform",
            "platform_key",
            "org_id",
            "customer_id",
            "created_at",
            "id",
            where="platform_key IS NOT NULL",
        ),
        # Warnings of repeated numbers.
        partial_index(
            "ix_orders_org_po_customer",
            "org_id",
            "po_key",
            "customer_id",
            where="po_key IS NOT NULL",
        ),
        # Canceled orders are few; all others cost nothing.
        partial_index(
            "ix_orders_canceled", "org_id", "created_at", "id", where="canceled_at IS NOT NULL"
        ),
        # The start page; an order that comes by JSON costs nothing.
        partial_index("ix_orders_open_carts", "org_id", "updated_at", "id", where=IS_OPEN_CART),
    )

    short_id: Mapped[str] = mapped_column(String(14), unique=True)
    origin_org_id: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(255))
    customer_id: Mapped[str | None] = mapped_column(String(255))
    platform: Mapped[dict[str, Any]]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    derivative: Mapped[dict[str, Any]]
    items: Mapped[list[Any]]
    status: Mapped[str] = mapped_column(String(16))
    updated_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(36))
    deleted_at: Mapped[datetime | None]
    canceled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None] = mapped_column(String(255))
    # Raised with every change; the ETag and the check against lost updates use it.
    version: Mapped[int] = mapped_column(default=1)
    # By which texts are sorted, and the version of these keys (orders/domain/collation.py).
    name_key: Mapped[str | None] = mapped_column(Bytewise)
    customer_key: Mapped[str | None] = mapped_column(Bytewise)
    sort_version: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    # Numbers that a second order should not repeat (orders/domain/repeated_numbers.py).
    platform_key: Mapped[str | None] = mapped_column(Text)
    po_key: Mapped[str | None] = mapped_column(Text)
    # Folded text for the list's search. The length is that of SQLite's first migration.
    search_text: Mapped[str] = mapped_column(Text().with_variant(String(1200), "sqlite"))


class OrderCount(Base):
    """The number of an org's orders that were created in the same quarter of an hour, by state.

    Orders in the bin are not counted. It is written beside the requests
    (orders/services/orders/pending_changes.py).
    """

    __tablename__ = "order_count"
    __table_args__ = ({"sqlite_with_rowid": False},)

    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"), primary_key=True)
    # Quarters of an hour since 1970 in UTC; 0 for all orders before the last weeks.
    quarter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(String(16), primary_key=True)
    is_canceled: Mapped[bool] = mapped_column(primary_key=True)
    number: Mapped[int]


class OrderSort(Base):
    """What lists are sorted and filtered by where `orders` has no index; not of orders in the bin.

    It is written beside the requests (orders/services/orders/pending_changes.py).
    """

    __tablename__ = "order_sort"
    __table_args__ = (
        Index("ix_order_sort_name", "org_id", "name_key", "order_id"),
        Index("ix_order_sort_customer", "org_id", "customer_key", "order_id"),
        Index("ix_order_sort_step", "org_id", "step", "order_id"),
        Index("ix_order_sort_step_created", "org_id", "step", "created_at", "order_id"),
        {"sqlite_with_rowid": False},
    )

    # Without a foreign key: the row of a deleted order goes a moment later.
    order_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    created_at: Mapped[datetime]
    step: Mapped[int]  # the place of the status, from 0
    is_canceled: Mapped[bool]
    name: Mapped[str | None] = mapped_column(String(255))
    # The beginning of the order's keys: PostgreSQL's index entries have at most 2,704 bytes.
    name_key: Mapped[str | None] = mapped_column(Bytewise)
    customer_key: Mapped[str | None] = mapped_column(Bytewise)


class OrderText(Base):
    """The search text of an order, also of one in the bin, for the index of the search.

    It is written beside the requests (orders/services/orders/pending_changes.py). SQLite's index is
    the virtual table `order_trigram`, which triggers keep up to date.
    """

    __tablename__ = "order_text"
    __table_args__ = (
        only_on(
            "postgresql",
            Index(
                "ix_order_text_trigrams",
                "text",
                postgresql_using="gin",
                postgresql_ops={"text": "gin_trgm_ops"},
            ),
        ),
    )

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    # Without a foreign key: the row of a deleted order goes a moment later.
    order_id: Mapped[str] = mapped_column(String(36), unique=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    text: Mapped[str] = mapped_column(Text)


class PendingChange(Base):
    """A write of an order that OrderCount, OrderSort, and OrderText do not contain yet.

    `number` is 1 for one more order in OrderCount, -1 for one less, and 0 for neither.
    """

    __tablename__ = "pending_change"
    __table_args__ = ({"sqlite_with_rowid": False},)

    # Without a foreign key: the order may be deleted before.
    order_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    quarter: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    is_canceled: Mapped[bool]


class CartLineRow(Base):
    """A line of an order's cart; `position` preserves the sequence in which the lines were sent."""

    __tablename__ = "cart_line"
    __table_args__ = (
        Index("ix_cart_line_configuration", "configuration_id"),
        # Lines are stored in the primary key's own tree: one tree less to write.
        {"sqlite_with_rowid": False},
    )

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    # As sent: a UUID or a short ID.
    configuration_id: Mapped[str] = mapped_column(String(36))
    count: Mapped[int]
    # SQL NULL when the line was sent without the key.
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata", nullable=True)
    # Identifies the line within its order. NULL means `position`: new orders need not write it.
    line_id: Mapped[int | None] = mapped_column(BigInteger)


class OrderHistory(Base):
    """A change of an order: when, by whom, and what changed. Rows are only added."""

    __tablename__ = "order_history"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    at: Mapped[datetime]
    # "staff" or "token", and its ID.
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(36))
    action: Mapped[str] = mapped_column(String(32))
    # `{field: {"from": …, "to": …}}` or `{"cart": {"added": […]}}`; `{}` on creation. A changed
    # cart also has `ids`: the line IDs of the lines in `from`.
    changes: Mapped[dict[str, Any]]


class Submission(Base):
    """An idempotency key of a form or API request, with the result of the first request."""

    __tablename__ = "submission"
    __table_args__ = (
        # Keys of the JSON API are kept for a day, those of forms for ever.
        partial_index("ix_submission_answered", "created_at", where="answer IS NOT NULL"),
        partial_index("ix_submission_of_form", "actor_id", "created_at", where=IS_OF_FORM),
    )

    actor_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    # SHA-256 over what was sent: the same key with other content is not a repeat.
    fingerprint: Mapped[str] = mapped_column(String(64))
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.id"))
    # The first response of the JSON API: `{"status": …, "headers": {…}, "body": …}`.
    answer: Mapped[dict[str, Any] | None] = mapped_column(nullable=True)
    created_at: Mapped[datetime]


class OrderNote(Base):
    """An internal note by the team on an order; customers and API clients do not see it."""

    __tablename__ = "order_note"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    at: Mapped[datetime]
    actor_id: Mapped[str] = mapped_column(String(36))
    text: Mapped[str] = mapped_column(Text)


class OrderPastedText(Base):
    """The texts that were pasted when an order was entered or changed; only the desk shows them."""

    __tablename__ = "order_pasted_text"

    order_id: Mapped[str] = mapped_column(
        ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True
    )
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class OrderTries(Base):
    """The number of attempts to open an order with a customer ID, and the time of the first one."""

    __tablename__ = "order_tries"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    tries: Mapped[int]
    since: Mapped[datetime]


class OrderDate(Base):
    """The day of an order's attribute of the kind date or week, for the list and the start page.

    The order itself has the value; a row exists only while an attribute of the org defines it.
    """

    __tablename__ = "order_date"
    __table_args__ = (
        Index("ix_order_date_day", "org_id", "attribute_key", "day", "order_id"),
        # What is overdue: orders that are done cost nothing.
        partial_index(
            "ix_order_date_open", "org_id", "attribute_key", "day", "order_id", where=IS_OPEN
        ),
        {"sqlite_with_rowid": False},
    )

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    attribute_key: Mapped[str] = mapped_column(String(255), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    # In ISO 8601; of a week, its Monday.
    day: Mapped[str] = mapped_column(Bytewise)
    # Whether the order is neither complete nor canceled nor deleted.
    is_open: Mapped[bool]
