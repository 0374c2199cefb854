"""The tables behind the customers' pages: how an org's look, and who tried to open an order."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.base import Base


class CustomerPage(Base):
    """What an org has laid down for its customers' pages; without a row, everything is plain."""

    __tablename__ = "customer_page"

    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"), primary_key=True)
    # The second fact that is asked for beside the code: "none" or "customerId".
    customer_check: Mapped[str] = mapped_column(String(16))
    # `#rrggbb`.
    accent: Mapped[str | None] = mapped_column(String(7))
    # One line: telephone, e-mail, hours.
    contact: Mapped[str | None] = mapped_column(String(255))
    # For customers whose browser asks for no language that there is.
    language: Mapped[str | None] = mapped_column(String(16))
    # The logo's file in the store; all three or none.
    logo_type: Mapped[str | None] = mapped_column(String(255))
    logo_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    logo_stored_as: Mapped[str | None] = mapped_column(String(255))


class OrderTries(Base):
    """How often somebody has tried to tell an order's second fact, since when."""

    __tablename__ = "order_tries"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    tries: Mapped[int]
    since: Mapped[datetime]
