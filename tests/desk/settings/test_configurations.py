"""Configurations at the desk: permissions, search, and import."""

import io
import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from orders.domain.configuration import ConfigurationInput
from orders.domain.inputs import Limits
from orders.domain.uploads import SentFile
from orders.services.catalog import configurations
from orders.services.catalog.configuration_import import SAMPLE
from orders.storage import database, tables
from tests.actors import Org
from tests.html import read, texts
from tests.uploads import PDF, PNG, SVG

pytestmark = pytest.mark.one_database(
    reason="pages; tests/services/catalog and tests/api test the SQL on both"
)


def saved(app: Flask) -> int:
    with app.app_context(), database.read() as connection:
        count = select(func.count()).select_from(tables.configuration)
        return int(connection.execute(count).scalar_one())


def save_whole(app: Flask, org: Org) -> str:
    """Save a configuration with every field and return its ID."""
    raw = {
        "metadata": {"name": "Oslo chair", "sku": "OSL-1", "note": "<b>"},
        "variant": {"Holz": "Eiche ÄÖ", "Gurt": True, "asset": {"assetId": "x"}},
        "attachments": {"later": "later.txt"},
        "sceneGraphState": {"nodes": []},
        "identifier": "basket-9",
        "shortId": "chair_01",
    }
    sent = [
        SentFile("thumbnail", "shot.png", "image/png", PNG),
        SentFile("files", "plan.pdf", "application/pdf", PDF),
        SentFile("files", "logo.svg", "image/svg+xml", SVG),
    ]
    with app.app_context():
        new, files = configurations.check_configuration(
            raw, sent, actor=org.actor(), limits=Limits()
        )
        store = app.extensions["files"]
        return configurations.create_configuration(
            new, files, actor=org.actor(), store=store, limits=Limits()
        ).id


@pytest.mark.usefixtures("org")
def test_configurations_require_a_sign_in(client: FlaskClient) -> None:
    for path in ("", "/chair_01", "/chair_01/picture", "/chair_01/files/a", "/import"):
        assert client.get(f"/configurations{path}").status_code == 303


def test_salespeople_see_everything_about_a_configuration(
    app: Flask, org: Org, staff_client: FlaskClient
) -> None:
    made = save_whole(app, org)
    for reference in (made, "chair_01"):
        page = staff_client.get(f"/configurations/{reference}")
        assert page.status_code == 200
        text = read(page.text).words
        for word in ("Oslo chair", "OSL-1", "chair_01", made, "Eiche ÄÖ", "plan.pdf", "later.txt",
                     "Name only, file not uploaded", "basket-9", "No orders yet"):  # fmt: skip
            assert word in text, word
        assert f'src="/configurations/{made}/picture?v=' in page.text
        assert "<dd><b></dd>" not in page.text
        assert not {"name", "sku"} & {*texts(page.text, "dt")}


def test_orders_with_the_configuration_are_on_its_page(
    app: Flask, org: Org, staff_client: FlaskClient
) -> None:
    made = save_whole(app, org)
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    lines = [{"configurationId": made, "count": 2}, {"configurationId": "chair_01", "count": 3}]
    order = staff_client.post("/api/orders", json={"name": "Hall", "cart": lines}, headers=headers)
    assert order.json is not None
    text = staff_client.get("/configurations/chair_01").text
    assert f'href="/orders/{order.json["shortId"]}"' in text
    assert '<td data-label="Items" class="figure">5</td>' in text


def test_files_and_pictures_are_sent_only_to_staff_of_the_org(
    app: Flask, org: Org, other_org: Org, staff_client: FlaskClient
) -> None:
    made = save_whole(app, org)
    picture = staff_client.get(f"/configurations/{made}/picture")
    assert (picture.data, picture.mimetype) == (PNG, "image/png")
    drawing = staff_client.get(f"/configurations/{made}/files/logo.svg")
    assert drawing.data == SVG
    assert drawing.headers["Content-Disposition"] == "attachment; filename=logo.svg"
    assert drawing.headers["Content-Security-Policy"].startswith("sandbox;")
    assert drawing.headers["Cache-Control"] == "private, max-age=86400"
    stranger = other_org.sign_in(app.test_client())
    for path in ("", "/picture", "/files/logo.svg"):
        assert stranger.get(f"/configurations/{made}{path}").status_code == 404


SEARCHES = {
    "oslo": True, "OSL-1": True, "osl": True, "chair_01": True, "CHAIR_01": True, "eiche": True,
    "äö": True, "oslo eiche": True, "oslo walnut": False, "chair%01": False, "%": False,
    "\0oslo": True,
}  # fmt: skip


@pytest.mark.parametrize("words", SEARCHES)
def test_the_search_finds_name_sku_short_id_and_options(
    app: Flask, org: Org, other_org: Org, staff_client: FlaskClient, words: str
) -> None:
    save_whole(app, org)
    other_org.save("Oslo of others", "OSL-9")
    page = staff_client.get("/configurations", query_string={"q": words})
    assert page.status_code == 200
    assert ("/configurations/" in page.text.partition("<tbody>")[2]) is SEARCHES[words]
    assert "Oslo of others" not in page.text


def test_the_list_has_pages(app: Flask, org: Org, staff_client: FlaskClient) -> None:
    with app.app_context():
        new = [
            ConfigurationInput.model_construct(metadata={"name": f"Chair {number}"})
            for number in range(51)
        ]
        configurations.save_configurations(new, org_id=org.id, created_by=org.private.id)
    first = staff_client.get("/configurations").text
    assert first.count('<th scope="row">') == 50
    assert 'rel="next" href="/configurations?page=2"' in first
    second = staff_client.get("/configurations?page=2").text
    assert second.count('<th scope="row">') == 1
    assert 'rel="prev" href="/configurations?page=1"' in second
    for odd in ("0", "-1", "x", "999999999999999999999"):
        assert staff_client.get(f"/configurations?page={odd}").status_code == 200
    piece = staff_client.get("/configurations", headers={"HX-Request": "true"}).text
    assert piece.lstrip().startswith('<div id="configurations">')


UNREADABLE = {
    "nothing": ("a.csv", b"", (0, "This file contains no products.")),
    "only names": ("a.csv", b"name,sku\n", (0, "This file contains no products.")),
    "not UTF-8": ("a.csv", "name\nStühle".encode("latin-1"),
                  (0, "This file is not UTF-8. Save it as “CSV UTF-8” or as JSON.")),
    "a workbook": ("a.xlsx", b"PK\x03\x04\xff\xff",
                   (0, "This file is not UTF-8. Save it as “CSV UTF-8” or as JSON.")),
    "unknown column": ("a.csv", b"name,colour\nChair,red\n",
                       (1, "Row 1, colour: Unknown column.")),
    "column twice": ("a.csv", b"name,metadata.name\na,b\n",
                     (1, "Row 1, metadata.name: This column appears more than once.")),
    "too many cells": ("a.csv", b"name,sku\na,b,c\n", (
        2, "Row 2: More cells than columns. Put text that contains the separator in quotes.")),
    "broken quotes": ("a.csv", b'name,sku\n"a"b,c\n',
                      (2, "Row 2: The quotation marks in this row do not match.")),
    "read-only": ("a.json", b'[{"id": "x"}]',
                  (1, "Row 1, id: Set by the service; leave it out.")),
    "an object": ("a.json", b'{"a": 1}', (
        0, "An array of configurations, or an object whose “configurations” is one.")),
    "broken JSON": ("a.json", b"[", (
        0, "This file is not JSON: Expecting value at line 1, column 2.")),
    "no objects": ("a.json", b"[1]",
                   (1, "Row 1: An object with the fields of a configuration.")),
    "NUL": ("a.csv", b"name\na\0b\n", (2, "Row 2, name: Text without NUL characters.")),
}  # fmt: skip


@pytest.mark.usefixtures("csrf_off")
class TestImport:
    def post(self, client: FlaskClient, name: str, content: bytes | str) -> TestResponse:
        body = content.encode() if isinstance(content, str) else content
        return client.post(
            "/configurations/import",
            data={"file": (io.BytesIO(body), name)},
            content_type="multipart/form-data",
        )

    def errors_on(self, answer: TestResponse) -> list[tuple[int, str]]:
        """Return row and text of each error of the page."""
        assert answer.status_code == 422
        assert "<title>Error:" in answer.text
        return [(int(one["data-row"]), one.text) for one in read(answer.text).all("li[data-row]")]

    def test_only_admins_import(self, app: Flask, staff_client: FlaskClient) -> None:
        assert staff_client.get("/configurations/import").status_code == 403
        assert staff_client.get("/configurations/import/sample.csv").status_code == 403
        assert self.post(staff_client, "a.csv", SAMPLE).status_code == 403
        assert "/configurations/import" not in staff_client.get("/configurations").text
        assert saved(app) == 0

    def test_the_sample_can_be_imported(self, app: Flask, admin_client: FlaskClient) -> None:
        sample = admin_client.get("/configurations/import/sample.csv")
        assert sample.headers["Content-Disposition"] == "attachment; filename=configurations.csv"
        answer = self.post(admin_client, "configurations.csv", sample.data)
        assert answer.status_code == 303
        page = admin_client.get(answer.location).text
        assert "2 products were imported." in page
        assert "Wood: Oak" in page
        assert "oslo-walnut" in page
        assert saved(app) == 2

    @pytest.mark.parametrize("delimiter", [";", "\t"])
    def test_delimiters_of_spreadsheets_are_understood(
        self, app: Flask, admin_client: FlaskClient, delimiter: str
    ) -> None:
        text = "\ufeffName;SKU;variant.Größe\r\nStuhl;S-1;groß, breit\r\n;;\r\n\r\n"
        answer = self.post(admin_client, "a.csv", text.replace(";", delimiter))
        assert answer.status_code == 303, self.errors_on(answer)
        with app.app_context(), database.read() as connection:
            [row] = connection.execute(select(tables.configuration)).all()
        assert (row.product_name, row.sku) == ("Stuhl", "S-1")
        assert row.variant == {"Größe": "groß, breit"}
        assert row.metadata == {"name": "Stuhl", "sku": "S-1"}

    @pytest.mark.parametrize("wrapped", [True, False])
    def test_json_is_imported_as_the_api_takes_it(
        self, app: Flask, admin_client: FlaskClient, wrapped: bool
    ) -> None:
        rows = [{"variant": {"n": 1}, "metadata": {"sku": "A"}}, {"shortId": "mine-007"}]
        content = json.dumps({"configurations": rows} if wrapped else rows)
        assert self.post(admin_client, "a.json", content).status_code == 303
        assert saved(app) == 2

    def test_every_row_is_checked_and_none_is_saved(
        self, app: Flask, org: Org, other_org: Org, admin_client: FlaskClient
    ) -> None:
        org.save("Chair", "TAKEN-1")
        other = other_org.save("Chair", "FREE-1")
        text = (
            "name,sku,shortId,productId,orgId\n"
            "Good,FREE-1,,,\n"
            f"Taken,TAKEN-1,{other.short_id},,\n"
            "Twice,FREE-1,x,chair,\n"
            f"{'n' * 256},FREE-2,,,{other_org.id}\n"
        )
        answer = self.post(admin_client, "a.csv", text)
        assert self.errors_on(answer) == [
            (3, f"Row 3, shortId: The short ID “{other.short_id}” is already used."),
            (3, "Row 3, sku: The SKU “TAKEN-1” is already used."),
            (4, "Row 4, shortId: 7 to 14 letters, digits, _ or -."),
            (4, "Row 4, productId: A UUID."),
            (4, "Row 4, sku: The SKU “FREE-1” is already used in row 2."),
            (5, "Row 5, orgId: This token works in its own org only."),
        ]
        assert saved(app) == 2

    def test_the_same_file_twice_creates_no_duplicates(
        self, app: Flask, admin_client: FlaskClient
    ) -> None:
        assert self.post(admin_client, "a.csv", SAMPLE).status_code == 303
        assert len(self.errors_on(self.post(admin_client, "a.csv", SAMPLE))) == 3
        assert saved(app) == 2

    def test_duplicates_in_the_file_are_reported(
        self, app: Flask, admin_client: FlaskClient
    ) -> None:
        answer = self.post(admin_client, "a.csv", "sku,shortId\nA,short-01\nA,short-01\n")
        assert self.errors_on(answer) == [
            (3, "Row 3, shortId: The short ID “short-01” is already used in row 2."),
            (3, "Row 3, sku: The SKU “A” is already used in row 2."),
        ]

    @pytest.mark.parametrize("name", UNREADABLE)
    @pytest.mark.one_database(reason="the file is refused before it is looked up")
    def test_an_unreadable_file_is_refused_with_a_reason(
        self, app: Flask, admin_client: FlaskClient, name: str
    ) -> None:
        file_name, content, expected = UNREADABLE[name]
        assert self.errors_on(self.post(admin_client, file_name, content)) == [expected]
        assert saved(app) == 0

    def test_no_file_at_all_is_an_error_of_the_form(self, admin_client: FlaskClient) -> None:
        answer = admin_client.post("/configurations/import", data={})
        assert self.errors_on(answer) == [(0, "This file contains no products.")]

    def test_the_number_of_rows_is_limited(self, app: Flask, admin_client: FlaskClient) -> None:
        limit = Limits().import_rows
        text = "name\n" + "Chair\n" * (limit + 5)
        expected = [(0, f"This file has too many products. The limit is {limit:,}.")]
        assert self.errors_on(self.post(admin_client, "a.csv", text)) == expected
        assert self.errors_on(
            self.post(admin_client, "a.json", json.dumps([{}] * (limit + 1)))
        ) == (expected)
        assert saved(app) == 0
        assert self.post(admin_client, "a.csv", "name\n" + "Chair\n" * limit).status_code == 303
        assert saved(app) == limit


def test_an_import_needs_the_forms_token(admin_client: FlaskClient, app: Flask) -> None:
    answer = admin_client.post(
        "/configurations/import", data={"file": (io.BytesIO(SAMPLE.encode()), "a.csv")}
    )
    assert answer.status_code == 400
    assert saved(app) == 0
