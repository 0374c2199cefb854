"""Saved configurations and their files."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from orders.storage.models.base import Base, OwnedByOrg, only_on
from orders.storage.types import JsonText


class ConfigurationRow(OwnedByOrg, Base):
    """A saved configuration: options chosen for one product. Cart lines refer to it by its ID."""

    __tablename__ = "configuration"
    __table_args__ = (
        # Covers the queries by SKU: SQLite would otherwise walk through the index of the list.
        Index(
            "ix_configuration_org_sku",
            *("org_id", "sku", "deleted_at", "retired_at", "id", "short_id", "product_name"),
        ),
        only_on("postgresql", Index("ix_configuration_org_created", "org_id", "created_at", "id")),
        # SQLite: with every column that is searched; the rows themselves are much longer.
        only_on(
            "sqlite",
            Index(
                "ix_configuration_list",
                *("org_id", "created_at", "id", "deleted_at", "retired_at"),
                *("short_id", "sku", "product_name", "search_text"),
            ),
        ),
    )

    short_id: Mapped[str] = mapped_column(String(14), unique=True)
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
    # Key -> file name; `configuration_file` has the files themselves.
    attachments: Mapped[dict[str, Any]]
    # Case-folded text for the desk's search: name, SKU, short ID, options.
    search_text: Mapped[str] = mapped_column(Text, server_default="")
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    # Set while people are not offered the product for new orders; orders keep naming it.
    retired_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(36))


class ConfigurationFile(Base):
    """A file of a configuration; its bytes are in the file store."""

    __tablename__ = "configuration_file"

    configuration_id: Mapped[str] = mapped_column(ForeignKey("configuration.id"), primary_key=True)
    # A key of `attachments`, or "thumbnail".
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    file_name: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    # Its key in the store; made by the service, never from a name that was sent.
    stored_as: Mapped[str] = mapped_column(String(255))
    # The name of a picture in its URL: random, not a hash, so that nobody can guess it.
    public_name: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)
