"""Files become rows of text: every kind of CSV, the spreadsheet reader, and bad files."""

import contextlib
import csv
import datetime
import io
import zipfile
from io import BytesIO
from time import process_time

import pytest
import xlsxwriter
from hypothesis import assume, given
from hypothesis import strategies as st

from orders.domain.inputs import Limits
from orders.domain.sheet_reading import (
    ReadingChoices,
    Sheet,
    UnreadableSheet,
    guard,
    letters,
    read_csv,
    unguard,
)
from orders.domain.spreadsheet import BROKEN_CELL, PROTECTED, TOO_LARGE
from orders.domain.text_tables import BROKEN, fault_of, is_broken, says_nothing, shown
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
    assert sheet.notes == (
        "The file is not UTF-8, so it was read as Windows-1252. Check letters such as ä and é.",
    )


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
        (",,\n,,\n", "This file is empty. Choose another one."),
        ("a,b\n", "There are no rows below the column names."),
        ("a\n" * 102, "This file has too many rows. The limit is 100; split the file."),
        (",".join("a" * 1_001) + "\n1\n", "At most 1,000 columns; this has 1,001."),
        ("a,b\n1\0,2\n", "This file is not a table. Choose a CSV or XLSX file"),
        ("a,b\n" + "," * 20_001, "This file has far too many columns. The limit is 1,000."),
        (
            b"a\n\x81\x8d\n",
            (
                "The text in this file cannot be read. Choose its encoding, or save it "
                "as “CSV UTF-8” or XLSX"
            ),
        ),
        (
            b"\xff\xfea\0\n\0\x00\xd8",
            (
                "The text in this file cannot be read. Choose its encoding, or save it "
                "as “CSV UTF-8” or XLSX"
            ),
        ),
        (OLE + bytes(600), "This is an old Excel file. Save it as XLSX or CSV."),
        (OLE + "EncryptedPackage".encode("utf-16-le"), PROTECTED),
        (
            b"PK\x03\x04 and nothing more",
            "This spreadsheet cannot be read. Save it again as XLSX or CSV",
        ),
    ],
)
def test_what_cannot_be_read_is_reported(content: str | bytes, sentence: str) -> None:
    sent = content.encode() if isinstance(content, str) else content
    with pytest.raises(UnreadableSheet) as refused:
        read_file(sent, Limits(order_rows=100))
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("content", "bad", "fault"),
    [
        ('a,b\n"1,2\n3,4\n', ("1", "2"), "The quotation marks in this row do not match."),
        ('a,b\n"1"x,2\n3,4\n', ('"1"x', "2"), "The quotation marks in this row do not match."),
        ("a\n" + "x" * 200_000 + "\n3", ("x" * 131_072,), "At most 131,072 characters in a cell."),
    ],
)
def test_one_bad_row_is_one_bad_row(content: str, bad: tuple[str, ...], fault: str) -> None:
    first, last = read(content).rows
    assert [shown(cell).lstrip('"') for cell in first.cells] == [cell.lstrip('"') for cell in bad]
    assert str(fault_of(first.cells[0])) == fault
    assert not any(map(is_broken, last.cells))
    assert last.cells[0] == "3"


def test_cells_beyond_the_last_column_are_kept() -> None:
    first, second = read("a,b\n1,2,3,,\n4,5,,\n").rows
    assert (first.cells, second.cells) == (("1", "2", "3"), ("4", "5"))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_heading_with_a_line_break_is_one_line(separator: str) -> None:
    sheet = read(f'"Order\nnumber"{separator}Qty\r\n"A\r\nB"{separator}2\r\n')
    assert table(sheet) == [("Order\nnumber", "Qty"), (2, "A\r\nB", "2")]


@pytest.mark.parametrize("separator", [";", "|", "^", "\t", "~"])
def test_a_stated_separator_is_believed(separator: str) -> None:
    sheet = read(f"sep={separator}\r\na{separator}b,c,d\r\n1{separator}2,3,4\r\n")
    assert table(sheet) == [("a", "b,c,d"), (2, "1", "2,3,4")]


def test_the_separator_goes_by_the_first_records_not_by_the_first_line() -> None:
    sheet = read('Name, first;"Price, EUR";Qty\nA;"1,5";2\nB, C;2,5;3\n')
    assert sheet.columns == ("Name, first", "Price, EUR", "Qty")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<html><body><table>", "HTML"), (b"\xef\xbb\xbf <!DOCTYPE html>", "HTML"),
        (b"<Table border=1>", "HTML"), (b'[{"id": 1}]', "JSON"), (b' {"orders": []}', "JSON"),
        (b"<?xml version='1.0'?><Workbook/>", "XML"), (b"{\\rtf1 x}", "RTF"),
        (b"\x1f\x8b\x08x", "compressed"), (b"%PDF-1.7", "PDF"),
    ],
)  # fmt: skip
def test_other_formats_are_called_by_their_names(content: bytes, name: str) -> None:
    with pytest.raises(UnreadableSheet, match=name):
        read_file(content, Limits())


def test_the_encoding_can_be_chosen_and_the_end_mark_of_dos_is_dropped() -> None:
    text = "Name;Ort\r\nŻółć;Łódź\r\n"
    sheet = read_csv(text.encode("cp1250"), most_rows=9, choices=ReadingChoices(encoding="cp1250"))
    assert table(sheet) == [("Name", "Ort"), (2, "Żółć", "Łódź")]
    assert table(read("a;b\r\n1;2\r\n\x1a")) == [("a", "b"), (2, "1", "2")]


def test_letters_of_another_alphabet_are_recognized_and_reported() -> None:
    text = "Артикул;Количество\r\nСтол;2\r\nСтул письменный;3\r\n"  # noqa: RUF001
    sheet = read(text.encode("cp1251"))
    assert sheet.columns == ("Артикул", "Количество")
    assert "Windows-1251" in sheet.notes[0]


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


@pytest.mark.parametrize(
    ("number", "shown_as", "text"),
    [
        (123, "00000", "00123"), (123456, "00000", "123456"), (42, '"K-"0000', "K-0042"),
        (42, r"\K\-0000", "K-0042"), (4211, "000-000", "004-211"), (7, '"Nr. "#', "Nr. 7"),
        (123, "00000;-00000", "00123"), (123, "[Red]00000", "00123"), (0, "0000", "0000"),
        (1234567, "00-00", "12345-67"),
        # These change nothing of what it is.
        (123, "0", "123"), (1234, "#,##0", "1234"), (5, '0 "pcs"', "5"), (3, "0.00", "3"),
        (0.5, "00000", "0.5"), (-5, "00000", "-5"), (3, "General", "3"),
    ],
)  # fmt: skip
def test_ids_read_as_number_formats_show_them(number: float, shown_as: str, text: str) -> None:
    [row] = read_xlsx(written([["a", "b"], ["x", number]], {1: shown_as}), most_rows=9).rows
    assert [shown(cell) for cell in row.cells] == ["x", text]


def written(rows: list[list[object]], formats: dict[int, str], **options: object) -> bytes:
    """Return a workbook as a known library writes it, with the number formats of columns."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, **options}) as book:
        sheet = book.add_worksheet("Orders")
        for number, row in enumerate(rows):
            for at, cell in enumerate(row):
                sheet.write(number, at, cell, book.add_format({"num_format": formats.get(at, "")}))
    return file.getvalue()


@pytest.mark.parametrize(
    ("cell", "text", "fault"),
    [
        ("<v>1234567890123456</v>", "1234567890123456", None),
        ("<v>12345678901234567891</v>", "12345678901234567891", None),
        ("<v>123456789012345</v>", "123456789012345", None),
        (
            "<v>1234567890123450</v>",
            "1234567890123450",
            (
                "Spreadsheets keep only 15 digits of a number, and this one has more. "
                "Store it as text in the spreadsheet"
            ),
        ),
        (
            "<v>1.23456789012345E+15</v>",
            "1234567890123450",
            (
                "Spreadsheets keep only 15 digits of a number, and this one has more. "
                "Store it as text in the spreadsheet"
            ),
        ),
        (
            "<v>1.234567890123457E+16</v>",
            "12345678901234570",
            (
                "Spreadsheets keep only 15 digits of a number, and this one has more. "
                "Store it as text in the spreadsheet"
            ),
        ),
        ("<f>A1+1</f>", "=A1+1", "no value"),
        ("<f>A1+1</f><v></v>", "=A1+1", "no value"),
        ("<f>A1+1</f><v>3</v>", "3", None),
    ],
)
def test_digits_and_formulas_that_are_lost_are_faults(
    cell: str, text: str, fault: str | None
) -> None:
    row = f'<row r="2"><c r="A2"><v>7</v></c><c r="B2">{cell}</c></row>'
    [read_row] = read_xlsx(xlsx_with(TWO_COLUMNS + row), most_rows=9).rows
    assert shown(read_row.cells[1]) == text
    assert is_broken(read_row.cells[1]) == (fault is not None)
    assert fault is None or fault in fault_of(read_row.cells[1])


TWO_COLUMNS = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'
)


def test_an_error_is_a_fault_and_an_empty_text_of_a_formula_is_none() -> None:
    row = (
        '<row r="2"><c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        '<c r="B2" t="str"><f>""</f><v></v></c></row>'
        '<row r="3"><c r="B3" t="e"><v>#N/A</v></c></row>'
    )
    first, second = read_xlsx(xlsx_with(TWO_COLUMNS + row), most_rows=9).rows
    assert str(fault_of(first.cells[0])) == "This cell has a spreadsheet error: #DIV/0!"
    assert first.cells[1] == ""
    assert (second.cells[0], shown(second.cells[1])) == ("", "#N/A")


def test_hidden_rows_are_reported_and_can_be_left_out() -> None:
    rows = "".join(
        f'<row r="{n}"{" hidden" + chr(61) + chr(34) + "1" + chr(34) if n == 3 else ""}>'
        f'<c r="A{n}"><v>{n}</v></c></row>'
        for n in (2, 3, 4)
    )
    content = xlsx_with(TWO_COLUMNS + rows)
    sheet = read_xlsx(content, most_rows=9)
    assert [row.cells[0] for row in sheet.rows] == ["2", "3", "4"]
    assert (sheet.hidden, "One row is hidden" in sheet.notes[0]) == (1, True)
    without = read_xlsx(content, most_rows=9, choices=ReadingChoices(skips_hidden=True))
    assert [row.cells[0] for row in without.rows] == ["2", "4"]


def test_another_sheet_can_be_chosen() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for name in ("Notes", "Orders & more"):
            book.add_worksheet(name).write_column(0, 0, [name, 1])
    first = read_xlsx(file.getvalue(), most_rows=9)
    assert (first.columns, first.sheets) == (("Notes",), ("Notes", "Orders & more"))
    second = ReadingChoices(sheet="Orders & more")
    assert read_xlsx(file.getvalue(), most_rows=9, choices=second).columns == ("Orders & more",)
    with pytest.raises(UnreadableSheet, match="no sheet with this name"):
        read_xlsx(file.getvalue(), most_rows=9, choices=ReadingChoices(sheet="x"))


def test_the_row_of_the_names_can_be_chosen() -> None:
    text = b"List of orders\n2026\na,b\n1,2\n"
    sheet = read_csv(text, most_rows=9, choices=ReadingChoices(heading=3))
    assert table(sheet) == [("a", "b"), (4, "1", "2")]
    assert sheet.notes == (
        "Row 3 contains the column names. The 2 rows above it are not imported.",
    )
    none = read_csv(text, most_rows=9, choices=ReadingChoices(heading=0))
    assert none.columns == ("Column A", "Column B")
    assert len(none.rows) == 4


def test_the_mark_of_a_broken_cell_is_the_same_in_both_processes() -> None:
    assert BROKEN_CELL == BROKEN


def test_the_first_sheet_that_people_see_counts() -> None:
    assert table(read_xlsx(xlsx_of(("a",), (7,), hidden=True), most_rows=9)) == [("a",), (2, "7")]


def test_the_limit_of_rows_applies_to_spreadsheets() -> None:
    rows = [("a",), *((n,) for n in range(10))]
    assert len(read_xlsx(xlsx_of(*rows), most_rows=10).rows) == 10
    with pytest.raises(UnreadableSheet, match="The limit is 9"):
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
    wanted = [tuple(row) for row in rows if not says_nothing(list(map(guard, row)))]
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


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "''+x", " x", "x\n", "' "]
)
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
