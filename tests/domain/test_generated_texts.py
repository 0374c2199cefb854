"""Generated texts: no line is lost, and no count is invented, by paste and by import.

`make test` reads the same few texts each time, `make soak` new ones for about an hour.
"""

import re
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.domain.column_matching import IGNORED, Matching, guess
from orders.domain.identifiers import plain_characters
from orders.domain.imported_orders import OrderBuilder, references
from orders.domain.line_reading import PastedLine, count_of, read_count
from orders.domain.pasted_lines import heading_row, likely_columns, read_pasted_lines
from orders.domain.sheet_reading import UnreadableSheet, read_csv
from orders.domain.text_tables import read_table, says_nothing

HOUR = 3_600.0  # seconds of the processor's time; a fast machine reads more texts in it
AT_ONCE = 5_000  # texts with one seed

WORDS = [
    "DESK",
    "140",
    "2",
    "7",
    "A-1",
    "OSL-CH-OAK-02",
    "Sofa",
    "oak",
    "4 x 4",
    "B 12",
    "x",
    "3XL",
]
skus = st.sets(st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join), max_size=5)
signs = [
    "\t",
    ";",
    ",",
    "|",
    " ",
    "  ",
    "\n",
    "\r\n",
    '"',
    "(",
    ")",
    ":",
    ".",
    "-",
    "\u2013",
    "\u00a0",
    "\u200b",
    "'",
]
words = [
    "pcs",
    "Stk",
    "x",
    "SKU",
    "Qty",
    "Menge",
    "item",
    "ID",
    "#",
    "1",
    "2",
    "3",
    "12",
    "140",
    "1,000",
    "2.0",
    "0",
    "sep=;",
]
pieces = st.sampled_from([*WORDS, *words]) | st.sampled_from(signs) | st.sampled_from(signs)
texts = st.lists(pieces, max_size=30).map("".join) | st.lists(
    st.lists(st.sampled_from([*WORDS, *words]), min_size=1, max_size=4), min_size=1, max_size=5
).flatmap(
    lambda rows: st.sampled_from("\t;,|").map(lambda s: "\n".join(s.join(row) for row in rows))
)


def known(names: set[str], catalog: set[str]) -> dict[str, str]:
    folded = {sku.casefold(): sku for sku in catalog}
    return {name: folded[name.casefold()] for name in names if name.casefold() in folded}


def squeezed(text: str) -> str:
    """Return the letters and digits of a text."""
    return re.sub(r"[\W_]", "", text).casefold()


def check_paste(text: str, catalog: set[str]) -> None:
    records = [row for row in read_table(text).rows if not says_nothing(row)]
    lines = read_pasted_lines(text, lambda names: known(names, catalog))
    assert len(records) - 1 <= len(lines) <= len(records)
    if len(lines) < len(records):  # the heading, or the cart of an order
        records = records[1:]
    for record, line in zip(records, lines, strict=True):
        check_line("\t".join(record), line, catalog)
    assert all(line.reference or line.count not in {"", "1"} for line in lines)


def check_line(record: str, line: PastedLine, catalog: set[str]) -> None:
    """Check that a line that is placed is what its record says, and all that it says."""
    written = squeezed(record)
    assert squeezed(line.reference) in written
    assert line.count == "1" or squeezed(line.count) in written
    if not known({line.reference}, catalog) or isinstance(read_count(line.count), str):
        return  # marked
    left = written.replace(squeezed(line.reference), "", 1)
    if line.count == "1":
        # A piece that nobody has counted: nothing else may be a count, in a cell of its own or in
        # the same one.
        cells = record.split("\t")
        others = [cell for cell in cells if squeezed(cell) != squeezed(line.reference)]
        numbers = [cell for cell in others if count_of(plain_characters(cell).strip())]
        # Beside a cell with the reference alone, any other text describes it: "3 seats". Rows of
        # one text may have different separators.
        parts = re.split(r"[\t;|,]", record)
        is_alone = any(squeezed(part) == squeezed(line.reference) for part in parts)
        own = [cell for cell in others if squeezed(line.reference) in squeezed(cell)]
        assert "1" in left or not numbers, (record, line)
        is_explained = is_alone or len(others) > 1 or not own or not re.search("[0-9]", left)
        assert "1" in left or is_explained, (record, line)
    else:
        said = Counter(squeezed(line.reference)) + Counter(squeezed(line.count))
        assert said <= Counter(written), (record, line)


def check_import(text: str, catalog: set[str]) -> None:
    def look_up(names: set[str]) -> dict[str, str]:
        return known(names, catalog)

    try:
        sheet = read_csv(
            text.encode(), most_rows=100, find_heading=lambda rows: heading_row(rows, (), look_up)
        )
    except UnreadableSheet:
        return
    matching = guess(sheet.columns, ())
    likely = likely_columns([row.cells[: len(sheet.columns)] for row in sheet.rows], look_up)
    if likely:
        matching = matching.with_lines(likely.references[0], likely.count)
    if not {"configurationId", "sku"} & set(matching.targets):
        return
    matching = Matching(matching.targets, None)
    builder = OrderBuilder(sheet.columns, matching, (), look_up(references(sheet.rows, matching)))
    ignored = [at for at, target in enumerate(matching.targets) if target == IGNORED]
    for row in sheet.rows:
        order = builder.order([row])
        if order.faults:
            continue
        for line in order.raw["cart"]:
            seen = [cell for at, cell in enumerate(row.cells) if at not in ignored]
            own = PastedLine(line.get("configurationId", ""), str(line.get("count", "")))
            check_line("\t".join(seen), own, catalog)


@given(texts, skus)
def test_no_line_is_lost_and_no_count_invented(text: str, catalog: set[str]) -> None:
    check_paste(text, catalog)
    check_import(text, catalog)


@pytest.mark.soak
def test_no_line_is_lost_and_no_count_invented_in_an_hour() -> None:
    read = 0

    @settings(max_examples=AT_ONCE, derandomize=False, database=None)
    @given(texts, skus)
    def check(text: str, catalog: set[str]) -> None:
        nonlocal read
        read += 1
        check_paste(text, catalog)
        check_import(text, catalog)

    ends = time.process_time() + HOUR
    while time.process_time() < ends:
        check()
    print(f"{read:,} texts")  # noqa: T201 - to be seen by `-s`


@pytest.mark.parametrize("text", ["- ,;", ":;\n-\xa0,", "- ,,\n\n\n-\t", "DESK;2\n- ;"])
def test_a_row_of_marks_and_separators_alone_is_no_fault(text: str) -> None:
    check_paste(text, {"DESK"})
