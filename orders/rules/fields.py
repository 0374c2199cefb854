"""The fields of the wire, each once: what it may hold, for pydantic, in JSON Schema, in words.

Validation and the OpenAPI document read the same types. What our own functions check, pydantic
cannot know: `Keywords` says it in JSON Schema, and costs the validation nothing.
"""

from typing import Annotated, Any, LiteralString, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from orders.rules.configuration_id import is_configuration_id, read_uuid
from orders.rules.count import COUNT_SENTENCE, MAX_COUNT, whole_count
from orders.rules.json_values import MAX_INTEGER, MIN_INTEGER
from orders.rules.status import Status, read_status
from orders.rules.texts import mark

MAX_TEXT = 255  # Unicode characters, not bytes
# Written out, so that the states are told as people read them in each language.
STATUS_SENTENCE = mark("One of: List, In Cart, New, In Progress, Complete.")
CONFIGURATION_ID_SENTENCE = mark(
    "A UUID, or the short ID of a saved configuration (7 to 14 letters, digits, _ or -)."
)
# Types of the errors that our own functions below raise, each with its sentence.
OWN_RULES = {"status", "count", "configuration_id"}

NO_NUL = r"^[^\u0000]*$"
CONFIGURATION_ID_PATTERN = (
    "^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[A-Za-z0-9_-]{7,14})$"
)
EXAMPLE_ORG_ID = "5b0f8d1e-2f57-4f6c-9a08-3f6f4a1d7c11"
EXAMPLE_CONFIGURATION_ID = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"


class Keywords:
    """Adds keywords to the JSON Schema of the type that it annotates."""

    def __init__(self, **keywords: Any) -> None:  # noqa: ANN401 - any JSON value
        self._keywords = keywords

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Give pydantic's own schema with the keywords in it."""
        return {**handler(core_schema), **self._keywords}


class Shared:
    """Puts a reference to one of SHARED in the place of the type's own JSON Schema."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Give the reference."""
        return shared(self._name)


# Where the schemas of SHARED live, as far as pydantic knows: it lets such references stand. The
# document that holds them puts its own place for it.
SHARED_BASE = "https://shortorder.example/schemas/"


def shared(name: str) -> JsonSchemaValue:
    """Give a reference to one of SHARED."""
    return {"$ref": SHARED_BASE + name}


def _value(object_name: str, *more: JsonSchemaValue) -> JsonSchemaValue:
    """Give the schema of a value in an object of this name."""
    return {
        "anyOf": [
            {"type": "string", "pattern": NO_NUL},
            # Floats beyond 64 bits exist, but each of them is a whole number too.
            {"type": "number", "minimum": MIN_INTEGER, "maximum": MAX_INTEGER},
            {"type": ["boolean", "null"]},
            shared(object_name),
            *more,
        ]
    }


def _object(value_name: str, description: str) -> JsonSchemaValue:
    return {
        "type": "object",
        "description": description,
        "propertyNames": {"pattern": NO_NUL},
        "additionalProperties": shared(value_name),
    }


# They hold each other, which the types below do not say: the models take them as they come, and
# one walk over the whole document judges every value in it (`find_unstorable`).
SHARED: dict[str, JsonSchemaValue] = {
    "MetadataValue": {
        "description": "Text without NUL, a number of at most 64 bits, a boolean, null or an "
        "object of these. No lists.",
        **_value("MetadataObject"),
    },
    "MetadataObject": _object("MetadataValue", "Keys with their values; no lists at any depth."),
    "JsonValue": {
        "description": "Any JSON value; texts without NUL, numbers of at most 64 bits.",
        **_value("JsonObject", {"type": "array", "items": shared("JsonValue")}),
    },
    "JsonObject": _object("JsonValue", "Any object; it is kept exactly as it is sent."),
}


def refusal(kind: LiteralString, sentence: str) -> PydanticCustomError:
    """Make the error of a rule of our own; `orders.rules.inputs` gets its sentence back whole."""
    # As a value: pydantic's own message is a plain text, with places to fill in for its braces.
    return PydanticCustomError(kind, "{sentence}", {"sentence": sentence})


def _status(value: object) -> Status:
    status = read_status(value)
    if status is None:
        raise refusal("status", STATUS_SENTENCE)
    return status


def _count(value: object) -> int:
    count = whole_count(value)
    if count is None:
        raise refusal("count", COUNT_SENTENCE)
    return count


def canonical_configuration_id(value: str) -> str:
    """Give a UUID in small letters and a short ID as it is; anything else is an error."""
    if not is_configuration_id(value):
        raise refusal("configuration_id", CONFIGURATION_ID_SENTENCE)
    return read_uuid(value) or value


ShortText = Annotated[str, StringConstraints(max_length=MAX_TEXT), Keywords(pattern=NO_NUL)]
JsonObject: TypeAlias = dict[str, Any]
AnyObject = Annotated[JsonObject, Shared("JsonObject")]
AnyValue = Annotated[Any, Shared("JsonValue")]
MetadataObject = Annotated[JsonObject, Shared("MetadataObject")]

OrgId = Annotated[
    str,
    Field(
        description="The org of the token. It need not be sent; another one is refused with 403.",
        examples=[EXAMPLE_ORG_ID],
    ),
    Keywords(format="org-id", pattern=NO_NUL),
]
OriginOrgId = Annotated[
    ShortText | None,
    Field(
        description="The org that the order came from: the owner or a reseller. `orgId` when it "
        "is left out or empty.",
        examples=[EXAMPLE_ORG_ID],
    ),
]
OrderName = Annotated[
    ShortText | None, Field(description="What people call the order.", examples=["Reception"])
]
CustomerId = Annotated[
    ShortText | None,
    Field(description="The customer, by the client's own ID.", examples=["C-1042"]),
]
PlatformOrderId = Annotated[
    ShortText | None, Field(description="The shop's own order number.", examples=["5001"])
]
PlatformName = Annotated[
    ShortText | None, Field(description="The shop's software.", examples=["shopify"])
]
StoreName = Annotated[
    ShortText | None, Field(description="The shop's name.", examples=["northern-chairs"])
]
Metadata = Annotated[
    MetadataObject,
    Field(
        description="Attributes of the org with their values, and any other keys unless the org "
        "is strict. Defaults of attributes are filled in. `{}` when it is left out.",
        examples=[{"finish": "matt"}],
    ),
]
Derivative = Annotated[
    MetadataObject,
    Field(
        description="A second object of attributes, by the same rules as `metadata`.",
        examples=[{}],
    ),
]
OrderStatus = Annotated[
    Status,
    BeforeValidator(_status),
    Field(description="Where the order stands. `List` and `In Cart` are carts still being filled."),
]
ConfigurationId = Annotated[
    str,
    AfterValidator(canonical_configuration_id),
    Field(
        description="A configuration: a UUID, or the short ID of one that is saved in the org. "
        "UUIDs come back in small letters.",
        examples=[EXAMPLE_CONFIGURATION_ID],
    ),
    Keywords(pattern=CONFIGURATION_ID_PATTERN, format="configuration-id"),
]
Count = Annotated[
    int,
    BeforeValidator(_count),
    Field(description="How many of it: a whole number.", examples=[2]),
    Keywords(minimum=1, maximum=MAX_COUNT),
]
LineMetadata = Annotated[
    AnyObject,
    Field(
        description="Anything of the line, kept exactly as it is sent.", examples=[{"note": "gift"}]
    ),
]
Items = Annotated[
    list[AnyValue],
    Field(
        description="The old name of the cart, kept and returned as it came. Without `cart`, "
        "entries of the form `{id or configurationId, count, metadata?}` also become the cart, "
        "all of them or none.",
    ),
    # Not pydantic's own mark: that would warn whenever we read the field.
    Keywords(deprecated=True),
]
