"""The view model of the customer page: the only order data its template receives."""

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
from orders.web.language import figure, gettext, language, ngettext, read_options

# Steps as customers see them, with an explanation. The first covers both statuses of open carts.
STEPS = (
    (mark("Being prepared"), mark("The cart is being put together")),
    (STATUS_TEXTS[Status.NEW], mark("We have your order")),
    (STATUS_TEXTS[Status.IN_PROGRESS], mark("We are working on it")),
    (STATUS_TEXTS[Status.COMPLETE], mark("All is done")),
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """URLs of a line's picture and of a detail's calendar file, by a number from 1."""

    picture: Callable[[int], str]
    day: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class CustomerPageLine:
    """A line of the order; `options` are pairs of name and text, `picture` is a URL of our own."""

    name: str
    options: tuple[tuple[str, str], ...]
    picture: str | None
    count: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A detail of the order; `calendar` is the URL of its calendar file if it is a date."""

    label: str
    text: str
    calendar: str | None


@dataclass(frozen=True, slots=True)
class UnlockedContent:
    """What the page shows of an unlocked order."""

    created_at: datetime
    changed_at: datetime | None
    lines: tuple[CustomerPageLine, ...]
    total: str
    details: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class OrderPage:
    """The customer page. `step` is an index of `steps`; `code` is in groups of four characters."""

    code: str
    status: Status
    status_text: str
    step: int
    steps: tuple[tuple[str, str], ...]
    inside: UnlockedContent | None


def page_of(view: CustomerView, addresses: Addresses) -> OrderPage:
    """Return the customer page of an order, with all texts in the page's language."""
    names = [name for name, _ in STEPS]
    is_open_cart = view.status in OPEN_CARTS
    return OrderPage(
        code=grouped(view.short_id),
        status=view.status,
        status_text=gettext(STATUS_TEXTS[view.status]),
        step=0 if is_open_cart else names.index(STATUS_TEXTS[view.status]),
        steps=tuple((gettext(name), gettext(words)) for name, words in STEPS),
        inside=None if view.content is None else _inside(view.content, addresses),
    )


def _inside(content: Content, addresses: Addresses) -> UnlockedContent:
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
    return UnlockedContent(
        created_at=content.created_at,
        changed_at=content.updated_at if is_changed else None,
        lines=tuple(
            _line(line, addresses.picture(number)) for number, line in enumerate(content.lines, 1)
        ),
        total=", ".join(counted),
        details=tuple(fact for fact in facts if fact.text.strip()),
    )


def _line(line: CustomerLine, picture_address: str) -> CustomerPageLine:
    return CustomerPageLine(
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
