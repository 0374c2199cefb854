"""What the customer's page shows of an order: nothing else reaches its template."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from orders.lookup import CustomerLine, CustomerView
from orders.rules.configuration import option_text, own_picture
from orders.rules.short_id import grouped
from orders.rules.status import OPEN_CARTS, Status

# Steps as customers see them, and what each means to them. The first stands for both open carts.
STEPS = (
    ("Being prepared", "The cart is being put together"),
    (str(Status.NEW), "We have your order"),
    (str(Status.IN_PROGRESS), "We are working on it"),
    (str(Status.COMPLETE), "All is done"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the order; `options` are names and texts, `picture` is an address of our own."""

    name: str
    options: tuple[tuple[str, str], ...]
    picture: str | None
    count: str


@dataclass(frozen=True, slots=True)
class Page:
    """The customer's page. `step` is the place in STEPS, from 0; `code` is in groups of four."""

    code: str
    status: Status
    step: int
    created_at: datetime
    changed_at: datetime | None
    lines: tuple[Line, ...]
    total: str
    details: tuple[tuple[str, str], ...]


def page_of(view: CustomerView, picture_address: Callable[[int], str]) -> Page:
    """Put an order into the words and figures of the customer's page.

    `picture_address` gives where the stored picture of a line, counted from 1, can be seen.
    """
    names = [name for name, _ in STEPS]
    pieces = sum(line.count for line in view.lines)
    return Page(
        code=grouped(view.short_id),
        status=view.status,
        step=0 if view.status in OPEN_CARTS else names.index(view.status),
        created_at=view.created_at,
        changed_at=view.updated_at if view.updated_at != view.created_at else None,
        lines=tuple(
            _line(line, picture_address(number)) for number, line in enumerate(view.lines, 1)
        ),
        total=f"{_counted(len(view.lines), 'line')}, {_counted(pieces, 'piece')}",
        details=tuple((label, text) for label, text in view.details if text.strip()),
    )


def _line(line: CustomerLine, picture_address: str) -> Line:
    return Line(
        name=line.product_name or "Configured product",
        options=tuple(
            (name, text)
            for name, value in line.options.items()
            if (text := option_text(value)) is not None
        ),
        picture=picture_address if line.has_picture else own_picture(line.thumbnail),
        count=f"{line.count:,}",
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
