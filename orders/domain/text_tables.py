"""Read text as a table of rows and cells, with the separator that fits the text best.

Pasted text and files are read alike. A cell in quotation marks may contain line breaks. A line
whose quotation marks do not match is a row of its own, with `BROKEN` before the cells that may be
wrong; the rest of the text is not affected.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from orders.domain.identifiers import plain_characters
from orders.domain.texts import Figure, Text, lazy_gettext

# Of equal evidence the first counts: fewer texts have it.
SEPARATORS = "\t;|,"
EVIDENCE = 50  # records that decide about the separator
MOST_IN_LINE = 20_000  # separators; a long text may contain more of them than there can be columns
MOST_LINES = 200  # of one cell
MAX_CELL = 131_072  # characters
_HINT = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)  # what Excel writes and reads
_RULES = frozenset("|+-:= ")  # a line of these is drawn between rows
_NOTHING = frozenset(f'"{SEPARATORS}')
# Before a cell that is not what its sender meant. Unicode reserves the character for such uses.
BROKEN = "\ufdd0"


@dataclass(frozen=True, slots=True)
class TextTable:
    """The rows of cells in a text, including blank rows, and the separator between the cells."""

    separator: str
    rows: tuple[tuple[str, ...], ...]


def read_table(text: str, separator: str = "") -> TextTable:
    """Return text as rows of cells; if `separator` is empty, it is guessed from the text.

    A first line such as `sep=;`, which Excel writes, is left out; it sets the separator if
    `separator` is empty.
    """
    lines = list(io.StringIO(text.rstrip("\x1a").replace(BROKEN, ""), newline=""))
    hint = _HINT.fullmatch(lines[0]) if lines else None
    if hint:
        separator, lines = separator or hint[1], lines[1:]
    separator = separator or _separator(lines)
    return TextTable(separator, tuple(map(tuple, _records(lines, separator))))


def _separator(lines: Sequence[str]) -> str:
    """Return the one of SEPARATORS that splits the most rows into the same number of cells."""

    def evidence(separator: str) -> int:
        records = islice(_records(lines[: EVIDENCE * MOST_LINES], separator), EVIDENCE)
        widths = Counter(len(cells) for cells in records if len(cells) > 1)
        return max(widths.values(), default=0)

    return max(SEPARATORS, key=evidence)


def _records(lines: Sequence[str], separator: str) -> Iterator[list[str]]:
    at = 0
    while at < len(lines):
        cells, at = _record(lines, at, separator)
        if separator == "|":
            cells = _between_pipes(cells, lines[at - 1])
        yield [cell if len(cell) <= MAX_CELL else f"{BROKEN}{cell[:MAX_CELL]}" for cell in cells]


def _record(lines: Sequence[str], at: int, separator: str) -> tuple[list[str], int]:
    """Return the cells of the row that begins at line `at`, and the index of the line after it."""
    if lines[at].count(separator) > MOST_IN_LINE:
        return [f"{BROKEN}{lines[at]}"], at + 1
    quotes = 0
    # Quotation marks come in pairs: with an odd number the record goes on in the next line.
    for end in range(at + 1, min(at + MOST_LINES, len(lines)) + 1):
        quotes += lines[end - 1].count('"')
        if quotes % 2 == 0:
            break
    is_narrow = all(line.count(separator) <= MOST_IN_LINE for line in lines[at:end])
    if quotes and quotes % 2 == 0 and is_narrow:
        reader = csv.reader(lines[at:end], delimiter=separator, strict=True, skipinitialspace=True)
        try:
            records = list(reader)
        except csv.Error:
            records = []
        if len(records) == 1:
            return records[0], end
    cells = lines[at].rstrip("\r\n").split(separator)
    return ([_unquoted(cell) for cell in cells] if quotes else cells), at + 1


def _unquoted(cell: str) -> str:
    """Return a cell without its quotation marks; if they do not match, with BROKEN before it."""
    bare = cell.strip()
    if not bare.startswith('"'):
        return cell
    inner = bare[1:-1]
    is_whole = len(bare) > 1 and bare.endswith('"') and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if is_whole else f"{BROKEN}{bare}"


def _between_pipes(cells: list[str], line: str) -> list[str]:
    """Return the cells of a row in a table drawn with "|"; [] for a line such as "|---|---|".

    `cells` is `line`, split at every "|".
    """
    bare = line.strip()
    if "--" in bare and _RULES.issuperset(bare):
        return []
    begins, ends = int(bare.startswith("|")), int(bare.endswith("|") and len(cells) > 1)
    return cells[begins : len(cells) - ends]


def says_nothing(cells: Sequence[str]) -> bool:
    """Return whether cells contain only white space, quotes, separators or invisible characters."""
    return not any(
        character not in _NOTHING and not character.isspace()
        for cell in cells
        for character in plain_characters(shown(cell))
    )


def is_broken(cell: str) -> bool:
    return cell.startswith(BROKEN)


def shown(cell: str) -> str:
    """Return a cell without the mark BROKEN before it."""
    return cell.removeprefix(BROKEN)


def fault_of(cell: str) -> Text:
    """Return the message that says what is wrong with a cell marked with BROKEN."""
    text = shown(cell)
    if text.startswith('"'):
        return lazy_gettext("The quotation marks in this row do not match.")
    if text.startswith("="):
        return lazy_gettext(
            "This formula has no value. Open the file in a spreadsheet program and save it."
        )
    if text.startswith("#"):
        return lazy_gettext("This cell has a spreadsheet error: %(error)s", error=text[:40])
    if len(text) >= MAX_CELL:
        return lazy_gettext("At most %(most)s characters in a cell.", most=Figure(MAX_CELL))
    return lazy_gettext(
        "Spreadsheets keep only 15 digits of a number, and this one has more. Store "
        "it as text in the spreadsheet."
    )
