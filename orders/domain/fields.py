"""Types of fields in requests and answers: constraints for pydantic, and their JSON Schema.

Validation and the OpenAPI document read the same types. Pydantic cannot know what a function of our
own checks: `keywords` adds it to the JSON Schema and costs the validation nothing.
"""

import json
from collections.abc import Callable
from pathlib import Path
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
    """Return a valid count as an int, None for anything else: 2.0 is 2, "2" and true are not."""
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
    """Return an annotation that adds keywords to the JSON Schema of its type."""
    return Field(json_schema_extra=values)


class AlsoSent:
    """Add forms in which a value may be sent to the JSON Schema of the annotated type.

    `normalization` reads them before the type is checked.
    """

    def __init__(self, *forms: JsonSchemaValue) -> None:
        self._forms = forms

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(core_schema), *self._forms]}


NUMBER = {"type": "number", "minimum": MIN_INTEGER, "maximum": MAX_INTEGER}
EMPTY_ARRAY = {"type": "array", "maxItems": 0}
NULL = {"type": "null"}


# These schemas are recursive, and the types below are not: the models accept any object, and
# `find_unstorable` checks every value of the document in one walk.
SHARED: dict[str, JsonSchemaValue] = json.loads(
    Path(__file__).with_name("shared_schemas.json").read_text("utf-8")
)
# Their address in references, which the OpenAPI document replaces by its own.
SHARED_BASE = "https://shortorder.example/schemas/"


def shared(name: str) -> JsonSchemaValue:
    """Return a reference to one of SHARED."""
    return {"$ref": SHARED_BASE + name}


def refusal(sentence: str) -> PydanticCustomError:
    """Return the error of a rule of our own; `inputs` reads its sentence."""
    # As a value: pydantic would fill in braces of a message.
    return PydanticCustomError(OWN_RULE, "{sentence}", {"sentence": sentence})


def reader(read: Callable[[Any], T | None], sentence: str) -> Callable[[Any], T]:
    """Return a function for pydantic that refuses with this sentence what `read` makes None of."""

    def validate(value: Any) -> T:  # noqa: ANN401 - any JSON value
        found = read(value)
        if found is None:
            raise refusal(sentence)
        return found

    return validate


ShortText = Annotated[str, StringConstraints(max_length=MAX_TEXT), keywords(pattern=NO_NUL)]
JsonObject: TypeAlias = dict[str, Any]
AnyObject = Annotated[JsonObject, WithJsonSchema(shared("JsonObject"))]
AnyValue = Annotated[Any, WithJsonSchema(shared("JsonValue"))]
MetadataObject = Annotated[AnyObject, AlsoSent(EMPTY_ARRAY)]
# The ID of a customer or an order in a shop, where many have numbers.
ShopId = Annotated[ShortText, AlsoSent(NUMBER)]

OrgId = Annotated[
    str,
    Field(
        description="The org of the token. It need not be sent; another one is refused with 403.",
        examples=[EXAMPLE_ORG_ID],
    ),
    keywords(format="org-id", pattern=NO_NUL),
]
OrderStatus = Annotated[
    Status,
    BeforeValidator(reader(read_status, STATUS_SENTENCE)),
    Field(
        description="The state of the order. `List` and `In Cart` are carts that are being filled."
    ),
]
ConfigurationId = Annotated[
    str,
    AfterValidator(
        reader(
            canonical_configuration_id,
            lazy_gettext(
                "A UUID, or the short ID of a saved configuration (7 to 14 letters, digits, _ or "
                "-)."
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
    AnyObject,
    AlsoSent(EMPTY_ARRAY, NULL),
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
    """Where the order came from, in the shop's own words; other keys are kept as they come."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        alias_generator=to_camel,
        json_schema_extra={
            "propertyNames": {"pattern": NO_NUL},
            "additionalProperties": shared("JsonValue"),
        },
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
