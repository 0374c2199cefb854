"""The start page's charts as plain geometry: the template draws it, in whatever width there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from orders.at_a_glance import Day
from orders.rules.status import Status

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


def by_day(days: Sequence[Day]) -> Chart:
    """Draw a column for each day, its statuses one on the other."""
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
    return Chart(len(days) * DAY, tuple(blocks), _sentence(days, top), top)


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
    told = ", ".join(f"{count:,} {status}" for status, count in totals.items() if count)
    return Chart(width, tuple(blocks), f"By status: {told}.", every)


def totals_of(days: Sequence[Day]) -> dict[Status, int]:
    """Give how many of the orders of these days have which status now."""
    return {status: sum(day.counts.get(status, 0) for day in days) for status in Status}


def _sentence(days: Sequence[Day], top: int) -> str:
    every = sum(day.total for day in days)
    most = next((day for day in days if day.total == top), None)
    told = f"{every:,} {'order' if every == 1 else 'orders'} in the last {len(days)} days"
    return told + (f", most of them on {most.day:%Y-%m-%d}: {top:,}." if most and top else ".")
