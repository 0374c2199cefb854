"""Webhooks: the classes that services pass around, their JSON, and their validation.

See docs/webhooks.md.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, cast

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.alias_generators import to_camel

from orders.domain.domains import MAX_ADDRESS, PRIVATE_SENTENCE, address_fault, is_private
from orders.domain.errors import FieldError, InvalidInput
from orders.domain.fields import OrderStatus, OrgId, keywords, reader, refusal
from orders.domain.inputs import Limits, MessageRules, StrictInput, checked, is_name
from orders.domain.json_values import find_unstorable
from orders.domain.moments import wire_fields
from orders.domain.status import Status
from orders.domain.texts import lazy_gettext


class Topic(StrEnum):
    """Events of an order that webhooks report, by their API names."""

    CREATED = "order.created"
    UPDATED = "order.updated"
    CANCELED = "order.canceled"
    DELETED = "order.deleted"


class Webhook(NamedTuple):
    """A stored webhook, without its secret. Times are timezone-aware and in UTC.

    `filter` is {} for all orders, or `{"status": [...]}`. `switched_off_at` is set when the
    receiver responds with status 410.
    """

    id: str
    org_id: str
    topic: Topic
    address: str
    filter: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    switched_off_at: datetime | None
    created_by: str


_WIRE_NAMES = tuple(map(to_camel, Webhook._fields))


def webhook_fields(webhook: Webhook) -> dict[str, Any]:
    """Return a webhook as JSON by wire names, without its secret; times are UTC text or None."""
    return wire_fields(_WIRE_NAMES, webhook)


EXAMPLE_ADDRESS = "https://shop.example/hooks/orders"
_TOPICS = {str(topic): topic for topic in Topic}
_WORDS = MessageRules(
    lazy_gettext("An object with the fields of a webhook."),
    read_only=frozenset(
        {"id", "secret", "createdAt", "updatedAt", "deletedAt", "createdBy", "switchedOffAt"}
    ),
)


def _topic(value: object) -> Topic | None:
    return _TOPICS.get(value) if isinstance(value, str) else None


def _address(value: str) -> str:
    value = value.strip()
    fault = address_fault(value)
    if fault is not None:
        raise refusal(fault)
    return value


WebhookTopic = Annotated[
    Topic,
    BeforeValidator(reader(_topic, lazy_gettext("One of: %(options)s.", options=", ".join(Topic)))),
    Field(description="The event that sends messages."),
]
WebhookAddress = Annotated[
    str,
    AfterValidator(_address),
    Field(
        description="Where messages are posted to: `https` or `http`, without a user name or "
        "fragment, in ASCII, and not in a private network.",
        examples=[EXAMPLE_ADDRESS],
    ),
    keywords(format="webhook-address", maxLength=MAX_ADDRESS, pattern="^[Hh][Tt][Tt][Pp][Ss]?://"),
]
Statuses = Annotated[
    list[OrderStatus],
    AfterValidator(
        reader(
            lambda statuses: statuses or None,
            lazy_gettext("At least one status; leave the filter out to include every status."),
        )
    ),
    Field(description="Only orders in one of these states.", examples=[["New"]]),
    keywords(minItems=1),
]


class FilterInput(StrictInput):
    """Which orders a webhook gets messages about; left out or `{}` means all of them."""

    status: Statuses = cast(list[Status], None)


class WebhookChangesInput(StrictInput):
    """A change to a webhook: fields that are sent are replaced, and others stay the same."""

    org_id: OrgId = cast(str, None)
    topic: WebhookTopic = cast(Topic, None)
    address: WebhookAddress = cast(str, None)
    filter: FilterInput = cast(FilterInput, None)


class WebhookInput(WebhookChangesInput):
    """A new webhook."""

    topic: WebhookTopic
    address: WebhookAddress


def check_webhook(raw: object, *, limits: Limits, allow_private: bool) -> dict[str, Any]:
    """Validate a new webhook as a client sent it; `raw` is the output of a JSON parser.

    Returns its `topic`, `address` and `filter` as JSON values; `filter` is {} if it was left out.
    Raises InvalidInput with all errors. The address may be in a private network only if
    `allow_private` is true.
    """
    values = _checked(raw, WebhookInput, limits=limits, allow_private=allow_private)
    return {"filter": {}, **values}


def check_change(raw: object, *, limits: Limits, allow_private: bool) -> dict[str, Any]:
    """Validate a change to a webhook; return the new values of the fields that were sent.

    Takes the same arguments as `check_webhook`, and also raises InvalidInput with all errors.
    """
    return _checked(raw, WebhookChangesInput, limits=limits, allow_private=allow_private)


def _checked(
    raw: object, model: type[WebhookChangesInput], *, limits: Limits, allow_private: bool
) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise InvalidInput([FieldError("", _WORDS.not_an_object)])
    errors: dict[str, FieldError] = {}
    for error in find_unstorable(raw, nesting=limits.nesting):
        errors.setdefault(error.path, error)
    known = {key: value for key, value in raw.items() if is_name(key)} if errors else raw
    found = checked(model, known, errors, _WORDS)
    address = raw.get("address")
    is_checked = isinstance(address, str) and "address" not in errors
    if is_checked and not allow_private and is_private(str(address).strip()):
        errors["address"] = FieldError("address", PRIVATE_SENTENCE)
    if errors or found is None:
        raise InvalidInput(errors.values())
    return found.model_dump(mode="json", exclude={"org_id"}, exclude_unset=True)
