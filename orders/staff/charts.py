"""The start page's charts as plain geometry: the template draws it, in whatever width there is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from orders.at_a_glance import Day
from orders.rules.status import STATUS_TEXTS, Status
from orders.web.language import figure, gettext, ngettext, translated

HEIGHT = 100  # units of the drawing
DAY = 10  # units of one day's width
GAP = 2  # units between two days


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle that stands for `count` orders of one status."""

    x: float
    y: float
    width: float
    height: float
    status: Status
    count: int
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of `width` by HEIGHT; `sentence` says what it shows, `top` is what it reaches."""

    width: int
    blocks: tuple[Block, ...]
    sentence: str
    top: int


def by_day(days: Sequence[Day], write: Callable[[date], str] = str) -> Chart:
    """Draw a column for each day, its statuses one on the other; `write` writes a day."""
    top = max((day.total for day in days), default=0)
    blocks = []
    for position, day in enumerate(days):
        y = float(HEIGHT)
        for status in Status:
            count = day.counts.get(status, 0)
            if count:
                height = HEIGHT * count / top
                y -= height
                blocks.append(
                    Block(
                        position * DAY + GAP / 2, round(y, 2), DAY - GAP, round(height, 2),
                        status, count, day.day,
                    )
                )  # fmt: skip
    return Chart(len(days) * DAY, tuple(blocks), _sentence(days, top, write), top)


def by_status(days: Sequence[Day]) -> Chart:
    """Draw one bar, parted by the statuses that the orders of these days have now."""
    totals = totals_of(days)
    every = sum(totals.values())
    width = 1000
    blocks, x = [], 0.0
    for status, count in totals.items():
        if count:
            part = width * count / every
            blocks.append(Block(round(x, 2), 0, round(part, 2), HEIGHT, status, count))
            x += part
    told = ", ".join(
        f"{figure(count)} {translated(STATUS_TEXTS[status])}"
        for status, count in totals.items()
        if count
    )
    sentence = gettext("By status: %(figures)s.", figures=told)
    return Chart(width, tuple(blocks), sentence, every)


def totals_of(days: Sequence[Day]) -> dict[Status, int]:
    """Give how many of the orders of these days have which status now."""
    return {status: sum(day.counts.get(status, 0) for day in days) for status in Status}


def _sentence(days: Sequence[Day], top: int, write: Callable[[date], str]) -> str:
    every = sum(day.total for day in days)
    most = next((day for day in days if day.total == top), None)
    values = {"count": figure(every), "days": len(days)}
    if not most or not top:
        return ngettext(
            "%(count)s order in the last %(days)s days.",
            "%(count)s orders in the last %(days)s days.",
            every, **values,
        )  # fmt: skip
    return ngettext(
        "%(count)s order in the last %(days)s days, most of them on %(day)s: %(most)s.",
        "%(count)s orders in the last %(days)s days, most of them on %(day)s: %(most)s.",
        every, **values, day=write(most.day), most=figure(top),
    )  # fmt: skip
