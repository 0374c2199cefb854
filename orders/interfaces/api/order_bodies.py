"""Request bodies for orders, in all accepted forms, with examples of requests and responses."""

from typing import Annotated, Any, cast

from orders.domain.cancellation import CancellationInput
from orders.domain.changes import CartInput, OrderChangesInput
from orders.domain.fields import (
    ALSO_SENT,
    EXAMPLE_CONFIGURATION_ID,
    NULL,
    AlsoSent,
    CartLineInput,
    ConfigurationId,
    Count,
    JsonObject,
    LineMetadata,
)
from orders.domain.inputs import StrictInput
from orders.domain.order import ORDER_FIELDS, FieldKind
from orders.domain.schema import OrderInput
from orders.interfaces.api.endpoints import EXAMPLES, Example, RequestBody
from orders.interfaces.api.schemas import OTHER_SCHEMAS, SCHEMAS, example_page

NEW_ORDERS = EXAMPLES["newOrders"]


def example_order(**fields: object) -> dict[str, Any]:
    """Return an order as JSON for an example response; `fields` sets values by JSON name."""
    plain: dict[str, Any] = {
        field.wire_name: field.examples[0]
        for field in ORDER_FIELDS
        if field.examples and not (field.is_editable and field.kind is not FieldKind.STATUS)
    }
    empty: dict[FieldKind, Any] = {FieldKind.TEXT: None, FieldKind.OBJECT: {}}
    rest = {field.wire_name: empty.get(field.kind, []) for field in ORDER_FIELDS}
    return {**rest, **plain, **fields}


def _stored(summary: str, **fields: object) -> Example:
    return Example(summary, {**example_order(**fields), "warnings": []})


_CHANGES, _ADDED = EXAMPLES["orderChanges"], EXAMPLES["lines"]
[_LINE] = _ADDED["lines"].value
_FIRST_LINE = {"configurationId": EXAMPLE_CONFIGURATION_ID, "count": 1}
ORDER = _stored("The whole order", **NEW_ORDERS["order"].value)
ORDERS = {
    "order": ORDER,
    "openCart": _stored("An empty cart", **NEW_ORDERS["openCart"].value),
    "items": _stored("Converted from `items`", **NEW_ORDERS["items"].value, cart=[_FIRST_LINE]),
}
_LATER = "2026-11-24T10:15:30.250Z"
CHANGED = _stored("After the change", name="Reception, 2nd floor", cart=[_LINE], updatedAt=_LATER)
GROWN = _stored("With one line more", status="In Cart", cart=[_FIRST_LINE, _LINE], updatedAt=_LATER)
CANCELED = _stored(
    "Canceled", cart=[_LINE], updatedAt=_LATER, canceledAt=_LATER, cancelReason="Ordered twice"
)
BINNED = _stored("In the bin", cart=[_LINE], updatedAt=_LATER, deletedAt=_LATER)
LIST = example_page("The first page", "orders", example_order(**NEW_ORDERS["order"].value))


class OldLineInput(StrictInput):
    """A line as old clients send it: with `id` in place of `configurationId`."""

    id: ConfigurationId
    count: Count
    metadata: LineMetadata = cast(JsonObject, None)


LegacyCount = Annotated[
    Count, AlsoSent({"type": "string", "pattern": "^0{0,1}[1-9][0-9]{0,5}$"}, NULL)
]


class ItemInput(StrictInput):
    """An entry of `items`; `count` may be a string of digits, and is 1 if it is missing."""

    configuration_id: ConfigurationId
    count: LegacyCount = 1
    metadata: LineMetadata = cast(JsonObject, None)


class OldItemInput(StrictInput):
    """An entry of `items` with the configuration's ID under its old name."""

    id: ConfigurationId
    count: LegacyCount = 1
    metadata: LineMetadata = cast(JsonObject, None)


def _refer(model: type, place: str = SCHEMAS) -> dict[str, Any]:
    return {"$ref": place + model.__name__}


# Without `maxItems`, a setting that the document adds.
LINE_LIST = "LineList"
LINE_LIST_SCHEMA = {
    "type": "array",
    "items": {**_refer(CartLineInput), ALSO_SENT: [_refer(OldLineInput, OTHER_SCHEMAS)]},
    "description": "Lines of a cart.",
}
_LINES = {"$ref": SCHEMAS + LINE_LIST}
_ITEMS = {
    "type": "array",
    "items": {"anyOf": [_refer(one, OTHER_SCHEMAS) for one in (ItemInput, OldItemInput)]},
}


def _items_under(name: str) -> dict[str, Any]:
    """Return the JSON Schema of an object whose only field is `name`, a list of items."""
    return {
        "type": "object",
        "required": [name],
        "properties": {name: _ITEMS},
        "additionalProperties": False,
    }


NEW_ORDER_BODY = RequestBody(OrderInput, NEW_ORDERS)
CHANGE_BODY = RequestBody(
    {**_refer(OrderChangesInput), ALSO_SENT: [_LINES]},
    {"fields": _CHANGES["fields"]},
    also=(CartLineInput, OrderChangesInput),
    other_examples={"lines": _CHANGES["lines"]},
)
CANCELLATION_BODY = RequestBody(CancellationInput, EXAMPLES["cancellations"])
# An array alone is what the platform's own client sends, and what generators can make a type of.
_LINE_FORMS = (_refer(CartInput, OTHER_SCHEMAS), _items_under("items"))
_ITEM_FORMS = (_ITEMS, _items_under("cart"), _items_under("items"))
_LINE_EXAMPLES: dict[str, Any] = {
    "examples": {"lines": _ADDED["lines"]},
    "also": (CartLineInput,),
    "others": (OldLineInput, ItemInput, OldItemInput, CartInput),
    "other_examples": {name: _ADDED[name] for name in ("cart", "items")},
}
LINES_BODY = RequestBody({**_LINES, ALSO_SENT: [*_LINE_FORMS]}, **_LINE_EXAMPLES)
ITEMS_BODY = RequestBody({**_LINES, ALSO_SENT: [*_ITEM_FORMS]}, **_LINE_EXAMPLES)
