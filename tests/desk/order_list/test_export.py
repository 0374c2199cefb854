"""The list of orders as CSV and as a workbook: filtered, one row a line, safe to open."""

import csv
import io
import re
import zipfile
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import Applies, AttributeRule, Kind
from orders.domain.inputs import Limits
from orders.domain.sheet_reading import read_value, unguard
from orders.services.imports import upload
from orders.services.orders import export
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.desk.test_pages import make_order
from tests.html import read

NOTE = AttributeRule("note", "Note", Kind.TEXT)
NET = AttributeRule("net", "Net", Kind.NUMBER, applies=Applies.DERIVATIVE)
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def exported(client: FlaskClient, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/orders/export.csv?{query}")
    assert answer.status_code == 200
    assert answer.content_type == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r"attachment; filename=orders-[0-9-]+\.csv", answer.headers["Content-Disposition"]
    )
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def workbook(client: FlaskClient, query: str = "") -> list[list[str]]:
    """Return the cells of the only sheet, row by row, as texts."""
    answer = client.get(f"/orders/export.xlsx?{query}")
    assert answer.status_code == 200
    assert "spreadsheetml.sheet" in answer.content_type
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - made by ourselves
        assert not sheet.findall(f".//{MAIN}f"), "a formula"
    rows = []
    for row in sheet.iter(f"{MAIN}row"):
        cells: list[str] = []
        for cell in row.iter(f"{MAIN}c"):
            column = re.sub(r"[0-9]", "", cell.attrib["r"])
            at = 0
            for letter in column:
                at = at * 26 + ord(letter) - 64
            cells += [""] * (at - 1 - len(cells))
            # The format escapes some characters by their number.
            cells.append("".join(cell.itertext()).replace("_x000D_", "\r"))
        rows.append(cells)
    return rows


def test_each_line_of_a_cart_is_a_row_with_the_orders_columns_repeated(
    staff_client: FlaskClient, org: Org
) -> None:
    org.define(NOTE, NET)
    card = org.save("Oslo chair", "OSL-1")
    made = make_order(
        org, name="Größe 1", customerId="ACME", metadata={"note": "007", "po": 4711},
        derivative={"net": 12.5}, platform={"id": "S-1", "platform": "shopify", "storeName": "N",
                                            "extra": {"a": 1}},
        cart=[{"configurationId": card.short_id, "count": 2, "metadata": {"engraving": "Ida"}},
              {"configurationId": CHAIR, "count": 3}],
    )  # fmt: skip
    first, second = (
        {name: unguard(cell) for name, cell in row.items()} for row in exported(staff_client)
    )
    assert first == {
        "shortId": made["shortId"], "name": "Größe 1", "customerId": "ACME", "status": "New",
        "platform.id": "S-1", "platform.platform": "shopify", "platform.storeName": "N",
        "platform.extra": '{"a":1}', "metadata.note": "007", "metadata.po": "4711",
        "derivative.net": "12.5", "configurationId": card.short_id, "sku": "OSL-1",
        "configurationName": "Oslo chair", "count": "2", "cart.metadata": '{"engraving":"Ida"}',
        "createdAt": made["createdAt"], "updatedAt": made["updatedAt"],
        "createdBy": org.private.id, "createdByName": "script",
        "canceledAt": "", "cancelReason": "",
    }  # fmt: skip
    lines = ("configurationId", "sku", "configurationName", "count", "cart.metadata")
    assert [second[name] for name in lines] == [CHAIR, "", "", "3", ""]
    assert all(first[name] == second[name] for name in first if name not in lines)


def test_an_order_with_an_empty_cart_has_one_row(staff_client: FlaskClient, org: Org) -> None:
    make_order(org, status="List", cart=[])
    [row] = exported(staff_client)
    assert (row["status"], row["configurationId"], row["count"]) == ("List", "", "")


def test_the_export_has_the_filters_and_the_sort_of_the_list(
    staff_client: FlaskClient, org: Org, other_org: Org
) -> None:
    for name, status in (("b", "New"), ("a", "New"), ("c", "List")):
        make_order(org, name=name, status=status)
    make_order(other_org, name="Theirs")
    assert {row["name"] for row in exported(staff_client)} == {"a", "b", "c"}
    assert [row["name"] for row in exported(staff_client, "status=New&sort=name")] == ["a", "b"]
    assert exported(staff_client, "q=nothing") == []
    assert [row[1] for row in workbook(staff_client, "status=New&sort=-name")[1:]] == ["b", "a"]


def test_batches_lose_and_repeat_nothing(
    staff_client: FlaskClient, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.services.orders.order_list.MOST_FOUND", 3)
    monkeypatch.setattr("orders.services.orders.export.BATCH", 2)
    monkeypatch.setattr("orders.services.orders.export.PIECE", 10)
    made = [make_order(org, name=None if n % 3 else "same")["shortId"] for n in range(10)]
    for sort in ("", "name", "-name", "status"):
        rows = exported(staff_client, f"sort={sort}")
        assert sorted(row["shortId"] for row in rows) == sorted(made), sort


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "'=1", '=HYPERLINK("x")']
)
@pytest.mark.one_database(reason="how cells are written and read again")
def test_formulas_are_harmless_and_come_back(
    staff_client: FlaskClient, org: Org, text: str
) -> None:
    make_order(org, name=f"{text}!", metadata={"=key": text})
    [row] = exported(staff_client)
    sheet = workbook(staff_client)
    shown = dict(zip(sheet[0], sheet[1], strict=False))
    for cells in (row, shown):
        assert cells["name"] == f"'{text}!"
        assert unguard(cells["name"]) == f"{text}!"
        assert not cells["metadata.=key"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert read_value(unguard(row["metadata.=key"])) == text


@pytest.mark.parametrize(
    "value",
    [
        "12",
        "true",
        "",
        "null",
        '"x"',
        12,
        -5,
        True,
        None,
        {"a": {"b": 1}},
        {"a": None},
        "a\nb;\",'",
    ],
)
@pytest.mark.one_database(reason="how cells are written and read again")
def test_values_come_back_as_what_they_were(
    staff_client: FlaskClient, org: Org, value: object
) -> None:
    make_order(org, metadata={"free": value})
    [row] = exported(staff_client)
    assert read_value(unguard(row["metadata.free"])) == value


def test_keys_without_a_column_are_in_one_cell(
    staff_client: FlaskClient, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.services.orders.export.MOST_KEYS", 4)
    make_order(org, metadata={f"k{n}": n for n in range(6)})
    [row] = exported(staff_client)
    assert (row["metadata.k3"], row["metadata"]) == ("3", '{"k4":4,"k5":5}')


def test_a_workbook_has_numbers_and_an_end(
    staff_client: FlaskClient, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_order(org, name="n" * 255, metadata={"long": "x" * 40_000})
    heads, row = workbook(staff_client)
    cells = dict(zip(heads, row, strict=False))
    assert cells["count"] == "2"
    assert cells["name"] == "n" * 255
    assert len(cells["metadata.long"]) == 32_767
    assert cells["metadata.long"].endswith("…")
    monkeypatch.setattr("orders.services.orders.export.MOST_XLSX_ROWS", 1)
    make_order(org)
    answer = staff_client.get("/orders/export.xlsx")
    assert answer.status_code == 422
    assert "lines. Filter the list, or export as CSV" in answer.text


def numbers(client: FlaskClient) -> list[str]:
    """Return the cells of the workbook that are numbers, as they are written."""
    answer = client.get("/orders/export.xlsx")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - made by ourselves
    cells = (one for one in sheet.iter(f"{MAIN}c") if one.attrib.get("t", "n") == "n")
    return ["".join(cell.itertext()) for cell in cells if "".join(cell.itertext())]


@pytest.mark.one_database(reason="how cells are written")
def test_numbers_are_numbers_in_a_workbook_and_bare_in_csv(
    staff_client: FlaskClient, org: Org
) -> None:
    org.define(NET)
    values = {
        "a": -5, "b": -1.5, "c": 10**15, "d": 0.1 + 0.2, "e": "12", "f": True, "g": 1e300, "h": 0,
    }  # fmt: skip
    make_order(org, metadata=values, derivative={"net": -12.5})
    [row] = exported(staff_client)
    assert [row[f"metadata.{key}"] for key in values] == [
        "-5", "-1.5", "1000000000000000", "0.30000000000000004", '"12"', "true", "1e+300", "0",
    ]  # fmt: skip
    assert row["derivative.net"] == "-12.5"
    # Of the others a spreadsheet would lose digits.
    assert sorted(numbers(staff_client)) == sorted(["-5", "-1.5", "0", "-12.5", "2"])
    heads, cells = workbook(staff_client)
    shown = dict(zip(heads, cells, strict=False))
    assert shown["metadata.d"] == "0.30000000000000004"
    assert shown["metadata.c"] == "1000000000000000"
    for key, value in values.items():
        for cell in (row[f"metadata.{key}"], shown[f"metadata.{key}"]):
            assert read_value(unguard(cell)) == value


def test_the_separator_is_chosen_and_else_that_of_the_language(
    staff_client: FlaskClient, org: Org
) -> None:
    make_order(org, name="a;=1+1", metadata={"n": 1.5})
    german = {"Accept-Language": "de"}
    for query, headers, separator in (
        ("", {}, ","), ("", german, ";"), ("separator=comma", german, ","),
        ("separator=semicolon", {}, ";"), ("separator=tab", german, "\t"),
    ):  # fmt: skip
        answer = staff_client.get(f"/orders/export.csv?{query}", headers=headers)
        text = io.StringIO(answer.data.decode("utf-8-sig"), newline="")
        [row] = csv.DictReader(text, delimiter=separator)
        assert (row["name"], row["metadata.n"]) == ("a;'=1+1", "1.5")
    page = read(staff_client.get("/orders?status=New").text)
    links = [one["href"] for one in page.all("a[href*=separator]")]
    assert [link.partition("?")[2] for link in links] == [
        f"status=New&separator={name}" for name in ("comma", "semicolon", "tab")
    ]


def test_edges_of_a_text_survive_export_and_import(
    staff_client: FlaskClient, org: Org, app: Flask
) -> None:
    texts = (" both ", "\tx", "a\u00a0", "' x", "\n=1", "two\n-lines", "a;=b", "a,+b", "''", "'=1 ")
    made = [make_order(org, name=text, metadata={"free": text})["shortId"] for text in texts]
    for ending in ("csv", "csv?separator=semicolon", "csv?separator=tab", "xlsx"):
        content = staff_client.get(f"/orders/export.{ending}").data
        with app.app_context():
            sheet = upload.read_file(content, Limits())
        at = {name: sheet.columns.index(name) for name in ("shortId", "name", "metadata.free")}
        found = {row.cells[at["shortId"]]: row.cells for row in sheet.rows}
        for code, text in zip(made, texts, strict=True):
            assert found[code][at["name"]] == text, ending
            assert read_value(found[code][at["metadata.free"]]) == text, ending


def test_invalid_filters_are_reported_on_the_page(staff_client: FlaskClient) -> None:
    for kind in ("csv", "xlsx"):
        answer = staff_client.get(f"/orders/export.{kind}?from=nope")
        assert answer.status_code == 422
        assert "Enter a date such as 2026-11-24" in answer.text


def test_the_bin_can_be_exported_too(
    staff_client: FlaskClient, org: Org, client: FlaskClient
) -> None:
    code = make_order(org)["shortId"]
    make_order(org)
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    client.delete(f"/api/orders/{code}", headers=headers)
    assert [row["shortId"] for row in exported(staff_client, "bin=1")] == [code]


@pytest.mark.one_database(reason="no statement runs for an export that is refused")
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_only_a_few_exports_begin_at_the_same_time(staff_client: FlaskClient, ending: str) -> None:
    with export.turn(), export.turn():
        refused = staff_client.get(f"/orders/export.{ending}")
        assert staff_client.get("/orders").status_code == 200
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert "Other exports are just beginning." in refused.text
    for _ in range(export.AT_ONCE + 1):  # an export whose file is read slowly is no obstacle
        assert staff_client.get(f"/orders/export.{ending}").status_code == 200
