"""What the customer's page shows of an order, in the page's language: nothing else reaches it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date

from orders.lookup import Content, CustomerLine, CustomerView, Detail
from orders.rules.configuration import own_picture
from orders.rules.moments import read_day
from orders.rules.short_id import grouped
from orders.rules.status import OPEN_CARTS, STATUS_TEXTS, Status
from orders.rules.texts import mark
from orders.web.language import figure, gettext, language, ngettext
from orders.web.options import read_options

# Steps as customers see them, and what each means to them. The first stands for both open carts.
STEPS = (
    (mark("Being prepared"), mark("The cart is being put together")),
    (STATUS_TEXTS[Status.NEW], mark("We have your order")),
    (STATUS_TEXTS[Status.IN_PROGRESS], mark("We are working on it")),
    (STATUS_TEXTS[Status.COMPLETE], mark("All is done")),
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the picture of a line, and the calendar file of a detail, are; counted from 1."""

    picture: Callable[[int], str]
    day: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the order; `options` are names and texts, `picture` is an address of our own."""

    name: str
    options: tuple[tuple[str, str], ...]
    picture: str | None
    count: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A detail of the order; `calendar` is the address of its file when it is a day."""

    label: str
    text: str
    calendar: str | None


@dataclass(frozen=True, slots=True)
class Inside:
    """What the page shows of an open order."""

    created_at: datetime
    changed_at: datetime | None
    lines: tuple[Line, ...]
    total: str
    details: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The customer's page. `step` is the place in `steps`, from 0; `code` is in groups of four."""

    code: str
    status: Status
    status_text: str
    step: int
    steps: tuple[tuple[str, str], ...]
    inside: Inside | None


def page_of(view: CustomerView, addresses: Addresses) -> Page:
    """Put an order into the words and figures of the customer's page."""
    names = [name for name, _ in STEPS]
    is_open_cart = view.status in OPEN_CARTS
    return Page(
        code=grouped(view.short_id),
        status=view.status,
        status_text=gettext(STATUS_TEXTS[view.status]),
        step=0 if is_open_cart else names.index(STATUS_TEXTS[view.status]),
        steps=tuple((gettext(name), gettext(words)) for name, words in STEPS),
        inside=None if view.content is None else _inside(view.content, addresses),
    )


def _inside(content: Content, addresses: Addresses) -> Inside:
    lines = len(content.lines)
    pieces = sum(line.count for line in content.lines)
    counted = (
        ngettext("%(count)s line", "%(count)s lines", lines, count=figure(lines)),
        ngettext("%(count)s piece", "%(count)s pieces", pieces, count=figure(pieces)),
    )
    is_changed = content.updated_at != content.created_at
    facts = (
        _fact(detail, addresses.day(number)) for number, detail in enumerate(content.details, 1)
    )
    return Inside(
        created_at=content.created_at,
        changed_at=content.updated_at if is_changed else None,
        lines=tuple(
            _line(line, addresses.picture(number)) for number, line in enumerate(content.lines, 1)
        ),
        total=", ".join(counted),
        details=tuple(fact for fact in facts if fact.text.strip()),
    )


def _line(line: CustomerLine, picture_address: str) -> Line:
    return Line(
        name=line.product_name or gettext("Configured product"),
        options=tuple(read_options(line.options)),
        picture=picture_address if line.has_picture else own_picture(line.thumbnail),
        count=figure(line.count),
    )


def _fact(detail: Detail, address: str) -> Fact:
    day = read_day(detail.value)
    if day is None:
        return Fact(detail.label, _text(detail.value), None)
    return Fact(detail.label, format_date(day, "full", locale=language()), address)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    return figure(value) if isinstance(value, int | float) else str(value)
