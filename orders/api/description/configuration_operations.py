"""The operations of configurations in the document; views: `orders.api.configuration_views`."""

from typing import Any

from orders.api.answer_schema import ConfigurationAnswer, ConfigurationList
from orders.api.description.parameters import (
    CREATED,
    IDEMPOTENCY_KEY,
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
from orders.api.description.refusals import READING, READING_ONE, TAKING_JSON
from orders.catalogue.configuration_queries import SORTABLE
from orders.rules.configuration import EXAMPLE_PRODUCT_ID, ConfigurationInput
from orders.rules.fields import EXAMPLE_CONFIGURATION_ID, EXAMPLE_ORG_ID

TAG = "Configurations"
MOMENT = "2026-11-24T09:30:00.000Z"
NEW: dict[str, Any] = {
    "productId": EXAMPLE_PRODUCT_ID,
    "variant": {"Wood": "Oak", "Legs": "Brass"},
    "metadata": {"name": "Oslo chair", "sku": "OSL-CH-01"},
    "customerId": "C-1042",
    "attachments": {"drawing": "drawing.pdf"},
}
SAVED = Example(
    "The whole configuration",
    {
        **dict.fromkeys(str(one.alias) for one in ConfigurationAnswer.model_fields.values()),
        **NEW,
        "id": EXAMPLE_CONFIGURATION_ID,
        "shortId": "46Juzcyx",
        "orgId": EXAMPLE_ORG_ID,
        "createdAt": MOMENT,
        "updatedAt": MOMENT,
        "createdBy": "c0d1b1a4-93a5-4a39-8a50-4f7d6a0a0d0e",
    },
)
# A text that begins like a JSON array must be one (orders/api/query.py).
ONE_TEXT = r"^([^\[\u0000][^\u0000]*)?$"
JSON_TEXT = {"type": "string", "contentMediaType": "application/json"}
# A form: fields as text, files beside them.
FORM_SHAPE = {
    "type": "object",
    "description": "The fields of the JSON body as form fields: `variant`, `metadata` and "
    "`attachments` as JSON text, the others as plain text. Files come as `files` (repeated), each "
    "under the key by which `attachments` names it, or under its own name; as `files[key]`; or, "
    "the picture, as `thumbnail`.",
    "properties": {
        "variant": JSON_TEXT,
        "metadata": JSON_TEXT,
        "attachments": JSON_TEXT,
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
    },
}
FORM = Example(
    "A configuration with a file",
    {
        "productId": EXAMPLE_PRODUCT_ID,
        "variant": '{"Wood": "Oak"}',
        "attachments": '{"drawing": "drawing.pdf"}',
        "files": ["%PDF-1.7 …"],
    },
)
REFERENCE = Parameter(
    "reference",
    "path",
    "The `id` of the configuration or its `shortId`.",
    {"type": "string", "minLength": 1, "format": "configuration-reference"},
    "46Juzcyx",
    required=True,
)
FILE_KEY = Parameter(
    "key",
    "path",
    "The key of the file in `attachments`.",
    {"type": "string", "minLength": 1, "format": "file-key"},
    "drawing",
    required=True,
)
LINKS = {
    "read": Link(
        "readConfiguration", {"reference": "$response.body#/id"}, "Read the configuration."
    ),
}


LIST_PARAMETERS = (
    ORG_ID,
    Parameter(
        "shortId",
        "query",
        "Those with these short IDs.",
        {"type": "array", "items": {"type": "string", "maxLength": 255, "pattern": ONE_TEXT}},
        ["46Juzcyx"],
    ),
    Parameter(
        "productId",
        "query",
        "Those of this product.",
        {"type": "string", "format": "uuid"},
        EXAMPLE_PRODUCT_ID,
    ),
    text_filter("customerId", "Those of this customer.", "C-1042"),
    text_filter("identifier", "Those with this identifier.", "basket-9"),
    text_filter("name", "Those whose `metadata.name` is this.", "Oslo chair"),
    *CREATED,
    *paging(SORTABLE),
)

CONFIGURATION_CHAPTER = Chapter(
    TAG,
    "Saved choices of options, to which the lines of a cart refer.",
    (
        Operation(
            "POST",
            "/api/configurations",
            "createConfiguration",
            "Save a configuration",
            "As JSON, or as a form that may carry files. Configuration and files are stored "
            "together or not at all.",
            TAG,
            Tokens.ANY,
            (
                Answer(
                    201,
                    "The whole configuration, with what the service has added.",
                    ConfigurationAnswer,
                    {"configuration": SAVED},
                    ("Location", "ETag", "Idempotent-Replayed"),
                    LINKS,
                ),
            ),
            {
                **TAKING_JSON,
                409: "The client's own `shortId` is taken.",
                415: "The body is neither `application/json` in UTF-8 nor `multipart/form-data`.",
            },
            (ORG_ID, IDEMPOTENCY_KEY),
            (
                Body(ConfigurationInput, {"configuration": Example("A chair", NEW)}),
                Body(FORM_SHAPE, {"form": FORM}, "multipart/form-data"),
            ),
        ),
        Operation(
            "GET",
            "/api/configurations",
            "listConfigurations",
            "List configurations",
            "By page, newest first unless `sort` says otherwise; entries without a value for it "
            "come last.",
            TAG,
            Tokens.PUBLIC_BY_SHORT_ID,
            (
                Answer(
                    200,
                    "A page of configurations.",
                    ConfigurationList,
                    {
                        "page": Example(
                            "A page with one",
                            {
                                "configurations": [SAVED.value],
                                "count": 1,
                                "page": 1,
                                "perPage": 50,
                                "sort": "-createdAt",
                            },
                        )
                    },
                ),
            ),
            {**READING, 422: "A parameter is malformed."},
            LIST_PARAMETERS,
        ),
        Operation(
            "GET",
            "/api/configurations/{reference}",
            "readConfiguration",
            "Read a configuration",
            "By its `id` or `shortId`. One of another org does not exist for the token.",
            TAG,
            Tokens.ANY,
            (
                Answer(
                    200,
                    "The whole configuration.",
                    ConfigurationAnswer,
                    {"configuration": SAVED},
                    ("ETag",),
                ),
                Answer(304, "It is still what `If-None-Match` names.", None),
            ),
            READING_ONE,
            (REFERENCE, IF_NONE_MATCH),
        ),
        Operation(
            "GET",
            "/api/configurations/{reference}/files/{key}",
            "readConfigurationFile",
            "Read a file of a configuration",
            "The file as it was sent, with its type. Everything but pictures comes as an "
            "attachment, and nothing of it may run.",
            TAG,
            Tokens.ANY,
            (
                Answer(200, "The file.", None, headers=("ETag", "Cache-Control")),
                Answer(304, "It is still what `If-None-Match` names.", None),
            ),
            READING_ONE,
            (REFERENCE, FILE_KEY, IF_NONE_MATCH),
        ),
        Operation(
            "GET",
            "/api/configurations/{reference}/thumbnail",
            "readThumbnail",
            "Read the picture of a configuration",
            "The picture that was sent as the file `thumbnail`: PNG, JPEG, WebP or GIF.",
            TAG,
            Tokens.ANY,
            (
                Answer(200, "The picture.", None, headers=("ETag", "Cache-Control")),
                Answer(304, "It is still what `If-None-Match` names.", None),
            ),
            READING_ONE,
            (REFERENCE, IF_NONE_MATCH),
        ),
    ),
)
