"""What the API answers, as schemas for the OpenAPI document.

Nothing is validated by these classes while answering; `tests/api/test_document.py` and
schemathesis compare the real answers with them.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from orders.rules.fields import EXAMPLE_CONFIGURATION_ID, EXAMPLE_ORG_ID, Keywords
from orders.rules.inputs import with_fields
from orders.rules.order import answer_types
from orders.rules.status import Status
from orders.rules.webhook import EXAMPLE_ADDRESS, Topic

SCHEMAS = "#/components/schemas/"  # where the document has them

EXAMPLE_ACTOR_ID = "c0d1b1a4-93a5-4a39-8a50-4f7d6a0a0d0e"
EXAMPLE_WEBHOOK_ID = "6f1c2f0e-8d0b-4d57-9a2e-0c5f6f0d3b21"
ORDER_ID = "0199f0c2-5d1e-7c3a-9b52-64f1c8a70e11"
SHORT_ID = "7KQ4M2XD9T3X"
MOMENT = "2026-11-24T09:30:00.000Z"
Uuid = Annotated[str, Keywords(format="uuid")]
MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
Moment = Annotated[
    str,
    Keywords(format="date-time", pattern=MOMENT_PATTERN),
    Field(
        description="UTC, ISO 8601 with milliseconds and `Z`.",
        examples=[MOMENT],
    ),
]
OwnOrgId = Annotated[Uuid, Field(description="The org of the token.", examples=[EXAMPLE_ORG_ID])]
CreatedBy = Annotated[
    str,
    Field(
        description="Who made it: the ID of a staff account or of a token, never a secret.",
        examples=[EXAMPLE_ACTOR_ID],
    ),
]
DeletedAt = Annotated[
    Moment | None,
    Field(description="Since when it is in the bin; null when it is not there.", examples=[None]),
]


class AnswerSchema(BaseModel):
    """An object with all of its fields and no others."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class CartLineAnswer(AnswerSchema):
    """A line of the cart. `metadata` is there when it was sent."""

    configuration_id: str = Field(
        description="As sent; UUIDs in small letters.", examples=[EXAMPLE_CONFIGURATION_ID]
    )
    count: int = Field(ge=1, le=1_000_000, examples=[2])
    metadata: dict[str, Any] = Field(default={}, description="As sent.")


@with_fields(answer_types(cart=list[CartLineAnswer]))
class OrderAnswer(AnswerSchema):
    """A whole order."""


class AccessTokenAnswer(AnswerSchema):
    """A token of the org; never its secret. `lastUsedOn` is left out until it is first used."""

    id: Uuid = Field(examples=[EXAMPLE_ACTOR_ID])
    org_id: OwnOrgId
    name: str = Field(description="What people call it.", examples=["Online shop"])
    domains: list[str] = Field(
        description="The hosts from whose pages a public token works; `[]` for a private one.",
        examples=[["shop.example", "*.shop.example"]],
    )
    permissions: Literal["public", "private"] = Field(
        description="A private token has full rights inside its org."
    )
    service_account_id: str = Field(
        description="The ID under which the token acts: it stands in `createdBy`.",
        examples=[EXAMPLE_ACTOR_ID],
    )
    last_used_on: Moment = Field(default="", description="To the minute.")
    created_at: Moment


class FilterAnswer(AnswerSchema):
    """Which orders a webhook is told about; without `status`, all of them."""

    status: list[Status] = Field(default=[], min_length=1)


class WebhookFields(AnswerSchema):
    """A webhook; never its secret."""

    id: Uuid = Field(
        description="Made by the service, never used again.", examples=[EXAMPLE_WEBHOOK_ID]
    )
    org_id: OwnOrgId
    topic: Topic
    address: str = Field(description="As sent.", examples=[EXAMPLE_ADDRESS])
    filter: FilterAnswer
    created_at: Moment
    updated_at: Moment
    deleted_at: DeletedAt
    created_by: CreatedBy


class NewWebhookFields(WebhookFields):
    """A webhook that was just made, with the secret that signs its messages."""

    secret: str = Field(
        description="As the Standard Webhooks scheme writes it. It stands in this answer alone.",
        pattern="^whsec_[A-Za-z0-9+/]+=*$",
        examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD9u0Uhm3fXkA="],
    )


class WebhookAnswer(AnswerSchema):
    """One webhook."""

    webhook: WebhookFields


class NewWebhookAnswer(AnswerSchema):
    """A webhook that was just made."""

    webhook: NewWebhookFields


class ListSchema(AnswerSchema):
    """A page of a list."""

    count: int = Field(ge=0, description="How many there are on all pages.", examples=[1])
    page: int = Field(ge=1, description="Which page this is.", examples=[1])
    per_page: int = Field(ge=1, description="How many a page holds at most.", examples=[50])
    sort: str = Field(description="How the list is sorted.", examples=["-createdAt"])


class OrderList(ListSchema):
    """A page of orders."""

    orders: list[OrderAnswer]


class OrderMessage(AnswerSchema):
    """What a webhook is told: the event and the whole order after it."""

    type: Topic
    timestamp: Moment = Field(description="When it happened, in UTC.")
    data: OrderAnswer


class WebhookList(ListSchema):
    """A page of the org's webhooks."""

    webhooks: list[WebhookFields]


class AccessTokenList(ListSchema):
    """A page of the org's tokens."""

    accesstokens: list[AccessTokenAnswer]


class FieldFault(AnswerSchema):
    """One fault of the input."""

    path: str = Field(
        description="Keys and positions joined by dots; empty for the whole document.",
        examples=["cart.0.count"],
    )
    message: str = Field(
        description="A sentence for people.", examples=["A whole number from 1 to 1,000,000."]
    )


class Problem(AnswerSchema):
    """Why a request was refused (RFC 9457)."""

    type: Literal["about:blank"] = Field(description="The status says it all.")
    title: str = Field(description="The status in words.", examples=["Unprocessable Entity"])
    status: int = Field(ge=400, le=599, description="The status once more.", examples=[422])
    detail: str = Field(description="A sentence for people.")
    errors: list[FieldFault] = Field(
        default=[], min_length=1, description="Every fault of the input, not only the first."
    )


class ConfigurationAnswer(AnswerSchema):
    """A whole saved configuration; what was not sent is null."""

    id: Uuid = Field(
        description="Made by the service, never used again.", examples=[EXAMPLE_CONFIGURATION_ID]
    )
    short_id: str = Field(
        pattern="^[A-Za-z0-9_-]{7,14}$",
        description="Its short name, unique over all orgs.",
        examples=["46Juzcyx"],
    )
    org_id: OwnOrgId
    product_id: Uuid | None
    product_version: str | None
    variant: dict[str, Any] | None = Field(description="As sent.")
    metadata: dict[str, Any] | None = Field(description="As sent.")
    customer_id: str | None
    identifier: str | None
    scope: str | None
    scene_graph_state: str | dict[str, Any] | None
    session_id: str | None
    publish_file_id: str | None
    creator: str | None
    thumbnail: str | None = Field(
        description="As sent; or `/api/configurations/{id}/thumbnail` for a picture that was."
    )
    attachments: dict[str, str] = Field(
        description="Keys with file names: those that were sent, and those of all files."
    )
    created_at: Moment
    updated_at: Moment
    deleted_at: DeletedAt
    created_by: CreatedBy


class ConfigurationList(ListSchema):
    """A page of configurations."""

    configurations: list[ConfigurationAnswer]
