"""Customers from CSV and XLSX files, with a preview, and back into a file."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.services.imports import customer_import
from tests.actors import Org
from tests.desk.customers.test_customers import add, stored
from tests.html import attribute, read, texts
from tests.sheets import csv_of, xlsx_of

pytestmark = pytest.mark.usefixtures("csrf_off")
HEADING = ("Kundennummer", "Company", "E-Mail", "Street", "PLZ", "Ort", "Country", "Shoe size")
ROWS = (
    ("C-1", "Gasthof Zur Linde", "huber@linde.example", "Hauptplatz 3", "8010", "Graz", "Austria",
     7),
    ("C-2", "Hotel Nord", "", "", "", "", "", ""),
)  # fmt: skip
ADDRESS = {"label": None, "lines": ["Hauptplatz 3"], "city": "Graz", "postalCode": "8010",
           "country": "AT"}  # fmt: skip


def check(client: FlaskClient, content: str | bytes) -> TestResponse:
    data = content.encode() if isinstance(content, str) else content
    return client.post("/customers/import", data={"file": (io.BytesIO(data), "customers.csv")})


def start(client: FlaskClient, page: TestResponse) -> TestResponse:
    assert page.status_code == 200, texts(page.text, ".message")
    token = attribute(page.text, "[name=token]", "value")
    return client.post("/customers/import/start", data={"token": token})


def faults(page: TestResponse) -> list[str]:
    assert page.status_code == 422
    return texts(page.text, "#summary li")


def figures(page: TestResponse) -> list[str]:
    return texts(page.text, ".facts dd")


def everything(org: Org, client: FlaskClient) -> Any:  # noqa: ANN401 - JSON
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    listed = client.get("/api/customers?sort=customerId", headers=headers).json
    assert listed is not None
    return listed["customers"]


class TestImport:
    @pytest.mark.parametrize("kind", ["comma", "semicolon", "xlsx"])
    def test_a_file_is_previewed_and_then_imported(
        self, staff_client: FlaskClient, org: Org, kind: str
    ) -> None:
        rows = (HEADING, *ROWS)
        separator = ";" if kind == "semicolon" else ","
        content = xlsx_of(*rows) if kind == "xlsx" else csv_of(*rows, delimiter=separator)
        page = check(staff_client, content)
        assert figures(page) == ["2", "0", "0", "Shoe size"]
        assert everything(org, staff_client) == []
        done = start(staff_client, page)
        assert (done.status_code, done.location) == (303, "/customers")
        first, second = everything(org, staff_client)
        assert (first["name"], first["email"]) == ("Gasthof Zur Linde", "huber@linde.example")
        assert first["addresses"] == [ADDRESS]
        assert (second["customerId"], second["addresses"]) == ("C-2", [])
        # The button was pressed twice.
        assert start(staff_client, page).status_code == 303
        assert len(everything(org, staff_client)) == 2

    def test_records_are_changed_where_the_file_has_columns(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        other = {**ADDRESS, "label": "Other", "lines": ["a\nb"]}
        add(org, "C-1", name="Old", phone="1", notes="Note", addresses=[ADDRESS, other],
            defaults={"a": 1, "b": [2]})  # fmt: skip
        add(org, "C-2", name="Same", phone="2")
        file = csv_of(
            ("customerId", "phone", "city", "defaults.a"),
            ("C\u20111", "", "Wien", ""), ("C-2", "2", "", ""), ("C-3", "3", "", "true"),
        )  # fmt: skip
        page = check(staff_client, file)
        assert figures(page) == ["1", "1", "1"]
        start(staff_client, page)
        first, second, third = everything(org, staff_client)
        assert (first["name"], first["phone"], first["notes"]) == ("Old", None, "Note")
        assert first["addresses"] == [{**ADDRESS, "city": "Wien"}, other]
        assert first["defaults"] == {"b": [2]}
        assert second["createdAt"] == second["updatedAt"]
        assert third["defaults"] == {"a": True}

    def test_errors_are_reported_by_row_and_nothing_is_imported(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        org.define(AttributeRule("finish", "Finish", Kind.OPTION, (Option("matt", "Matt"),)))
        add(org, "C-3", name="Stored")
        file = csv_of(
            ("customerId", "name", "e-mail", "addresses.0.city", "addresses.1.country", "Finish"),
            ("C-1", "Good", "", "", "", "Matt"),
            ("", "No ID", "", "", "", ""),
            ("C-1", "Twice", "", "", "", ""),
            ("C-2", "x" * 256, "nobody", "", "Nowhere", "gloss"),
            ("C-3", "", "x", "", "QQ", ""),
            ("C-4", '"broken', "", "", "", ""),
            ("C-5", "", "", "", "", "", "more"),
        )  # fmt: skip
        page = check(staff_client, file)
        found = faults(page)
        places = [one.partition(":")[0] for one in found]
        assert places == [
            "Row 3, customerId", "Row 4", "Row 5, name", "Row 5, e-mail",
            "Row 5, addresses.1.country", "Row 5, Finish", "Row 6, e-mail",
            "Row 6, addresses.1.country", "Row 7, name", "Row 8",
        ]  # fmt: skip
        assert "Row 2 has the same customer ID." in found[1]
        assert not read(page.text).all("[name=token]")
        [only] = everything(org, staff_client)
        assert only["name"] == "Stored"

    @pytest.mark.parametrize(
        "content",
        ["", "name\nLinde", "%PDF-1.7", "customerId\n", "a\0b", b"PK\x03\x04 broken", "\n\n"],
    )
    @pytest.mark.one_database(reason="the file is refused before a statement")
    def test_what_is_no_table_of_customers_is_refused(
        self, staff_client: FlaskClient, content: str | bytes
    ) -> None:
        page = check(staff_client, content)
        assert page.status_code == 422
        assert texts(page.text, "#summary p")
        assert staff_client.post("/customers/import").status_code == 422

    @pytest.mark.one_database(reason="no statement runs")
    def test_too_many_rows_are_refused(
        self, staff_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(customer_import, "MAX_ROWS", 2)
        page = check(staff_client, "customerId\n1\n2\n3\n")
        assert texts(page.text, "#summary p") == [
            "This file has too many rows. The limit is 2; split the file."
        ]

    def test_a_file_that_has_become_wrong_is_not_imported(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        page = check(staff_client, "customerId,defaults.finish\nC-1,gloss\n")
        org.define(AttributeRule("finish", "Finish", Kind.OPTION, (Option("matt", "Matt"),)))
        assert len(faults(start(staff_client, page))) == 1
        assert everything(org, staff_client) == []

    def test_a_file_of_another_org_cannot_be_imported(
        self, staff_client: FlaskClient, org: Org, other_org: Org
    ) -> None:
        theirs = check(other_org.sign_in(org.app.test_client()), "customerId\nC-1\n")
        assert start(staff_client, theirs).status_code == 404
        for token in ("", "x", "../" * 5, f"{other_org.id}/{'0' * 40}"):
            answer = staff_client.post("/customers/import/start", data={"token": token})
            assert answer.status_code == 404

    def test_a_deleted_record_is_replaced(self, staff_client: FlaskClient, org: Org) -> None:
        add(org, "C-1", name="Old", phone="1")
        staff_client.post("/customers/delete?id=C-1")
        page = check(staff_client, "customerId,name\nC-1,New\n")
        assert figures(page) == ["1", "0", "0"]
        start(staff_client, page)
        record = stored(org, staff_client, "C-1")
        assert (record["name"], record["phone"]) == ("New", None)


class TestExport:
    def test_it_can_be_imported_back_without_changes(
        self, staff_client: FlaskClient, org: Org, other_org: Org
    ) -> None:
        org.define(
            AttributeRule("finish", "Finish", Kind.OPTION, (Option("matt", "Matt"),)),
            AttributeRule("weight", "Weight", Kind.NUMBER),
            AttributeRule("gift", "Gift", Kind.BOOLEAN),
            AttributeRule("note", "Note", Kind.TEXT),
        )
        odd = {"label": "=1+1", "lines": ["a,b", '"c"', "-d"], "city": None, "postalCode": "01234",
               "country": "DE"}  # fmt: skip
        add(
            org, "=cmd", name="+49", contact="'=x", notes="a\n-b", addresses=[ADDRESS, odd, ADDRESS]
        )
        add(org, "007", name="12", phone="+43 316", defaults={
            "finish": "matt", "weight": 1.5, "gift": False, "note": "12",
            "any": {"a": [None, "x"]}, "text": "true", "none": None,
        })  # fmt: skip
        add(other_org, "C-9")
        before = everything(org, staff_client)
        for separator in ("comma", "semicolon", "tab"):
            file = staff_client.get(f"/customers/export.csv?separator={separator}")
            assert file.mimetype == "text/csv"
            assert "C-9" not in file.text
            page = check(staff_client, file.data)
            assert figures(page) == ["0", "0", "2"], separator
        for one in before:
            staff_client.post("/customers/delete", query_string={"id": one["customerId"]})
        start(staff_client, check(staff_client, file.data))
        times = {"createdAt": "", "updatedAt": ""}
        after = everything(org, staff_client)
        assert [one | times for one in after] == [one | times for one in before]

    @pytest.mark.one_database(reason="the sample is a constant")
    def test_the_sample_can_be_imported(self, staff_client: FlaskClient) -> None:
        page = check(staff_client, staff_client.get("/customers/import/sample.csv").data)
        assert figures(page)[:3] == ["2", "0", "0"]
        assert len(read(page.text).all("tbody tr")) == 2
