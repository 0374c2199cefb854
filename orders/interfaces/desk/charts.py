"""Computes the geometry of the start page's charts, which the template renders at any width."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from orders.domain.status import STATUS_TEXTS, Status
from orders.interfaces.http.i18n import figure, gettext, ngettext, translated
from orders.services.dashboard import Day

HEIGHT = 100  # units
DAY = 10  # units of width
GAP = 2  # units between two days
LEAST_TOP = 4  # orders that reach the top at least: one order a day is not as high as the chart


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle in a chart that represents `count` orders with the status `status`.

    `day` is the day on which the orders were created. It is None in the chart by status, which
    combines all days.
    """

    x: float
    y: float
    width: float
    height: float
    status: Status
    count: int
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of `width` by HEIGHT units; `sentence` describes it in words.

    `top` is the number of orders that is as high as the chart by day, at least LEAST_TOP, and the
    number of all orders in the chart by status.
    """

    width: int
    blocks: tuple[Block, ...]
    sentence: str
    top: int


def by_day(days: Sequence[Day], write: Callable[[date], str] = str) -> Chart:
    """Return a chart with one column for each day, divided by the status of the day's orders.

    `write` formats a day for the sentence that describes the chart.
    """
    most = max((day.total for day in days), default=0)
    top = max(most, LEAST_TOP)
    blocks = []
    for position, day in enumerate(days):
        y = float(HEIGHT)
        for status in Status:
            count = day.counts.get(status, 0)
            if count:
                height = HEIGHT * count / top
                y -= height
                x, width = position * DAY + GAP / 2, DAY - GAP
                blocks.append(
                    Block(x, round(y, 2), width, round(height, 2), status, count, day.day)
                )
    return Chart(len(days) * DAY, tuple(blocks), _sentence(days, most, write), top)


def by_status(days: Sequence[Day]) -> Chart:
    """Return a chart with a single bar: the orders of all days, divided by their current status."""
    totals = {status: count for status, count in totals_of(days).items() if count}
    every = sum(totals.values())
    width = 1000
    blocks, x = [], 0.0
    for status, count in totals.items():
        part = width * count / every
        blocks.append(Block(round(x, 2), 0, round(part, 2), HEIGHT, status, count))
        x += part
    figures = ", ".join(
        f"{figure(count)} {translated(STATUS_TEXTS[status])}" for status, count in totals.items()
    )
    sentence = gettext("By status: %(figures)s.", figures=figures)
    return Chart(width, tuple(blocks), sentence, every)


def totals_of(days: Sequence[Day]) -> dict[Status, int]:
    """Return the number of orders that were created on these days, by their current status.

    A status that no order has is included with the number 0.
    """
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
        "%(count)s order in the last %(days)s days, most on %(day)s: %(most)s.",
        "%(count)s orders in the last %(days)s days, most on %(day)s: %(most)s.",
        every, **values, day=write(most.day), most=figure(top),
    )  # fmt: skip
