"""Attributes of lines: the same rules in JSON, on the form, and in files."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from orders.domain.attributes import Applies, AttributeRule, Kind, Option
from orders.services.accounts import attributes, orgs
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.desk.imports.test_imports import matched, work_off
from tests.desk.test_pages import make_order
from tests.html import read

KEY = "L" * 22
WOODS = (Option("oak", "Oak", {"de": "Eiche"}), Option("ash", "Ash"))
ENGRAVING = AttributeRule(
    "engraving", "Engraving", Kind.TEXT, applies=Applies.LINE, labels={"de": "Gravur"},
    visible_to_customer=True, is_copied=False,
)  # fmt: skip
WOOD = AttributeRule("wood", "Wood", Kind.OPTION, WOODS, Applies.LINE, default="oak")
PRICE = AttributeRule("price", "Price", Kind.MONEY, applies=Applies.LINE)
GIFT = AttributeRule("gift", "Gift", Kind.BOOLEAN, applies=Applies.LINE)
LINE = {"configurationId": CHAIR, "count": 2}
ROW = {"cart.0.configurationId": CHAIR, "cart.0.count": "2", "status": "New"}

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both"),
]


@pytest.fixture(autouse=True)
def _attributes(org: Org) -> None:
    org.define(ENGRAVING, WOOD, PRICE, GIFT)


def call(
    client: FlaskClient, org: Org, method: str, path: str, body: object = None
) -> TestResponse:
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    return client.open(f"/api/orders{path}", method=method, json=body, headers=headers)


def errors(answer: TestResponse) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    assert answer.json is not None
    return [(error["path"], error["message"]) for error in answer.json["errors"]]


def cart(client: FlaskClient, org: Org, code: str) -> list[dict[str, Any]]:
    found = call(client, org, "GET", f"/{code}").json
    assert found is not None
    return [line["metadata"] for line in found["cart"]]


def change(org: Org, rule: AttributeRule) -> None:
    with org.app.app_context():
        [own] = [one for one in attributes.list_attributes(org.id) if one.rule.key == rule.key]
        attributes.change_attribute(org.id, own.id, rule)


def form_of(page: str) -> MultiDict[str, str]:
    return MultiDict(list(read(page).first("#order-form")._fields()))


BAD = [
    ("wood", "tin", {"wood": "tin"}, "“tin” is not one of: oak, ash."),
    (
        "price",
        {"amount": "much", "currency": "EUR"},
        {"price.amount": "much", "price.currency": "EUR"},
        "An amount as text with at most six decimals, such as “12.50”.",
    ),
]


@pytest.mark.parametrize(("key", "value", "typed", "message"), BAD)
@pytest.mark.one_database(reason="it is refused before the first statement that writes")
def test_api_and_form_report_the_same_errors_at_the_same_paths(
    staff_client: FlaskClient,
    org: Org,
    key: str,
    value: object,
    typed: dict[str, str],
    message: str,
) -> None:
    change(org, replace(ENGRAVING, required=True))
    lines = [{**LINE, "metadata": {key: value}}]
    expected = [
        ("cart.0.metadata.engraving", "This is required."),
        (f"cart.0.metadata.{key}", message),
    ]
    assert errors(call(staff_client, org, "POST", "", {"cart": lines})) == expected
    row = {f"cart.0.metadata.{end}": text for end, text in typed.items()}
    answer = staff_client.post(f"/orders/new?form={KEY}", data={**ROW, **row, "do": "place"})
    assert answer.status_code == 422
    summary = read(answer.text).all("#summary li")
    assert [(one["data-path"], one.first(".message").text) for one in summary] == expected
    assert summary[0].first("a").text == "Engraving, line 1"
    assert not read(answer.text).all("#lines .details[hidden]")
    for one in summary:
        target = one.first("a")["href"].removeprefix("#")
        assert read(answer.text).first(f"#{target}")["aria-invalid"] == "true"
    code = make_order(org, cart=[{**LINE, "metadata": {"engraving": "Anna"}}])["shortId"]
    assert errors(call(staff_client, org, "POST", f"/{code}/cart", lines)) == expected
    assert errors(call(staff_client, org, "PUT", f"/{code}", {"cart": lines})) == expected
    assert errors(call(staff_client, org, "PUT", f"/{code}/cart", lines)) == expected


@pytest.mark.parametrize(
    ("line", "path"), [(5, "cart.0"), ({**LINE, "metadata": "x"}, "cart.0.metadata")]
)
@pytest.mark.one_database(reason="it is refused before the first statement that writes")
def test_what_is_wrong_in_itself_gets_no_second_error(
    client: FlaskClient, org: Org, line: object, path: str
) -> None:
    change(org, replace(ENGRAVING, required=True))
    refused = call(client, org, "POST", "", {"cart": [line]})
    assert errors(refused) == [(path, "An object.")]


def test_lines_of_old_clients_get_defaults_and_are_not_checked(
    client: FlaskClient, org: Org
) -> None:
    change(org, replace(ENGRAVING, required=True))
    items = [{"id": CHAIR, "count": "2", "metadata": {"gift": "yes"}}]
    made = call(client, org, "POST", "", {"items": items})
    assert made.status_code == 201
    assert made.json is not None
    assert [line["metadata"] for line in made.json["cart"]] == [{"gift": "yes", "wood": "oak"}]


@pytest.mark.parametrize("value", [1, True, "", "x", [1], {"amount": 1}, {"a": [1]}, "2027-W99"])
def test_pages_show_and_keep_whatever_lines_had_before(
    staff_client: FlaskClient, org: Org, other_org: Org, value: object
) -> None:
    code = make_order(other_org, cart=[{**LINE, "metadata": {str(kind): value for kind in Kind}}])
    other_org.define(
        *(
            AttributeRule(
                str(kind), "Label", kind, WOODS if kind in {Kind.OPTION, Kind.MANY} else (),
                Applies.LINE, visible_to_customer=True,
            )
            for kind in Kind
        )
    )  # fmt: skip
    other_org.sign_in(staff_client)
    for address in ("", "/edit", "/print"):
        assert staff_client.get(f"/orders/{code['shortId']}{address}").status_code == 200
    assert staff_client.get(f"/o/{code['shortId']}").status_code == 200
    address = f"/orders/{code['shortId']}/edit"
    fields = form_of(staff_client.get(address).text)
    fields["cart.0.count"] = "3"
    fields["do"] = "save"
    assert staff_client.post(address, data=fields).status_code == 303
    [stored] = cart(staff_client, other_org, code["shortId"])
    assert stored == {str(kind): value for kind in Kind}


def test_defaults_are_filled_in_for_each_line(staff_client: FlaskClient, org: Org) -> None:
    code = make_order(org, cart=[LINE, {**LINE, "metadata": {"wood": None, "own": [1]}}])["shortId"]
    assert cart(staff_client, org, code) == [{"wood": "oak"}, {"wood": None, "own": [1]}]
    call(staff_client, org, "POST", f"/{code}/cart", [LINE])
    assert cart(staff_client, org, code)[2] == {"wood": "oak"}


def test_an_org_without_line_attributes_keeps_any_metadata_even_if_it_is_strict(
    client: FlaskClient, other_org: Org, org: Org
) -> None:
    for one in (org, other_org):
        with one.app.app_context():
            orgs.change_org(one.id, name="x", is_strict=True, may_public_list=False)
    line = {**LINE, "metadata": {"own": [1]}}
    assert call(client, other_org, "POST", "", {"cart": [line]}).status_code == 201
    refused = call(client, org, "POST", "", {"cart": [LINE, line]})
    assert errors(refused) == [("cart.1.metadata.own", "Unknown attribute.")]


def test_what_is_stored_stays_valid_when_it_is_not_changed(
    staff_client: FlaskClient, org: Org
) -> None:
    code = make_order(org, cart=[{**LINE, "metadata": {"wood": "ash"}}])["shortId"]
    change(org, replace(WOOD, options=WOODS[:1]))
    kept = {**LINE, "metadata": {"wood": "ash"}}
    answer = call(staff_client, org, "PUT", f"/{code}", {"cart": [LINE, {**kept, "count": 5}]})
    assert answer.status_code == 200
    assert cart(staff_client, org, code) == [{"wood": "oak"}, {"wood": "ash"}]
    new = {**kept, "configurationId": CHAIR.replace("1", "2")}
    assert errors(call(staff_client, org, "PUT", f"/{code}", {"cart": [kept, new]})) == [
        ("cart.1.metadata.wood", "“ash” is not one of: oak.")
    ]
    address = f"/orders/{code}/edit"
    page = staff_client.get(address).text
    assert "ash (no longer available)" in page
    fields = form_of(page)
    fields["cart.1.count"] = "6"
    fields["do"] = "save"
    assert staff_client.post(address, data=fields).status_code == 303
    assert cart(staff_client, org, code) == [{"wood": "oak"}, {"wood": "ash"}]


def test_the_form_enters_and_changes_them(staff_client: FlaskClient, org: Org) -> None:
    page = staff_client.get(f"/orders/new?form={KEY}").text
    fields = form_of(page)
    assert fields["cart.0.metadata.wood"] == "oak"
    for name, value in {**ROW, "do": "place"}.items():
        fields[name] = value
    fields["cart.0.metadata.engraving"] = "For Anna"
    fields["cart.0.metadata.price.amount"] = "12.50"
    fields["cart.0.metadata.price.currency"] = "EUR"
    fields["cart.0.metadata.gift"] = "y"
    fields["cart.0.metadata"] = "note: by hand"
    answer = staff_client.post(f"/orders/new?form={KEY}", data=fields)
    assert answer.status_code == 303, answer.text
    code = answer.location.split("/")[2]
    values = {
        "engraving": "For Anna", "wood": "oak", "price": {"amount": "12.50", "currency": "EUR"},
        "gift": True, "note": "by hand",
    }  # fmt: skip
    assert cart(staff_client, org, code) == [values]
    for shown in ("Engraving: For Anna", "Wood: Oak", "Price: €12.50", "note: by hand"):
        assert shown in staff_client.get(f"/orders/{code}").text
        assert shown in staff_client.get(f"/orders/{code}/print").text
    german = staff_client.get(f"/orders/{code}?lang=de").text
    assert "Gravur: For Anna" in german
    assert "Wood: Eiche" in german
    staff_client.get("/orders?lang=en")
    address = f"/orders/{code}/edit"
    fields = form_of(staff_client.get(address).text)
    assert fields["cart.0.metadata"] == "note: by hand"
    fields["cart.0.metadata.engraving"] = ""
    del fields["cart.0.metadata.gift"]
    staff_client.post(address, data={**fields.to_dict(), "do": "save"})
    changed = {key: value for key, value in values.items() if key not in {"engraving", "gift"}}
    assert cart(staff_client, org, code) == [changed]
    assert "Engraving: For Anna" in staff_client.get(f"/orders/{code}").text  # its history


def test_an_edit_that_touches_nothing_changes_nothing(staff_client: FlaskClient, org: Org) -> None:
    line = {**LINE, "metadata": {"own": {"a": [1]}, "gift": False, "wood": "oak"}}
    code = make_order(org, cart=[line, LINE])["shortId"]
    before = call(staff_client, org, "GET", f"/{code}").json
    address = f"/orders/{code}/edit"
    fields = form_of(staff_client.get(address).text)
    saved = staff_client.post(address, data={**fields.to_dict(), "do": "save"})
    assert saved.status_code == 303
    assert call(staff_client, org, "GET", f"/{code}").json == before


def test_rows_are_duplicated_removed_and_brought_back_with_their_values(
    staff_client: FlaskClient,
) -> None:
    address = f"/orders/new?form={KEY}"
    row = {**ROW, "cart.0.metadata.engraving": "For Anna", "cart.0.metadata.wood": "ash"}
    doubled = form_of(staff_client.post(address, data={**row, "do": "duplicate:0"}).text)
    assert doubled["cart.1.metadata.engraving"] == "For Anna"
    gone = form_of(staff_client.post(address, data={**row, "do": "remove:0"}).text)
    assert gone["removed.0.metadata.engraving"] == "For Anna"
    back = form_of(staff_client.post(address, data={**gone.to_dict(), "do": "undo"}).text)
    [number] = [name.split(".")[1] for name, value in back.items() if value == "For Anna"]
    assert back[f"cart.{number}.metadata.wood"] == "ash"


def test_a_row_with_a_value_but_no_product_is_not_dropped(staff_client: FlaskClient) -> None:
    row = {"cart.0.configurationId": "", "cart.0.count": "1", "cart.0.metadata.engraving": "Anna"}
    answer = staff_client.post(f"/orders/new?form={KEY}", data={**ROW, **row, "do": "place"})
    assert answer.status_code == 422
    paths = [one["data-path"] for one in read(answer.text).all("#summary li")]
    assert paths == ["cart.0.configurationId"]


def test_a_copy_leaves_out_what_belongs_to_one_order(staff_client: FlaskClient, org: Org) -> None:
    metadata = {"engraving": "Anna", "wood": "ash", "note": "x"}
    code = make_order(org, cart=[{**LINE, "metadata": metadata}])["shortId"]
    fields = form_of(staff_client.get(f"/orders/new?form={KEY}&from={code}").text)
    assert fields["cart.0.metadata.engraving"] == ""
    assert fields["cart.0.metadata.wood"] == "ash"
    assert fields["cart.0.metadata"] == "note: x"


def test_customers_see_what_the_org_shows_them(client: FlaskClient, org: Org) -> None:
    metadata = {"engraving": "For Anna", "wood": "ash"}
    code = make_order(org, cart=[{**LINE, "metadata": metadata}])["shortId"]
    page = client.get(f"/o/{code}?lang=de").text
    assert [one.text for one in read(page).all(".good dt")] == ["Gravur"]
    assert [one.text for one in read(page).all(".good dd")] == ["For Anna"]


def test_files_have_a_column_for_each(admin_client: FlaskClient, org: Org, app: Flask) -> None:
    lines: list[dict[str, Any]] = [
        {**LINE, "metadata": {"engraving": "A", "wood": "ash", "own": 1}},
        {**LINE, "metadata": {"wood": None, "price": {"amount": "5", "currency": "EUR"}}},
    ]
    code = make_order(org, cart=lines)["shortId"]
    content = admin_client.get("/orders/export.csv").text
    rows = list(csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline="")))
    assert [row["cart.metadata.engraving"] for row in rows] == ["A", ""]
    assert [row["cart.metadata.price"] for row in rows] == ["", "5 EUR"]
    assert [row["cart.metadata"] for row in rows] == ['{"own":1}', ""]
    address = matched(admin_client, content)
    work_off(app)
    admin_client.post(f"{address}/start", data={"mode": "all", "again": "y"})
    work_off(app)
    found = call(admin_client, org, "GET", "").json
    assert found is not None
    [copy] = [one for one in found["orders"] if one["shortId"] != code]
    expected = [line["metadata"] for line in lines]
    expected[1] = {**expected[1], "wood": "oak"}  # an empty cell, so the default
    assert [line["metadata"] for line in copy["cart"]] == expected


def test_errors_in_a_file_name_row_and_column(
    admin_client: FlaskClient, org: Org, app: Flask
) -> None:
    head = "order,configurationId,count,Gravur,Wood\n"
    address = matched(admin_client, f"{head}1,{CHAIR},1,Anna,Eiche\n1,{CHAIR},1,,tin\n")
    work_off(app)
    page = admin_client.get(address).text
    assert "Row 3, Wood: “tin” is not one of: oak, ash." in read(page).first("main").text
