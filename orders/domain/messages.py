"""Read a pasted text, which may be an e-mail, as lines of a cart and what is left of it.

`pasted_lines` reads tables and lists, where every line is one of the cart. A message also has a
greeting, sentences, and a signature: this module tells which of its lines are lines of the cart,
reads these with the same reader, and says how certain each is. A line that is left out is returned,
too, so that nothing is lost.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from orders.domain.errors import FieldError, InvalidInput
from orders.domain.inputs import too_long
from orders.domain.line_reading import LookUp, Named, PastedLine, id_of
from orders.domain.message_facts import MAX_LINE
from orders.domain.message_lines import LineKind, is_message, kinds_of
from orders.domain.message_rows import (
    AMBIGUOUS,
    SUMS,
    Catalog,
    Mark,
    MessageRow,
    has_product,
    is_no_count,
    names_exactly,
    parts_of,
    read_message_line,
)
from orders.domain.pasted_lines import MAX_NAMES, TextRow, heading, read_rows, require_few

MAX_MESSAGE = 200_000  # characters that are read
MAX_LINES = 20_000  # lines that are read; each takes its time, also an empty one
_TABLE = re.compile(r"\t|;|\||(?<=\S) {3,}(?=\S)|,(?=\S)[^,]{0,80},(?=\S)")
_COLUMNS = r"\t|;|,|\|| {3,}"


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A text that was read: its lines of the cart, and what is left of it.

    `unused` are the lines that did not become lines of the cart, with blank lines left out, in
    their order; `open` are those of them that have the ID or SKU of a product. `about` are those in
    which facts about the order may be: all but quoted ones.
    """

    rows: tuple[MessageRow, ...]
    unused: tuple[str, ...]
    about: tuple[str, ...]
    open: tuple[str, ...] = ()


Names = Callable[[str], Sequence[str]]  # a text -> the IDs of the products that its words name


def read_message(text: str, look_up: LookUp, names: Names, most: int | None = None) -> ReadMessage:
    """Return what a pasted text says: an e-mail, a table, or a list.

    `look_up` is called once, as by `read_pasted_lines`; `names` is called for the texts that are
    left. Raises InvalidInput if the text has more than MAX_MESSAGE characters or MAX_LINES lines,
    or more than `most` lines of the cart.
    """
    if len(text) > MAX_MESSAGE:
        raise InvalidInput([FieldError("paste", too_long(MAX_MESSAGE, text))])
    lines = text.splitlines()
    require_few(lines, MAX_LINES)
    if not is_message(lines):
        catalog = _catalog([text], look_up, names, most)
        rows, unused = _read_block(text, catalog, most)
        return ReadMessage(tuple(rows), tuple(unused), tuple(lines))
    kinds = kinds_of(lines)
    about = [line for line, kind in zip(lines, kinds, strict=True) if kind is not LineKind.QUOTED]
    rows, unused, open_lines = _read_blocks(list(_blocks(lines, kinds)), look_up, names)
    if not rows and LineKind.QUOTED in kinds:
        kinds = [LineKind.BODY if kind is LineKind.QUOTED else kind for kind in kinds]
        rows, unused, open_lines = _read_blocks(list(_blocks(lines, kinds)), look_up, names)
        rows = [replace(row, mark=row.mark or Mark.QUOTED) for row in rows]
        about = lines
    read_rows("\n".join("x" for _ in rows), most=most)  # refuses too many
    return ReadMessage(tuple(rows), tuple(unused), tuple(about), tuple(open_lines))


def _read_blocks(
    blocks: Sequence[tuple[list[str], LineKind]], look_up: LookUp, names: Names
) -> tuple[list[MessageRow], list[str], list[str]]:
    """Return the lines of the cart, the lines that are not used, and those that name a product."""
    read = [block for block, kind in blocks if kind in {LineKind.BODY, LineKind.SIGNATURE}]
    lines = [line for block in read for line in block]
    catalog = _catalog(["\n".join(block) for block in read], look_up, names, lines=lines)
    rows: list[MessageRow] = []
    unused: list[str] = []
    open_lines: list[str] = []
    for block, kind in blocks:
        own, rest = _read_part(block, kind, catalog)
        rows += own
        unused += rest
        if kind not in {LineKind.QUOTED, LineKind.HEADER}:
            open_lines += [line for line in rest if has_product(line, catalog)]
    return rows, unused, open_lines


def _catalog(
    blocks: Sequence[str],
    look_up: LookUp,
    names: Names,
    most: int | None = None,
    *,
    lines: Sequence[str] = (),
) -> Catalog:
    """Look up all texts in blocks, and in the single lines of a message, that may be names."""
    wanted: dict[str, None] = {}

    def note(asked: set[str]) -> Named:
        wanted.update(dict.fromkeys(asked))
        return {}

    for block in blocks:
        read_rows(block, note, most)
    for line in lines:
        read_rows(line, note)
        note(set(parts_of(line)))
    exact = look_up(set(islice(wanted, MAX_NAMES)))
    by_name: dict[str, str] = {}
    for name in islice(wanted, MAX_NAMES):
        if name not in exact and (ids := names(name)):
            by_name[name] = ids[0] if len(ids) == 1 else AMBIGUOUS
    return Catalog(exact, by_name)


def _blocks(
    lines: Sequence[str], kinds: Sequence[LineKind]
) -> Iterator[tuple[list[str], LineKind]]:
    """Yield the lines that are read together: the rows of a table, or a line alone."""
    table: list[str] = []
    for line, kind in zip(lines, kinds, strict=True):
        if kind is LineKind.BODY and _TABLE.search(line[:MAX_LINE]):
            table.append(line)
            continue
        if table and line.strip():
            yield table, LineKind.BODY
            table = []
        if line.strip():
            yield [line], kind
    if table:
        yield table, LineKind.BODY


def _read_part(
    block: list[str], kind: LineKind, catalog: Catalog
) -> tuple[list[MessageRow], list[str]]:
    """Return the lines of the cart in a block of a message, and the lines that are not used."""
    if kind in {LineKind.HEADER, LineKind.QUOTED}:
        return [], block
    if len(block) > 1:
        rows, unused = _read_block("\n".join(block), catalog, None)
        known = [row for row in rows if _is_known(row.reference, catalog)]
        is_table = heading(re.split(_COLUMNS, block[0])) is not None
        if is_table or 2 * len(known) >= len(rows):
            return rows, unused
    rows, unused = [], []
    for line in block:
        own = read_message_line(line, kind, catalog)
        rows += own
        unused += [] if own else [line]
    return rows, unused


def _is_known(reference: str, catalog: Catalog) -> bool:
    return id_of(reference, catalog.exact) is not None or reference in catalog.by_name


def _read_block(
    text: str, catalog: Catalog, most: int | None
) -> tuple[list[MessageRow], list[str]]:
    """Return the lines of the cart in a table or list, and its rows of sums.

    A line without a product's ID or SKU is read a second time, with names.
    """
    first = read_rows(text, lambda _: catalog.exact, most)
    second = read_rows(text, lambda _: catalog.all(), most)
    top = next((line for line in text.splitlines() if line.strip()), "")
    has_heading = heading(re.split(_COLUMNS, top)) is not None
    again = [line for line, _ in second] if len(first) == len(second) else [None] * len(first)
    rows, unused = [], []
    for (line, row), other in zip(first, again, strict=True):
        source = " ".join(row.filled) or row.text
        names_product = any(names_exactly(cell, catalog) for cell in (row.text, *row.filled))
        if not names_product and SUMS.match(source.strip(" ;|*")):
            unused.append(source)
        elif other is not None and not names_product:
            rows.append(_by_name(line, other, source, catalog))
        else:
            rows.append(_certain(line, row, source, has_heading=has_heading))
    return rows, unused


def _certain(line: PastedLine, row: TextRow, source: str, *, has_heading: bool) -> MessageRow:
    """Return the row of a line with an ID or SKU, marked if its count may be another number."""
    if has_heading or not is_no_count(line.count, source):
        return MessageRow(line.reference, line.count, source)
    # In a cell of its own it may be a count all the same.
    count = line.count if len(row.filled) > 1 else ""
    return MessageRow(line.reference, count, source, Mark.COUNT)


def _by_name(line: PastedLine, other: PastedLine, source: str, catalog: Catalog) -> MessageRow:
    """Return the row of a line without an ID or SKU: read with names, if one decides."""
    own = catalog.by_name.get(other.reference)
    if own is None or (own == AMBIGUOUS and not other.count):
        return MessageRow(line.reference, line.count, source)
    if own == AMBIGUOUS:  # unknown, and so marked
        return MessageRow(other.reference, other.count, source)
    count = "" if is_no_count(other.count, source) else other.count
    return MessageRow(other.reference, count, source, Mark.NAME, own)
