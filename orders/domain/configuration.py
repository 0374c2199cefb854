"""Saved configurations: the classes that services pass around, their JSON, and their validation.

Null counts as not sent, and so does an empty string in fields that old clients' forms send empty
(docs/contract.md, "Configurations").
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field, StringConstraints
from pydantic.alias_generators import to_camel

from orders.domain.attributes import NO, YES
from orders.domain.errors import FieldError, InvalidInput
from orders.domain.fields import (
    MAX_TEXT,
    NO_NUL,
    AnyObject,
    OrgId,
    ShortText,
    keywords,
    reader,
    shared,
)
from orders.domain.identifiers import clean_reference, is_short_id, read_uuid
from orders.domain.inputs import Limits, MessageRules, StrictInput, inspect, too_large
from orders.domain.json_values import MAX_ERRORS, join_path
from orders.domain.moments import wire_fields
from orders.domain.texts import Figure, lazy_gettext

# The key of the file that pages show as the configuration's picture.
THUMBNAIL = "thumbnail"
# What the address of such a picture begins with; its public name follows.
PICTURE_PATH = "/api/files/hash/"
# Beginnings of addresses of this service, which answers make absolute.
_OWN_PATHS = ("/api/", "/static/")
# No segment begins with a dot, and nothing is escaped.
_STATIC_FILE = re.compile(r"/static(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+(?:\?v=[A-Za-z0-9]*)?")


class Configuration(NamedTuple):
    """A stored configuration with all its fields. Times are timezone-aware and in UTC."""

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
    deleted_at: datetime | None
    created_by: str
    # Taken from the metadata, so that people find it by them.
    product_name: str | None = None
    sku: str | None = None
    # Set while people are not offered the product for new orders; the API does not show it.
    retired_at: datetime | None = None


def key_of(metadata: Mapping[str, Any] | None, key: str) -> str:
    """Return the key under which a configuration's metadata has its name or SKU.

    `key` is "name" or "sku". It is returned unless the metadata has a value only under the same key
    in another case, such as "SKU".
    """
    if metadata is None or metadata.get(key) is not None:
        return key
    return next((name for name in metadata if name.lower() == key), key)


def named_in(metadata: Mapping[str, Any] | None, key: str) -> str | None:
    """Return the name or SKU in a configuration's metadata, to be stored in a search column.

    `key` is "name" or "sku"; the case of the key in the metadata is ignored. The text is truncated
    to 255 characters, and a SKU is first cleaned by `clean_reference`. None if `metadata` is None,
    or if the value is missing, empty or not a string.
    """
    found = (metadata or {}).get(key_of(metadata, key))
    if not isinstance(found, str):
        return None
    return (clean_reference(found) if key == "sku" else found)[:255] or None


def option_text(value: object) -> str | None:
    """Return the text that pages show for the value of a configuration's option.

    None for a value that means nothing to people: a UUID, an object, an array, null, or blank text.
    """
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, int | float):
        return lazy_gettext("%(number)s", number=Figure(value))
    # Configurators save references to their own assets as UUIDs or objects.
    if isinstance(value, str) and value.strip() and read_uuid(value) is None:
        return value
    return None


def own_picture(address: str | None) -> str | None:
    """Return a thumbnail's URL if it is a path below `/static/` of this service, else None.

    Pages show no other pictures: other sites would learn who looks at what, and pictures in the API
    need a token. Browsers resolve `..` and `%2e%2e`, so that such a path could be any page.
    """
    is_own = address is not None and _STATIC_FILE.fullmatch(address) is not None
    return address if is_own else None


def absolute_address(address: str | None, service: str) -> str | None:
    """Return a thumbnail's URL, made absolute if it is a path of this service.

    `service` is the root URL of this service, without a slash at its end. Any other URL is returned
    unchanged, and so is None.
    """
    is_own = address is not None and address.startswith(_OWN_PATHS)
    return f"{service}{address}" if is_own else address


_NOT_ON_THE_WIRE = {"product_name", "sku", "retired_at"}
_WIRE_NAMES = tuple(
    to_camel(name) for name in Configuration._fields if name not in _NOT_ON_THE_WIRE
)


def configuration_fields(configuration: Configuration, service: str = "") -> dict[str, Any]:
    """Return a saved configuration as JSON, by wire names; fields without a value are None.

    `service` is the root URL of this service, without a slash at its end. It is put before a
    `thumbnail` that is a path of this service; if `service` is empty, the path is returned
    unchanged.
    """
    fields = wire_fields(_WIRE_NAMES, configuration)
    fields[THUMBNAIL] = absolute_address(fields[THUMBNAIL], service)
    return fields


MAX_THUMBNAIL = 2_000
VISIBLE = r"^[^\u0000-\u001f\u007f]*$"
EXAMPLE_PRODUCT_ID = "e5d536ec-e89c-46fc-8773-7e54ba70517a"
# Fields whose value is an object; in a form they are JSON text.
OBJECTS = ("variant", "metadata", "attachments")
FILE_NAME_SENTENCE = lazy_gettext(
    "A file name of 1 to 255 characters, none of them a control character."
)


def is_file_name(text: object) -> bool:
    """Return whether a value is a string of 1 to 255 characters without control characters."""
    is_short = isinstance(text, str) and 1 <= len(text) <= MAX_TEXT
    return is_short and not any(ord(one) < 32 or ord(one) == 127 for one in str(text))


FileName = Annotated[
    Any,
    AfterValidator(
        reader(lambda value: value if is_file_name(value) else None, FILE_NAME_SENTENCE)
    ),
    keywords(type="string", minLength=1, maxLength=MAX_TEXT, pattern=VISIBLE),
]
ShortId = Annotated[
    str,
    AfterValidator(
        reader(
            lambda value: value if is_short_id(value) else None,
            lazy_gettext("7 to 14 letters, digits, _ or -."),
        )
    ),
    keywords(pattern="^([A-Za-z0-9_-]{7,14})?$"),
]
ProductId = Annotated[
    str,
    AfterValidator(reader(read_uuid, lazy_gettext("A UUID."))),
    keywords(pattern="^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$"),
]
Scene = Annotated[
    Any,
    AfterValidator(
        reader(
            lambda value: value if isinstance(value, dict | str) else None,
            lazy_gettext("An object or a text."),
        )
    ),
    keywords(anyOf=[{"type": "string", "pattern": NO_NUL}, shared("JsonObject")]),
]
Thumbnail = Annotated[str, StringConstraints(max_length=MAX_THUMBNAIL), keywords(pattern=NO_NUL)]
Attachments = Annotated[
    dict[str, FileName],
    keywords(propertyNames={"minLength": 1, "maxLength": MAX_TEXT, "pattern": VISIBLE}),
]


class ConfigurationInput(StrictInput):
    """A configuration as it is sent. A field may be left out; null and "" count as left out."""

    org_id: OrgId | None = None
    short_id: ShortId | None = Field(
        None,
        description="A short name of the client's own: 7 to 14 letters, digits, _ or -. Taken if "
        "it is free in all orgs, otherwise 409. Without one the service makes one.",
        examples=["46Juzcyx"],
    )
    product_id: ProductId | None = Field(
        None, description="The product: a UUID.", examples=[EXAMPLE_PRODUCT_ID]
    )
    product_version: ShortText | None = Field(
        None, description="The product's version, in the client's own words.", examples=["v2"]
    )
    variant: AnyObject | None = Field(
        None, description="The chosen options.", examples=[{"Wood": "Oak"}]
    )
    metadata: AnyObject | None = Field(
        None,
        description="Anything else. By `name` and `sku` (or `SKU`) people find the configuration.",
        examples=[{"name": "Oslo chair", "sku": "OSL-CH-01"}],
    )
    customer_id: ShortText | None = Field(
        None, description="The customer, by the client's own ID.", examples=["C-1042"]
    )
    identifier: ShortText | None = Field(None, description="The client's own name for it.")
    scope: ShortText | None = Field(None, description="Where it belongs, in the client's words.")
    scene_graph_state: Scene | None = Field(
        None, description="The configurator's scene: an object or a text."
    )
    session_id: ShortText | None = Field(None, description="The configurator's session.")
    publish_file_id: ShortText | None = Field(None, description="The published file it is of.")
    creator: ShortText | None = Field(None, description="Who made it, in the client's words.")
    thumbnail: Thumbnail | None = Field(
        None,
        description="Where its picture is. Without it, the address here of the picture that came "
        "as a file.",
    )
    attachments: Attachments | None = Field(
        None, description="Keys with file names.", examples=[{"drawing": "drawing.pdf"}]
    )


# Wire names in the order of the answer, which is that of errors too.
FIELDS = tuple(str(field.alias) for field in ConfigurationInput.model_fields.values())
TEXTS = frozenset(FIELDS) - set(OBJECTS)
_WORDS = MessageRules(
    lazy_gettext("An object with the fields of a configuration."),
    nullable=frozenset(FIELDS),
    read_only=frozenset({"id", "createdAt", "updatedAt", "createdBy", "deletedAt"}),
)


def read_configuration(raw: object, *, limits: Limits) -> ConfigurationInput:
    """Validate a configuration that a client sent; `raw` is the output of a JSON parser.

    Raises InvalidInput with all errors; if a value is nested too deeply, nothing else is checked.
    Not checked here: whether the org is the caller's, and whether the short ID is free.
    """
    fields = raw if isinstance(raw, dict) else {}
    refused = []
    if "files" in fields:
        refused = [FieldError("files", lazy_gettext("Files are sent as multipart/form-data."))]
    # A form sends an empty text for a field that was not filled in.
    blank = [name for name in TEXTS if fields.get(name) == ""]
    seen = inspect(raw, ConfigurationInput, _WORDS, limits=limits, refused=refused, ignored=blank)
    if not seen.is_unreadable:
        seen.add((*_too_large(fields, limits), *_attachment_key_errors(fields)))
    if seen.errors or seen.parsed is None:
        raise InvalidInput(sorted(seen.errors.values(), key=_place))
    return seen.parsed


def _too_large(raw: dict[Any, Any], limits: Limits) -> list[FieldError]:
    objects = [(name, raw.get(name)) for name in OBJECTS if isinstance(raw.get(name), dict)]
    state = ("sceneGraphState", raw.get("sceneGraphState"))
    return [*too_large(objects, limits.metadata_bytes), *too_large([state], limits.scene_bytes)]


def _attachment_key_errors(raw: dict[Any, Any]) -> list[FieldError]:
    attachments = raw.get("attachments")
    sentence = lazy_gettext("As a key: 1 to 255 characters, none of them a control character.")
    return [
        FieldError(join_path("attachments", str(key)), sentence)
        for key in (attachments if isinstance(attachments, dict) else ())
        if not is_file_name(key)
    ][:MAX_ERRORS]


def _place(error: FieldError) -> tuple[int, str]:
    """Return the sort key of an error: the position of its field in responses, then its path."""
    field = error.path.partition(".")[0]
    return FIELDS.index(field) if field in FIELDS else len(FIELDS), error.path
