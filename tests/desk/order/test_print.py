"""Order sheets: one order a page, for printing and as a PDF that loads nothing."""

import contextlib
import io
import re
import sys
import zlib

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.interfaces.http import pdf
from orders.services.orders import changes as order_changes
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.desk.customers.test_customers import add
from tests.desk.test_pages import make_order
from tests.uploads import KIND, PNG, Form

needs_pango = pytest.mark.skipif(
    not pdf.is_available(), reason="PDFs need WeasyPrint and the machine's pango"
)


def pages_of(document: bytes) -> int:
    assert document.startswith(b"%PDF-")
    return len(re.findall(rb"/Type /Page\b", contents(document)))


def contents(document: bytes) -> bytes:
    """Return the content of the document, decompressed."""
    parts = [document]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, re.S):
        with contextlib.suppress(zlib.error):
            # An object: the last byte may be taken for a part of the line break behind it.
            parts.append(zlib.decompressobj().decompress(stream))
    return b"\n".join(parts)


def test_a_sheet_shows_the_order_with_its_lines(staff_client: FlaskClient, org: Org) -> None:
    card = org.save("Oslo chair", "OSL-1")
    add(org, "C-9", name="Gasthof Zur Linde")
    made = make_order(
        org, name="Reception", customerId="C-9", platform={"id": "1001"},
        cart=[{"configurationId": card.id, "count": 1200, "metadata": {"engraving": "Ida"}}],
    )["shortId"]  # fmt: skip
    text = staff_client.get(f"/orders/{made}/print").text
    for shown in (
        f"{made[:4]}-{made[4:8]}-{made[8:]}", "Reception", "Gasthof Zur Linde", "C-9", "1001",
        "Oslo chair", "OSL-1", "Wood: Oak", "engraving: Ida", "1,200", "data:image/svg+xml",
        f"/o/{made}",
    ):  # fmt: skip
        assert shown in text, shown
    assert "<nav" not in text
    assert text.count("<h1") == 1


def test_options_are_in_the_pages_language(staff_client: FlaskClient, org: Org) -> None:
    made = org.app.test_client().post(
        "/api/configurations",
        json={"variant": {"Drawer": True, "Mesh": {"id": 7}, "Width": 1200}},
        headers={"Authorization": f"Bearer {org.private.secret}"},
    )
    assert made.json is not None
    cart = [{"configurationId": made.json["id"], "count": 1}]
    code = make_order(org, cart=cart)["shortId"]
    for language, said in (("en", "Yes · Width: 1,200"), ("de", "Ja · Width: 1.200")):
        for path in (f"/orders/{code}/print", f"/orders/{code}"):
            text = staff_client.get(f"{path}?lang={language}").text
            assert f'<span class="options">Drawer: {said}</span>' in text, path


def test_several_orders_each_have_a_sheet_and_unknown_codes_are_named(
    staff_client: FlaskClient, org: Org, other_org: Org, code: str
) -> None:
    second, theirs = make_order(org)["shortId"], make_order(other_org)["shortId"]
    asked = f"{code.lower()}, {second};{code} {theirs}"
    answer = staff_client.get("/orders/print", query_string={"codes": [asked, "nonsense"]})
    assert answer.text.count('class="sheet"') == 2
    assert answer.text.index(code[:4]) < answer.text.index(second[:4])
    alert = answer.text.partition('role="alert"')[2].partition("</p>")[0]
    assert theirs in alert
    assert "nonsense" in alert
    assert code not in alert


@pytest.mark.parametrize("codes", ["", ",", "nonsense", "\0", "é" * 900])
def test_a_page_without_orders_reports_it(staff_client: FlaskClient, codes: str) -> None:
    answer = staff_client.get("/orders/print", query_string={"codes": codes})
    assert answer.status_code == 200
    assert "Nothing to print." in answer.text
    assert staff_client.get("/orders/print.pdf", query_string={"codes": codes}).status_code == 404


def test_orders_beyond_the_limit_are_named(staff_client: FlaskClient, code: str) -> None:
    codes = ",".join([code, *(f"X{n:06}" for n in range(120))])
    text = staff_client.get(f"/orders/print?codes={codes}").text
    assert "You can print at most 100 orders at once." in text
    assert text.count('class="sheet"') == 1


@needs_pango
@pytest.mark.one_database(reason="how a sheet becomes a PDF; the orders are read as for the page")
class TestPdf:
    def test_one_order_becomes_a_document(self, staff_client: FlaskClient, code: str) -> None:
        assert f"/orders/{code}.pdf" in staff_client.get(f"/orders/{code}").text
        answer = staff_client.get(f"/orders/{code}.pdf")
        assert answer.mimetype == "application/pdf"
        assert answer.headers["Content-Disposition"] == f'inline; filename="order-{code}.pdf"'
        assert pages_of(answer.data) == 1

    def test_several_orders_have_one_page_each(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        codes = [code, *(make_order(org)["shortId"] for _ in range(2))]
        answer = staff_client.get(f"/orders/print.pdf?codes={','.join(codes)}")
        assert pages_of(answer.data) == 3

    def test_a_pdf_that_would_take_too_long_is_refused(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        long = make_order(org, cart=[{"configurationId": CHAIR, "count": 1}] * 401)["shortId"]
        assert ".pdf" not in staff_client.get(f"/orders/{long}/print").text
        for path in (f"{long}.pdf", f"print.pdf?codes={long}"):
            answer = staff_client.get(f"/orders/{path}")
            assert answer.status_code == 413
            assert "at most 40 orders with 400 lines" in answer.text
            assert f"/orders/print?codes={long}" in answer.text

    def test_the_pdf_has_the_picture_of_a_configuration(
        self, staff_client: FlaskClient, org: Org, code: str
    ) -> None:
        made = org.app.test_client().post(
            "/api/configurations",
            data=Form().text("variant", "{}").file("thumbnail", "a.png", PNG, "image/png").body(),
            content_type=KIND,
            headers={"Authorization": f"Bearer {org.private.secret}"},
        )  # fmt: skip
        assert made.json is not None
        cart = [{"configurationId": made.json["id"], "count": 1}]
        with_picture = make_order(org, cart=cart)["shortId"]
        images = [
            contents(staff_client.get(f"/orders/{one}.pdf").data).count(b"/Subtype /Image")
            for one in (code, with_picture)
        ]
        assert images == [0, 1]

    def test_the_pdf_leaves_out_pictures_that_are_too_large(self, app: Flask) -> None:
        image = pytest.importorskip("PIL.Image")
        made: dict[str, bytes] = {}
        for name, size in (("small", (1, 1)), ("large", (7_000, 6_000))):
            image.new("1", size).save(file := io.BytesIO(), "PNG")
            made[name] = file.getvalue()
        # Its size is not where it should be, and WeasyPrint's reader finds it all the same.
        text = b"\0\0\0\x05tEXta\0bcd"
        text += zlib.crc32(text[4:]).to_bytes(4)
        made["hidden"] = made["large"][:8] + text + made["large"][8:]
        with app.test_request_context():
            found = [
                contents(
                    pdf.make_pdf(f"<img src=/{name}>", lambda path: (made[path[1:]], "image/png"))
                )
                for name in made
            ]
        assert [b"/Subtype /Image" in one for one in found] == [True, False, False]

    def test_the_pdf_loads_nothing_from_other_hosts(self, app: Flask) -> None:
        asked: list[str] = []

        def read(path: str) -> None:
            asked.append(path)

        html = (
            '<img src="http://127.0.0.1:9/a.png"><img src="https://evil.example/b.png">'
            '<img src="file:///etc/passwd"><img src="/static/../app.py"><img src="/own.png">'
            '<img src="//evil.example/c.png"><img src="ftp://evil.example/d.png">'
            "<style>@import url('http://evil.example/e.css');</style>"
        )
        with app.test_request_context():
            assert pages_of(pdf.make_pdf(html, read)) == 1
            for address in ("http://127.0.0.1:9/a.png", "file:///etc/passwd", "//evil.example/c",
                            f"{pdf.ORIGIN}.evil.example/x", f"{pdf.ORIGIN}/static/../app.py",
                            f"{pdf.ORIGIN}/static/%2e%2e/app.py"):  # fmt: skip
                assert pdf._own(address, lambda _path: None) is None, address
        assert asked
        assert set(asked) <= {"/own.png", "/app.py"}


def test_without_weasyprint_the_page_explains_how_to_install_it(
    staff_client: FlaskClient, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)  # as without an installation
    pdf.is_available.cache_clear()
    try:
        assert ".pdf" not in staff_client.get(f"/orders/{code}").text
        assert ".pdf" not in staff_client.get(f"/orders/{code}/print").text
        answer = staff_client.get(f"/orders/{code}.pdf")
        assert answer.status_code == 404
        assert ".venv/bin/pip install" in answer.text
        assert "libpango" in answer.text
    finally:
        pdf.is_available.cache_clear()


@pytest.mark.parametrize("path", ["{}/print", "{}.pdf", "print?codes={}", "print.pdf?codes={}"])
def test_only_people_who_may_see_the_order_get_its_pdf(
    app: Flask, client: FlaskClient, org: Org, other_org: Org, code: str, path: str
) -> None:
    address = f"/orders/{path.format(code)}"
    assert client.get(address).status_code == 303
    stranger = other_org.sign_in(app.test_client()).get(address)
    assert stranger.status_code == (200 if "print?" in path else 404)
    assert "Lobby" not in stranger.text
    with app.app_context():
        order_changes.bin_order(code, actor=org.actor())
    assert "Lobby" not in org.sign_in(app.test_client()).get(address).text
