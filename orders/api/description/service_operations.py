"""The operations of the service itself in the document."""

from orders.api.description.parts import Answer, Chapter, Example, Operation, Tokens

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
