"""Staff accounts with sessions, invitations, password resets, recovery codes and events."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.encryption import EncryptedText
from orders.storage.models.base import Base, OwnedByOrg, RowNumber


class StaffAccount(OwnedByOrg, Base):
    """A person who signs in to the sales desk."""

    __tablename__ = "staff_account"

    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"), index=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(255))
    disabled_at: Mapped[datetime | None]
    # Shown to others in place of the address; empty when the person has set no name.
    name: Mapped[str] = mapped_column(String(80), default="", server_default="")
    # `{"timeZone": "Europe/Berlin", …}`; a key that is missing means the default.
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    last_signed_in_at: Mapped[datetime | None]
    # The second factor: its secret, and the time step of the last code, which works once.
    totp_secret: Mapped[str | None] = mapped_column(EncryptedText(255))
    totp_step: Mapped[int | None]
    # Wrong codes in a row, and when the last one came.
    wrong_codes: Mapped[int] = mapped_column(default=0, server_default="0")
    wrong_code_at: Mapped[datetime | None]
    # False as long as the person signs in with the company's account alone: `password_hash` is then
    # that of a random text which nobody knows.
    has_password: Mapped[bool] = mapped_column(default=True, server_default=true())
    # Someone else has chosen the password, so the person must choose another one first.
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Wrong passwords and codes since the last sign-in, and when the last one was sent.
    failed_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    failed_try_at: Mapped[datetime | None]


class StaffSessionRow(OwnedByOrg, Base):
    """A sign-in that lasts: a browser has its secret in a signed cookie, we have the hash.

    A session that has ended has no row.
    """

    __tablename__ = "staff_session"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    # Written once a minute at most, see `services/accounts/sessions.py`.
    last_used_at: Mapped[datetime]
    # When the person last proved who they are, by their password or a code.
    confirmed_at: Mapped[datetime]
    user_agent: Mapped[str] = mapped_column(String(255))
    # The part of the client's address that names its network: `203.0.113.x`.
    network: Mapped[str] = mapped_column(String(45))
    # How the person signed in, see SignInWay.
    way: Mapped[str] = mapped_column(String(16), default="password", server_default="password")


class StaffIdentity(OwnedByOrg, Base):
    """An account at a provider of company accounts, with which a person signs in."""

    __tablename__ = "staff_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    # The provider's ID of the person, which it never gives to anyone else.
    subject: Mapped[str] = mapped_column(String(255))
    # As the provider had it when the identity was connected; it identifies nobody.
    email: Mapped[str] = mapped_column(String(255))


class PasskeyRow(OwnedByOrg, Base):
    """A passkey (WebAuthn credential) of a person; a device or password manager has its secret."""

    __tablename__ = "passkey"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"), index=True)
    # Both in base64url without padding; the public key is in COSE format.
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[str] = mapped_column(Text)
    # How often it has signed, as it says itself; many always say 0.
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(80))
    last_used_at: Mapped[datetime | None]


class InvitationRow(OwnedByOrg, Base):
    """An invitation by mail to create an account; its link works once."""

    __tablename__ = "invitation"
    __table_args__ = (Index("ix_invitation_org_created", "org_id", "created_at", "id"),)

    email: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16))
    # SHA-256 of the link's secret; sending the invitation again creates a new secret.
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_by: Mapped[str] = mapped_column(String(36))
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class PasswordReset(Base):
    """A mailed link with which a person sets a new password; it works once."""

    __tablename__ = "password_reset"
    __table_args__ = (Index("ix_password_reset_staff", "staff_id", "created_at"),)

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    # Used, or invalid because the password was changed another way.
    used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """The hash of a code that a person can use once in place of the second factor."""

    __tablename__ = "recovery_code"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_account.id"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime | None]


class AuditEvent(Base):
    """An event outside of orders, such as a sign-in or a changed setting.

    Rows are only added; the database refuses to change them. The table had only the events of
    accounts at first, hence its name.
    """

    __tablename__ = "staff_event"
    __table_args__ = (
        Index("ix_staff_event_staff", "staff_id", "id"),
        Index("ix_staff_event_org_at", "org_id", "at", "id"),
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    # NULL in rows of earlier versions that run at the same time.
    org_id: Mapped[str | None] = mapped_column(ForeignKey("org.id"))
    # The account that the event is about, if it is one; its log has the event.
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff_account.id"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32))
    # Who did it: a value of `ActorKind`, and the ID of the account or token.
    actor_kind: Mapped[str] = mapped_column(String(16), server_default="staff")
    by_id: Mapped[str | None] = mapped_column(String(36))
    # What else the event is about, by its ID, and by a text that names no person or customer.
    subject_id: Mapped[str | None] = mapped_column(String(36))
    detail: Mapped[str] = mapped_column(String(255), server_default="")
