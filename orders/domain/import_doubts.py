"""What a person should check before a file is imported: guesses, and cells that look altered."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orders.domain.attributes import AttributeRule, Kind, display
from orders.domain.column_matching import (
    CONFIGURATION,
    COUNT,
    IGNORED,
    LINE_TARGETS,
    ORDER,
    PLATFORM_ID,
    SKU,
    Matching,
    best_guess,
)
from orders.domain.errors import FieldError
from orders.domain.habits import Habit, differences
from orders.domain.line_reading import count_of
from orders.domain.sheet_reading import SheetRow
from orders.domain.texts import Text, lazy_gettext, lazy_ngettext

IDS = frozenset({ORDER, PLATFORM_ID, "customerId", CONFIGURATION, SKU})
MAX_NAMED = 5  # columns and rows that a sentence names
LONG_ID = 5  # digits from which IDs of a column are taken to have the same number of them
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]{1,17})?[eE][+-]?[0-9]{1,3}")


def count_question(
    matching: Matching, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[FieldError]:
    """Return an error with the path `single` if a column that is not imported may be the count.

    This is the case if no column is matched as the count, but an unmatched one has only whole
    numbers. [] otherwise, or if `matching.is_single` says that each row is one piece. `rows` are
    the cells of each row.
    """
    if COUNT in matching.targets or matching.is_single:
        return []
    names = [columns[at] for at in unmatched(matching) if _may_count(rows, at)]
    if not names:
        return []
    question = lazy_gettext(
        "No column is imported as the quantity, and these contain whole numbers: "
        "%(columns)s. Choose “Quantity” for one of them, or confirm that each row "
        "has a quantity of 1.",
        columns=", ".join(names[:MAX_NAMED]),
    )
    return [FieldError("single", question)]


def unmatched(matching: Matching) -> list[int]:
    return [at for at, target in enumerate(matching.targets) if target == IGNORED]


def _may_count(rows: Sequence[Sequence[str]], at: int) -> bool:
    cells = [row[at] for row in rows if row[at]]
    return bool(cells) and all(cell.isdigit() and count_of(cell) for cell in cells)


def not_imported(
    matching: Matching,
    columns: Sequence[str],
    rows: Sequence[SheetRow],
    attributes: Sequence[AttributeRule],
) -> list[tuple[str, str]]:
    """Return (name, label) for each column that has content but is not imported.

    The label is that of the field that the column probably contains, or "".
    """
    cells = [row.cells for row in rows]
    has_count = COUNT in matching.targets
    return [
        (
            columns[at],
            LINE_TARGETS[COUNT]
            if not has_count and _may_count(cells, at)
            else best_guess(columns[at], attributes),
        )
        for at in unmatched(matching)
        if any(row[at] for row in cells)
    ]


def changed_ids(matching: Matching, columns: Sequence[str], rows: Sequence[SheetRow]) -> list[Text]:
    """Return a warning for each column of IDs that a spreadsheet program seems to have changed.

    Such programs write long numbers as 1.23E+12 and drop leading zeros.
    """
    warnings = []
    for at, name in enumerate(columns):
        if matching.targets[at] not in IDS and at != matching.group:
            continue
        cells = {row.number: row.cells[at] for row in rows if row.cells[at]}
        found = [number for number, cell in cells.items() if _SCIENTIFIC.fullmatch(cell)]
        found += _without_zeros(cells.items())
        if found:
            first = sorted(set(found))[:MAX_NAMED]
            warnings.append(
                lazy_ngettext(
                    "%(column)s: a spreadsheet may have changed the ID in row %(rows)s "
                    "(%(sample)s). Check it.",
                    "%(column)s: a spreadsheet may have changed the IDs in %(num)s rows: "
                    "%(rows)s (%(sample)s). Check them.",
                    len(set(found)),
                    column=name, rows=", ".join(map(str, first)), sample=cells[first[0]],
                )
            )  # fmt: skip
    return warnings


def _without_zeros(cells: Iterable[tuple[int, str]]) -> Iterator[int]:
    """Return the numbers of the rows whose cells seem to have lost leading zeros.

    `cells` has (row number, cell) for the cells of one column.
    """
    digits = [(number, cell) for number, cell in cells if cell.isdigit()]
    padded = {len(cell) for _, cell in digits if cell.startswith("0") and len(cell) > 1}
    widths = [len(cell) for _, cell in digits]
    usual = max(set(widths), key=widths.count, default=0)
    if not padded and usual >= LONG_ID and widths.count(usual) * 5 >= len(widths) * 4:
        padded = {usual}
    return (number for number, cell in digits if padded and len(cell) < max(padded))


def habitual(rules: Iterable[AttributeRule]) -> list[AttributeRule]:
    """Return the attributes of orders whose usual values an imported file should not leave out."""
    return [rule for rule in rules if rule.kind in (Kind.OPTION, Kind.MANY)]


def left_out(
    raw: Mapping[str, Any],
    values: Mapping[str, Any],
    habits: Mapping[str, Habit],
    rules: Sequence[AttributeRule],
) -> Iterator[Text]:
    """Yield a warning for each attribute that an order of the file leaves out against its habit.

    The file sets `raw`, an order as JSON. `values` are the values by path that the order would
    get, defaults of attributes included; a default that is the usual value needs no warning.
    `habits` are the usual values of the customer by path, and `rules` the attributes to look at.
    """
    for rule, habit in differences(values, habits, rules):
        # An empty array, or null, may be sent in place of an object.
        sent = [(raw.get(area) or {}).get(rule.key) for area in rule.areas]
        if any(value not in (None, "", []) for value in sent):
            continue
        usual, now = display(rule, habit.value), values.get(rule.path)
        if now is None:
            yield lazy_gettext(
                "%(label)s is not in the file. This customer usually has %(usual)s.",
                label=rule.label, usual=usual,
            )  # fmt: skip
        else:
            yield lazy_gettext(
                "%(label)s is not in the file, so it will be %(now)s. This customer usually has "
                "%(usual)s.",
                label=rule.label, now=display(rule, now), usual=usual,
            )  # fmt: skip
