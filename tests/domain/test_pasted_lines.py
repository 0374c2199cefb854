"""Text from spreadsheets, CSV files and e-mails, read as lines of the cart."""

import re
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orders.domain.errors import InvalidInput
from orders.domain.line_reading import PastedLine
from orders.domain.pasted_lines import read_pasted_lines


def read(text: str) -> list[tuple[str, str]]:
    return [(line.reference, line.count) for line in read_pasted_lines(text)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("SOFA\t2", [("SOFA", "2")]),
        ("SOFA,2", [("SOFA", "2")]),
        ("SOFA;2", [("SOFA", "2")]),
        ("SOFA    2", [("SOFA", "2")]),
        ("SOFA 2", [("SOFA", "2")]),
        (" SOFA ,  2 ", [("SOFA", "2")]),
        ("SOFA\u00a0\u00a02", [("SOFA", "2")]),
        ("\ufeffSOFA;2", [("SOFA", "2")]),
        ("SOFA;2\n\ufeffCHAIR;3\n\ufeff", [("SOFA", "2"), ("CHAIR", "3")]),
        ("\u200bSOFA\u200e\t\u200f2", [("SOFA", "2")]),
        ("SOFA", [("SOFA", "1")]),
        ("SOFA\t", [("SOFA", "1")]),
        ("Sofa oak wide", [("Sofa oak wide", "1")]),
        ("A\r\nB\rC\nD", [("A", "1"), ("B", "1"), ("C", "1"), ("D", "1")]),
        ("\n\nA\t1\n \t \n;;;\nB\t2\n", [("A", "1"), ("B", "2")]),
        ("A\t1\nA\t1", [("A", "1"), ("A", "1")]),
    ],
)
def test_tabs_commas_semicolons_and_wide_gaps_separate_and_a_bare_id_is_one_piece(
    text: str, lines: list[tuple[str, str]]
) -> None:
    assert read(text) == lines


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("3 x SOFA", ("SOFA", "3")),
        ("3x SOFA", ("SOFA", "3")),
        ("3 × Sofa oak", ("Sofa oak", "3")),  # noqa: RUF001 - people type the real sign
        ("3 X  SOFA", ("SOFA", "3")),
        ("SOFA x 3", ("SOFA", "3")),
        ("SOFA x3", ("SOFA", "3")),
        ("- 3 x SOFA", ("SOFA", "3")),
        ("• SOFA", ("SOFA", "1")),
        ("> > SOFA  4", ("SOFA", "4")),
        ("3\tSOFA", ("SOFA", "3")),
        ("3XL-SHIRT", ("3XL-SHIRT", "1")),
        ("BOX-3", ("BOX-3", "1")),
    ],
)
def test_lines_are_read_as_people_write_them(text: str, line: tuple[str, str]) -> None:
    assert read(text) == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("SOFA\t1,000", ("SOFA", "1,000")),
        ("SOFA,1,000", ("SOFA", "1,000")),
        ("SOFA, 1,000,000", ("SOFA", "1,000,000")),
        ('"SOFA","1,000"', ("SOFA", "1,000")),
        ("SOFA;1.000", ("SOFA", "1.000")),
        ("SOFA\t1 000", ("SOFA", "1 000")),
        ("SOFA\t0", ("SOFA", "0")),
        ("SOFA\t-1", ("SOFA", "-1")),
        ("SOFA\t1.5", ("SOFA", "1.5")),
        ("SOFA;1,5", ("SOFA", "1,5")),
        ("SOFA\tten", ("SOFA", "ten")),
        ("SOFA\t007", ("SOFA", "007")),
        ("SOFA\t\u0662", ("SOFA", "\u0662")),
        ("SOFA\t9999999999999999999999", ("SOFA", "9999999999999999999999")),
        ("1234567\tmany", ("1234567", "many")),
        ("\t3", ("", "3")),
    ],
)
def test_a_count_is_kept_as_typed_never_corrected(text: str, line: tuple[str, str]) -> None:
    assert read(text) == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('"SOFA";"2"', ("SOFA", "2")),
        ('"SOFA, blue",2', ("SOFA, blue", "2")),
        ('"SOFA ""deluxe"""\t2', ('SOFA "deluxe"', "2")),
        ('SOFA 12"\t2', ('SOFA 12"', "2")),
        ('"SOFA\t2', ('"SOFA', "2")),
        ('"SOFA"', ("SOFA", "1")),
    ],
)
def test_quotation_marks_around_cells_are_trimmed(text: str, line: tuple[str, str]) -> None:
    assert read(text) == [line]


@pytest.mark.parametrize(
    "heading",
    ["ID\tCount", "SKU\tQty", "sku\tQUANTITY", "Configuration ID\tPieces",
     "configuration_id:\tcount:"],
)  # fmt: skip
def test_a_heading_is_not_a_line(heading: str) -> None:
    assert read(f"{heading}\nSOFA\t2\nLAMP\t1") == [("SOFA", "2"), ("LAMP", "1")]
    assert read(f"\n{heading}\n\nSOFA\t2") == [("SOFA", "2")]


def test_a_heading_decides_which_column_is_which() -> None:
    assert read("Qty;Name;SKU\n2;Sofa;A-1\n1.5;Lamp;B-2\n;Chair;C-3") == [
        ("A-1", "2"), ("B-2", "1.5"), ("C-3", ""),
    ]  # fmt: skip
    assert read("SKU;Year;Qty\nA;2024;2\n;;3\n;2024;\nB") == [
        ("A", "2"), ("", "3"), ("2024", ""), ("B", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("item\t1", [("item", "1")]),
        ("item", [("item", "1")]),
        ("item\t2\nSOFA\t1", [("item", "2"), ("SOFA", "1")]),
        ("item\tten\nSOFA\t1", [("item", "ten"), ("SOFA", "1")]),
        ("SOFA\t1\nID\tCount", [("SOFA", "1"), ("ID", "Count")]),
    ],
)
def test_a_line_that_only_looks_like_a_heading_stays(
    text: str, lines: list[tuple[str, str]]
) -> None:
    assert read(text) == lines


def test_in_a_wider_table_the_first_whole_number_behind_the_id_is_the_count() -> None:
    assert read("SOFA\tSofa, blue\t3\t129.00") == [("SOFA", "3")]
    assert read("SOFA\t129.00\t3") == [("SOFA", "3")]
    assert read("SOFA\tSofa 3000\t1,000") == [("SOFA", "1,000")]


references = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{6,13}", fullmatch=True) | st.uuids().map(str)
rows = st.lists(st.tuples(references, st.integers(1, 1_000_000)), min_size=1, max_size=20)


@given(
    rows,
    st.sampled_from(["\t", ",", ";", "  ", "     ", ", ", " ; ", " \t ", " x ", " "]),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\n \t\n"]),
    st.sampled_from(["", "ID{}Count", "Configuration ID{}qty", "SKU{}Menge"]),
    st.booleans(),
)
def test_a_table_of_ids_and_counts_comes_back_in_every_notation(
    table: list[tuple[str, int]],
    separator: str,
    line_end: str,
    heading: str,
    ends_with_line_end: bool,
) -> None:
    is_table = separator not in {" x ", " "}
    lines = [heading.format(separator)] if heading and is_table else []
    lines += [f"{reference}{separator}{count}" for reference, count in table]
    text = line_end.join(lines) + line_end * ends_with_line_end
    assert read(text) == [(reference, str(count)) for reference, count in table]


@given(rows)
def test_a_list_of_ids_is_one_piece_each(table: list[tuple[str, int]]) -> None:
    assert read("\n".join(reference for reference, _ in table)) == [
        (reference, "1") for reference, _ in table
    ]


messy = st.text(st.sampled_from("ab12,;\t \"'x*×-•>.\u00a0\n\r") | st.characters(), max_size=80)  # noqa: RUF001 - as people type it


@given(messy)
@example("- ")
@example("> •\t\nA")
@example("\ufeff")
@example("A\n\u200b\u2060")
def test_no_line_is_lost_whatever_is_pasted(text: str) -> None:
    filled = [
        row
        for row in re.split(r"\r\n|\r|\n", text)
        if re.sub(r'[\s,;"\ufeff\u200b\u200e\u200f\u2060]', "", row)
    ]
    lines = read_pasted_lines(f"SOFA\t1\n{text}")
    assert lines[0] == PastedLine("SOFA", "1")
    # Lines of quotation marks alone may count as blank or not; all others are there.
    marks_only = [
        row
        for row in re.split(r"\r\n|\r|\n", text)
        if '"' in row and not re.sub(r'[\s,;"]', "", row)
    ]
    assert len(filled) <= len(lines) - 1 <= len(filled) + len(marks_only)
    assert all(line.reference or line.count for line in lines)
    assert all(line == PastedLine(line.reference.strip(), line.count.strip()) for line in lines)


@given(st.text('ab12,;\t "x', min_size=1, max_size=40).filter(lambda row: re.search("[ab]", row)))
def test_a_line_shows_something_of_what_was_typed(row: str) -> None:
    (line,) = read_pasted_lines(row)
    assert line.reference
    assert line.reference.replace('"', "") in row.replace('"', "").replace("\u00a0", " ")
    assert line.count == "1" or line.count.replace('"', "") in row.replace('"', "")


@pytest.mark.parametrize(
    "row", ["a ", "a\u2003", "- ", "1,", "123,", " ", "x ", '"', "a\x0b", '",']
)
def test_a_megabyte_in_one_line_is_read_fast(row: str) -> None:
    # Patterns that go back and forth over such a line would need hours.
    assert len(read_pasted_lines(row * 200_000)) <= 1


def test_the_time_for_a_copied_cart_grows_with_its_lines_alone() -> None:
    def seconds(count: int) -> float:
        lines = "".join(f"{number}\nA\n1\n" for number in range(1, count + 1))
        text = f"#\nProduct\nCount\n{lines}Sum\n{count}\n"
        start = process_time()
        assert read(text) == [("A", "1")] * count
        return process_time() - start

    few, many = (min(seconds(count) for _ in range(2)) for count in (2_500, 20_000))
    assert many < 24 * few + 0.1  # eight times the lines; it was 60 times the time


@pytest.mark.parametrize(
    "text",
    ["A\n" * 3, "A;1\n\n" * 3, "SKU\tQty\nA\t1\nB\t2\n" + '"C\nD\nE"\t3\n',
     "#\nProduct\nCount\n1\nA\n1\n2\nB\n1\n3\nC\n4\n3 lines\n6\n"],
)  # fmt: skip
def test_a_text_may_have_as_many_lines_as_a_cart_whatever_is_around_them(text: str) -> None:
    assert len(read_pasted_lines(text, most=3)) == 3


@pytest.mark.parametrize(
    ("text", "count"),
    [("A\n" * 4, 4), ("SKU   Qty\n" + "A   1\n" * 4, 4), ("SKU\tQty\n" + "A\t1\n" * 4, 4),
     ("#\nProduct\nCount\n" + "".join(f"{n}\nA\n1\n" for n in range(1, 5)) + "4 lines\n4\n", 4)],
)  # fmt: skip
def test_more_lines_than_a_cart_may_have_are_refused_before_they_are_looked_up(
    text: str, count: int
) -> None:
    def look_up(_: set[str]) -> dict[str, str]:
        raise AssertionError

    with pytest.raises(InvalidInput) as refused:
        read_pasted_lines(text, look_up, most=3)
    [error] = refused.value.errors
    assert (error.path, str(error.message)) == (
        "paste", f"At most 3 lines; this has {count}.",
    )  # fmt: skip
