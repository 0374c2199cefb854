"""Canceling an order: the input, and what a canceled order refuses (docs/contract.md)."""

from typing import Annotated

from pydantic import Field, StringConstraints

from orders.domain.errors import Conflict, FieldError
from orders.domain.fields import MAX_TEXT, NO_NUL, keywords
from orders.domain.inputs import Limits, MessageRules, StrictInput, inspect
from orders.domain.json_values import same_json
from orders.domain.order import Order, lines_as_json
from orders.domain.texts import lazy_gettext

_WORDS = MessageRules(lazy_gettext("An object with the reason."), nullable=frozenset({"reason"}))
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=MAX_TEXT),
    Field(
        description="Why the order is canceled, for the team. Blanks around it are dropped; an "
        "empty text counts as null.",
        examples=["Ordered twice"],
    ),
    keywords(pattern=NO_NUL),
]


class CancellationInput(StrictInput):
    """Why an order is canceled; `{}` gives no reason."""

    reason: Reason | None = None


def read_reason(raw: object, *, limits: Limits) -> tuple[str | None, list[FieldError]]:
    """Validate the reason for a cancellation; `raw` is the JSON object that contains it.

    Returns (reason, []) if it is valid, else (None, errors); never raises. The reason is None if it
    is missing, null or blank.
    """
    seen = inspect(raw, CancellationInput, _WORDS, limits=limits)
    if seen.errors or seen.parsed is None:
        return None, list(seen.errors.values())
    return seen.parsed.reason or None, []


class OrderCanceled(Conflict):
    """Raised when the status or the cart of a canceled order would change."""

    def __init__(self) -> None:
        super().__init__(
            lazy_gettext(
                "This order is canceled. Reopen it before you change its status or its cart."
            )
        )


def refuse_if_canceled(before: Order, after: Order) -> None:
    """Raise OrderCanceled if `before` is canceled, and its status or cart differs in `after`."""
    if before.canceled_at is None:
        return
    has_same_cart = same_json(lines_as_json(before.cart), lines_as_json(after.cart))
    if before.status != after.status or not has_same_cart:
        raise OrderCanceled
