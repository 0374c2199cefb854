"""The tables. Every row that an org owns carries `org_id`, so that each query can be scoped."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from orders.storage.indexes import only_on
from orders.storage.types import JsonText, UtcDateTime

# PostgreSQL counts history rows in 64 bits; SQLite numbers rows by itself only for INTEGER.
RowNumber = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can drop it by name on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: UtcDateTime,
        dict[str, Any]: JsonText,
        list[Any]: JsonText,
    }


class Org(Base):
    """An organization: owns everything else; nothing crosses from one to another."""

    __tablename__ = "org"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    # Strict: attribute keys that the org has not defined are refused.
    is_strict: Mapped[bool] = mapped_column(default=False)
    # Public tokens may list orders and configurations, not only look one up by its short ID.
    may_public_list: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Everybody must have a second factor; who has none sets one up when they sign in.
    needs_second_factor: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Raised with every change of the org's attributes or settings; caches are keyed by it.
    rules_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]


class StaffAccount(Base):
    """A person who signs in to the sales desk."""

    __tablename__ = "staff_account"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"), index=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    # What others read in place of the address; empty when the person has not named themselves.
    name: Mapped[str] = mapped_column(String(80), default="", server_default="")
    # `{"timeZone": "Europe/Berlin", …}`; a key that is missing means the default.
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    last_signed_in_at: Mapped[datetime | None]
    # The second factor: its secret (a code is made from the secret itself, not from a hash), and
    # the time step of the last code that was used, so that none counts twice.
    totp_secret: Mapped[str | None] = mapped_column(String(64))
    totp_step: Mapped[int | None]
    # Wrong codes in a row, and when the last one came.
    wrong_codes: Mapped[int] = mapped_column(default=0, server_default="0")
    wrong_code_at: Mapped[datetime | None]


class Token(Base):
    """A secret of a script (private) or of a web page (public); only its hash is stored."""

    __tablename__ = "token"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    is_private: Mapped[bool]
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    # Hosts from which a public token works; `[]` for a private one.
    domains: Mapped[list[Any]]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Attribute(Base):
    """A key that an org has defined for the metadata of its orders, with its valid values."""

    __tablename__ = "attribute"
    __table_args__ = (UniqueConstraint("org_id", "key"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    position: Mapped[int]
    key: Mapped[str] = mapped_column(String(255))
    label: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(16))
    # `[{"value": …, "label": …}]`, empty for kinds without options.
    options: Mapped[list[Any]]
    applies: Mapped[str] = mapped_column(String(16))
    is_required: Mapped[bool]
    # One JSON value; SQL NULL when there is no default.
    default_value: Mapped[Any] = mapped_column(JsonText, nullable=True)
    is_visible_to_customer: Mapped[bool]
    created_at: Mapped[datetime]


class Configuration(Base):
    """A saved choice of options for one product."""

    __tablename__ = "configuration"
    __table_args__ = (
        Index("ix_configuration_org_sku", "org_id", "sku"),
        Index("ix_configuration_org_created", "org_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    short_id: Mapped[str] = mapped_column(String(14), unique=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    # Taken from `metadata.name` and `metadata.sku`, so that people can find it by them.
    product_name: Mapped[str | None] = mapped_column(String(255))
    sku: Mapped[str | None] = mapped_column(String(255))
    product_id: Mapped[str | None] = mapped_column(String(36))
    product_version: Mapped[str | None] = mapped_column(String(255))
    # SQL NULL when they were not sent.
    variant: Mapped[dict[str, Any] | None] = mapped_column(nullable=True)
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata", nullable=True)
    customer_id: Mapped[str | None] = mapped_column(String(255))
    identifier: Mapped[str | None] = mapped_column(String(255))
    scope: Mapped[str | None] = mapped_column(String(255))
    # One JSON value, whatever the client keeps there.
    scene_graph_state: Mapped[Any] = mapped_column(JsonText, nullable=True)
    session_id: Mapped[str | None] = mapped_column(String(255))
    publish_file_id: Mapped[str | None] = mapped_column(String(255))
    creator: Mapped[str | None] = mapped_column(String(255))
    thumbnail: Mapped[str | None] = mapped_column(String(2000))
    # Key -> file name; the files themselves are told by `configuration_file`.
    attachments: Mapped[dict[str, Any]]
    # What the desk's search looks through, in case-folded form: name, SKU, short ID, options.
    search_text: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(36))


class ConfigurationFile(Base):
    """A file that belongs to a configuration; its bytes lie in the file store."""

    __tablename__ = "configuration_file"

    configuration_id: Mapped[str] = mapped_column(ForeignKey("configuration.id"), primary_key=True)
    # A key of `attachments`, or "thumbnail".
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    file_name: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    # Where the store keeps it; made by the service, never from a name that was sent.
    stored_as: Mapped[str] = mapped_column(String(255))


class OrderRow(Base):
    """An order without its lines."""

    __tablename__ = "orders"
    __table_args__ = (
        # PostgreSQL: the list reads by the first three; the start page counts by all of them.
        only_on(
            "postgresql",
            Index("ix_orders_org_created", "org_id", "created_at", "id", "status", "deleted_at"),
        ),
        # The same on SQLite with all that the desk's list searches, filters and sorts by: orders
        # that do not match are passed over without reading their rows, which are much longer.
        # PostgreSQL would refuse so long a row in an index.
        only_on(
            "sqlite",
            Index(
                "ix_orders_list",
                *("org_id", "created_at", "id", "deleted_at", "status", "updated_at", "created_by"),
                *("name", "customer_id", "search_text"),
            ),
        ),
        # Partial: an order without a customer costs nothing.
        Index(
            "ix_orders_org_customer",
            "org_id",
            "customer_id",
            sqlite_where=text("customer_id IS NOT NULL"),
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    short_id: Mapped[str] = mapped_column(String(14), unique=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("org.id"))
    origin_org_id: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(255))
    customer_id: Mapped[str | None] = mapped_column(String(255))
    platform: Mapped[dict[str, Any]]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    derivative: Mapped[dict[str, Any]]
    items: Mapped[list[Any]]
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(36))
    deleted_at: Mapped[datetime | None]
    # Raised with every change; the ETag and the check against lost updates are made from it.
    version: Mapped[int] = mapped_column(default=1)
    # What the list's search looks through, in case-folded form; written by one service. SQLite does
    # not look at the length that the column was made with, and keeps it.
    search_text: Mapped[str] = mapped_column(Text().with_variant(String(1200), "sqlite"))


class CartLineRow(Base):
    """One line of an order's cart, in the order in which the lines were sent."""

    __tablename__ = "cart_line"
    __table_args__ = (
        Index("ix_cart_line_configuration", "configuration_id"),
        # The lines of an order lie together in the key's own tree: one tree less to write.
        {"sqlite_with_rowid": False},
    )

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    # As sent: a UUID or a short ID.
    configuration_id: Mapped[str] = mapped_column(String(36))
    count: Mapped[int]
    # SQL NULL when the line was sent without the key.
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata", nullable=True)


class OrderHistory(Base):
    """What happened to an order: when, by whom, and what changed. Rows are only ever added."""

    __tablename__ = "order_history"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    at: Mapped[datetime]
    # "staff" or "token", and its ID.
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(36))
    action: Mapped[str] = mapped_column(String(32))
    # `{field: {"from": …, "to": …}}` or `{"cart": {"added": […]}}`; `{}` on creation, whose values
    # the order itself holds.
    changes: Mapped[dict[str, Any]]


class Submission(Base):
    """Remembers what a form or request has made, so that a repeat makes no second one."""

    __tablename__ = "submission"
    __table_args__ = (
        # Keys of the JSON door live for a day, those of forms for ever.
        Index(
            "ix_submission_answered",
            "created_at",
            sqlite_where=text("answer IS NOT NULL"),
            postgresql_where=text("answer IS NOT NULL"),
        ),
    )

    actor_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    # SHA-256 over what was sent: the same key with other content is not a repeat.
    fingerprint: Mapped[str] = mapped_column(String(64))
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.id"))
    # The first answer of the JSON door: `{"status": …, "headers": {…}, "body": …}`.
    answer: Mapped[dict[str, Any] | None] = mapped_column(nullable=True)
    created_at: Mapped[datetime]


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


class RequestLog(Base):
    """A request of a known token to the JSON door. Never its query string or body."""

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
