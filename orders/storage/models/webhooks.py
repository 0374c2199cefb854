"""Webhooks and the messages sent to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.encryption import EncryptedText
from orders.storage.models.base import Base, OwnedByOrg, partial_index

# Condition of a partial index: a query must contain the same words.
IS_GIVEN_UP = "delivered_at IS NULL AND next_attempt_at IS NULL"


class WebhookRow(OwnedByOrg, Base):
    """A URL that gets a message for each event of type `topic` in orders that match `filter`."""

    __tablename__ = "webhook"

    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"), index=True)
    topic: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(2000))
    # As sent: `{"status": ["New", …]}`; `{}` means every order.
    filter: Mapped[dict[str, Any]]
    # Signs messages (Standard Webhooks); signing needs the secret itself, a hash would not do.
    secret: Mapped[str] = mapped_column(EncryptedText(255))
    # The previous secret, and the end of the time in which messages are signed by both.
    old_secret: Mapped[str | None] = mapped_column(EncryptedText(255))
    old_secret_until: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    # Set when the receiver has answered 410, or the org came from another installation: it gets
    # nothing until an admin switches it on.
    switched_off_at: Mapped[datetime | None]
    # The receiver has asked for a pause until then, by `Retry-After`.
    held_until: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(36))


class WebhookDelivery(Base):
    """A message to one webhook, stored in the same transaction as the event and sent afterwards."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_webhook", "webhook_id", "created_at", "id"),
        # By webhook: a claim looks for the oldest due message of each, however many others it has.
        partial_index(
            "ix_webhook_delivery_due",
            *("webhook_id", "next_attempt_at"),
            where="next_attempt_at IS NOT NULL",
        ),
        partial_index(
            "ix_webhook_delivery_claimed",
            *("webhook_id", "claimed_until"),
            where="claimed_until IS NOT NULL",
        ),
        partial_index(
            "ix_webhook_delivery_given_up", "webhook_id", "created_at", where=IS_GIVEN_UP
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
    # Attempts so far; time of the next one, or NULL when it is delivered or given up.
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    # Set while a process sends it; the claim of a process that died ends at this time.
    claimed_until: Mapped[datetime | None]
    last_attempt_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    # The receiver's last answer: status and text, or NULL and the reason why there was none.
    last_status: Mapped[int | None]
    last_answer: Mapped[str | None] = mapped_column(Text)
