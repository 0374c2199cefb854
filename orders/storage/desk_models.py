"""What only the desk needs: the team's notes, and the indexes that its start page reads by.

Each index is partial, so that an order that comes by JSON pays nothing for the page.
"""

from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, Index, String, Table, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.base import Base
from orders.storage.order_models import OrderRow, Submission
from orders.storage.webhook_models import WebhookDelivery


class OrderNote(Base):
    """What somebody of the team has written about an order; never part of the order itself."""

    __tablename__ = "order_note"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    at: Mapped[datetime]
    actor_id: Mapped[str] = mapped_column(String(36))
    text: Mapped[str] = mapped_column(Text)


_orders = cast(Table, OrderRow.__table__)
_submission = cast(Table, Submission.__table__)
_delivery = cast(Table, WebhookDelivery.__table__)


def _partial(name: str, table: Table, columns: tuple[str, ...], where: str) -> None:
    condition = text(where)
    Index(
        name,
        *(table.c[column] for column in columns),
        sqlite_where=condition,
        postgresql_where=condition,
    )


# A database takes a partial index only for a query that says the same words: these are they.
IS_OPEN_CART = "status IN ('List', 'In Cart') AND deleted_at IS NULL"
IS_OF_FORM = "order_id IS NOT NULL AND answer IS NULL"
IS_GIVEN_UP = "delivered_at IS NULL AND next_attempt_at IS NULL"

_partial("ix_orders_open_carts", _orders, ("org_id", "updated_at", "id"), IS_OPEN_CART)
_partial("ix_submission_of_form", _submission, ("actor_id", "created_at"), IS_OF_FORM)
_partial("ix_webhook_delivery_given_up", _delivery, ("webhook_id", "created_at"), IS_GIVEN_UP)
