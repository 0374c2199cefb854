"""The tables of webhooks and of the messages to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.base import Base


class Webhook(Base):
    """An address of the org that is told about events of its orders."""

    __tablename__ = "webhook"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"), index=True)
    topic: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(2000))
    # As sent: `{"status": ["New", …]}`; `{}` means every order.
    filter: Mapped[dict[str, Any]]
    # Signs what is sent (Standard Webhooks); a signature needs the secret itself, not its hash.
    secret: Mapped[str] = mapped_column(String(255))
    # The secret before the present one, and until when messages are signed by both.
    old_secret: Mapped[str | None] = mapped_column(String(255))
    old_secret_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(36))


class WebhookDelivery(Base):
    """One message to one webhook: written with the event itself, sent afterwards."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_webhook", "webhook_id", "created_at", "id"),
        Index(
            "ix_webhook_delivery_due",
            "next_attempt_at",
            sqlite_where=text("next_attempt_at IS NOT NULL"),
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index(
            "ix_webhook_delivery_claimed",
            "claimed_until",
            sqlite_where=text("claimed_until IS NOT NULL"),
            postgresql_where=text("claimed_until IS NOT NULL"),
        ),
    )

    # Also the message's ID for its receiver, the same in every attempt.
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhook.id"))
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    topic: Mapped[str] = mapped_column(String(32))
    # The body, exactly as it is signed and sent.
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    # Attempts so far; the next one, or NULL when it is delivered or given up.
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    # Set while somebody sends it; a worker that died lets it go at this time.
    claimed_until: Mapped[datetime | None]
    last_attempt_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    # The receiver's last answer: its status, or NULL and why there was none.
    last_status: Mapped[int | None]
    last_answer: Mapped[str | None] = mapped_column(Text)
