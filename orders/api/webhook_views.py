"""Webhooks by JSON: each view reads its input, calls one service and answers.

Only servers have to do with webhooks: a public token, which anybody can read in a page, is 403.
"""

from functools import partial
from typing import Any

from flask import Response, request

from orders.access import Actor
from orders.api.answers import JsonAnswer, list_answer
from orders.api.authentication import current_actor
from orders.api.blueprint import api
from orders.api.json_body import json_object
from orders.api.query import read_query
from orders.api.repeating import Made, answer_once
from orders.messaging import webhooks
from orders.messaging.webhooks import NewWebhook
from orders.repeats import Once
from orders.rules.errors import Forbidden
from orders.rules.webhook import Webhook, webhook_fields
from orders.web.current_settings import current_limits, current_settings


@api.post("/webhooks")
def create_webhook() -> Response:
    """Create a webhook: 201, `Location`, and the webhook with its secret, which is shown once."""
    actor, limits = _private_actor(), current_limits()
    raw, allow_private = json_object(), current_settings().webhook_private_network

    def create(once: Once | None) -> NewWebhook:
        return webhooks.create(
            raw, actor=actor, limits=limits, allow_private=allow_private, once=once
        )

    return answer_once(actor, raw, create, partial(_created, request.root_path))


@api.get("/webhooks")
def list_webhooks() -> Response:
    """List the org's webhooks, a page at a time."""
    actor = _private_actor()
    query = read_query()
    paging = query.paging(webhooks.SORTABLE)
    query.refuse()
    return list_answer("webhooks", webhooks.list_webhooks(actor.org_id, paging), webhook_fields)


@api.get("/webhooks/<webhook_id>")
def read_webhook(webhook_id: str) -> Response:
    """Read one webhook."""
    actor = _private_actor()
    return JsonAnswer(_body(webhooks.find(webhook_id, actor.org_id)))


@api.put("/webhooks/<webhook_id>")
def change_webhook(webhook_id: str) -> Response:
    """Replace the fields that are sent."""
    actor = _private_actor()
    webhook = webhooks.change(
        webhook_id,
        json_object(),
        actor=actor,
        limits=current_limits(),
        allow_private=current_settings().webhook_private_network,
    )
    return JsonAnswer(_body(webhook))


@api.delete("/webhooks/<webhook_id>")
def delete_webhook(webhook_id: str) -> Response:
    """Put a webhook into the bin."""
    actor = _private_actor()
    return JsonAnswer(_body(webhooks.bin_webhook(webhook_id, actor.org_id)))


@api.post("/webhooks/<webhook_id>/restore")
def restore_webhook(webhook_id: str) -> Response:
    """Take a webhook out of the bin."""
    actor = _private_actor()

    def restore(once: Once | None) -> Webhook:
        return webhooks.restore(webhook_id, actor=actor, once=once)

    return answer_once(actor, None, restore, lambda webhook: (_body(webhook), 200, {}))


def _created(root: str, made: NewWebhook) -> Made:
    location = f"{root}/api/webhooks/{made.webhook.id}"
    return (
        {"webhook": {**webhook_fields(made.webhook), "secret": made.secret}},
        201,
        {"Location": location},
    )


def _body(webhook: Webhook) -> dict[str, Any]:
    return {"webhook": webhook_fields(webhook)}


def _private_actor() -> Actor:
    """Find out who calls. Raises Forbidden for a public token or a query for another org."""
    actor = current_actor()
    if not actor.is_private:
        raise Forbidden("Webhooks need a private token.")
    read_query().own_org(actor)
    return actor
