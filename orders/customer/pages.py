"""What the customer's page shows of an order: nothing else reaches its template."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orders.lookup import CustomerLine, CustomerView
from orders.rules.configuration_id import read_uuid
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


def page_of(view: CustomerView) -> Page:
    """Put an order into the words and figures of the customer's page."""
    names = [name for name, _ in STEPS]
    pieces = sum(line.count for line in view.lines)
    return Page(
        code=grouped(view.short_id),
        status=view.status,
        step=0 if view.status in OPEN_CARTS else names.index(view.status),
        created_at=view.created_at,
        changed_at=view.updated_at if view.updated_at != view.created_at else None,
        lines=tuple(_line(line) for line in view.lines),
        total=f"{_counted(len(view.lines), 'line')}, {_counted(pieces, 'piece')}",
        details=tuple((label, text) for label, text in view.details if text.strip()),
    )


def _line(line: CustomerLine) -> Line:
    return Line(
        name=line.product_name or "Configured product",
        options=tuple(
            (name, text)
            for name, value in line.options.items()
            if (text := _option_text(value)) is not None
        ),
        picture=line.thumbnail if _is_own_address(line.thumbnail) else None,
        count=f"{line.count:,}",
    )


def _option_text(value: Any) -> str | None:  # noqa: ANN401 - any JSON that a configurator has saved
    """Give an option as people read it; None for what only a configurator understands."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int | float):
        return f"{value:,}"
    # Configurators save references to their own assets as UUIDs or objects.
    is_text = isinstance(value, str) and bool(value.strip()) and read_uuid(value) is None
    return value if is_text else None


def _is_own_address(address: str | None) -> bool:
    """Tell whether a picture is ours: a foreign one would tell its site who looks at what."""
    return address is not None and address.startswith("/") and address[1:2] not in {"/", "\\"}


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
