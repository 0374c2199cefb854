"""The pages of imports: permissions, reports, and repeated requests."""

import io

import pytest
import xlsxwriter
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.domain.inputs import Limits
from orders.services.imports import work
from orders.storage import database, tables
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.desk.test_pages import make_order
from tests.html import attributes, read, texts
from tests.sheets import csv_of, xlsx_of, xlsx_with

pytestmark = pytest.mark.one_database(reason="pages; tests/services/imports tests the SQL on both")

START = "/orders/import"
HEADS = ("order", "name", "configurationId", "count")
GOOD = csv_of(HEADS, ("A", "a", CHAIR, 2), ("A", "a", CHAIR, 3), ("B", "b", CHAIR, 1))
MIXED = csv_of(HEADS, ("A", "a", CHAIR, 2), ("B", "<b>", CHAIR, "many"))
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def no_csrf(csrf_off: None) -> None:
    """Turn off CSRF protection, which most tests do not need."""


def send(
    client: FlaskClient, content: str | bytes, name: str = "orders.csv", key: str = "k"
) -> TestResponse:
    body = content.encode() if isinstance(content, str) else content
    return client.post(
        START,
        data={"file": (io.BytesIO(body), name), "key": key},
        content_type="multipart/form-data",
    )


def work_off(app: Flask) -> None:
    with app.app_context():
        while work.work_next(Limits()):
            pass


def matched(client: FlaskClient, content: str | bytes, key: str = "k") -> str:
    """Upload a file, accept the suggested columns, and return the import's address."""
    columns = send(client, content, key=key).location
    page = client.get(columns).text
    fields = read(page).first("main").fields()
    chosen = {name: fields[name] for name in fields if name.startswith("column.")}
    answer = client.post(columns, data={**chosen, "group": fields["group"]})
    assert answer.status_code == 303
    return answer.location


def previewed(app: Flask, client: FlaskClient, content: str | bytes, key: str = "k") -> str:
    address = matched(client, content, key)
    work_off(app)
    return address


def text_of(answer: TestResponse) -> str:
    return read(answer.text).words


def count(app: Flask, what: str = "orders") -> int:
    with app.app_context(), database.read() as connection:
        table = getattr(tables, what)
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_the_whole_way(app: Flask, staff_client: FlaskClient) -> None:
    address = matched(staff_client, GOOD)
    page = staff_client.get(address)
    assert "Checking orders.csv" in page.text
    assert "<progress" in page.text
    work_off(app)
    preview = staff_client.get(address)
    assert "2 orders ready" in text_of(preview)
    assert count(app) == 0
    started = staff_client.post(f"{address}/start", data={"mode": "all"})
    assert (started.status_code, started.location) == (303, address)
    assert "0 of 2 orders created" in text_of(staff_client.get(address))
    work_off(app)
    result = staff_client.get(address)
    assert "2 orders created." in text_of(result)
    codes = attributes(result.text, "a.code", "href")
    assert len(codes) == 2
    assert "a" in staff_client.get(codes[0]).text
    assert count(app) == 2
    listed = text_of(staff_client.get(START))
    assert "orders.csv Done 3 2" in listed


def test_progress_is_a_piece_for_htmx_and_leads_to_the_end(
    app: Flask, staff_client: FlaskClient
) -> None:
    address = matched(staff_client, GOOD)
    piece = staff_client.get(address, headers=HTMX)
    assert "<progress" in piece.text
    assert "<h1" not in piece.text
    assert {"HX-Request", "Cookie"} <= set(piece.vary)
    boosted = staff_client.get(address, headers={**HTMX, "HX-Boosted": "true"})
    restored = staff_client.get(address, headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<h1" in boosted.text
    assert "<h1" in restored.text
    work_off(app)
    ended = staff_client.get(address, headers=HTMX)
    assert (ended.headers["HX-Redirect"], ended.text) == (address, "")


def test_the_sample_can_be_imported(app: Flask, org: Org, staff_client: FlaskClient) -> None:
    for sku in ("OSL-CH-OAK-02", "PLK-DT-OAK-22", "STU-DK-OAK-14"):
        org.save(sku, sku)
    sample = staff_client.get(f"{START}/sample.csv")
    assert sample.headers["Content-Disposition"] == "attachment; filename=orders.csv"
    assert "2 orders ready" in text_of(staff_client.get(previewed(app, staff_client, sample.data)))


def test_a_spreadsheet_is_imported_like_csv(app: Flask, staff_client: FlaskClient) -> None:
    content = xlsx_of(HEADS, (1, "a", CHAIR, 2), (1, "a", CHAIR, 3))
    assert "1 order ready" in text_of(staff_client.get(previewed(app, staff_client, content)))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"", "This file is empty."),
        ("a.xlsx", b"PK\x03\x04", "This spreadsheet cannot be read. Save it again as XLSX or CSV"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "This is an old Excel file."),
        ("a.xls", b"<html><table><tr><td>SKU</td></tr>", "This is a web page (HTML)"),
        ("a.csv", b'{"orders": []}', "This is JSON."),
        ("a.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "This is a PDF."),
        (
            "a.png",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0",
            "This file is not a table. Choose a CSV or XLSX file",
        ),
        ("", b"a,b\n1,2\n", "Choose a file."),
    ],
)
@pytest.mark.one_database(reason="the file is refused before anything is stored")
def test_an_unreadable_file_is_refused_with_a_sentence(
    app: Flask, staff_client: FlaskClient, name: str, content: bytes, sentence: str
) -> None:
    answer = send(staff_client, content, name)
    assert answer.status_code == 422
    assert "<title>Error:" in answer.text
    assert sentence in text_of(answer)
    assert count(app, "order_import") == 0


def test_a_form_without_a_file_and_a_broken_form_are_refused(staff_client: FlaskClient) -> None:
    assert staff_client.post(START, data={}).status_code == 422
    broken = staff_client.post(START, data=b"--x", content_type="multipart/form-data; boundary=x")
    assert broken.status_code == 422


def test_a_spreadsheet_that_breaks_its_reader_breaks_nothing_else(
    staff_client: FlaskClient,
) -> None:
    bomb = xlsx_with('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>2</v></c></row>')
    answer = send(staff_client, bomb, "bomb.xlsx")
    assert answer.status_code == 422
    assert "too large" in answer.text
    assert staff_client.get(START).status_code == 200


def test_a_file_that_is_too_large_is_refused(app: Flask, staff_client: FlaskClient) -> None:
    body = b"x" * (Limits().upload_bytes + 1)
    answer = staff_client.post(START, data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413
    assert count(app, "order_import") == 0


def test_columns_show_samples(org: Org, staff_client: FlaskClient) -> None:
    columns = send(staff_client, "name,Colour,sku\n<i>,red,A\nb,blue,A\nb,,A\n").location
    page = staff_client.get(columns)
    assert "Match columns of orders.csv" in page.text
    assert "<span>&lt;i&gt;</span><span>b</span>" in page.text
    assert "<span>red</span><span>blue</span>" in page.text
    assert read(page.text).has("option[value='metadata.Colour']:not([selected])")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, "Choose the column that contains the product."),
        (
            {"column.0": "sku", "column.1": "sku"},
            "name : The column “order” is already imported as this.",
        ),
        ({"column.0": "sku", "column.1": "\0"}, "name : Choose an option from the list."),
        (
            {"column.0": "sku", "group": "77"},
            "How rows form orders : Choose an option from the list.",
        ),
    ],
)
def test_invalid_targets_of_columns_are_reported(
    app: Flask, staff_client: FlaskClient, sent: dict[str, str], expected: str
) -> None:
    columns = send(staff_client, GOOD).location
    answer = staff_client.post(columns, data=sent)
    assert answer.status_code == 422
    assert expected in text_of(answer)
    work_off(app)
    assert staff_client.get(columns.removesuffix("/columns")).location == columns


def test_rows_with_errors_are_shown_and_downloaded(app: Flask, staff_client: FlaskClient) -> None:
    address = previewed(app, staff_client, MIXED)
    page = staff_client.get(address)
    assert "Row 3, count: A whole number from 1 to 1,000,000." in text_of(page)
    assert "<span>&lt;b&gt;</span>" in page.text
    bad = staff_client.get(f"{address}/errors.csv")
    assert bad.headers["Content-Disposition"] == "attachment; filename=orders-errors.csv"
    assert bad.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert bad.text.count("\r\n") == 2
    refused = staff_client.post(f"{address}/start", data={"mode": "all"})
    assert refused.status_code == 422
    assert "<title>Error:" in refused.text
    work_off(app)
    assert count(app) == 0
    staff_client.post(f"{address}/start", data={"mode": "skip"})
    work_off(app)
    assert count(app) == 1
    result = staff_client.get(f"{address}/result.csv")
    assert result.headers["Content-Disposition"] == "attachment; filename=orders-imported.csv"
    assert "shortId,orderId,error" in result.text


def test_an_error_of_many_rows_is_shown_once_above_them(
    app: Flask, staff_client: FlaskClient
) -> None:
    rows = [(n, "a", CHAIR, "many" if n else 1) for n in range(40)]
    page = staff_client.get(previewed(app, staff_client, csv_of(HEADS, *rows)))
    assert "39 rows count: A whole number from 1 to 1,000,000." in text_of(page)
    assert "And 14 more. The CSV file has all of them." in text_of(page)


def test_a_file_with_only_invalid_rows_cannot_be_started(
    app: Flask, staff_client: FlaskClient
) -> None:
    address = previewed(app, staff_client, csv_of(HEADS, ("A", "a", "x", 0)))
    page = staff_client.get(address)
    assert "No order in this file can be imported." in page.text
    assert "/start" not in page.text
    assert staff_client.post(f"{address}/start", data={"mode": "skip"}).status_code == 422


def test_the_same_file_again_is_recognised(app: Flask, staff_client: FlaskClient) -> None:
    first = previewed(app, staff_client, GOOD)
    staff_client.post(f"{first}/start", data={"mode": "all"})
    work_off(app)
    assert send(staff_client, GOOD).location == first, "the same form leads to what it has made"
    second = previewed(app, staff_client, GOOD.replace(",", ";"), "another form")
    page = staff_client.get(second)
    assert "This file was imported before" in page.text
    assert f'href="{first}"' in page.text
    refused = staff_client.post(f"{second}/start", data={"mode": "all"})
    assert refused.status_code == 422
    assert "Previous import : This file was imported before." in text_of(refused)
    work_off(app)
    assert count(app) == 2
    staff_client.post(f"{second}/start", data={"mode": "all", "again": "y"})
    work_off(app)
    assert count(app) == 4


def test_existing_orders_can_be_skipped(app: Flask, staff_client: FlaskClient) -> None:
    heads = ("Order number", "SKU")
    first = previewed(app, staff_client, csv_of(heads, ("S-1", CHAIR)))
    staff_client.post(f"{first}/start", data={"mode": "all"})
    work_off(app)
    second = previewed(app, staff_client, csv_of(heads, ("S-1", CHAIR), ("S-2", CHAIR)))
    page = staff_client.get(second)
    assert "Already exists: 1" in text_of(page)
    assert read(page.text).has("#same[checked]")
    staff_client.post(f"{second}/start", data={"mode": "all", "same": "y"})
    work_off(app)
    assert "Skipped, already exists" in staff_client.get(second).text
    assert count(app) == 2


def test_other_people_do_not_see_imports(
    app: Flask, client: FlaskClient, staff_client: FlaskClient, other_org: Org
) -> None:
    address = previewed(app, staff_client, GOOD)
    stranger = other_org.sign_in(app.test_client())
    nobody = app.test_client()
    for path in ("", "/columns", "/errors.csv", "/result.csv"):
        assert stranger.get(address + path).status_code == 404
        assert "/sign-in" in nobody.get(address + path).location
    for path in ("/columns", "/start", "/cancel", "/carry-on", "/undo"):
        assert stranger.post(address + path, data={"mode": "all"}).status_code == 404
        assert "/sign-in" in nobody.post(address + path, data={"mode": "all"}).location
    for path in (START, f"{START}/sample.csv"):
        assert "/sign-in" in nobody.get(path).location
    assert "/sign-in" in send(nobody, GOOD).location
    assert "orders.csv" not in stranger.get(START).text
    for made_up in ("nonsense", "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "%00"):
        assert staff_client.get(f"{START}/{made_up}").status_code == 404
    work_off(app)
    assert count(app) == 0


def test_an_import_can_be_canceled_and_resumed(app: Flask, staff_client: FlaskClient) -> None:
    address = previewed(app, staff_client, GOOD)
    staff_client.post(f"{address}/start", data={"mode": "all"})
    staff_client.post(f"{address}/cancel")
    assert "Stopping orders.csv" in staff_client.get(address).text
    work_off(app)
    page = staff_client.get(address)
    assert "Import stopped. 0 orders were created, 2 were not." in text_of(page)
    assert "Resume import" in page.text
    assert staff_client.post(f"{address}/carry-on").status_code == 303
    work_off(app)
    assert "2 orders created." in text_of(staff_client.get(address))
    staff_client.post(f"{address}/cancel")
    staff_client.post(f"{address}/carry-on")
    work_off(app)
    assert count(app) == 2


def test_an_import_is_undone_with_a_report(app: Flask, staff_client: FlaskClient) -> None:
    address = previewed(app, staff_client, GOOD)
    staff_client.post(f"{address}/start", data={"mode": "all"})
    staff_client.post(f"{address}/undo")
    assert "Stop the import first" in staff_client.get(address).text
    work_off(app)
    page = staff_client.get(address)
    codes = [one.rpartition("/")[2] for one in attributes(page.text, "a.code", "href")]
    assert "Undo import (delete 2 orders)" in text_of(page)
    new_status = {"status": "Complete", "version": 1}
    assert staff_client.post(f"/orders/{codes[0]}/status", data=new_status).status_code == 303
    assert staff_client.post(f"{address}/undo").status_code == 303
    assert "Undoing orders.csv" in staff_client.get(address).text
    staff_client.post(f"{address}/undo")
    work_off(app)
    report = staff_client.get(address)
    assert "Import undone. 2 orders deleted." in text_of(report)
    assert "Undo import" not in report.text
    assert text_of(report).count("It was changed after the import.") == 2
    bin_page = staff_client.get("/orders?bin=1").text
    assert all(code in bin_page for code in codes)
    rows = staff_client.get(f"{address}/result.csv").text
    assert rows.count("This order is deleted") == 3
    # The same file is no repeat any more.
    again = previewed(app, staff_client, GOOD, key="again")
    assert "This file was imported before" not in staff_client.get(again).text
    staff_client.post(f"{again}/start", data={"mode": "all"})
    work_off(app)
    assert "2 orders created." in text_of(staff_client.get(again))
    staff_client.post(f"{address}/carry-on")
    work_off(app)
    assert "Import undone" in text_of(staff_client.get(address))


def test_an_import_that_was_never_started_cannot_be_resumed(
    app: Flask, staff_client: FlaskClient
) -> None:
    address = previewed(app, staff_client, GOOD)
    staff_client.post(f"{address}/cancel")
    assert (
        "Import canceled before it started. No orders were created"
        in staff_client.get(address).text
    )
    staff_client.post(f"{address}/carry-on")
    assert "never started" in staff_client.get(address).text
    staff_client.post(f"{address}/undo")
    assert "This import created no orders" in staff_client.get(address).text
    staff_client.post(f"{address}/start", data={"mode": "all"})
    assert (
        "This import is not ready yet. Its file is still being checked"
        in staff_client.get(address).text
    )
    assert staff_client.get(f"{address}/columns").location == address
    assert staff_client.post(f"{address}/columns", data={"column.2": "sku"}).status_code == 303
    work_off(app)
    assert count(app) == 0


def test_long_lists_have_pages(app: Flask, staff_client: FlaskClient) -> None:
    rows = [(n, f"n{n:03}", CHAIR, 1) for n in range(150)]
    address = previewed(app, staff_client, csv_of(HEADS, *rows))
    assert "First 20 of 150 orders" in staff_client.get(address).text
    staff_client.post(f"{address}/start", data={"mode": "all"})
    work_off(app)
    assert "Page 1 of 2" in staff_client.get(address).text
    second = staff_client.get(f"{address}?page=2").text
    assert second.count('<a class="code"') == 50
    assert staff_client.get(f"{address}?page=x").status_code == 200
    assert staff_client.get(f"{address}?page=99999999999999999999").status_code == 200


def test_names_of_files_are_shown_and_never_trusted(app: Flask, staff_client: FlaskClient) -> None:
    columns = send(staff_client, GOOD, "../../<b>Bestellungen ü.csv").location
    page = staff_client.get(columns).text
    assert "Match columns of &lt;b&gt;Bestellungen ü" in page
    address = columns.removesuffix("/columns")
    staff_client.post(columns, data={"column.2": "sku"})
    work_off(app)
    handed = staff_client.get(f"{address}/result.csv").headers["Content-Disposition"]
    assert "filename*=UTF-8''%3Cb%3EBestellungen%20%C3%BC-imported.csv" in handed


def test_every_form_needs_its_token(app: Flask, staff_client: FlaskClient) -> None:
    address = previewed(app, staff_client, GOOD)
    app.config["WTF_CSRF_ENABLED"] = True
    assert send(staff_client, GOOD).status_code == 400
    for path in ("/columns", "/start", "/cancel", "/carry-on", "/undo"):
        assert staff_client.post(address + path, data={"mode": "all"}).status_code == 400
    work_off(app)
    assert count(app) == 0


def test_the_preview_leaves_nothing_out_in_silence(
    app: Flask, org: Org, staff_client: FlaskClient
) -> None:
    country = (Option("DE", "Germany"), Option("AT", "Austria"))
    org.define(
        AttributeRule("country", "Country", Kind.OPTION, country, required=True, default="DE"),
        AttributeRule("finish", "Surface", Kind.TEXT),
    )
    text = csv_of(
        ("order", "customerId", "sku", "count", "Surfaces", "Weather"),
        ("1", "1.2E+12", CHAIR, 2, "oiled", "rain"),
    )
    page = read(staff_client.get(previewed(app, staff_client, text)).text)
    assert page.first("#left-out").words == (
        "2 columns will not be imported Surfaces: did you mean Surface? Weather"
    )
    assert "customerId: a spreadsheet may have changed the ID in row 2" in page.words
    assert "Country: uses default: Germany" in page.words


def test_a_column_that_may_be_the_count_is_asked_about(
    app: Flask, staff_client: FlaskClient
) -> None:
    columns = send(staff_client, csv_of(("sku", "Number"), (CHAIR, 3))).location
    asked = staff_client.post(columns, data={"column.0": "sku", "column.1": ""})
    assert asked.status_code == 422
    assert "these contain whole numbers: Number." in text_of(asked)
    assert read(asked.text).first("#single")["aria-describedby"] == "single-error"
    answered = staff_client.post(columns, data={"column.0": "sku", "column.1": "", "single": "y"})
    assert answered.status_code == 303


def read_with(client: FlaskClient, columns: str, **choices: str) -> TestResponse:
    return client.post(columns.replace("/columns", "/read"), data=choices)


def test_another_sheet_heading_and_hidden_rows_can_be_chosen(
    app: Flask, staff_client: FlaskClient
) -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet("Notes").write_column(0, 0, ["Read me", 1])
        orders = book.add_worksheet("Orders")
        for at, row in enumerate((["List"], ["sku", "count"], [CHAIR, 2], [CHAIR, 3])):
            orders.write_row(at, 0, row)
        orders.set_row(3, None, None, {"hidden": True})
    first = send(staff_client, file.getvalue(), "a.xlsx").location
    page = staff_client.get(first)
    assert "Only the sheet “Notes” was read." in text_of(page)
    assert texts(page.text, "#sheet option") == ["Notes", "Orders"]
    again = read_with(staff_client, first, sheet="Orders").location
    page = staff_client.get(again)
    assert "One row is hidden or filtered out in the file." in text_of(page)
    assert "Row 2 contains the column names." in text_of(page)
    assert staff_client.get(first).status_code == 404
    without = read_with(staff_client, again, sheet="Orders", heading="2", skipsHidden="y").location
    shown = read(staff_client.get(without).text)
    assert shown.first("[name=skipsHidden]")["checked"] == ""
    assert shown.first("#heading")["value"] == "2"
    assert "1 row" in shown.words
    assert count(app, "order_import_row") == 1


def test_another_encoding_and_separator_can_be_chosen(
    app: Flask, staff_client: FlaskClient
) -> None:
    text = "sku|name, long\n1|Łódź\n".encode("cp1250")
    first = send(staff_client, text).location
    assert "Łódź" not in staff_client.get(first).text
    again = read_with(staff_client, first, encoding="cp1250", separator=",").location
    assert "Łódź" in staff_client.get(again).text
    assert len(read(staff_client.get(again).text).all("[name^='column.']")) == 2
    refused = read_with(staff_client, again, heading="99")
    assert refused.status_code == 422
    assert "There are no rows below the column names." in text_of(refused)
    staff_client.post(again.replace("/columns", "/cancel"))
    assert list((app.extensions["files"]._folder).rglob("import-*")) == []


def test_a_file_that_is_not_kept_any_more_has_to_be_uploaded_again(
    app: Flask, org: Org, staff_client: FlaskClient
) -> None:
    columns = send(staff_client, GOOD).location
    import_id = columns.split("/")[-2]
    app.extensions["files"].discard([f"{org.id}/import-{import_id}"])
    assert read_with(staff_client, columns, heading="0").status_code == 422


def test_the_encoding_can_be_chosen_with_the_upload(staff_client: FlaskClient) -> None:
    body = {"file": (io.BytesIO("sku;x\n1;Łódź\n".encode("cp1250")), "a.csv"), "key": "k"}
    columns = staff_client.post(START, data={**body, "encoding": "cp1250"}).location
    assert "Łódź" in staff_client.get(columns).text


def test_the_check_page_doubts_orders_that_leave_out_what_is_usual(
    app: Flask, staff_client: FlaskClient, org: Org
) -> None:
    countries = (Option("AT", "Austria"), Option("DE", "Germany"))
    org.define(AttributeRule("country", "Country", Kind.OPTION, countries))
    for _ in range(2):
        make_order(org, customerId="C-1", metadata={"country": "AT"})
    heads = ("order", "customerId", "configurationId", "count")
    address = matched(staff_client, csv_of(heads, ("A", "C-1", CHAIR, 2), ("B", "C-2", CHAIR, 1)))
    work_off(app)
    page = staff_client.get(address).text
    assert texts(page, "#doubtful p") == ["1 order that is ready has a warning"]
    assert "Country is not in the file. This customer usually has Austria." in page
    # A warning is no error: both orders are ready.
    assert texts(page, "td .failed") == []
    assert "1 warning" in page
