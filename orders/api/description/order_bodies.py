"""Bodies that change an order; each may come in more than one form."""

from typing import Any, cast

from orders.api.description.order_examples import CHANGES, LINE_SETS
from orders.api.description.parts import Body
from orders.api.description.schemas import PLACE
from orders.rules.changes import CartInput, OrderChangesInput
from orders.rules.fields import CartLineInput, ConfigurationId, Count, JsonObject, LineMetadata
from orders.rules.inputs import StrictInput


class OldLineInput(StrictInput):
    """A line as old clients write it: `id` in place of `configurationId` (`modern_lines`)."""

    id: ConfigurationId
    count: Count
    metadata: LineMetadata = cast(JsonObject, None)


def _is(model: type) -> dict[str, Any]:
    return {"$ref": PLACE + model.__name__}


# The document puts the limit into it, which is a setting.
LINE_LIST = "LineList"
LINE_LIST_SCHEMA = {
    "type": "array",
    "items": {"anyOf": [_is(CartLineInput), _is(OldLineInput)]},
    "description": "Lines of a cart.",
}
_LINES = {"$ref": PLACE + LINE_LIST}
_MODELS = (CartLineInput, OldLineInput, CartInput, OrderChangesInput)

CHANGE = Body(
    {"anyOf": [_is(OrderChangesInput), _LINES]},
    CHANGES,
    also=_MODELS,
)
LINES = Body(
    {
        "anyOf": [
            _LINES,
            _is(CartInput),
            {
                "title": "Under the old name",
                "type": "object",
                "required": ["items"],
                "properties": {"items": _LINES},
                "additionalProperties": False,
            },
        ]
    },
    LINE_SETS,
    also=_MODELS,
)
