"""Schemas of responses for the OpenAPI document.

Responses are not validated with these classes; tests check that the two agree.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from orders.domain.customer import EXAMPLE_CUSTOMER_ID
from orders.domain.fields import (
    ALSO_SENT,
    EXAMPLE_CONFIGURATION_ID,
    EXAMPLE_ORG_ID,
    AnyObject,
    keywords,
)
from orders.domain.inputs import with_fields
from orders.domain.order import answer_types
from orders.domain.status import Status
from orders.domain.webhook import EXAMPLE_ADDRESS, Topic
from orders.interfaces.api.endpoints import Example

SCHEMAS = "#/components/schemas/"  # where the document has them
# Where it has the schemas of other accepted forms: code generators must make no types of them.
OTHER_SCHEMAS = f"#/components/{ALSO_SENT}/"

EXAMPLE_ACTOR_ID = "c0d1b1a4-93a5-4a39-8a50-4f7d6a0a0d0e"
EXAMPLE_REQUEST_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
EXAMPLE_WEBHOOK_ID = "6f1c2f0e-8d0b-4d57-9a2e-0c5f6f0d3b21"
ORDER_ID = "0199f0c2-5d1e-7c3a-9b52-64f1c8a70e11"
SHORT_ID = "7KQ4M2XD9T3X"
MOMENT = "2026-11-24T09:30:00.000Z"
Uuid = Annotated[str, keywords(format="uuid")]
MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
Moment = Annotated[
    str,
    keywords(format="date-time", pattern=MOMENT_PATTERN),
    Field(description="UTC, ISO 8601 with milliseconds and `Z`.", examples=[MOMENT]),
]


def _field(description: str, *examples: Any, **rules: Any) -> Any:  # noqa: ANN401 - as Field
    if examples:
        rules["examples"] = list(examples)
    return Field(description=description, **rules)


OwnOrgId = Annotated[Uuid, _field("The org of the token.", EXAMPLE_ORG_ID)]
CreatedBy = Annotated[
    str,
    _field(
        "The ID of the staff account or token that created it, never a secret.", EXAMPLE_ACTOR_ID
    ),
]
DeletedAt = Annotated[
    Moment | None, _field("When it was moved to the bin; null if it is not in the bin.", None)
]


def example_page(summary: str, name: str, entry: Any) -> Example:  # noqa: ANN401 - JSON
    """Return an example of a list response: one page with one `entry`, in an array named `name`."""
    page = {
        name: [entry], "count": 1, "countIsExact": True, "page": 1, "perPage": 50,
        "sort": "-createdAt", "next": None, "ignoredParameters": [],
    }  # fmt: skip
    return Example(summary, page)


class AnswerSchema(BaseModel):
    """Base of response schemas, which allow only the fields that they declare."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class CartLineAnswer(AnswerSchema):
    """A line of the cart, with `metadata` if it was sent."""

    configuration_id: str = _field("As sent; UUIDs in lowercase.", EXAMPLE_CONFIGURATION_ID)
    count: int = Field(ge=1, le=1_000_000, examples=[2])
    metadata: AnyObject = _field("As sent.", default={})
    configuration: "ConfigurationAnswer | None" = _field(
        "The saved configuration, only with `fullConfiguration`; null for an unknown one.",
        default=None,
    )


@with_fields(answer_types(cart=list[CartLineAnswer]))
class ListedOrder(AnswerSchema):
    """A complete order in a list."""


class FieldFault(AnswerSchema):
    """One error in the input, or a warning about it."""

    path: str = _field(
        "Keys and positions joined by dots; empty for the whole body.", "cart.0.count"
    )
    message: str = _field(
        "A sentence that can be shown to people.", "A whole number from 1 to 1,000,000."
    )


class OrderAnswer(ListedOrder):
    """A complete order."""

    warnings: list[FieldFault] = _field(
        "What was not read as its sender may have meant it; `[]` when all is well.", []
    )


class AccessTokenAnswer(AnswerSchema):
    """A token of the org, without its secret. `lastUsedOn` is missing until it is first used."""

    id: Uuid = Field(examples=[EXAMPLE_ACTOR_ID])
    org_id: OwnOrgId
    name: str = _field("Its display name.", "Online shop")
    domains: list[str] = _field(
        "The hosts whose pages can use a public token; `[]` for a private one.",
        ["shop.example", "*.shop.example"],
    )
    permissions: Literal["public", "private"] = _field(
        "A private token has full access to its org."
    )
    service_account_id: str = _field(
        "The ID of the token as it appears in `createdBy`.", EXAMPLE_ACTOR_ID
    )
    last_used_on: Moment = _field("To the minute.", default="")
    created_at: Moment


class FilterAnswer(AnswerSchema):
    """The orders that a webhook gets messages about; without `status`, all orders."""

    status: list[Status] = Field(default=[], min_length=1)


class WebhookFields(AnswerSchema):
    """A webhook, without its secret."""

    id: Uuid = _field("Set by the service, never reused.", EXAMPLE_WEBHOOK_ID)
    org_id: OwnOrgId
    topic: Topic
    address: str = _field("As sent, without blanks around it.", EXAMPLE_ADDRESS)
    filter: FilterAnswer
    created_at: Moment
    updated_at: Moment
    deleted_at: DeletedAt
    switched_off_at: Moment | None = _field(
        "Since when it gets nothing, because its receiver answered 410 or its org came from another"
        " installation; null while it is on.",
        None,
    )
    created_by: CreatedBy


class NewWebhookFields(WebhookFields):
    """A new webhook, with the secret that signs its messages."""

    secret: str = _field(
        "In the format of Standard Webhooks. Only this response contains it.",
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD9u0Uhm3fXkA=",
        pattern="^whsec_[A-Za-z0-9+/]+=*$",
    )


class WebhookAnswer(AnswerSchema):
    """One webhook."""

    webhook: WebhookFields


class NewWebhookAnswer(AnswerSchema):
    """A new webhook."""

    webhook: NewWebhookFields


class ListSchema(AnswerSchema):
    """A page of a list."""

    count: int = _field("The number of entries on all pages.", 1, ge=0)
    count_is_exact: bool = _field(
        "Whether `count` is the number itself. If it is false, there are more.", True
    )
    page: int = _field("The number of this page.", 1, ge=1)
    per_page: int = _field("The maximum number of entries on a page.", 50, ge=1)
    sort: str = _field("How the list is sorted.", "-createdAt")
    next: str | None = _field(
        "Send it as `after` to get the entries behind this page; null when there are none.", None
    )
    ignored_parameters: list[str] = _field(
        "The names of query parameters that mean nothing here.", []
    )


class OrderList(ListSchema):
    """A page of orders."""

    orders: list[ListedOrder]


class OrderMessage(AnswerSchema):
    """A message to a webhook: the event and the complete order after it."""

    type: Topic
    timestamp: Moment = _field("When it happened, in UTC.")
    version: int = _field("Rises with each change of the order; the number in its `ETag`.", 1, ge=1)
    data: ListedOrder


class WebhookList(ListSchema):
    """A page of the org's webhooks."""

    webhooks: list[WebhookFields]


class AccessTokenList(ListSchema):
    """A page of the org's tokens."""

    accesstokens: list[AccessTokenAnswer]


class Problem(AnswerSchema):
    """Why a request was refused (RFC 9457)."""

    type: Literal["about:blank"] = _field("Always `about:blank`: the status says what is wrong.")
    title: str = _field("The name of the status.", "Unprocessable Entity")
    status: int = _field("The status code.", 422, ge=400, le=599)
    detail: str = _field("A sentence that can be shown to people.")
    request_id: str = _field(
        "The ID of the request, also in the header `X-Request-ID`.",
        EXAMPLE_REQUEST_ID,
        default="",
        max_length=128,
    )
    errors: list[FieldFault] = _field("All errors in the input.", default=[], min_length=1)


class ConfigurationAnswer(AnswerSchema):
    """A complete saved configuration; fields that were not sent are null."""

    id: Uuid = _field("Set by the service, never reused.", EXAMPLE_CONFIGURATION_ID)
    short_id: str = _field(
        "Its short ID, unique across all orgs.", "46Juzcyx", pattern="^[A-Za-z0-9_-]{7,14}$"
    )
    org_id: OwnOrgId
    product_id: Uuid | None
    product_version: str | None
    variant: AnyObject | None = _field("As sent.")
    metadata: AnyObject | None = _field("As sent.")
    customer_id: str | None
    identifier: str | None
    scope: str | None
    scene_graph_state: str | AnyObject | None
    session_id: str | None
    publish_file_id: str | None
    creator: str | None
    thumbnail: str | None = _field(
        "As sent, or the absolute address of the picture that was sent as a file: "
        "`/api/files/hash/{name}`. Where the org allows it, everyone may read that one."
    )
    attachments: dict[str, str] = _field(
        "Keys with file names: those that were sent, and one for each file."
    )
    created_at: Moment
    updated_at: Moment
    deleted_at: DeletedAt
    created_by: CreatedBy


class ConfigurationList(ListSchema):
    """A page of configurations."""

    configurations: list[ConfigurationAnswer]


class AddressAnswer(AnswerSchema):
    """An address of a customer; what was not sent is null."""

    label: str | None
    lines: list[str] = _field("As sent; `[]` if there are none.", ["Hauptplatz 3"])
    city: str | None
    postal_code: str | None
    country: str | None = _field("ISO 3166-1, two capital letters.", "AT")


class CustomerAnswer(AnswerSchema):
    """A complete customer record; fields that were not sent are null, or empty."""

    customer_id: str = _field(
        "The customer's ID, as in orders; unique in the org.", EXAMPLE_CUSTOMER_ID
    )
    name: str | None
    contact: str | None
    email: str | None
    phone: str | None
    addresses: list[AddressAnswer]
    notes: str | None
    defaults: AnyObject = _field("As sent.")
    created_at: Moment
    updated_at: Moment


class CustomerList(ListSchema):
    """A page of customer records."""

    customers: list[CustomerAnswer]
