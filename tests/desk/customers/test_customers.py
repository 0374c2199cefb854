"""The desk's pages of customers: the list, one customer, and the form of a record."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import Applies, AttributeRule, Kind, Option
from orders.domain.inputs import Limits
from orders.services.customers import customers
from orders.services.orders import changes as order_changes
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.desk.test_pages import make_order
from tests.desk.test_roles import person
from tests.html import attribute, read, texts

pytestmark = pytest.mark.usefixtures("csrf_off")
FORM = {
    "customerId": "C-1042", "name": "Gasthof Zur Linde", "contact": "Maria Huber",
    "email": "huber@zur-linde.example", "phone": "+43 316 1", "notes": "Ring\r\ntwice",
    "addresses.0.label": "Delivery", "addresses.0.lines": "Hof\r\n\r\nHauptplatz 3",
    "addresses.0.city": "Graz", "addresses.0.postalCode": "8010", "addresses.0.country": "AT",
    "addresses.1.label": "", "addresses.1.lines": " ",
}  # fmt: skip


def add(org: Org, customer_id: str, **fields: Any) -> None:  # noqa: ANN401 - JSON
    with org.app.app_context():
        raw = {"customerId": customer_id, **fields}
        customers.create(raw, actor=org.actor(), limits=Limits())


def stored(org: Org, client: FlaskClient, customer_id: str) -> Any:  # noqa: ANN401 - JSON
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    return client.get(f"/api/customers/{customer_id}", headers=headers).json


def fields_of(page: str) -> dict[str, str]:
    return read(page).first("form.card").fields()


class TestForm:
    def test_a_new_record_is_saved_and_shown(self, staff_client: FlaskClient, org: Org) -> None:
        key = fields_of(staff_client.get("/customers/new").text)["key"]
        for _ in range(2):  # a form that is sent twice creates one record
            answer = staff_client.post("/customers/new", data={**FORM, "key": key})
            assert (answer.status_code, answer.location) == (303, "/customers/show?id=C-1042")
        record = stored(org, staff_client, "C-1042")
        assert record["notes"] == "Ring\ntwice"
        assert record["addresses"] == [
            {"label": "Delivery", "lines": ["Hof", "Hauptplatz 3"], "city": "Graz",
             "postalCode": "8010", "country": "AT"}
        ]  # fmt: skip
        page = staff_client.get("/customers/show?id=C-1042").text
        for shown in ("Gasthof Zur Linde", "C-1042", "Maria Huber", "8010 Graz", "Austria"):
            assert shown in page, shown

    def test_a_second_record_of_a_customer_is_refused_at_the_field(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        add(org, "C-1042", name="First")
        answer = staff_client.post("/customers/new", data=FORM)
        assert answer.status_code == 409
        assert attribute(answer.text, "#summary li", "data-path") == "customerId"
        assert stored(org, staff_client, "C-1042")["name"] == "First"

    @pytest.mark.one_database(reason="it is refused before a statement")
    def test_form_and_json_report_the_same_errors(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        org.define(AttributeRule("weight", "Weight", Kind.NUMBER))
        wrong = {
            **FORM, "customerId": " ", "name": "x" * 256, "email": "nobody",
            "addresses.0.country": "XX", "addresses.0.lines": "\n".join("abcdefg"),
            "addresses.7.lines": f"fine\n{'x' * 256}", "defaults.weight": "heavy",
        }  # fmt: skip
        page = staff_client.post("/customers/new", data=wrong)
        assert page.status_code == 422
        shown = {
            one["data-path"]: one.first(".message").text
            for one in read(page.text).all("li[data-path]")
        }
        raw = {
            "customerId": " ", "name": "x" * 256, "email": "nobody",
            "addresses": [{"country": "XX", "lines": list("abcdefg")}, {"lines": ["f", "x" * 256]}],
            "defaults": {"weight": "heavy"},
        }  # fmt: skip
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        answer = staff_client.post("/api/customers", json=raw, headers=headers)
        assert answer.json is not None
        by_json = {error["path"]: error["message"] for error in answer.json["errors"]}
        by_json["addresses.1.lines"] = by_json.pop("addresses.1.lines.1")
        assert shown == by_json
        # Everything that was typed is still there, and each error leads to its field.
        kept = fields_of(page.text)
        assert kept["addresses.1.lines"] == wrong["addresses.7.lines"]
        targets = [one["href"] for one in read(page.text).all("#summary a")]
        assert len(targets) == len(shown)
        ids = {f"#{one['id']}" for one in read(page.text).all("[id]")}
        assert set(targets) <= ids

    def test_only_what_was_edited_is_changed(self, staff_client: FlaskClient, org: Org) -> None:
        odd = {"label": None, "lines": ["a\nb", " c "], "city": "X", "postalCode": None,
               "country": None}  # fmt: skip
        add(org, "C/1 ü", name="Old", addresses=[odd], defaults={"other": [1]})
        here = "/customers/edit?id=C%2F1+%C3%BC"
        form = fields_of(staff_client.get(here).text)
        answer = staff_client.post(here, data={**form, "name": "New"})
        assert answer.location == "/customers/show?id=C/1+%C3%BC"
        record = stored(org, staff_client, "C%2F1%20%C3%BC")
        assert (record["name"], record["addresses"]) == ("New", [odd])
        assert record["defaults"] == {"other": [1]}

    def test_two_editors_do_not_overwrite_each_other(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        add(org, "C-1", name="Old", phone="1")
        mine = fields_of(staff_client.get("/customers/edit?id=C-1").text)
        staff_client.post("/customers/edit?id=C-1", data={**mine, "name": "Theirs"})
        answer = staff_client.post("/customers/edit?id=C-1", data={**mine, "name": "Mine"})
        assert answer.status_code == 409
        assert stored(org, staff_client, "C-1")["name"] == "Theirs"
        again = staff_client.post("/customers/edit?id=C-1", data=fields_of(answer.text))
        assert again.status_code == 303
        assert stored(org, staff_client, "C-1")["name"] == "Mine"

    def test_defaults_have_the_kinds_of_their_attributes(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        org.define(
            AttributeRule("finish", "Finish", Kind.OPTION, (Option("matt", "Matt"),)),
            AttributeRule("gift", "Gift", Kind.BOOLEAN),
            AttributeRule("weight", "Weight", Kind.NUMBER),
            AttributeRule("note", "Note", Kind.TEXT),
            AttributeRule("hidden", "Hidden", Kind.TEXT, applies=Applies.DERIVATIVE),
        )
        values = {"finish": "matt", "gift": False, "weight": 1.5, "note": ":= odd", "extra": {}}
        add(org, "C-1", defaults=values)
        form = fields_of(staff_client.get("/customers/edit?id=C-1").text)
        assert "defaults.hidden" not in form
        staff_client.post("/customers/edit?id=C-1", data={**form, "name": "x"})
        assert stored(org, staff_client, "C-1")["defaults"] == values
        changed = {"defaults.gift": "yes", "defaults.weight": "2", "defaults.finish": ""}
        form = fields_of(staff_client.get("/customers/edit?id=C-1").text)
        staff_client.post("/customers/edit?id=C-1", data={**form, **changed})
        now = {"gift": True, "weight": 2, "note": ":= odd", "extra": {}}
        assert stored(org, staff_client, "C-1")["defaults"] == now
        page = staff_client.get("/customers/show?id=C-1").text
        assert {"Gift", "Weight", "Note", "extra"} <= set(texts(page, "dt"))


class TestDelete:
    def test_it_can_be_undone(self, staff_client: FlaskClient, org: Org) -> None:
        add(org, "C-1", name="Linde")
        before = stored(org, staff_client, "C-1")
        answer = staff_client.post("/customers/delete?id=C-1")
        assert answer.location == "/customers"
        page = staff_client.get("/customers").text
        assert "Linde is deleted" in page
        assert staff_client.get("/customers/show?id=C-1").status_code == 404
        record = attribute(page, "form.undo [name=record]", "value")
        again = staff_client.post("/customers/restore", data={"record": record})
        assert again.location == "/customers/show?id=C-1"
        assert stored(org, staff_client, "C-1") == before
        # It is offered once.
        assert "undo" not in staff_client.get("/customers").text

    def test_a_new_record_since_then_is_not_replaced(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        add(org, "C-1", name="First")
        staff_client.post("/customers/delete?id=C-1")
        page = staff_client.get("/customers").text
        add(org, "C-1", name="Second")
        record = attribute(page, "form.undo [name=record]", "value")
        answer = staff_client.post("/customers/restore", data={"record": record})
        assert answer.status_code == 404
        assert stored(org, staff_client, "C-1")["name"] == "Second"

    def test_a_record_of_another_org_cannot_be_restored(
        self, staff_client: FlaskClient, org: Org, other_org: Org
    ) -> None:
        add(other_org, "C-1")
        with org.app.app_context():
            gone = customers.remove("C-1", actor=other_org.actor())
        for record in (gone.id, "", "\0", "x"):
            answer = staff_client.post("/customers/restore", data={"record": record})
            assert answer.status_code == 404


class TestList:
    def names(self, client: FlaskClient, **query: str) -> list[str]:
        return texts(client.get("/customers", query_string=query).text, "tbody th a")

    def test_it_is_sorted_by_name_and_searched(
        self, staff_client: FlaskClient, org: Org, other_org: Org
    ) -> None:
        add(org, "C-3", name="Übersee", addresses=[{"city": "Graz"}])
        add(org, "C-1", name="Ada\u2019s Café", contact="Maria Huber", email="m@x.example")
        add(org, "C-2")
        add(other_org, "C-9", name="Theirs")
        assert self.names(staff_client) == ["Ada\u2019s Café", "Übersee", "C-2"]
        for search in ("ubersee", "graz", "c-3", "C\u20113", "ÜBER gra"):
            assert self.names(staff_client, q=search) == ["Übersee"], search
        assert self.names(staff_client, q="ada's cafe huber m@x") == ["Ada\u2019s Café"]
        for search in ("nobody", "%", "_", "theirs"):
            assert self.names(staff_client, q=search) == []
        answer = staff_client.get("/customers?q=graz", headers={"HX-Request": "true"})
        assert "<html" not in answer.text

    def test_pages_show_each_once(self, staff_client: FlaskClient, org: Org) -> None:
        for number in range(51):
            add(org, f"C-{number:02}", name=f"N {number:02}")
        first = staff_client.get("/customers").text
        second = staff_client.get(attribute(first, "[rel=next]", "href")).text
        found = texts(first, "tbody th a") + texts(second, "tbody th a")
        assert found == [f"N {number:02}" for number in range(51)]


class TestOne:
    def test_newest_orders_usual_products_and_months(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        oslo = org.save("Oslo chair", "OSL-1")
        add(org, "C-1", name="Linde")
        made = [
            make_order(org, customerId="C-1", cart=[{"configurationId": ref, "count": count}])
            for ref, count in ((oslo.id, 14), (oslo.short_id, 14), (oslo.id, 2), (CHAIR, 1))
        ]
        make_order(org, customerId="C-1", status="In Cart", name="Cart")
        make_order(org, customerId="C-2", name="Another's")
        page = staff_client.get("/customers/show?id=C-1").text
        codes = {one.replace("-", "") for one in texts(page, "a.code")}
        assert {one["shortId"] for one in made} <= codes
        assert len(codes) == 5
        rows = read(page).all("[aria-labelledby=usual-title] tbody tr")
        assert [[cell.text for cell in row.all("td")] for row in rows] == [["3", "14"], ["1", "1"]]
        months = read(page).all("[aria-labelledby=months-title] tbody tr")
        assert [[cell.text for cell in month.all("td")] for month in months] == [["4", "31", ""]]

    def test_an_id_without_a_record_has_a_page_with_its_orders(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        make_order(org, customerId="C 7")
        page = staff_client.get("/customers/show?id=C+7").text
        assert len(texts(page, "a.code")) == 1
        link = next(one["href"] for one in read(page).all("a") if "/customers/new" in one["href"])
        form = fields_of(staff_client.get(link).text)
        assert form["customerId"] == "C 7"
        for nobody in ("x", "", "\0", "a" * 999):
            answer = staff_client.get("/customers/show", query_string={"id": nobody})
            assert answer.status_code == 404

    def test_a_viewer_sees_no_way_to_a_form(self, app: Flask, org: Org) -> None:
        add(org, "C-1", name="Linde")
        viewing = org.sign_in(app.test_client(), person(app, org, "viewer"))
        for path in ("/customers", "/customers/show?id=C-1"):
            ways = read(viewing.get(path).text).attributes("href", "action")
            assert not [way for way in ways if "/new" in way or "/edit" in way or "/import" in way]


class TestNames:
    def test_the_name_is_beside_the_id_in_an_order_and_the_list(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        add(org, "C-1", name="Gasthof Zur Linde")
        named = make_order(org, customerId="C-1")["shortId"]
        marked = make_order(org, customerId="C\u20111\u200b")["shortId"]
        plain = make_order(org, customerId="C-2")["shortId"]
        for code in (named, marked):
            assert "Gasthof Zur Linde" in staff_client.get(f"/orders/{code}").text
        assert "Gasthof" not in staff_client.get(f"/orders/{plain}").text
        listed = staff_client.get("/orders").text
        assert listed.count("Gasthof Zur Linde") == 2

    def test_records_are_suggested_by_id_and_name(
        self, staff_client: FlaskClient, org: Org, other_org: Org
    ) -> None:
        add(org, "C-1", name="Gasthof Zur Linde", contact="Maria")
        add(org, "C-2", name="Hotel Nord")
        add(other_org, "C-3", name="Linde, theirs")
        make_order(org, customerId="C-2", name="Reception")

        def suggested(text: str) -> list[str]:
            page = staff_client.get("/orders/new/customers", query_string={"q": text}).text
            return [one["data-value"] for one in read(page).all("[role=option]")]

        assert suggested("linde gasthof") == ["C-1"]
        assert suggested("c-1") == ["C-1"]
        assert suggested("nord") == ["C-2"]
        assert suggested("reception") == ["C-2"]
        assert suggested("") == ["C-2"]
        page = staff_client.get("/orders/new/customers?q=reception").text
        assert "Hotel Nord" in page


def test_an_order_without_a_name_is_called_by_its_customer(
    org: Org, staff_client: FlaskClient
) -> None:
    add(org, "C-1", name="Gasthof Zur Linde")
    calls = {"C-1": "Gasthof Zur Linde", "C-2": "C-2", None: "Unnamed"}
    for customer_id, called in calls.items():
        code = make_order(org, customerId=customer_id)["shortId"]
        subtitle = read(staff_client.get(f"/orders/{code}").text).first(".subtitle").text
        assert subtitle.startswith(called)
        assert called in staff_client.get(f"/orders/{code}/print").text


def test_the_customers_page_says_which_orders_are_canceled(
    org: Org, staff_client: FlaskClient
) -> None:
    code = make_order(org, customerId="C-1")["shortId"]
    page = "/customers/show?id=C-1"
    assert "Canceled" not in read(staff_client.get(page).text).first("table.orders").text
    with org.app.app_context():
        order_changes.cancel_order(code, "Twice", actor=org.actor())
    assert "Canceled" in read(staff_client.get(page).text).first("table.orders").text
    assert "/orders/new?customer=C-1" in staff_client.get(page).text
