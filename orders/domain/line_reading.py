"""Read lines of a cart out of text: which product, and how many.

The catalog decides before the shape does: a text that names a saved configuration is that
reference, and only what then remains can be a count. Where two readings are possible the line is
kept as it was written, without a count, so that its check marks it; nothing is chosen.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from orders.domain.attributes import AttributeRule
from orders.domain.column_matching import (
    CONFIGURATION,
    COUNT,
    COUNT_WORDS,
    IGNORED,
    SKU,
    guess,
    plain_name,
)
from orders.domain.identifiers import clean_reference, plain_characters, read_uuid
from orders.domain.text_tables import SEPARATORS, read_table, shown

# What names a configuration -> the ID of the one saved configuration that it names.
Named: TypeAlias = Mapping[str, str]
LookUp: TypeAlias = Callable[[set[str]], Named]
# The columns of a row's reference and of its count; None for a row without a count.
Reading: TypeAlias = tuple[int, int | None]

MAX_PROSE = 300  # characters of a line in which a count is looked for
MAX_LINES = 5  # lines of a cell that may each be a reference
MAX_COUNT_DIGITS = 6  # a digit more can be a configuration's short ID
_UNITS = COUNT_WORDS | {"pc", "piece", "unit", "ea", "each", "st", "x"}
_COUNT = re.compile(
    rf"(\()?(?:[x×*] ?)?([0-9]{{1,{MAX_COUNT_DIGITS}}})(?: ?(?:[×*]|([^\W\d_]{{1,8}})\.?))?(\))?",  # noqa: RUF001
    re.IGNORECASE,
)
_NUMBER_LIKE = re.compile(r"[-+]?[0-9][0-9.,' ]*")
_BULLETS = re.compile(r"(?:[>*•·-]\s+)+")  # lists and quotations in e-mails
_WIDE_GAP = re.compile(r" {2,}")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
# A count that follows without a blank: `A-1:4`, `A-1(4)`.
_AT_THE_END = re.compile(r"(?=\([^()]*\)$)|(?<=[:=])(?=[0-9]+$)")
_NOTHING = f' "\n{SEPARATORS}'  # a line of these says nothing
_ENDS = " .,;:=-\"'“”„‘’"  # noqa: RUF001 - signs around a reference in a sentence


@dataclass(frozen=True, slots=True)
class PastedLine:
    """What names the configuration, and the count, which is empty where nothing can be chosen."""

    reference: str
    count: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of references, the more exact one first, and that of counts, if any."""

    references: tuple[int, ...]
    count: int | None


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of a line in plain characters, and the line as one text."""

    cells: tuple[str, ...]
    text: str

    @property
    def filled(self) -> list[str]:
        return [cell for cell in self.cells if cell]


def read_pasted_lines(text: str, look_up: LookUp = lambda _: {}) -> list[PastedLine]:
    """Return a line of the cart for each line of a pasted text that says anything.

    Tables, lists and letters are understood, with a heading or without. `look_up` is asked once
    for all texts that may name a configuration, and returns those that do.
    """
    rows = list(_rows(text))
    divided = [_divided(row) for row in rows]
    if len(rows) < 2 or heading(rows[0].cells) is None:
        rows = divided
    columns = heading(rows[0].cells) if len(rows) > 1 else None
    named = look_up({name for row in (*rows, *divided) for name in _names_in(row)})
    if columns and (columns.count is not None or not named_by(rows[0].filled[0], named)):
        body = rows[1:]
        lines = [line_of(row.cells, columns, named) for row in body]
    else:
        body = divided
        lines = _read_table(body, named)
    return [_never_blank(line, row) for line, row in zip(lines, body, strict=True)]


def _never_blank(line: PastedLine, row: _Row) -> PastedLine:
    """Return the line, or all that was written where the form would take it for an empty row."""
    is_blank = not line.reference and line.count in {"", "1"}
    return PastedLine(" ".join(row.filled), "") if is_blank else line


def _rows(text: str) -> Iterator[_Row]:
    table = read_table(text)
    for record in table.rows:
        row = _row(record, table.separator)
        if row.text.strip(_NOTHING):
            yield row


def _row(record: Sequence[str], separator: str) -> _Row:
    cells = [plain_characters(shown(cell)).strip() for cell in record]
    if cells and (match := _BULLETS.match(cells[0])) and match.end() < len(cells[0]):
        cells[0] = cells[0][match.end() :]
    text = separator.join(cells)
    # `A,1,000` is a thousand pieces in a table with two columns, never one piece and a rest.
    if separator == "," and len(cells) > 2 and _THOUSANDS.fullmatch(",".join(cells[1:])):
        cells[1:] = [",".join(cells[1:])]
    return _Row(tuple(cells), text)


def _divided(row: _Row) -> _Row:
    """Divide a line that the text's separator does not: by another one, or by wide gaps."""
    [line, *others] = row.filled
    if others or not row.cells[0] or "\n" in line or len(line) > MAX_PROSE:
        return row
    if any(separator in line for separator in SEPARATORS):
        table = read_table(line)
        return _row(table.rows[0], table.separator)
    if any(is_said for *_, is_said in _readings(line)):
        return row
    cells = tuple(_WIDE_GAP.split(line))
    return _Row(cells, " ".join(cells))


def heading(cells: Sequence[str]) -> Columns | None:
    """Return the columns that a line names, if it is a heading.

    It has a word for references, and next to it one for counts or nothing; or the word SKU, and no
    digit anywhere.
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
    return Columns(tuple(references), count)


def heading_row(
    rows: Sequence[tuple[int, Sequence[str]]], attributes: Sequence[AttributeRule], look_up: LookUp
) -> int:
    """Return the number of the row with the names of the columns, 0 for a file without one.

    It is the first row that names a reference and something else; without such a row the first
    one, unless it names a configuration or has a count.
    """
    for number, cells in rows:
        targets = set(guess(cells, attributes).targets) - {IGNORED}
        is_alone = sum(map(bool, cells)) == 1
        if {CONFIGURATION, SKU} & targets and (len(targets) > 1 or is_alone):
            return number
    number, cells = rows[0]
    row = _row(cells, "\t")
    names = set(_names_in(row))
    is_line = any(map(count_of, cells)) or any(id_of(one, look_up(names)) for one in names)
    is_heading = any(guess(cells, attributes).targets)
    return number if is_heading or not is_line else 0


def likely_columns(rows: Sequence[Sequence[str]], look_up: LookUp) -> Columns | None:
    """Return the columns that name configurations in most of the rows, and their counts."""
    every = [_row(cells, "\t") for cells in rows]
    named = look_up({name for row in every for name in _names_in(row)})
    running = _running_numbers(every)
    found = Counter(
        reading for row in every for reading in _likely_readings(row, named, running)
    ).most_common(1)
    if not found or 2 * found[0][1] < len(rows):
        return None
    [((at, count), _)] = found
    return Columns((at,), count)


def _likely_readings(row: _Row, named: Named, running: int | None) -> list[Reading]:
    if len(row.filled) == 1:
        at = row.cells.index(row.filled[0])
        return [(at, None)] if any(id_of(name, named) for name in names_in(row.filled[0])) else []
    readings = _row_readings(row, named, running)
    is_count = len(readings) == 1 and count_of(row.cells[readings[0][1] or 0])
    return readings if is_count else [(at, None) for at, _ in readings[:1]]


def _names_in(row: _Row) -> Iterator[str]:
    yield row.text
    for cell in row.filled:
        yield from names_in(cell)


def names_in(cell: str) -> Iterator[str]:
    """Yield every text in a cell that may name a configuration."""
    yield from _names(cell)
    yield from (reference for reference, *_ in _readings(cell))


def _names(cell: str) -> Iterator[str]:
    """Yield what a whole cell may name a configuration by: all of it, or one of its lines."""
    if "\n" not in cell:
        yield clean_reference(cell)
    else:
        yield " ".join(cell.split())
        yield from (clean_reference(line) for line in cell.split("\n", MAX_LINES)[:MAX_LINES])


def id_of(name: str, named: Named) -> str | None:
    """Return the ID of what is named: a saved configuration, or a UUID as it is."""
    return named.get(name) or read_uuid(name)


def named_by(cell: str, named: Named) -> str | None:
    """Return the text in a cell that names a configuration; None for none, and for two of them."""
    found = {own: name for name in _names(cell) if (own := id_of(name, named))}
    return next(iter(found.values())) if len(found) == 1 else None


def count_of(cell: str) -> str | None:
    """Return the digits of a count: alone, with a sign like x, or a unit like pcs; else None."""
    match = _COUNT.fullmatch(cell) if len(cell) <= MAX_COUNT_DIGITS + 16 else None
    is_pair = match is not None and (match[1] is None) == (match[4] is None)
    is_unit = match is not None and (match[3] is None or plain_name(match[3]) in _UNITS)
    return match[2] if match is not None and is_pair and is_unit else None


def line_of(cells: Sequence[str], columns: Columns, named: Named) -> PastedLine:
    """Return the line of a row whose columns are known. Without a count nobody has said one."""
    own = [cells[at] for at in columns.references if at < len(cells) and cells[at]]
    reference = own[0] if own else ""
    at = columns.count
    typed = cells[at] if at is not None and at < len(cells) else ""
    count = count_of(typed) or typed
    if name := named_by(reference, named):
        return PastedLine(name, count if at is not None else "1")
    if count or not reference:
        return PastedLine(reference, count)
    line = read_line(reference, named)
    return line if at is None or line.reference != reference else PastedLine(reference, "")


def _read_table(rows: Sequence[_Row], named: Named) -> list[PastedLine]:
    """Return the line of each row of a table without a heading.

    Columns are found by which of their cells name a configuration. Rows about which that leaves a
    doubt are read like the others of their table.
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


def _has(row: _Row, reading: Reading) -> bool:
    return all(at is None or (at < len(row.cells) and row.cells[at]) for at in reading)


def _line(row: _Row, reading: Reading, named: Named) -> PastedLine:
    at, of_count = reading
    typed = "1" if of_count is None else row.cells[of_count]
    return PastedLine(named_by(row.cells[at], named) or row.cells[at], count_of(typed) or typed)


def _running_numbers(rows: Sequence[_Row]) -> int | None:
    """Return the first column if it numbers the rows from 1, and there are several."""
    numbers = [row.cells[0] for row in rows]
    is_running = numbers == [str(number) for number in range(1, len(rows) + 1)]
    return 0 if len(rows) > 1 and is_running else None


def _row_readings(row: _Row, named: Named, running: int | None) -> list[Reading]:
    """Return the different readings of a row with several cells.

    A reading without a count is left out where another one explains a number.
    """
    cells = row.cells
    if len(row.filled) < 2:
        return []
    ids = [id_of(named_by(cell, named) or "", named) for cell in cells]
    readings: dict[tuple[str, str | None], Reading] = {}
    for at, own in enumerate(ids):
        for of_count in _counts(cells, ids, at, running) if own else ():
            count = None if of_count is None else count_of(cells[of_count])
            readings.setdefault((str(own), count), (at, of_count))
    found = [one for one in readings.values() if one[1] is not None] or list(readings.values())
    if found == list(readings.values()) and len(found) == 1 and found[0][1] is None:
        found = [_with_rest(cells, found[0][0])]
    # All cells together are a product of their own: two readings.
    return [*found, (0, None)] if found and id_of(row.text, named) else found


def _with_rest(cells: Sequence[str], at: int) -> Reading:
    """Return the reading with the cell that stands in the place of a count, which it cannot be."""
    rest = [i for i, cell in enumerate(cells) if cell and i != at]
    return at, next((i for i in rest if _NUMBER_LIKE.fullmatch(cells[i])), rest[0])


def _counts(
    cells: Sequence[str], ids: Sequence[str | None], at: int, running: int | None
) -> Sequence[int | None]:
    """Return the columns that may be the count of the reference in column `at`."""
    numbers = [i for i, cell in enumerate(cells) if i != at and count_of(cell)]
    # A number that names a product itself is a count only where there is no other number.
    plain = [i for i in numbers if not ids[i]] or numbers
    beside = [i for i in plain if i != running]
    if len(beside) > 1 and cells[0] == "1" and beside[0] == 0:
        beside = beside[1:]  # the number of the row in a table of one
    return beside or ([None, running] if running in plain else [None])


def _doubtful(
    row: _Row, named: Named, running: int | None, readings: Sequence[Reading]
) -> PastedLine:
    """Return a row that names no configuration, or has several readings, as it was written."""
    cells, filled = row.cells, row.filled
    references = {at for at, _ in readings}
    if readings:
        same = len(references) == 1 and cells[next(iter(references))]
        return PastedLine(same or " ".join(filled), "")
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


def read_line(text: str, named: Named) -> PastedLine:
    """Return the line of a text without cells, as people write it in a letter."""
    if name := named_by(text, named):
        return PastedLine(name, "1")
    readings = list(_readings(text))
    known = {
        (own, count): reference
        for reference, count, _ in readings
        if (own := id_of(reference, named))
    }
    if len(known) == 1:
        [((_, count), reference)] = known.items()
        return PastedLine(reference, count)
    said = {(reference, count) for reference, count, is_said in readings if is_said}
    if known or (readings and len(said) != 1):
        return PastedLine(text, "")
    return PastedLine(*said.pop()) if said else PastedLine(text, "1")


def _readings(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield references with the counts before or behind them, and whether a count is meant.

    A number alone next to several words may belong to a name.
    """
    if len(text) > MAX_PROSE or "\n" in text:
        return
    words = _AT_THE_END.sub(" ", text).split()
    for size in range(1, min(3, len(words))):
        for number, rest in ((words[:size], words[size:]), (words[-size:], words[:-size])):
            typed, count = " ".join(number), count_of(" ".join(number))
            reference = " ".join(rest).strip(_ENDS)
            if count and reference:
                is_alone = typed.isdigit() and len(rest) > 1 and rest[-1][-1] not in ",:;=-"
                yield reference, count, not is_alone
