"""JSON endpoints for webhooks, for private tokens only, and the messages sent to webhooks."""

from functools import partial

from orders.domain.webhook import (
    EXAMPLE_ADDRESS,
    Topic,
    Webhook,
    WebhookChangesInput,
    WebhookInput,
    webhook_fields,
)
from orders.interfaces.api import schemas
from orders.interfaces.api.endpoints import EXAMPLES, Access, RequestBody, Resource, Success, link
from orders.interfaces.api.order_bodies import BINNED, CANCELED, CHANGED, ORDER
from orders.interfaces.api.parameters import (
    IDEMPOTENCY_KEY,
    ORG_ID,
    path_parameter,
    query_filter,
    text_filter,
)
from orders.interfaces.api.query import Query
from orders.interfaces.api.request import Call
from orders.interfaces.api.responses import EndpointResult, list_result
from orders.services.webhooks import webhooks
from orders.services.webhooks.webhooks import NewWebhook

resource = Resource(
    "Webhooks",
    "URLs that get signed messages about orders (Standard Webhooks). `docs/webhooks.md` describes "
    "the messages, how to verify them and how to respond.",
)

WEBHOOK_ID = path_parameter("webhook_id", "The `id` of the webhook.", schemas.EXAMPLE_WEBHOOK_ID)
ONE_WEBHOOK = EXAMPLES["webhook"]
WEBHOOKS = schemas.example_page("All webhooks", "webhooks", ONE_WEBHOOK["webhook"].value["webhook"])

FILTERS = (
    query_filter(
        "topic",
        "topics",
        partial(Query.choices, known=tuple(Topic)),
        "Webhooks with one of these topics.",
        {"type": "array", "items": {"type": "string", "enum": list(Topic)}},
        [str(Topic.CREATED)],
    ),
    text_filter("address", "address", "Webhooks with exactly this address.", EXAMPLE_ADDRESS),
)
PRIVATE_ONLY = {403: "The token is public, or `orgId` is another org."}
GONE = {404: "The org of the token has no such webhook, or it is in the bin."}
TOO_MANY = {409: f"The org has {webhooks.MAX_WEBHOOKS} webhooks already; `DELETE` one first."}

_THIS = {"webhook_id": "$response.body#/webhook/id"}
LINKS = {
    "read": link("readWebhook", _THIS, "Read the webhook."),
    "change": link("changeWebhook", _THIS, "Change it."),
    "bin": link("binWebhook", _THIS, "Move it to the bin."),
}
FROM_THE_BIN = {"restore": link("restoreWebhook", _THIS, "Restore it from the bin.")}


def present_webhook(webhook: Webhook) -> EndpointResult:
    return EndpointResult({"webhook": webhook_fields(webhook)})


def present_new_webhook(made: NewWebhook) -> EndpointResult:
    fields = {**webhook_fields(made.webhook), "secret": made.secret}
    return EndpointResult({"webhook": fields}, location=f"/api/webhooks/{made.webhook.id}")


@resource.endpoint(
    "POST /api/webhooks",
    Access.PRIVATE,
    Success(
        201, "The webhook with its secret.", schemas.NewWebhookAnswer, EXAMPLES["createdWebhook"],
        ("Location",), LINKS,
    ),
    parameters=(ORG_ID, IDEMPOTENCY_KEY),
    bodies=(RequestBody(WebhookInput, EXAMPLES["newWebhooks"]),),
    errors={**PRIVATE_ONLY, **TOO_MANY},
    present=present_new_webhook,
    shows_secret=True,
)  # fmt: skip
def create_webhook(call: Call) -> NewWebhook:
    """Create a webhook.

    It gets messages about everything that happens from now on. Only this response contains the
    secret that signs them.
    """
    return webhooks.create(
        call.body,
        actor=call.actor,
        limits=call.limits,
        allow_private=call.settings.webhook_private_network,
        key=call.once,
    )


@resource.endpoint(
    "GET /api/webhooks",
    Access.PRIVATE,
    Success(200, "A page of webhooks.", schemas.WebhookList, {"webhooks": WEBHOOKS}),
    parameters=(ORG_ID,),
    filters=FILTERS,
    sortable=webhooks.SORTABLE,
    errors=PRIVATE_ONLY,
)
def list_webhooks(call: Call) -> EndpointResult:
    """List the webhooks.

    Returns the webhooks of the org, without those in the bin.
    """
    page = webhooks.list_webhooks(call.actor.org_id, call.paging, **call.filters)
    return list_result("webhooks", page, webhook_fields, call.ignored)


@resource.endpoint(
    "GET /api/webhooks/{webhook_id}",
    Access.PRIVATE,
    Success(200, "The webhook.", schemas.WebhookAnswer, ONE_WEBHOOK),
    parameters=(WEBHOOK_ID, ORG_ID),
    errors={**PRIVATE_ONLY, **GONE},
    present=present_webhook,
)
def read_webhook(call: Call, webhook_id: str) -> Webhook:
    """Read a webhook.

    Finds it by its `id`.
    """
    return webhooks.find(webhook_id, call.actor.org_id)


@resource.endpoint(
    "PUT /api/webhooks/{webhook_id}",
    Access.PRIVATE,
    Success(200, "The webhook after the change.", schemas.WebhookAnswer, ONE_WEBHOOK),
    parameters=(WEBHOOK_ID, ORG_ID),
    bodies=(RequestBody(WebhookChangesInput, EXAMPLES["webhookChanges"]),),
    errors={**PRIVATE_ONLY, **GONE},
    present=present_webhook,
)
def change_webhook(call: Call, webhook_id: str) -> Webhook:
    """Change a webhook.

    Fields that you send are replaced; others stay as they are. Messages that are waiting for
    another attempt go to the new URL.
    """
    return webhooks.change(
        webhook_id,
        call.body,
        actor=call.actor,
        limits=call.limits,
        allow_private=call.settings.webhook_private_network,
    )


@resource.endpoint(
    "DELETE /api/webhooks/{webhook_id}",
    Access.PRIVATE,
    Success(
        200,
        "The webhook with `deletedAt`.",
        schemas.WebhookAnswer,
        EXAMPLES["binnedWebhook"],
        links=FROM_THE_BIN,
    ),
    parameters=(WEBHOOK_ID, ORG_ID),
    errors={**PRIVATE_ONLY, **GONE},
    present=present_webhook,
)
def bin_webhook(call: Call, webhook_id: str) -> Webhook:
    """Move a webhook to the bin.

    It gets no more messages, not even those that are waiting for another attempt.
    """
    return webhooks.bin_webhook(webhook_id, call.actor.org_id)


@resource.endpoint(
    "POST /api/webhooks/{webhook_id}/restore",
    Access.PRIVATE,
    Success(200, "The webhook.", schemas.WebhookAnswer, ONE_WEBHOOK),
    parameters=(WEBHOOK_ID, ORG_ID, IDEMPOTENCY_KEY),
    errors={**PRIVATE_ONLY, 404: "The org of the token has no such webhook.", **TOO_MANY},
    present=present_webhook,
)
def restore_webhook(call: Call, webhook_id: str) -> Webhook:
    """Restore a webhook from the bin, or switch it on again.

    A webhook that gets messages stays as it is.
    """
    return webhooks.restore(webhook_id, actor=call.actor, key=call.once)


# The messages to webhooks (docs/webhooks.md): a description and an example of the order.
EVENTS = {
    Topic.CREATED: ("An order was created, at the desk or through the API.", ORDER),
    Topic.UPDATED: ("An order was changed, reopened, or restored from the bin.", CHANGED),
    Topic.CANCELED: ("An order was canceled.", CANCELED),
    Topic.DELETED: ("An order was moved to the bin.", BINNED),
}
