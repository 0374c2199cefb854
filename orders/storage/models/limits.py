"""How often something was tried lately, for the rate limits that all processes share."""

from sqlalchemy import Float, String
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.models.base import Base


class RateCount(Base):
    """A count in one window of time; it belongs to an address, a token or an account, not an org.

    `key` is a hash of what is counted, so that neither addresses of people nor of machines are
    stored.
    """

    __tablename__ = "rate_count"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    # Seconds since 1970; afterwards the row counts as missing, and is deleted some time later.
    expires_at: Mapped[float] = mapped_column(Float)
