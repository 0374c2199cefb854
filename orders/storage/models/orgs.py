"""Orgs with their tokens, request log, attributes and settings of customer pages."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.models.base import Base, OwnedByOrg, RowNumber
from orders.storage.types import JsonText


def new_page_key() -> str:
    """Return a new random key for the address of an org's look-up page: 96 bits."""
    return secrets.token_urlsafe(12)


class Org(Base):
    """An organization. It owns all other rows; orgs share nothing."""

    __tablename__ = "org"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    # Attribute keys that the org has not defined are refused.
    is_strict: Mapped[bool] = mapped_column(default=False)
    # Public tokens may list orders and configurations; otherwise only look one up by short ID.
    may_public_list: Mapped[bool] = mapped_column(default=False, server_default=false())
    # What public tokens read of orders that they did not create: a value of `PublicReads`.
    public_reads: Mapped[str] = mapped_column(String(16), default="", server_default="")
    # Private tokens must be sent in a header: addresses are kept in the logs of servers.
    refuses_address_tokens: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Everyone may see the pictures of configurations, without a token; no other files.
    has_public_pictures: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Everybody must have a second factor; people without one set it up when they sign in.
    needs_second_factor: Mapped[bool] = mapped_column(default=False, server_default=false())
    # People who sign in with the company's account need no second factor of ours.
    trusts_provider: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Raised with every change of the org's attributes or settings; caches are keyed by it.
    rules_version: Mapped[int] = mapped_column(default=1)
    # Raised with every change of the org's configurations; caches of them are keyed by it.
    catalog_version: Mapped[int] = mapped_column(default=1, server_default="1")
    # Names the org in the address of its look-up page. It is random, so that nobody can guess one.
    page_key: Mapped[str | None] = mapped_column(
        String(22), default=new_page_key, index=True, unique=True
    )
    created_at: Mapped[datetime]


class SetupRow(Base):
    """The link that opens the setup of an empty desk; one row, for the whole database."""

    __tablename__ = "setup"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # SHA-256 of the link's secret; a new link replaces it.
    secret_hash: Mapped[str | None] = mapped_column(String(64))
    expires_at: Mapped[datetime | None]
    # When the first org was created; there is no setup after that, even if the org is gone.
    closed_at: Mapped[datetime | None]


class Token(OwnedByOrg, Base):
    """An access token for a script (private) or for web pages (public); only its hash is stored."""

    __tablename__ = "token"

    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    is_private: Mapped[bool]
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    # Hosts from which a public token works; `[]` for a private one.
    domains: Mapped[list[Any]]
    # IDs of the tokens in whose place it came, newest first; it reads their orders as its own.
    succeeds: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    last_used_at: Mapped[datetime | None]
    # When a private token was last sent in an address (`bearer_token=`).
    last_in_address_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class RequestLog(Base):
    """A request to the JSON API with a valid token; query string and body are not stored."""

    __tablename__ = "request_log"
    __table_args__ = (Index("ix_request_log_org_at", "org_id", "at", "id"),)

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    token_id: Mapped[str] = mapped_column(ForeignKey("token.id"))
    at: Mapped[datetime]
    method: Mapped[str] = mapped_column(String(16))
    path: Mapped[str] = mapped_column(String(500))
    status: Mapped[int]
    user_agent: Mapped[str] = mapped_column(String(255))


class Attribute(OwnedByOrg, Base):
    """A key that an org has defined for the metadata of its orders, with its valid values."""

    __tablename__ = "attribute"
    __table_args__ = (UniqueConstraint("org_id", "key"),)

    position: Mapped[int]
    key: Mapped[str] = mapped_column(String(255))
    label: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(16))
    # `[{"value": …, "label": …}]`, empty for kinds without options; with `labels` by language code
    # where an option has any.
    options: Mapped[list[Any]]
    applies: Mapped[str] = mapped_column(String(16))
    is_required: Mapped[bool]
    # One JSON value; SQL NULL when there is no default.
    default_value: Mapped[Any] = mapped_column(JsonText, nullable=True)
    is_visible_to_customer: Mapped[bool]
    # Labels in other languages, by code: `{"de": …}`.
    labels: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    hint: Mapped[str] = mapped_column(String(255), server_default="")
    placeholder: Mapped[str] = mapped_column(String(255), server_default="")
    # A heading on the order form; attributes with the same one are below it.
    form_group: Mapped[str] = mapped_column(String(80), server_default="")
    # Whether an order that is copied from another one gets the value.
    is_copied: Mapped[bool] = mapped_column(server_default=true())
    # Orders are overdue after this date; of one attribute of an org at most.
    is_due: Mapped[bool] = mapped_column(server_default=false())
    # How the values of lines are added up: "", "quantity" or "plain".
    total: Mapped[str] = mapped_column(String(16), server_default="")


class CustomerPageRow(Base):
    """Settings of an org's customer pages; without a row, the defaults apply."""

    __tablename__ = "customer_page"

    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"), primary_key=True)
    # What a customer must enter beside the code: "none" or "customerId".
    customer_check: Mapped[str] = mapped_column(String(16))
    # `#rrggbb`.
    accent: Mapped[str | None] = mapped_column(String(7))
    # One line beside phone and e-mail, such as the opening hours.
    contact: Mapped[str | None] = mapped_column(String(255))
    phone: Mapped[str | None] = mapped_column(String(60))
    email: Mapped[str | None] = mapped_column(String(255))
    # IANA name of the zone in which customers see times, and people at the desk who have none of
    # their own; UTC if it is NULL.
    time_zone: Mapped[str | None] = mapped_column(String(64))
    # The org's words for the steps of an order, by language and step.
    wording: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    # For customers whose browser asks for no language that we have.
    language: Mapped[str | None] = mapped_column(String(16))
    # The logo's file in the store; all three or none.
    logo_type: Mapped[str | None] = mapped_column(String(255))
    logo_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    logo_stored_as: Mapped[str | None] = mapped_column(String(255))
