"""What stands on the form that matches a file's columns."""

from collections.abc import Sequence
from dataclasses import dataclass

from orders.rules.attributes import AttributeRule
from orders.rules.column_matching import (
    IGNORED,
    LINE_TARGETS,
    ORDER_TARGETS,
    REST_TARGETS,
    Matching,
    free_targets,
)
from orders.rules.errors import FieldError
from orders.rules.sheet_reading import Sheet, letters
from orders.rules.texts import mark

MAX_SAMPLE = 60  # characters of a cell
SAMPLES = 3  # different cells that show what a column holds
# A column that keeps its own name, in an object of the order.
_OWN_NAMES = {
    "platform": mark("Platform, “%(key)s”"),
    "metadata": mark("Metadata, “%(key)s”"),
    "derivative": mark("Derivative, “%(key)s”"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A column: its name, a few of its cells, what it can be and what it is.

    `groups` are the options with the heading above each of them; the first has none.
    """

    at: int
    letter: str
    name: str
    samples: tuple[str, ...]
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    chosen: str
    error: str


def choices(
    sheet: Sheet,
    matching: Matching,
    attributes: Sequence[AttributeRule],
    errors: Sequence[FieldError],
) -> list[Choice]:
    """Give the columns of a file for the form."""
    said = {error.path: error.message for error in errors}
    return [
        Choice(
            at=at,
            letter=letters(at),
            name=name,
            samples=_samples(sheet, at),
            groups=_groups(name, attributes),
            chosen=matching.targets[at],
            error=said.get(f"column.{at}", ""),
        )
        for at, name in enumerate(sheet.columns)
    ]


def _samples(sheet: Sheet, at: int) -> tuple[str, ...]:
    different = dict.fromkeys(row.cells[at][:MAX_SAMPLE] for row in sheet.rows if row.cells[at])
    return tuple(different)[:SAMPLES]


def _own_name(target: str) -> str:
    area, _, key = target.partition(".")
    return mark(_OWN_NAMES[area], key=key)


def _groups(
    name: str, attributes: Sequence[AttributeRule]
) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    defined = tuple((rule.path, rule.label) for rule in attributes)
    known = {target for target, _ in defined}
    own = ((target, _own_name(target)) for target in free_targets(name))
    free = tuple(pair for pair in own if pair[0] not in known | ORDER_TARGETS.keys())
    groups = (
        ("", ((IGNORED, mark("Not imported")),)),
        (mark("Cart line"), tuple(LINE_TARGETS.items())),
        (mark("Order"), tuple(ORDER_TARGETS.items())),
        (mark("Attributes"), defined),
        (mark("Under its own name"), free),
        (mark("Whole objects"), tuple(REST_TARGETS.items())),
    )
    return tuple(group for group in groups if group[1])
