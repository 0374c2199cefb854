"""The shape of a change to an order: which fields may be sent, alone or together.

Fields that are sent are replaced, others stay (docs/contract.md, "Changing an order"). Types,
limits and sentences are those of a new order.
"""

from dataclasses import dataclass
from typing import Any, cast

from pydantic import Field

from orders.rules.errors import FieldError
from orders.rules.fields import (
    CustomerId,
    Derivative,
    JsonObject,
    Metadata,
    OrderName,
    OrderStatus,
)
from orders.rules.inputs import StrictInput
from orders.rules.limits import Limits
from orders.rules.order import NOT_SENT, CartLine, NotSent
from orders.rules.schema import (
    CartLineInput,
    PlatformInput,
    inspect,
)
from orders.rules.status import Status
from orders.rules.texts import mark

READ_ONLY_SENTENCE = mark("Set by the service and not changed; leave it out.")
# An old client sends a whole order back after changing one field of it. What cannot be changed is
# taken when it is as it was, and refused otherwise.
UNCHANGEABLE = (
    "id", "shortId", "orgId", "originOrgId", "items", "createdAt", "updatedAt", "createdBy",
    "deletedAt",
)  # fmt: skip


class OrderChangesInput(StrictInput):
    """Fields of an order to replace; a field that is left out stays as it is."""

    name: OrderName = None
    customer_id: CustomerId = None
    platform: PlatformInput = cast(PlatformInput, None)
    metadata: Metadata = cast(JsonObject, None)
    derivative: Derivative = cast(JsonObject, None)
    cart: list[CartLineInput] = Field(
        cast(list[CartLineInput], None), description="The lines that replace the old ones."
    )
    status: OrderStatus = cast(Status, None)


class CartInput(StrictInput):
    """Lines to put into a cart."""

    cart: list[CartLineInput]


@dataclass(frozen=True, slots=True)
class OrderChanges:
    """Checked fields to replace; NOT_SENT stays as it is. `metadata` is as sent."""

    name: str | NotSent | None = NOT_SENT
    customer_id: str | NotSent | None = NOT_SENT
    platform: dict[str, Any] | NotSent = NOT_SENT
    metadata: dict[str, Any] | NotSent = NOT_SENT
    derivative: dict[str, Any] | NotSent = NOT_SENT
    cart: tuple[CartLine, ...] | NotSent = NOT_SENT
    status: Status | NotSent = NOT_SENT
    # Sent although nobody can change them: wire names and values, to be held against the order.
    unchangeable: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class LinesResult:
    """The lines, or what is wrong with them."""

    lines: tuple[CartLine, ...]
    errors: list[FieldError]


@dataclass(frozen=True, slots=True)
class ChangesResult:
    """The changes, or what is wrong with them."""

    changes: OrderChanges | None
    errors: list[FieldError]


def read_changes(raw: object, *, limits: Limits) -> ChangesResult:
    """Check changes as they were sent, as far as they can be judged without their order.

    `raw` is an object of fields, or an array of lines, which replaces the cart. Never raises.
    """
    document = {"cart": modern_lines(raw)} if isinstance(raw, list) else raw
    unchangeable: tuple[tuple[str, Any], ...] = ()
    if isinstance(document, dict):
        unchangeable = tuple((key, document[key]) for key in UNCHANGEABLE if key in document)
        document = {key: document[key] for key in document if key not in UNCHANGEABLE}
    seen = inspect(document, OrderChangesInput, limits=limits)
    if seen.told or seen.parsed is None:
        return ChangesResult(None, list(seen.told.values()))
    read, sent = seen.parsed, seen.sent
    changes = OrderChanges(
        name=read.name if "name" in sent else NOT_SENT,
        customer_id=read.customer_id if "customerId" in sent else NOT_SENT,
        platform=sent.get("platform", NOT_SENT),
        metadata=sent.get("metadata", NOT_SENT),
        derivative=sent.get("derivative", NOT_SENT),
        cart=_lines(read.cart) if "cart" in sent else NOT_SENT,
        status=read.status if "status" in sent else NOT_SENT,
        unchangeable=unchangeable,
    )
    return ChangesResult(changes, [])


def read_lines(raw: object, *, limits: Limits) -> LinesResult:
    """Check lines for a cart as they were sent: an array of lines, or `{"cart": [...]}`.

    `items`, the old name of the field, is taken for `cart` when it comes alone. Never raises.
    """
    document = raw
    if isinstance(raw, list):
        document = {"cart": raw}
    elif isinstance(raw, dict) and "items" in raw and "cart" not in raw:
        document = {("cart" if key == "items" else key): raw[key] for key in raw}
    if isinstance(document, dict) and isinstance(document.get("cart"), list):
        document = {**document, "cart": modern_lines(document["cart"])}
    seen = inspect(document, CartInput, limits=limits)
    if seen.told or seen.parsed is None:
        return LinesResult((), list(seen.told.values()))
    return LinesResult(_lines(seen.parsed.cart), [])


def modern_lines(lines: list[Any]) -> list[Any]:
    """Give lines with `configurationId` where an old client says `id`; others as they are."""
    return [
        {("configurationId" if key == "id" else key): line[key] for key in line}
        if isinstance(line, dict) and "id" in line and "configurationId" not in line
        else line
        for line in lines
    ]


def _lines(lines: list[CartLineInput]) -> tuple[CartLine, ...]:
    return tuple(CartLine(line.configuration_id, line.count, line.metadata) for line in lines)
