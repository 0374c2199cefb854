"""The operations of orders in the document; their views are in `orders.api.order_views`."""

from orders.api.answer_schema import OrderAnswer, OrderList
from orders.api.description.order_bodies import CHANGE, LINES
from orders.api.description.order_examples import (
    BINNED,
    CHANGED,
    GROWN,
    LIST,
    NEW_ORDERS,
    ORDER,
    ORDERS,
    SHORT_ID,
)
from orders.api.description.parameters import (
    CREATED,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    ORG_ID,
    paging,
    text_filter,
)
from orders.api.description.parts import (
    Answer,
    Body,
    Chapter,
    Example,
    Link,
    Operation,
    Parameter,
    Tokens,
)
from orders.api.description.refusals import ANY_BODY, READING, READING_ONE, TAKING_JSON
from orders.api.repeating import REPLAYED
from orders.lists import order_list
from orders.rules.fields import (
    CONFIGURATION_ID_PATTERN,
    EXAMPLE_CONFIGURATION_ID,
    EXAMPLE_ORG_ID,
    NO_NUL,
)
from orders.rules.json_values import MAX_INTEGER, MIN_INTEGER
from orders.rules.schema import OrderInput
from orders.rules.status import Status

TAG = "Orders"
REFERENCE = Parameter(
    "reference",
    "path",
    "The `id` of the order, or its `shortId` in any spelling: small letters, with spaces or "
    "hyphens, O for 0, I or L for 1.",
    {"type": "string", "minLength": 1, "format": "order-reference"},
    SHORT_ID,
    required=True,
)
FILTERS = (
    ORG_ID,
    Parameter(
        "shortId",
        "query",
        "Orders with these short names, in any spelling. A mistyped one is 422.",
        {"type": "array", "items": {"type": "string", "format": "order-code"}},
        [SHORT_ID],
    ),
    text_filter("originOrgId", "Orders that came from this org.", EXAMPLE_ORG_ID),
    Parameter(
        "platform",
        "query",
        "Keys of `platform` with their values, as JSON text; null stands for no value. Orders "
        "match when each named key has this value.",
        {
            "type": "object",
            "propertyNames": {"pattern": NO_NUL},
            "additionalProperties": {
                "anyOf": [
                    {"type": "string", "pattern": NO_NUL},
                    {"type": "number", "minimum": MIN_INTEGER, "maximum": MAX_INTEGER},
                    {"type": ["boolean", "null"]},
                ]
            },
        },
        {"id": "5001"},
        is_json=True,
    ),
    text_filter("customerId", "Orders of this customer.", "C-1042"),
    Parameter(
        "status",
        "query",
        "Orders in one of these states.",
        {"type": "array", "items": {"type": "string", "enum": list(Status)}},
        ["New", "In Progress"],
    ),
    text_filter("name", "Orders of exactly this name.", "Reception"),
    *CREATED,
    Parameter(
        "configurationId",
        "query",
        "Orders with a line of this configuration: a UUID or a short ID.",
        {"type": "string", "pattern": CONFIGURATION_ID_PATTERN},
        EXAMPLE_CONFIGURATION_ID,
    ),
)

CHANGING = {
    **TAKING_JSON,
    403: "A public token, and the status is not `List` or `In Cart` any more; or a public token "
    "used from elsewhere than its domains.",
    404: None,
    412: None,
    422: "Not valid, or the order would not be valid any more: from `New` on it needs a line. "
    "`errors` names every fault by its path.",
}
MOVING = {
    **READING_ONE,
    **ANY_BODY,
    403: "The token is a public one.",
    412: None,
}

# Only from where an order is made: clients, and schemathesis, begin a way there.
THIS_ORDER = {"reference": "$response.body#/id"}
LINKS = {
    "read": Link("readOrder", THIS_ORDER, "Read the order."),
    "readByShortId": Link(
        "readOrder", {"reference": "$response.body#/shortId"}, "Read it by its short name."
    ),
    "change": Link("changeOrder", THIS_ORDER, "Change its fields."),
    "addLines": Link("addLines", THIS_ORDER, "Add lines to its cart."),
    "replaceLines": Link("replaceLines", THIS_ORDER, "Replace its lines."),
    "bin": Link("binOrder", THIS_ORDER, "Put it into the bin."),
}
FROM_THE_BIN = {"restore": Link("restoreOrder", THIS_ORDER, "Take it out of the bin again.")}


def _changed(description: str, example: Example, *headers: str) -> tuple[Answer, ...]:
    return (Answer(200, description, OrderAnswer, {"order": example}, ("ETag", *headers)),)


def _adding(path: str, operation: str, words: str, *, is_old: bool = False) -> Operation:
    return Operation(
        "POST",
        path,
        operation,
        "Add lines to the cart" + (" (the old address)" if is_old else ""),
        words,
        TAG,
        Tokens.PUBLIC_WHEN_OPEN,
        _changed("The whole order; the new lines stand behind the others.", GROWN, REPLAYED),
        CHANGING,
        (REFERENCE, IDEMPOTENCY_KEY, IF_MATCH),
        (LINES,),
        is_deprecated=is_old,
    )


ORDER_CHAPTER = Chapter(
    TAG,
    "Orders as storefronts and scripts send them, and as they are read and changed again.",
    (
        Operation(
            "POST",
            "/api/orders",
            "createOrder",
            "Create an order",
            "Stores the order, or refuses it with every fault at once. When the answer is here, "
            "the order is on the disk.",
            TAG,
            Tokens.ANY,
            (
                Answer(
                    201,
                    "The whole order, with what the service has added.",
                    OrderAnswer,
                    ORDERS,
                    ("Location", "ETag", REPLAYED),
                    LINKS,
                ),
            ),
            TAKING_JSON,
            (ORG_ID, IDEMPOTENCY_KEY),
            (Body(OrderInput, NEW_ORDERS),),
        ),
        Operation(
            "GET",
            "/api/orders",
            "listOrders",
            "List orders",
            "The orders of the org that match all filters, none from the bin. Filters may be sent "
            "as plain text or as JSON text (`name=Hall` or `name=\"Hall\"`).",
            TAG,
            Tokens.PUBLIC_BY_SHORT_ID,
            (Answer(200, "A page of orders.", OrderList, {"orders": LIST}),),
            {**READING, 422: "A query parameter is malformed."},
            (*FILTERS, *paging(order_list.SORTABLE)),
        ),
        Operation(
            "GET",
            "/api/orders/{reference}",
            "readOrder",
            "Read an order",
            "By its `id` or `shortId`. An order of another org does not exist for the token.",
            TAG,
            Tokens.ANY,
            (
                Answer(200, "The whole order.", OrderAnswer, {"order": ORDER}, ("ETag",)),
                Answer(304, "It is still the version that `If-None-Match` names.", None,
                       headers=("ETag",)),
            ),
            {
                **READING_ONE,
                404: "There is no such order in the org of the token, or it is in the bin; or the "
                "code is mistyped, which its check character tells.",
            },
            (REFERENCE, IF_NONE_MATCH),
        ),
        Operation(
            "PUT",
            "/api/orders/{reference}",
            "changeOrder",
            "Change an order",
            "Fields that are sent are replaced, others stay. An array replaces the cart. A whole "
            "order may be sent back after a change: what only the service sets is taken as long as "
            "it is as it was. A change that changes nothing leaves the version as it is.",
            TAG,
            Tokens.PUBLIC_WHEN_OPEN,
            _changed("The whole order after the change.", CHANGED),
            CHANGING,
            (REFERENCE, IF_MATCH),
            (CHANGE,),
        ),
        Operation(
            "DELETE",
            "/api/orders/{reference}",
            "binOrder",
            "Put an order into the bin",
            "From now on it is 404 for everything but its way back.",
            TAG,
            Tokens.PRIVATE,
            (Answer(200, "The order with `deletedAt`.", OrderAnswer, {"order": BINNED}, ("ETag",),
                    FROM_THE_BIN),),
            MOVING,
            (REFERENCE, IF_MATCH),
        ),
        Operation(
            "POST",
            "/api/orders/{reference}/restore",
            "restoreOrder",
            "Take an order out of the bin",
            "One that is not in the bin stays as it is.",
            TAG,
            Tokens.PRIVATE,
            _changed("The whole order.", CHANGED, REPLAYED),
            {**MOVING, 422: "The `Idempotency-Key` is none, or it came with "
             "another request."},
            (REFERENCE, IDEMPOTENCY_KEY, IF_MATCH),
        ),
        _adding(
            "/api/orders/{reference}/cart",
            "addLines",
            "Puts lines behind those that are there. Two lines may name the same configuration.",
        ),
        Operation(
            "PUT",
            "/api/orders/{reference}/cart",
            "replaceLines",
            "Replace the cart",
            "The lines that are sent take the place of all that are there.",
            TAG,
            Tokens.PUBLIC_WHEN_OPEN,
            _changed("The whole order with its new lines.", CHANGED),
            CHANGING,
            (REFERENCE, IF_MATCH),
            (LINES,),
        ),
        _adding(
            "/api/orders/{reference}/items",
            "addItems",
            "The same as `POST …/cart`, for old clients.",
            is_old=True,
        ),
    ),
)  # fmt: skip
