"""A saved configuration as the services pass it around: plain, unchangeable, in snake_case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from orders.rules.attributes import NO, YES
from orders.rules.configuration_id import read_uuid
from orders.rules.texts import Figure, mark

# The key of the file that pages show as the configuration's picture.
THUMBNAIL = "thumbnail"


@dataclass(frozen=True, slots=True)
class NewConfiguration:
    """A checked configuration that is not stored yet; None stands for what was not sent.

    `metadata` may hold `name` and `sku`, by which people find it. `short_id` is the client's own
    wish. `attachments` are keys with file names.
    """

    variant: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None
    thumbnail: str | None = None
    product_id: str | None = None
    product_version: str | None = None
    customer_id: str | None = None
    identifier: str | None = None
    scope: str | None = None
    scene_graph_state: Any = None
    session_id: str | None = None
    publish_file_id: str | None = None
    creator: str | None = None
    attachments: Mapping[str, str] = field(default_factory=dict)
    short_id: str | None = None


class Configuration(NamedTuple):
    """A stored configuration, whole. Times are aware and in UTC."""

    id: str
    short_id: str
    org_id: str
    product_id: str | None
    product_version: str | None
    variant: dict[str, Any] | None
    metadata: dict[str, Any] | None
    customer_id: str | None
    identifier: str | None
    scope: str | None
    scene_graph_state: Any
    session_id: str | None
    publish_file_id: str | None
    creator: str | None
    thumbnail: str | None
    attachments: dict[str, str]
    created_at: datetime
    updated_at: datetime
    created_by: str
    deleted_at: datetime | None
    # Taken from the metadata, so that people find it by them.
    product_name: str | None = None
    sku: str | None = None


def named_in(metadata: Mapping[str, Any] | None, key: str) -> str | None:
    """Give the text that the metadata holds under this key; old clients write `SKU` for `sku`.

    It is cut to 255 characters, for the column that people search by.
    """
    if metadata is None:
        return None
    found = metadata.get(key)
    if found is None:
        found = next((value for name, value in metadata.items() if name.lower() == key), None)
    return found[:255] if isinstance(found, str) and found else None


def option_text(value: object) -> str | None:
    """Give an option's value as people read it; None for what only a configurator understands."""
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, int | float):
        return mark("%(number)s", number=Figure(value))
    # Configurators save references to their own assets as UUIDs or objects.
    is_text = isinstance(value, str) and bool(value.strip()) and read_uuid(value) is None
    return value if is_text else None  # type: ignore[return-value]  # it is a text


def own_picture(address: str | None) -> str | None:
    """Give a thumbnail's address if it is a picture of this service that any page may show.

    A foreign one would tell its site who looks at what, and one of the JSON door needs a token.
    """
    is_own = address is not None and address.startswith("/static/")
    return address if is_own and ".." not in str(address) else None
