"""The operations of webhooks in the document; their views are in `orders.api.webhook_views`."""

from typing import Any

from orders.api.answer_schema import (
    EXAMPLE_ACTOR_ID,
    EXAMPLE_WEBHOOK_ID,
    NewWebhookAnswer,
    WebhookAnswer,
    WebhookList,
)
from orders.api.description.parameters import IDEMPOTENCY_KEY, ORG_ID, paging
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
from orders.messaging import webhooks
from orders.rules.fields import EXAMPLE_ORG_ID
from orders.rules.webhook import EXAMPLE_ADDRESS, WebhookChangesInput, WebhookInput

TAG = "Webhooks"
REPLAYED = "Idempotent-Replayed"
_MOMENT = "2026-11-24T09:30:00.000Z"

WEBHOOK_ID = Parameter(
    "webhook_id",
    "path",
    "The `id` of the webhook.",
    {"type": "string", "minLength": 1},
    EXAMPLE_WEBHOOK_ID,
    required=True,
)
_NEW: dict[str, Any] = {
    "topic": "order.created",
    "address": EXAMPLE_ADDRESS,
    "filter": {"status": ["New"]},
}
NEW_WEBHOOKS = {
    "filtered": Example("Told of new orders that are placed", _NEW),
    "all": Example("Told of all that go into the bin",
                   {"topic": "order.deleted", "address": EXAMPLE_ADDRESS}),
}  # fmt: skip
CHANGES = {
    "address": Example("Another address", {"address": "https://shop.example/hooks/moved"}),
    "all": Example("No filter any more", {"filter": {}}),
}
_WEBHOOK = {
    "id": EXAMPLE_WEBHOOK_ID,
    "orgId": EXAMPLE_ORG_ID,
    **_NEW,
    "createdAt": _MOMENT,
    "updatedAt": _MOMENT,
    "deletedAt": None,
    "createdBy": EXAMPLE_ACTOR_ID,
}
_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD9u0Uhm3fXkA="  # noqa: S105 - an example
MADE = Example("With its secret", {"webhook": {**_WEBHOOK, "secret": _SECRET}})
ONE = {"webhook": Example("A webhook", {"webhook": _WEBHOOK})}
BINNED = {"webhook": Example("In the bin", {"webhook": {**_WEBHOOK, "deletedAt": _MOMENT}})}
LIST = Example(
    "All webhooks",
    {"webhooks": [_WEBHOOK], "count": 1, "page": 1, "perPage": 50, "sort": "-createdAt"},
)

PRIVATE_ONLY = "The token is a public one, or another org is named."
GONE = "There is no such webhook in the org of the token, or it is in the bin."
KEY_FAULT = "The `Idempotency-Key` is none, or it came with another request."
TOO_MANY = f"The org has {webhooks.MAX_WEBHOOKS} webhooks already; `DELETE` one first."

_THIS = {"webhook_id": "$response.body#/webhook/id"}
LINKS = {
    "read": Link("readWebhook", _THIS, "Read the webhook."),
    "change": Link("changeWebhook", _THIS, "Change it."),
    "bin": Link("binWebhook", _THIS, "Put it into the bin."),
}
FROM_THE_BIN = {"restore": Link("restoreWebhook", _THIS, "Take it out of the bin again.")}

WEBHOOK_CHAPTER = Chapter(
    TAG,
    "Addresses that are told about orders by signed messages (Standard Webhooks). What arrives "
    "there, how to verify it and what to answer stands in `docs/webhooks.md`.",
    (
        Operation(
            "POST",
            "/api/webhooks",
            "createWebhook",
            "Create a webhook",
            "It is told of what happens from now on. The answer holds the secret that signs its "
            "messages, this once.",
            TAG,
            Tokens.PRIVATE,
            (
                Answer(201, "The webhook with its secret.", NewWebhookAnswer, {"webhook": MADE},
                       ("Location", REPLAYED), LINKS),
            ),
            {**TAKING_JSON, 403: PRIVATE_ONLY, 409: TOO_MANY},
            (ORG_ID, IDEMPOTENCY_KEY),
            (Body(WebhookInput, NEW_WEBHOOKS),),
        ),
        Operation(
            "GET",
            "/api/webhooks",
            "listWebhooks",
            "List the webhooks",
            "Those of the org, none from the bin.",
            TAG,
            Tokens.PRIVATE,
            (Answer(200, "A page of webhooks.", WebhookList, {"webhooks": LIST}),),
            {**READING, 403: PRIVATE_ONLY, 422: "A query parameter is malformed."},
            (ORG_ID, *paging(webhooks.SORTABLE)),
        ),
        Operation(
            "GET",
            "/api/webhooks/{webhook_id}",
            "readWebhook",
            "Read a webhook",
            "By its `id`.",
            TAG,
            Tokens.PRIVATE,
            (Answer(200, "The webhook.", WebhookAnswer, ONE),),
            {**READING_ONE, 403: PRIVATE_ONLY, 404: GONE},
            (WEBHOOK_ID, ORG_ID),
        ),
        Operation(
            "PUT",
            "/api/webhooks/{webhook_id}",
            "changeWebhook",
            "Change a webhook",
            "Fields that are sent are replaced, others stay. Messages that wait to be tried again "
            "go to the new address.",
            TAG,
            Tokens.PRIVATE,
            (Answer(200, "The webhook after the change.", WebhookAnswer, ONE),),
            {**TAKING_JSON, 403: PRIVATE_ONLY, 404: GONE},
            (WEBHOOK_ID, ORG_ID),
            (Body(WebhookChangesInput, CHANGES),),
        ),
        Operation(
            "DELETE",
            "/api/webhooks/{webhook_id}",
            "binWebhook",
            "Put a webhook into the bin",
            "It is told nothing more, and what waits to be tried again is given up.",
            TAG,
            Tokens.PRIVATE,
            (Answer(200, "The webhook with `deletedAt`.", WebhookAnswer, BINNED,
                    links=FROM_THE_BIN),),
            {**READING_ONE, **ANY_BODY, 403: PRIVATE_ONLY, 404: GONE},
            (WEBHOOK_ID, ORG_ID),
        ),
        Operation(
            "POST",
            "/api/webhooks/{webhook_id}/restore",
            "restoreWebhook",
            "Take a webhook out of the bin",
            "One that is not in the bin stays as it is.",
            TAG,
            Tokens.PRIVATE,
            (Answer(200, "The webhook.", WebhookAnswer, ONE, (REPLAYED,)),),
            {**READING_ONE, **ANY_BODY, 403: PRIVATE_ONLY, 404: "There is no such webhook in the "
             "org of the token.", 409: TOO_MANY, 422: KEY_FAULT},
            (WEBHOOK_ID, ORG_ID, IDEMPOTENCY_KEY),
        ),
    ),
)  # fmt: skip
