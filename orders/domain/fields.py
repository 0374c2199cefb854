"""Types of fields in requests and responses: constraints for pydantic, and their JSON Schema.

Validation and the OpenAPI document use the same types. Pydantic does not know what our own
functions check: `keywords` adds that to the JSON Schema, at no cost to validation.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from orders.domain.identifiers import canonical_configuration_id
from orders.domain.inputs import OWN_RULE, StrictInput
from orders.domain.json_values import MAX_INTEGER, MIN_INTEGER
from orders.domain.short_id import ALPHABET, LENGTH
from orders.domain.status import Status, read_status
from orders.domain.texts import Figure, lazy_gettext

MAX_COUNT = 1_000_000
T = TypeVar("T")


def whole_count(value: object) -> int | None:
    """Return a valid count as an int, or None if it is invalid.

    Whole numbers from 1 to MAX_COUNT are valid, including 2.0; "2" and true are not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value) if 1 <= value <= MAX_COUNT else None


MAX_TEXT = 255  # Unicode characters, not bytes
# Written out, so that each language names the states as people read them.
STATUS_SENTENCE = lazy_gettext("One of: List, In Cart, New, In Progress, Complete.")
NO_NUL = r"^[^\u0000]*$"
CONFIGURATION_ID_PATTERN = (
    "^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[A-Za-z0-9_-]{7,14})$"
)
EXAMPLE_ORG_ID = "5b0f8d1e-2f57-4f6c-9a08-3f6f4a1d7c11"
EXAMPLE_CONFIGURATION_ID = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"


def keywords(**values: Any) -> Any:  # noqa: ANN401 - any JSON value; pydantic's annotation
    """Return an annotation that adds these keywords to the JSON Schema of the annotated type."""
    return Field(json_schema_extra=values)


# Beside a schema: other forms that are read too, for clients that cannot send its own. A keyword
# that generators of clients pass over, so that the types they make are those of the schema alone.
ALSO_SENT = "x-also-sent"


class AlsoSent:
    """An annotation that adds the keyword `x-also-sent` to the JSON Schema of a type.

    `forms` are JSON Schemas of other forms in which clients may send the value; the module
    `normalization` converts them before the type is checked. If NULL is one of them, null is
    removed from the type's own schema.
    """

    def __init__(self, *forms: JsonSchemaValue) -> None:
        self._forms = forms

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        if NULL in self._forms:
            schema = _without_null(schema)
        return {**schema, ALSO_SENT: [*schema.get(ALSO_SENT, ()), *self._forms]}


NUMBER = {"type": "number", "minimum": MIN_INTEGER, "maximum": MAX_INTEGER}
EMPTY_ARRAY = {"type": "array", "maxItems": 0}
NULL = {"type": "null"}


def _without_null(schema: JsonSchemaValue) -> JsonSchemaValue:
    """Return a JSON Schema without null among its types.

    A schema that does not allow null is returned unchanged.
    """
    kinds = schema.get("type")
    if isinstance(kinds, list):
        [kind] = [one for one in kinds if one != "null"]
        return {**schema, "type": kind}
    variants = [one for one in schema.get("anyOf", ()) if one != NULL]
    return variants[0] if len(variants) == 1 else schema


# In words only: generators of clients end at a schema that contains itself, or make no sense of
# rules without a type. `find_unstorable` checks all levels of a value in one walk.
ANY_VALUE: JsonSchemaValue = {
    "description": "Any JSON value: texts without NUL, integers of at most 64 bits."
}
SHARED: dict[str, JsonSchemaValue] = {
    "JsonObject": {
        "type": "object",
        "description": "Any object, kept exactly as it is sent.",
        "propertyNames": {"pattern": NO_NUL},
        "additionalProperties": ANY_VALUE,
    }
}
# Their address in references, which the OpenAPI document replaces by its own.
SHARED_BASE = "https://shortorder.example/schemas/"


def shared(name: str) -> JsonSchemaValue:
    """Return a JSON Schema that refers (`$ref`) to the schema of this name in SHARED."""
    return {"$ref": SHARED_BASE + name}


def refusal(sentence: str) -> PydanticCustomError:
    """Return the error that a pydantic validator must raise to reject a value with this message."""
    # As a value: pydantic would fill in braces of a message.
    return PydanticCustomError(OWN_RULE, "{sentence}", {"sentence": sentence})


def reader(read: Callable[[Any], T | None], sentence: str) -> Callable[[Any], T]:
    """Return a pydantic validator that converts a value by calling `read`.

    If `read` returns None, the validator rejects the value with the message `sentence`.
    """

    def validate(value: Any) -> T:  # noqa: ANN401 - any JSON value
        found = read(value)
        if found is None:
            raise refusal(sentence)
        return found

    return validate


ShortText = Annotated[str, StringConstraints(max_length=MAX_TEXT), keywords(pattern=NO_NUL)]
JsonObject: TypeAlias = dict[str, Any]
AnyObject = Annotated[JsonObject, WithJsonSchema(shared("JsonObject"))]
AnyValue = Annotated[Any, WithJsonSchema(ANY_VALUE)]
MetadataObject = Annotated[AnyObject, AlsoSent(EMPTY_ARRAY)]
# The ID of a customer or an order in a shop, where many have numbers.
ShopId = Annotated[ShortText, AlsoSent(NUMBER)]

OrgId = Annotated[
    str,
    # Without an example, which would be another org than that of the reader.
    Field(
        description="The org of the token. It need not be sent; another one is refused with 403."
    ),
    keywords(format="org-id", pattern=NO_NUL),
]
OrderStatus = Annotated[
    Status,
    BeforeValidator(reader(read_status, STATUS_SENTENCE)),
    Field(
        description="The state of the order: `New` in a new order that does not say. `List` and "
        "`In Cart` are carts that are being filled."
    ),
]
ConfigurationId = Annotated[
    str,
    AfterValidator(
        reader(
            canonical_configuration_id,
            lazy_gettext(
                "No product matches this. Try a name, SKU, or ID (a UUID, or 7 to 14 "
                "letters, digits, _ or -)."
            ),
        )
    ),
    Field(
        description="A configuration: a UUID, or the short ID of one that is saved in the org. "
        "UUIDs come back in small letters.",
        examples=[EXAMPLE_CONFIGURATION_ID],
    ),
    keywords(pattern=CONFIGURATION_ID_PATTERN, format="configuration-id"),
]
Count = Annotated[
    int,
    BeforeValidator(
        reader(
            whole_count, lazy_gettext("A whole number from 1 to %(most)s.", most=Figure(MAX_COUNT))
        )
    ),
    Field(description="How many of it: a whole number.", examples=[2]),
    keywords(minimum=1, maximum=MAX_COUNT),
]
LineMetadata = Annotated[
    JsonObject,
    WithJsonSchema({"anyOf": [shared("JsonObject"), NULL]}),
    AlsoSent(EMPTY_ARRAY),
    Field(
        description="Anything of the line, kept exactly as it is sent.", examples=[{"note": "gift"}]
    ),
]


class CartLineInput(StrictInput):
    """One line of the cart."""

    configuration_id: ConfigurationId
    count: Count
    metadata: LineMetadata = cast(JsonObject, None)


class PlatformInput(BaseModel):
    """Where the order came from, in the shop's own words; other keys are kept as they are sent."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        alias_generator=to_camel,
        json_schema_extra={"propertyNames": {"pattern": NO_NUL}, "additionalProperties": ANY_VALUE},
    )

    id: ShopId | None = Field(
        None,
        description="The shop's own order number; a number is kept as its text.",
        examples=["5001"],
    )
    platform: ShortText | None = Field(
        None, description="The shop's software.", examples=["shopify"]
    )
    store_name: ShortText | None = Field(
        None, description="The shop's name.", examples=["northern-chairs"]
    )


# In answers.
MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
Uuid = Annotated[str, keywords(format="uuid")]
Moment = Annotated[str, keywords(format="date-time", pattern=MOMENT_PATTERN)]
ShortIdText = Annotated[str, keywords(pattern=f"^[{ALPHABET}]{{{LENGTH}}}$")]
