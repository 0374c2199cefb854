"""Rows become orders as the JSON API would receive them, and nothing in them is dropped."""

from typing import Any

import pytest

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.domain.column_matching import Matching, guess
from orders.domain.errors import FieldError
from orders.domain.imported_orders import (
    NOT_AN_OBJECT,
    NOT_ONE,
    ImportedOrder,
    OrderBuilder,
    group_rows,
)
from orders.domain.line_reading import read_count
from orders.domain.sheet_reading import Sheet, SheetRow, read_csv
from orders.domain.typed_values import read_attribute, read_number, read_status_word

RULES = (
    AttributeRule("finish", "Finish", Kind.OPTION, (Option("m", "Matt"), Option("g", "Gloss"))),
    AttributeRule("crates", "Crates", Kind.NUMBER),
    AttributeRule("gift", "Gift", Kind.BOOLEAN),
)
TEXT = AttributeRule("note", "Note", Kind.TEXT)
NAMED = {"A-1": "id-a", "B-1": "id-b"}


def orders(text: str, matching: Matching | None = None) -> list[ImportedOrder]:
    sheet: Sheet = read_csv(text.encode(), most_rows=100)
    chosen = matching or guess(sheet.columns, RULES)
    builder = OrderBuilder(sheet.columns, chosen, RULES, NAMED)
    return [builder.order(rows) for rows in group_rows(sheet, chosen)]


def test_rows_of_one_number_are_one_order_wherever_they_are() -> None:
    [first, second] = orders("order,name,sku,count\n1,a,A-1,2\n2,b,B-1,3\n1,,B-1,4\n")
    assert first.raw == {
        "name": "a",
        "cart": [{"configurationId": "id-a", "count": 2}, {"configurationId": "id-b", "count": 4}],
    }
    assert (first.label, first.rows, first.faults) == ("1", (2, 4), ())
    assert (second.rows, second.raw["name"]) == ((3,), "b")


def test_each_row_can_be_an_order() -> None:
    made = orders("name,sku\na,A-1\na,A-1\n", Matching(("name", "sku"), None))
    assert [order.raw for order in made] == [
        {"name": "a", "cart": [{"configurationId": "id-a", "count": 1}]}
    ] * 2


def test_contradictions_are_reported_at_their_cell() -> None:
    [order] = orders("order,name,customerId,sku\n1,a,,A-1\n1,b,C-1,A-1\n1,,,A-1\n1,a,,A-1\n")
    assert [str(fault) for fault in order.faults] == [
        "Row 3, name: The first row of this order, row 2, contains “a” here.",
        "Row 3, customerId: The first row of this order, row 2, is empty here.",
    ]


def test_a_row_without_an_order_is_reported() -> None:
    made = orders("order,sku\n1,A-1\n,A-1\n")
    assert [str(fault) for order in made for fault in order.faults] == [
        "Row 3, order: This cell is empty, so the row cannot be matched to an order."
    ]


def test_an_id_wins_and_must_not_contradict_the_sku() -> None:
    text = "order,configurationId,sku\n1,A-1,\n1,,B-1\n1,A-1,old name\n1,A-1,B-1\n"
    [order] = orders(text)
    assert [line["configurationId"] for line in order.raw["cart"]] == [
        "id-a", "id-b", "id-a", "id-a",
    ]  # fmt: skip
    assert [str(fault) for fault in order.faults] == [
        "Row 5, sku: This SKU belongs to a different product than the ID."
    ]


def test_a_row_without_a_line_is_an_order_that_may_be_empty() -> None:
    [order] = orders("order,status,sku,count\n1,List,,\n")
    assert order.raw == {"status": "List", "cart": []}
    [order] = orders("order,status,sku,count\n1,List,,2\n")
    assert order.raw["cart"] == [{"count": 2}]


def test_values_of_an_export_are_json_and_those_of_people_are_texts() -> None:
    text = (
        "shortId\tsku\tmetadata.n\tmetadata.t\tplatform.extra\tmetadata\tcart.metadata\tPO\n"
        '1\tA-1\t2.5\t"""7"""\t[1]\t"{""n"": 9, ""more"": null}"\t"{""a"": 1}"\t4711\n'
    )
    columns = ("order", "sku", "metadata.n", "metadata.t", "platform.extra", "metadata",
               "cart.metadata", "metadata.PO")  # fmt: skip
    assert guess(columns[:-1], ()).targets == columns[:-1]
    [order] = orders(text, Matching(columns, 0))
    assert order.faults == ()
    assert order.raw == {
        "metadata": {"n": 2.5, "t": "7", "PO": "4711", "more": None},
        "platform": {"extra": [1]},
        "cart": [{"configurationId": "id-a", "count": 1, "metadata": {"a": 1}}],
    }


def test_a_value_that_should_be_an_object_is_reported() -> None:
    [order] = orders("order,sku,metadata,cart.metadata\n1,A-1,none,no\n")
    assert [str(fault) for fault in order.faults] == [f"Row 2, metadata: {NOT_AN_OBJECT}"]
    assert order.raw["cart"] == [{"configurationId": "id-a", "count": 1, "metadata": "no"}]
    [reported] = order.faults_of([FieldError("cart.0.metadata", "An object.")])
    assert str(reported) == "Row 2, cart.metadata: An object."


def test_errors_of_the_check_find_their_cells() -> None:
    [order] = orders("Auftrag,Titel,Artikel,Menge,metadata.a,crates\n1,x,A-1,1,y,2\n1,,nope,0,,\n")
    reported = [
        FieldError("name", "n"), FieldError("cart.1.count", "c"),
        FieldError("cart.1.metadata", "d"), FieldError("cart.1.configurationId", "u"),
        FieldError("cart.0.configurationId", "k"), FieldError("cart", "l"),
        FieldError("metadata.a.b", "m"), FieldError("metadata.finish", "f"),
        FieldError("derivative.z", "z"),
    ]  # fmt: skip
    assert [str(fault) for fault in order.faults_of(reported)] == [
        "Row 2, Titel: n", "Row 3, Menge: c", "Row 3, Artikel: d", f"Row 3, Artikel: {NOT_ONE}",
        "Row 2, Artikel: k", "Row 2, Artikel: l", "Row 2, metadata.a: m", "Row 2, Finish: f",
        "Row 2, derivative.z: z",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2), ("2.0", 2), ("2,0", 2), ("2.00", 2), ("-1", -1), ("0", 0),
        ("1.000", "1.000"), ("1,000", "1,000"), ("1.5", "1.5"), ("two", "two"), ("٣", "٣"),
        ("1e3", "1e3"), ("9" * 30, "9" * 30), ("2.0\n", "2.0\n"),
    ],
)  # fmt: skip
def test_counts(text: str, value: int | str) -> None:
    assert read_count(text) == value


@pytest.mark.parametrize(
    ("rule", "text", "value"),
    [
        (TEXT, "1", "1"), (TEXT, "null", "null"), (RULES[1], "null", None),
        (RULES[0], "m", "m"), (RULES[0], "Matt", "m"), (RULES[0], "GLOSS", "g"),
        (RULES[0], "shiny", "shiny"), (RULES[1], "2.5", 2.5), (RULES[1], "2", 2),
        (RULES[1], "2,5", "2,5"), (RULES[2], "ja", True), (RULES[2], "No", False),
        (RULES[2], "FALSE", False), (RULES[2], "perhaps", "perhaps"),
    ],
)  # fmt: skip
def test_values_of_attributes(rule: AttributeRule, text: str, value: Any) -> None:  # noqa: ANN401 - a JSON value
    assert read_attribute(rule, text) == value
    assert type(read_attribute(rule, text)) is type(value)


def test_states_by_their_words() -> None:
    words = ("new", "IN CART", " in  progress", "Abgeschlossen", "Neu", "other")
    assert [read_status_word(word) for word in words] == [
        "New", "In Cart", "In Progress", "Complete", "New", "other",
    ]  # fmt: skip
    assert read_number("x") == "x"


def test_decimal_commas_are_read_where_the_language_has_them() -> None:
    rules = (AttributeRule("net", "Net", Kind.NUMBER),)
    row = SheetRow(2, ("A-1", "12,5"))
    matching = Matching(("configurationId", "metadata.net"), None)
    for decimal_comma, value in ((True, 12.5), (False, "12,5")):
        builder = OrderBuilder(
            ("configurationId", "Net"), matching, rules, {}, decimal_comma=decimal_comma
        )
        assert builder.order([row]).raw["metadata"] == {"net": value}
