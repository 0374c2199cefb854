"""Files become rows of text: every kind of CSV, the spreadsheet reader, and bad files."""

import contextlib
import csv
import datetime
import io
import zipfile
from io import BytesIO
from time import process_time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orders.domain.inputs import Limits
from orders.domain.sheet_reading import (
    OTHER_LETTERS,
    Sheet,
    UnreadableSheet,
    guard,
    letters,
    read_csv,
    unguard,
)
from orders.domain.spreadsheet import PROTECTED, TOO_LARGE
from orders.services.imports.upload import read_file, read_xlsx
from tests.sheets import xlsx_of, xlsx_with

TEXT = "name;count\r\nGrün; 2 \r\n\r\nBlau;3\r\n"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def table(sheet: Sheet) -> list[tuple[object, ...]]:
    return [sheet.columns, *((row.number, *row.cells) for row in sheet.rows)]


def read(content: str | bytes, most_rows: int = 100) -> Sheet:
    return read_csv(content.encode() if isinstance(content, str) else content, most_rows=most_rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_way_in_which_spreadsheets_write_csv(delimiter: str, encoding: str) -> None:
    sheet = read(TEXT.replace(";", delimiter).encode(encoding))
    assert table(sheet) == [("name", "count"), (2, "Grün", "2"), (4, "Blau", "3")]
    assert sheet.notes == ()


def test_windows_1252_is_the_last_resort_and_reported() -> None:
    sheet = read(TEXT.replace("Blau", "Preis €").encode("cp1252"))
    assert table(sheet)[1:] == [(2, "Grün", "2"), (4, "Preis €", "3")]
    assert sheet.notes == (OTHER_LETTERS,)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(line_end: str) -> None:
    sheet = read(f"a,b{line_end}1,2{line_end}3,4")
    assert table(sheet) == [("a", "b"), (2, "1", "2"), (3, "3", "4")]


def test_rows_are_numbered_as_a_spreadsheet_does() -> None:
    sheet = read('\n\na,b\n"two\nlines",1\n\nx,2\n')
    assert table(sheet) == [("a", "b"), (4, "two\nlines", "1"), (6, "x", "2")]


def test_quotes_hints_and_names() -> None:
    assert table(read('sep=;\na;"b, c, d"\n1;2')) == [("a", "b, c, d"), (2, "1", "2")]
    assert read("a,,c,,\n1,2,3\n").columns == ("a", "Column B", "c")
    assert read("a,b\n1\n").rows[0].cells == ("1", "")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "This file is empty."),
        (" \r\n", "This file is empty."),
        (",,\n,,\n", "There is nothing in this file."),
        ("a,b\n", "There are no rows below the line of column names."),
        ("a,b\n1,2,3\n", "Row 2 has more cells than there are columns."),
        ('a,b\n"1,2\n', "is not CSV: unexpected end of data."),
        ('a,b\n"1"x,2\n', "Line 2 is not CSV: ',' expected after '\"'."),
        ("a\n" + "x" * 200_000, "is not CSV: field larger than field limit"),
        ("a\n" * 102, "At most 100 rows; this file has more. Divide it."),
        (",".join("a" * 1_001) + "\n1\n", "At most 1,000 columns; this has 1,001."),
        ("a,b\n1\0,2\n", "This file is no table."),
        ("a,b\n" + "," * 20_001, "At most 1,000 columns; this file has far more."),
        (b"a\n\x81\x8d\n", "The letters of this file cannot be read."),
        (b"\xff\xfea\0\n\0\x00\xd8", "The letters of this file cannot be read."),
        (OLE + bytes(600), "This is an old Excel file. Save it as XLSX, or as CSV."),
        (OLE + "EncryptedPackage".encode("utf-16-le"), PROTECTED),
        (b"PK\x03\x04 and nothing more", "This file is no spreadsheet that can be read."),
    ],
)
def test_what_cannot_be_read_is_reported(content: str | bytes, sentence: str) -> None:
    sent = content.encode() if isinstance(content, str) else content
    with pytest.raises(UnreadableSheet) as refused:
        read_file(sent, Limits(order_rows=100))
    assert sentence in str(refused.value)


def test_cells_of_a_spreadsheet_read_as_people_see_them() -> None:
    rows = (None, "Name", "Value"), (None, "whole", 2.0), (None, "part", 0.1), (None, "yes", True)
    sheet = read_xlsx(xlsx_of(*rows, (None, "zero", "007")), most_rows=10)
    assert table(sheet) == [
        ("Name", "Value"), (2, "whole", "2"), (3, "part", "0.1"), (4, "yes", "TRUE"),
        (5, "zero", "007"),
    ]  # fmt: skip


def test_days_and_times_of_a_spreadsheet() -> None:
    days = (datetime.date(2026, 11, 25) - datetime.date(1899, 12, 30)).days
    sheet = read_xlsx(
        xlsx_with(
            '<row r="3"><c r="A3" t="inlineStr"><is><t>day</t></is></c></row>'
            f'<row r="5"><c r="A5" s="1"><v>{days}</v></c></row>'
            f'<row r="6"><c r="A6" s="2"><v>{days}.5</v></c></row>'
        ),
        most_rows=10,
    )
    assert table(sheet) == [("day",), (5, "2026-11-25"), (6, "2026-11-25 12:00:00")]


def test_the_first_sheet_that_people_see_counts() -> None:
    assert table(read_xlsx(xlsx_of(("a",), (7,), hidden=True), most_rows=9)) == [("a",), (2, "7")]


def test_the_limit_of_rows_applies_to_spreadsheets() -> None:
    rows = [("a",), *((n,) for n in range(10))]
    assert len(read_xlsx(xlsx_of(*rows), most_rows=10).rows) == 10
    with pytest.raises(UnreadableSheet, match="At most 9 rows"):
        read_xlsx(xlsx_of(*rows), most_rows=9)


@pytest.mark.parametrize(
    "rows",
    [
        # The first and the last cell there can be: 17 thousand million in between.
        '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>2</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="9999999"><c r="ZZZZZZ1"><v>1</v></c></row>',
        '<row r="1"><c r="A99999999999999999999"><v>1</v></c></row>',
        "<row><c><v>1",
        '<row r="1"><c r="A1" t="s"><v>999999999</v></c></row>',
    ],
)
def test_a_spreadsheet_made_to_break_the_reader_is_refused(rows: str) -> None:
    with pytest.raises(UnreadableSheet):
        read_xlsx(xlsx_with(rows), most_rows=100)


def test_a_bomb_is_not_unpacked() -> None:
    packed = BytesIO(xlsx_of(("a",), (1,)))
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.xml", bytes(220 * 1024 * 1024))
    assert len(packed.getvalue()) < 1_000_000
    before = process_time()
    with pytest.raises(UnreadableSheet) as refused:
        read_xlsx(packed.getvalue(), most_rows=100)
    assert str(refused.value) == TOO_LARGE
    assert process_time() - before < 1


@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode)))
def test_any_input_is_read_or_refused(content: bytes) -> None:
    # Spreadsheets are read by another process, which is too slow for hundreds of examples.
    assume(not content.startswith(b"PK"))
    with contextlib.suppress(UnreadableSheet):
        sheet = read_file(content, Limits(order_rows=5))
        assert len(sheet.rows) <= 5
        assert all(len(row.cells) == len(sheet.columns) for row in sheet.rows)


@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), min_size=1, max_size=5))
def test_what_is_written_as_csv_comes_back(rows: list[list[str]]) -> None:
    text = io.StringIO()
    assume(all("\0" not in cell for row in rows for cell in row))
    csv.writer(text).writerows([["a", "b"], *([guard(cell) for cell in row] for row in rows)])
    wanted = [tuple(row) for row in rows if any(row)]
    assume(wanted)
    assert [row.cells for row in read(text.getvalue()).rows] == wanted


def test_hashes_depend_on_content_not_format() -> None:
    rows = (
        read("a,b\n1,x\n"),
        read("a;b\n\n1;x\n"),
        read_xlsx(xlsx_of(("a", "b"), (1, "x")), most_rows=9),
    )
    assert len({sheet.content_hash() for sheet in rows}) == 1
    assert len({sheet.headers_hash() for sheet in rows}) == 1
    assert read("a,b\n1,y\n").content_hash() != rows[0].content_hash()
    assert read("a,c\n1,x\n").headers_hash() != rows[0].headers_hash()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "''+x"])
def test_no_text_becomes_a_formula_and_all_come_back(text: str) -> None:
    assert guard(text) == f"'{text}"
    assert unguard(guard(text)) == text


@pytest.mark.parametrize("text", ["", "x", "1+1", "'quoted'", "'"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert guard(text) == text
    assert unguard(text) == text


def test_an_apostrophe_of_ours_is_removed_while_reading() -> None:
    assert read("a,'=b\n'-1,'@x\n").rows[0].cells == ("-1", "@x")
    assert read("a,'=b\n1,2\n").columns == ("a", "=b")


def test_letters_of_columns() -> None:
    assert [letters(at) for at in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
