"""Build orders from a file's rows, as JSON for the API's validation, and map errors to rows.

Each row is one line of a cart. The fields of an order are in its first row; a different value in
another row of the order is an error.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orders.domain.attributes import Applies, AttributeRule
from orders.domain.column_matching import (
    CONFIGURATION,
    COUNT,
    IGNORED,
    LINE_METADATA,
    LINE_TARGETS,
    NAME,
    ORDER,
    ORDER_TARGETS,
    PLATFORM_ID,
    REST_TARGETS,
    SKU,
    Matching,
    is_named_by,
    line_key,
)
from orders.domain.errors import FieldError
from orders.domain.identifiers import plain_characters
from orders.domain.json_values import printable
from orders.domain.line_reading import LineColumns, Named, id_of, line_of, names_in, read_count
from orders.domain.sheet_reading import Sheet, SheetRow, read_value
from orders.domain.text_tables import fault_of, is_broken, shown
from orders.domain.texts import Text, lazy_gettext
from orders.domain.typed_values import read_attribute, read_status_word

NOT_AN_OBJECT = lazy_gettext("A JSON object, such as {“key”: “value”}.")
NOT_ONE = lazy_gettext("No product matches this ID, short ID, or SKU, or more than one does.")
MORE_CELLS = lazy_gettext(
    "This row has more cells than there are columns. Put text that contains the "
    "separator in quotes."
)
NO_COUNT = lazy_gettext("More than one number could be the quantity. Put it in its own column.")
MAX_LABEL = 80  # characters of what an order is called in lists


@dataclass(frozen=True, slots=True)
class RowFault:
    """An error in a row of a file; `column` is the column's name, or "" for the whole row."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        return str(self.text)

    @property
    def text(self) -> Text:
        if not self.column:
            return lazy_gettext("Row %(row)s: %(fault)s", row=self.row, fault=self.message)
        return lazy_gettext(
            "Row %(row)s, %(column)s: %(fault)s",
            row=self.row, column=self.column, fault=self.message,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImportedOrder:
    """An order read from rows of a file; `raw` is the JSON to pass to `check_order`.

    `label` is what lists call the order, and `rows` are the numbers of its rows. `faults` are
    errors in the file that `raw` does not show. `places` maps each JSON path to the row number and
    column name that it comes from; `first` is the place for errors about the whole order. `unknown`
    has the paths of configuration IDs that no saved configuration has.
    """

    label: str
    rows: tuple[int, ...]
    raw: dict[str, Any]
    faults: tuple[RowFault, ...]
    places: Mapping[str, tuple[int, str]]
    first: tuple[int, str]
    unknown: frozenset[str]

    def faults_of(self, errors: Iterable[FieldError]) -> list[RowFault]:
        """Return the errors that `check_order` found in `raw`, with their rows and columns."""
        messages = dict.fromkeys(self.unknown, NOT_ONE)
        return [
            RowFault(*self._place(error.path), messages.get(error.path, error.message))
            for error in errors
        ]

    def _place(self, path: str) -> tuple[int, str]:
        """Return the row and column name for an error's path.

        They are those of the cell that the value at `path`, or at its nearest parent path, comes
        from. Without such a cell, the row is that of `first`; the column is that of `first` if the
        path is `cart`, and otherwise `path` itself.
        """
        known = path
        while known:
            if known in self.places:
                return self.places[known]
            known = known.rpartition(".")[0]
        return self.first[0], self.first[1] if path == "cart" else printable(path)


def group_rows(sheet: Sheet, matching: Matching) -> list[tuple[SheetRow, ...]]:
    """Return the rows of each order: those with equal cells in the column `matching.group`.

    If that cell is empty, the row belongs to the order above if `matching.fills` is true; otherwise
    it is an order of its own, for which `OrderBuilder` reports an error. If `matching.group` is
    None, each row is an order.
    """
    if matching.group is None:
        return [(row,) for row in sheet.rows]
    groups: dict[object, list[SheetRow]] = {}
    above: object = None
    for row in sheet.rows:
        key = row.cells[matching.group] or (matching.fills and above) or row.number
        groups.setdefault(key, []).append(row)
        above = key
    return list(map(tuple, groups.values()))


def references(rows: Iterable[SheetRow], matching: Matching) -> set[str]:
    """Return all texts in the ID and SKU columns that may name a configuration, for a lookup."""
    columns = [matching.column_of(target) for target in (CONFIGURATION, SKU)]
    cells = (row.cells[at] for row in rows for at in columns if at is not None)
    return {name for cell in cells if cell for name in names_in(_plain(cell))}


def _plain(cell: str) -> str:
    return plain_characters(shown(cell)).strip()


def platform_ids(rows: Iterable[SheetRow], matching: Matching) -> set[str]:
    """Return the shops' order numbers in these rows; an empty set if no column contains them."""
    at = matching.column_of(PLATFORM_ID)
    return set() if at is None else {row.cells[at] for row in rows} - {""}


class OrderBuilder:
    """Builds the orders in a file.

    `named` maps the texts that name a saved configuration to its ID. If `decimal_comma` is true,
    1,5 is also read as a number.
    """

    def __init__(
        self,
        columns: Sequence[str],
        matching: Matching,
        attributes: Sequence[AttributeRule],
        named: Named,
        *,
        decimal_comma: bool = False,
    ) -> None:
        self._columns, self._matching, self._named = columns, matching, named
        self._decimal_comma = decimal_comma
        self._ids = frozenset(named.values())
        self._rules = {rule.path: rule for rule in attributes}
        fields = [
            (at, target)
            for at, target in enumerate(matching.targets)
            if target not in {IGNORED, ORDER, *LINE_TARGETS} and not line_key(target)
        ]
        # Keys with columns of their own come first, and win over those of a whole object.
        self._fields = sorted(fields, key=lambda field: field[1] in REST_TARGETS)
        self._line_metadata = matching.column_of(LINE_METADATA)
        self._line_keys = [
            (at, key, target)
            for at, target in enumerate(matching.targets)
            if (key := line_key(target))
        ]
        self._configuration = matching.column_of(CONFIGURATION)
        self._sku = matching.column_of(SKU)
        self._count = matching.column_of(COUNT)
        references = (at for at in (self._configuration, self._sku) if at is not None)
        self._line_columns = LineColumns(tuple(references), self._count)

    def order(self, rows: Sequence[SheetRow]) -> ImportedOrder:
        """Return the order in a group of rows, with an error for each cell that cannot be used."""
        faults = [fault for row in rows for fault in self._broken_cells(row)]
        rows = [SheetRow(row.number, tuple(map(shown, row.cells))) for row in rows]
        first = rows[0]
        faults += self._joining_faults(first)
        places: dict[str, tuple[int, str]] = {
            f"metadata.{rule.key}": (first.number, rule.label)
            for rule in self._rules.values()
            if rule.applies is not Applies.LINE
        }
        raw: dict[str, Any] = {}
        for at, target in self._fields:
            places[target] = (first.number, self._columns[at])
            faults += self._contradictions(at, rows)
            text = first.cells[at]
            if text and not self._put(raw, at, target, text):
                faults.append(RowFault(first.number, self._columns[at], NOT_AN_OBJECT))
        lines = [(row, line) for row in rows if (line := self._line(row, faults)) is not None]
        raw["cart"] = [line for _, line in lines]
        for position, (row, _) in enumerate(lines):
            places[f"cart.{position}"] = (row.number, self._columns[self._naming_column(row)])
            for key, column in (("count", self._count), ("metadata", self._line_metadata)):
                if column is not None:
                    places[f"cart.{position}.{key}"] = (row.number, self._columns[column])
            for column, key, _ in self._line_keys:
                places[f"cart.{position}.metadata.{key}"] = (row.number, self._columns[column])
        return ImportedOrder(
            label=self._label(first),
            rows=tuple(row.number for row in rows),
            raw=raw,
            faults=tuple(sorted(faults, key=lambda fault: fault.row)),
            places=places,
            first=(first.number, self._columns[self._naming_column(first)]),
            unknown=frozenset(
                f"cart.{position}.configurationId"
                for position, (_, line) in enumerate(lines)
                if line.get("configurationId", "") not in self._ids | {""}
            ),
        )

    def _put(self, raw: dict[str, Any], at: int, target: str, text: str) -> bool:
        """Set the path `target` in `raw` to the value of a cell; return whether it was valid.

        `at` is the position of the column, and `text` the cell. The value is invalid only if the
        target is a whole object and `text` is not a JSON object.
        """
        area, dot, key = target.partition(".")
        if target in REST_TARGETS:
            value = read_value(text)
            if not isinstance(value, dict):
                return False
            raw[target] = {**value, **raw.get(target, {})}
        elif dot:
            raw.setdefault(area, {})[key] = self._value(at, target, text)
        else:
            raw[target] = read_status_word(text) if target == "status" else text
        return True

    def _value(self, at: int, target: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return the JSON value of a cell for the path `target`.

        If an attribute has that path, the cell is read as the attribute's kind. If the column is
        named like its target, as in exported files, the cell is read as an export writes it. Any
        other cell is text. `at` is the position of the column.
        """
        if rule := self._rules.get(target):
            return read_attribute(rule, text, decimal_comma=self._decimal_comma)
        # In a column of another name a number may be an article number, and stays text.
        is_exported = target not in ORDER_TARGETS and is_named_by(target, self._columns[at])
        return read_value(text) if is_exported else text

    def _line(self, row: SheetRow, faults: list[RowFault]) -> dict[str, Any] | None:
        """Return a row's cart line as JSON, or None if the row has none; add errors to `faults`."""
        read = line_of([_plain(cell) for cell in row.cells], self._line_columns, self._named)
        name, count = read.reference, read.count
        metadata = self._metadata_of(row)
        if not name and metadata is None and (self._count is None or not count):
            return None
        line: dict[str, Any] = {}
        if name:
            line["configurationId"] = id_of(name, self._named) or name
        if count:
            line["count"] = read_count(count)
        elif name and self._count is None:
            faults.append(RowFault(row.number, self._columns[self._naming_column(row)], NO_COUNT))
        if metadata is not None:
            line["metadata"] = metadata
        if self._sku is not None and self._configuration is not None:
            other = self._named.get(_plain(row.cells[self._sku]))
            own = self._named.get(_plain(row.cells[self._configuration]))
            if other and own and other != own:
                message = lazy_gettext("This SKU belongs to a different product than the ID.")
                faults.append(RowFault(row.number, self._columns[self._sku], message))
        return line

    def _metadata_of(self, row: SheetRow) -> Any:  # noqa: ANN401 - any JSON value
        """Return the metadata of a row's line; None if all of its cells are empty.

        Keys with columns of their own win over those of a whole object.
        """
        whole = "" if self._line_metadata is None else row.cells[self._line_metadata]
        metadata = read_value(whole) if whole else None
        own = {
            key: self._value(at, target, row.cells[at])
            for at, key, target in self._line_keys
            if row.cells[at]
        }
        if not own:
            return metadata
        return {**metadata, **own} if isinstance(metadata, dict) else metadata or own

    def _naming_column(self, row: SheetRow) -> int:
        """Return the position of the ID column, or of the SKU column if the row has only a SKU."""
        columns = [at for at in (self._configuration, self._sku) if at is not None]
        return next((at for at in columns if row.cells[at]), columns[0])

    def _broken_cells(self, row: SheetRow) -> Iterable[RowFault]:
        for column, target, cell in zip(
            self._columns, self._matching.targets, row.cells, strict=False
        ):
            if target != IGNORED and is_broken(cell):
                yield RowFault(row.number, column, fault_of(cell))
        if len(row.cells) > len(self._columns):
            yield RowFault(row.number, "", MORE_CELLS)

    def _contradictions(self, at: int, rows: Sequence[SheetRow]) -> Iterable[RowFault]:
        first = rows[0]
        for row in rows[1:]:
            if row.cells[at] and row.cells[at] != first.cells[at]:
                message = _otherwise(first.number, first.cells[at])
                yield RowFault(row.number, self._columns[at], message)

    def _joining_faults(self, row: SheetRow) -> Iterable[RowFault]:
        group = self._matching.group
        if group is not None and not row.cells[group]:
            message = lazy_gettext("This cell is empty, so the row cannot be matched to an order.")
            yield RowFault(row.number, self._columns[group], message)

    def _label(self, row: SheetRow) -> str:
        """Return what lists call the order.

        That is the first of these that is not empty: its number in the file, its number in the
        shop, and its name. "" if all are empty.
        """
        columns = [self._matching.group, *map(self._matching.column_of, (PLATFORM_ID, NAME))]
        texts = (row.cells[at] for at in columns if at is not None)
        return printable(next((text for text in texts if text), "")[:MAX_LABEL])


def _otherwise(first_row: int, text: str) -> Text:
    if not text:
        return lazy_gettext(
            "The first row of this order, row %(row)s, is empty here.", row=first_row
        )
    return lazy_gettext(
        "The first row of this order, row %(row)s, contains “%(text)s” here.",
        row=first_row, text=printable(text[:MAX_LABEL]),
    )  # fmt: skip
