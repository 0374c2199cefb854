"""The messages that webhooks are sent, as the document tells them (docs/webhooks.md)."""

from typing import Any

from orders.api.answer_schema import OrderMessage
from orders.api.description.order_examples import BINNED, CHANGED, MOMENT, ORDER
from orders.api.description.parts import Body, Example, Parameter
from orders.rules.webhook import Topic

HEADERS = (
    Parameter(
        "webhook-id",
        "header",
        "ID of the message, the same in every attempt.",
        {"type": "string", "format": "uuid"},
        "0199f0c2-5d1e-7c3a-9b52-64f1c8a70e12",
        required=True,
    ),
    Parameter(
        "webhook-timestamp",
        "header",
        "When this attempt was made, in seconds since 1970.",
        {"type": "integer"},
        1795512600,
        required=True,
    ),
    Parameter(
        "webhook-signature",
        "header",
        "`v1,` and the signature of Standard Webhooks; several, parted by blanks, while the secret "
        "is being changed.",
        {"type": "string", "pattern": "^v1,"},
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
        required=True,
    ),
)
EVENTS = {
    Topic.CREATED: ("An order was stored, by the desk or by JSON.", ORDER),
    Topic.UPDATED: ("An order was changed, or came back out of the bin.", CHANGED),
    Topic.DELETED: ("An order went into the bin.", BINNED),
}
ANSWERS: dict[str, Any] = {
    "2XX": {"description": "The message is delivered."},
    "410": {"description": "The message is given up at once."},
    "default": {"description": "The attempt has failed; the next one comes later, for a day."},
}


def body_of(topic: Topic) -> Body:
    """Give the message of an event, with an example."""
    _, order = EVENTS[topic]
    message = {"type": str(topic), "timestamp": MOMENT, "data": order.value}
    return Body(OrderMessage, {"message": Example(order.summary, message)})
