"""The tables behind people's accounts: how they come to one, and how they prove who they are.

They share `Base` with `orders.storage.models`.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.models import Base, RowNumber


class Invitation(Base):
    """An address that may make itself an account by a link, once."""

    __tablename__ = "invitation"
    __table_args__ = (Index("ix_invitation_org_created", "org_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    email: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16))
    # SHA-256 of the link's secret; sending the invitation again makes another secret.
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(36))
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class PasswordReset(Base):
    """A link by which a person sets another password, once."""

    __tablename__ = "password_reset"
    __table_args__ = (Index("ix_password_reset_staff", "staff_id", "created_at"),)

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    # Used, or of no use any more because the password was changed another way.
    used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code that stands in for the second factor, once."""

    __tablename__ = "recovery_code"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime | None]


class StaffEvent(Base):
    """What happened to an account: signed in, another password … Rows are only ever added."""

    __tablename__ = "staff_event"
    __table_args__ = (Index("ix_staff_event_staff", "staff_id", "id"),)

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32))
    # Who did it; the person themselves when NULL.
    by_id: Mapped[str | None] = mapped_column(String(36))
