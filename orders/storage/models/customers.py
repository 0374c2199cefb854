"""Customer records."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.models.base import Base, OwnedByOrg, RowNumber
from orders.storage.models.orders import Bytewise


class CustomerRow(OwnedByOrg, Base):
    """A customer record: name, addresses and defaults of the customer with an ID in orders."""

    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("org_id", "customer_id"),
        Index("ix_customer_org_created", "org_id", "created_at", "id"),
        # A pasted text names customers in any case.
        Index("ix_customer_org_lower_name", "org_id", text("lower(name)")),
        Index("ix_customer_org_lower_email", "org_id", text("lower(email)")),
    )

    # As in orders, which do not refer to the record: an order needs none.
    customer_id: Mapped[str] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(255))
    contact: Mapped[str | None] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(255))
    phone: Mapped[str | None] = mapped_column(String(255))
    # `[{"label", "lines", "city", "postalCode", "country"}]`
    addresses: Mapped[list[Any]]
    notes: Mapped[str | None] = mapped_column(Text)
    # Key of `metadata` -> value.
    defaults: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(36))
    # A deleted record is kept for a while, so that its deletion can be undone.
    deleted_at: Mapped[datetime | None]
    # Raised with every change; the ETag and the check against lost updates use it.
    version: Mapped[int] = mapped_column(default=1)
    # By which texts are sorted, and the version of these keys (orders/domain/collation.py).
    name_key: Mapped[str | None] = mapped_column(Bytewise)
    customer_key: Mapped[str] = mapped_column(Bytewise)
    sort_version: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    # Folded text for the desk's search.
    search_text: Mapped[str] = mapped_column(Text)


class CustomerHistory(Base):
    """A change of a customer record: when, by whom, and what changed. Rows are only added.

    They belong to the customer's ID: a record that replaces a deleted one continues its history.
    """

    __tablename__ = "customer_history"
    __table_args__ = (Index("ix_customer_history_customer", "org_id", "customer_id", "id"),)

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    customer_id: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime]
    # "staff" or "token", and its ID.
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(36))
    action: Mapped[str] = mapped_column(String(32))
    # `{field: {"from": …, "to": …}}`; `{}` unless fields have changed.
    changes: Mapped[dict[str, Any]]
