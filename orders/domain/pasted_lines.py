"""Read cart lines from pasted text, and from tables whose headings do not name the columns.

A column is recognized by its cells that name a configuration (orders/domain/line_reading.py).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from orders.domain.attributes import AttributeRule
from orders.domain.column_matching import CONFIGURATION, COUNT, IGNORED, SKU, guess, plain_name
from orders.domain.copied_carts import copied_cart, ends_of, named_at_end
from orders.domain.errors import FieldError, InvalidInput
from orders.domain.identifiers import plain_characters
from orders.domain.line_reading import (
    MAX_PROSE,
    LineColumns,
    LookUp,
    Named,
    PastedLine,
    count_of,
    has_said_count,
    id_of,
    line_of,
    named_by,
    names_in,
    names_of,
    read_line,
    unbulleted,
)
from orders.domain.text_tables import SEPARATORS, read_table, says_nothing, shown
from orders.domain.texts import Figure, lazy_gettext

# How a row can be read: the positions of the cells with the reference and with the count, if any.
Reading: TypeAlias = tuple[int, int | None]
_NUMBER_LIKE = re.compile(r"[-+]?[0-9][0-9.,' ]*")
_WIDE_GAP = re.compile(r" {2,}")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
MAX_NAMES = 50_000  # texts of a paste that are looked up; lines without are marked


@dataclass(frozen=True, slots=True)
class TextRow:
    """A line of text.

    `cells` are its cells in plain characters, and `text` is all of them joined.
    """

    cells: tuple[str, ...]
    text: str

    @property
    def filled(self) -> list[str]:
        return [cell for cell in self.cells if cell]


def read_pasted_lines(
    text: str, look_up: LookUp = lambda _: {}, most: int | None = None
) -> list[PastedLine]:
    """Return a cart line for each nonblank line of a pasted text.

    Tables, lists and letters are understood, with or without a heading. `look_up` is called once,
    with all texts that may name a configuration, and returns the IDs for those that do. Raises
    InvalidInput before that call if the text has more than `most` lines; None means no limit.
    """
    return [line for line, _ in read_rows(text, look_up, most)]


def read_rows(
    text: str, look_up: LookUp = lambda _: {}, most: int | None = None
) -> list[tuple[PastedLine, TextRow]]:
    """Return what `read_pasted_lines` returns, each line with the row of text that it is from."""
    if own := copied_cart(text):
        require_few(own, most)
        named = look_up({end for product, _ in own for end in ends_of(product)})
        return [
            (PastedLine(named_at_end(product, named), count), TextRow((product, count), product))
            for product, count in own
        ]
    rows = list(_rows(text))
    own_heading = heading(rows[0].cells) if len(rows) > 1 else None
    columns = own_heading or (heading(_divided(rows[0]).cells) if len(rows) > 1 else None)
    require_few(rows[1:] if columns else rows, most)
    divided = [_divided(row) for row in rows]
    if own_heading is None:
        rows = divided
    names = (name for row in (*rows, *divided) for name in _names_in(row))
    named = look_up(set(islice(names, MAX_NAMES)))
    if columns and (columns.count is not None or not named_by(rows[0].filled[0], named)):
        body = rows[1:]
        lines = [_line_below(row, columns, named) for row in body]
    else:
        body = divided
        lines = _read_table(body, named)
    return [(_never_blank(line, row), row) for line, row in zip(lines, body, strict=True)]


def require_few(lines: Sequence[object], most: int | None) -> None:
    """Raise InvalidInput if a pasted text has more than `most` lines; None means any number."""
    if most is not None and len(lines) > most:
        message = lazy_gettext(
            "At most %(most)s lines; this has %(count)s.",
            most=Figure(most), count=Figure(len(lines)),
        )  # fmt: skip
        raise InvalidInput([FieldError("paste", message)])


def _line_below(row: TextRow, columns: LineColumns, named: Named) -> PastedLine:
    """Return the cart line in a row below a heading.

    The count is "" if the heading names no count column, but another cell of the row may be a
    count.
    """
    line = line_of(row.cells, columns, named)
    others = (cell for at, cell in enumerate(row.cells) if at not in columns.references)
    is_doubtful = columns.count is None and line.count == "1" and any(map(count_of, others))
    return PastedLine(line.reference, "") if is_doubtful else line


def _never_blank(line: PastedLine, row: TextRow) -> PastedLine:
    """Return `line`, or a line with all the row's text if the form would drop `line` as empty."""
    is_blank = not line.reference and line.count in {"", "1"}
    return PastedLine(" ".join(row.filled), "") if is_blank else line


def _rows(text: str) -> Iterator[TextRow]:
    table = read_table(text)
    for record in table.rows:
        if not says_nothing(record):
            yield _row(record, table.separator)


def _row(record: Sequence[str], separator: str) -> TextRow:
    cells = [plain_characters(shown(cell)).strip() for cell in record]
    cells[:1] = map(unbulleted, cells[:1])
    text = separator.join(cells)
    # `A,1,000` is a thousand pieces in a table with two columns, never one piece and a rest.
    if separator == "," and len(cells) > 2 and _THOUSANDS.fullmatch(",".join(cells[1:])):
        cells[1:] = [",".join(cells[1:])]
    return TextRow(tuple(cells), text)


def _divided(row: TextRow) -> TextRow:
    """Divide a row that is one cell by another separator, or by wide gaps between words.

    A row that has several cells, or cannot be divided, is returned unchanged.
    """
    [line, *others] = row.filled
    if others or not row.cells[0] or "\n" in line or len(line) > MAX_PROSE:
        return row
    if any(separator in line for separator in SEPARATORS):
        table = read_table(line)
        return _row(table.rows[0], table.separator) if table.rows else row
    if has_said_count(line):
        return row
    cells = tuple(_WIDE_GAP.split(line))
    return TextRow(cells, " ".join(cells))


def heading(cells: Sequence[str]) -> LineColumns | None:
    """Return the columns that a row names if it is a heading, else None.

    A heading names a column of configurations, together with a column of counts or with nothing
    else; or it names a column of SKUs and contains no digit.
    """
    targets = guess(cells, ()).targets
    references = [targets.index(one) for one in (CONFIGURATION, SKU) if one in targets]
    if not references:
        references = [at for at, cell in enumerate(cells) if plain_name(cell) == "shortid"][:1]
    count = targets.index(COUNT) if COUNT in targets else None
    is_alone = sum(map(bool, cells)) == 1
    is_exact = SKU in targets and not any(map(str.isdigit, "".join(cells)))
    if not references or (count is None and not is_alone and not is_exact):
        return None
    return LineColumns(tuple(references), count)


def heading_row(
    rows: Sequence[tuple[int, Sequence[str]]], attributes: Sequence[AttributeRule], look_up: LookUp
) -> int:
    """Return the number of the row that names a file's columns; 0 if no row does.

    It is the first row that names a column of configurations and either another column or nothing
    else; or else the first row, unless that contains a product or a count. `rows` are the first
    rows of the file with their numbers. `look_up` returns the IDs for texts that name
    configurations.
    """
    number, cells = rows[0]
    first = _row(cells, "\t")
    named = look_up(set(_names_in(first)))
    is_product = any(id_of(name, named) for name in _names_in(first))
    for at, names in rows:
        targets = set(guess(names, attributes).targets) - {IGNORED}
        is_alone = sum(map(bool, names)) == 1 and not (is_product and at == number)
        if {CONFIGURATION, SKU} & targets and (len(targets) > 1 or is_alone):
            return at
    is_line = is_product or any(map(count_of, first.cells))
    is_line = is_line or any(
        read_line(cell, named) != PastedLine(cell, "1") for cell in first.filled
    )
    return 0 if is_line else number


def likely_columns(rows: Sequence[Sequence[str]], look_up: LookUp) -> LineColumns | None:
    """Return the columns of configuration and count that fit at least half of the rows, or None.

    `look_up` returns the IDs for texts that name configurations.
    """
    every = [_row(cells, "\t") for cells in rows]
    named = look_up({name for row in every for name in _names_in(row)})
    running = _running_numbers(every)
    found = Counter(
        reading for row in every for reading in _likely_readings(row, named, running)
    ).most_common(1)
    if not found or 2 * found[0][1] < len(rows):
        return None
    [((at, count), _)] = found
    return LineColumns((at,), count)


def _likely_readings(row: TextRow, named: Named, running: int | None) -> list[Reading]:
    if len(row.filled) == 1:
        at = row.cells.index(row.filled[0])
        return [(at, None)] if any(id_of(name, named) for name in names_in(row.filled[0])) else []
    readings = _row_readings(row, named, running)
    references = {at for at, _ in readings}
    is_sure = len(readings) == 1 and (readings[0][1] is None or count_of(row.cells[readings[0][1]]))
    return readings if is_sure else [(at, None) for at in references if len(references) == 1]


def _names_in(row: TextRow) -> Iterator[str]:
    if len(row.text) <= MAX_PROSE:
        yield row.text
    for cell in row.filled:
        yield from names_in(cell)


def _read_table(rows: Sequence[TextRow], named: Named) -> list[PastedLine]:
    """Return the cart line in each row of a table without a heading.

    Columns are recognized by cells that name a configuration. A row that can be read in several
    ways is read like most rows of the table.
    """
    running = _running_numbers(rows)
    found = [_row_readings(row, named, running) for row in rows]
    sure = Counter(one[0] for one in found if len(one) == 1 and one[0][1] is not None)
    [(common, times)] = sure.most_common(1) or [((0, None), 0)]
    is_common = times > 1 and 2 * times >= len(rows)
    lines = []
    for row, readings in zip(rows, found, strict=True):
        usual = [common] if is_common and len(readings) != 1 and _has(row, common) else readings
        lines.append(
            _line(row, usual[0], named)
            if len(usual) == 1
            else _doubtful(row, named, running, usual)
        )
    return lines


def _has(row: TextRow, reading: Reading) -> bool:
    return all(at is None or (at < len(row.cells) and row.cells[at]) for at in reading)


def _line(row: TextRow, reading: Reading, named: Named) -> PastedLine:
    at, of_count = reading
    typed = "1" if of_count is None else row.cells[of_count]
    return PastedLine(named_by(row.cells[at], named) or row.cells[at], count_of(typed) or typed)


def _running_numbers(rows: Sequence[TextRow]) -> int | None:
    """Return 0 if column 0 numbers the rows 1, 2, 3, …, else None; always None for a single row."""
    numbers = [row.cells[0] for row in rows]
    is_running = numbers == [str(number) for number in range(1, len(rows) + 1)]
    return 0 if len(rows) > 1 and is_running else None


def _row_readings(row: TextRow, named: Named, running: int | None) -> list[Reading]:
    """Return the possible readings of a row with several cells; [] if none names a configuration.

    A reading has the positions of the reference and of its count, or None for no count. If some
    readings have a count, those without one are left out. `running` is the position of the column
    that numbers the rows, or None.
    """
    cells = row.cells
    if len(row.filled) < 2:
        return []
    ids = [next(iter(names_of(cell, named)), None) for cell in cells]
    readings: dict[tuple[str, str | None], Reading] = {}
    for at, own in enumerate(ids):
        for of_count in _counts(cells, ids, at, running) if own else ():
            count = None if of_count is None else count_of(cells[of_count])
            readings.setdefault((str(own), count), (at, of_count))
    # Numbers of the rows alone may be counts as well: two readings.
    complete = [one for one in readings.values() if one[1] not in {None, running}]
    found = complete or list(readings.values())
    if found == list(readings.values()) and len(found) == 1 and found[0][1] is None:
        found = [_with_rest(cells, found[0][0])]
    # All cells together are a product of their own: two readings.
    return [*found, (0, None)] if found and id_of(row.text, named) else found


def _with_rest(cells: Sequence[str], at: int) -> Reading:
    """Return a reading whose count is a cell that cannot be a count, so that validation rejects it.

    `at` is the position of the reference.
    """
    rest = [i for i, cell in enumerate(cells) if cell and i != at]
    return at, next((i for i in rest if _NUMBER_LIKE.fullmatch(cells[i])), rest[0])


def _counts(
    cells: Sequence[str], ids: Sequence[str | None], at: int, running: int | None
) -> Sequence[int | None]:
    """Return the columns that may be the count of the reference in column `at`; [None] if none may.

    `ids` has the ID of the configuration that each cell names, or None. `running` is the position
    of the column that numbers the rows, or None; if it is the only possible one, the result is
    [None, running].
    """
    numbers = [i for i, cell in enumerate(cells) if i != at and count_of(cell)]
    # A number that names a product itself is a count only where there is no other number.
    plain = [i for i in numbers if not ids[i]] or numbers
    beside = [i for i in plain if i != running]
    if len(beside) > 1 and cells[0] == "1" and beside[0] == 0:
        beside = beside[1:]  # the number of the row in a table of one
    return beside or ([None, running] if running in plain else [None])


def _doubtful(
    row: TextRow, named: Named, running: int | None, readings: Sequence[Reading]
) -> PastedLine:
    """Return the cart line in a row that can be read in no way or in several ways.

    Its reference is the text of one cell or of the whole row; its count is "" if it is uncertain.
    """
    cells, filled = row.cells, row.filled
    references = {at for at, _ in readings}
    if readings or not filled:
        same = len(references) == 1 and cells[next(iter(references))]
        # Without a filled cell, the row is a list's mark and separators.
        return PastedLine(same or " ".join(filled) or row.text, "")
    if len(filled) == 1:
        # A number behind an empty cell is a count whose reference is missing.
        if not cells[0] and (count := count_of(filled[0])):
            return PastedLine("", count)
        return read_line(filled[0], named)
    if id_of(row.text, named):
        return PastedLine(row.text, "1")
    numbers = [i for i, cell in enumerate(cells) if count_of(cell)]
    texts = [i for i, cell in enumerate(cells) if cell and i not in numbers]
    at = (texts or [i for i, cell in enumerate(cells) if cell])[0]
    counts = [i for i in _counts(cells, [None] * len(cells), at, running) if i is not None]
    if len(counts) > 1 or counts == [running]:
        return PastedLine(cells[at], "")
    return _line(row, (at, counts[0]) if counts else _with_rest(cells, at), named)
