"""The operations of orders in the document; their views are in `orders.api.order_views`."""

from orders.api.answer_schema import OrderAnswer
from orders.api.description.order_examples import NEW_ORDERS, ORDER, ORDERS, SHORT_ID
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
from orders.api.description.refusals import READING_ONE, TAKING_JSON
from orders.rules.fields import EXAMPLE_ORG_ID
from orders.rules.schema import OrderInput

REFERENCE = Parameter(
    "reference",
    "path",
    "The `id` of the order, or its `shortId` in any spelling: small letters, with spaces or "
    "hyphens, O for 0, I or L for 1.",
    {"type": "string", "minLength": 1},
    SHORT_ID,
    required=True,
)
ORG_ID = Parameter(
    "orgId",
    "query",
    "The org of the token. It need not be sent; another one is refused with 403.",
    {"type": "string", "format": "org-id"},
    EXAMPLE_ORG_ID,
)
THIS_ORDER = {"reference": "$response.body#/id"}
LINKS = {
    "read": Link("readOrder", THIS_ORDER, "Read the order."),
    "readByShortId": Link(
        "readOrder", {"reference": "$response.body#/shortId"}, "Read it by its short name."
    ),
}

ORDER_CHAPTER = Chapter(
    "Orders",
    "Orders as storefronts and scripts send them, and as they are read again.",
    (
        Operation(
            "POST",
            "/api/orders",
            "createOrder",
            "Create an order",
            "Stores the order, or refuses it with every fault at once. When the answer is here, "
            "the order is on the disk.",
            "Orders",
            Tokens.ANY,
            (
                Answer(
                    201,
                    "The whole order, with what the service has added.",
                    OrderAnswer,
                    ORDERS,
                    ("Location",),
                    LINKS,
                ),
            ),
            TAKING_JSON,
            (ORG_ID,),
            (Body(OrderInput, NEW_ORDERS),),
        ),
        Operation(
            "GET",
            "/api/orders/{reference}",
            "readOrder",
            "Read an order",
            "By its `id` or `shortId`. An order of another org does not exist for the token.",
            "Orders",
            Tokens.ANY,
            (Answer(200, "The whole order.", OrderAnswer, {"order": ORDER}),),
            {
                **READING_ONE,
                404: "There is no such order in the org of the token, or it is in the bin; or the "
                "code is mistyped, which its check character tells.",
            },
            (REFERENCE,),
        ),
    ),
)

SERVICE_CHAPTER = Chapter(
    "Service",
    "The service itself.",
    (
        Operation(
            "GET",
            "/api/orders/healthcheck",
            "checkHealth",
            "Ask whether orders can be stored",
            "For load balancers and monitors. It writes into the database, and so answers `true` "
            "only when a real order could be stored.",
            "Service",
            Tokens.NONE,
            (
                Answer(
                    200,
                    "Orders can be stored.",
                    {"type": "boolean", "const": True},
                    {"well": Example("All is well", value=True)},
                ),
                Answer(
                    503,
                    "Orders cannot be stored.",
                    {"type": "boolean", "const": False},
                    {"ill": Example("The database is out of reach", value=False)},
                ),
            ),
            {},
        ),
        Operation(
            "GET",
            "/api/openapi.json",
            "readDocument",
            "Read this document",
            "OpenAPI 3.1, made from the classes that check the requests. Any page may read it.",
            "Service",
            Tokens.NONE,
            (
                Answer(
                    200,
                    "The document.",
                    {"type": "object", "required": ["openapi", "info", "paths", "components"]},
                    {
                        "document": Example(
                            "The beginning of it",
                            {
                                "openapi": "3.1.1",
                                "info": {"title": "Shortorder", "version": "1.0.0"},
                                "paths": {},
                                "components": {},
                            },
                        )
                    },
                    ("ETag", "Cache-Control"),
                ),
            ),
            {},
        ),
    ),
)
