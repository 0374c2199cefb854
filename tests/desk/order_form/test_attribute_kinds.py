"""Every kind of attribute on the order form: entered, refused, shown, edited, copied, imported."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from orders.domain.attributes import AttributeRule, Kind, Option
from orders.services.accounts import attributes as defined
from orders.services.orders import drafts
from tests.actors import Org
from tests.bad_orders import CHAIR
from tests.desk.imports.test_imports import matched, work_off
from tests.desk.test_pages import make_order
from tests.html import attributes, read

KEY = "K" * 22
SCENTS = (Option("oak", "Oak", {"de": "Eiche"}), Option("tar", "Tar"), Option("wax", "Wax"))
RULES = (
    AttributeRule("ready", "Ready", Kind.DATE, is_copied=False, labels={"de": "Fertig"}),
    AttributeRule("week", "Week", Kind.WEEK),
    AttributeRule("way", "Way in", Kind.MULTILINE, hint="Which gate", group="On site"),
    AttributeRule("price", "Price", Kind.MONEY),
    AttributeRule("mail", "Mail", Kind.EMAIL, group="On site"),
    AttributeRule("call", "Call", Kind.PHONE, placeholder="+49 …"),
    AttributeRule("plan", "Plan", Kind.URL),
    AttributeRule("scents", "Scents", Kind.MANY, SCENTS),
)
VALUES: dict[str, Any] = {
    "ready": "2027-01-18",
    "week": "2027-W03",
    "way": "Left gate\nup the stairs",
    "price": {"amount": "12.50", "currency": "EUR"},
    "mail": "ada@example.com",
    "call": "+49 30 1234-56",
    "plan": "https://example.com/plan",
    "scents": ["oak", "wax"],
}
FORM = [
    ("cart.0.configurationId", CHAIR),
    ("cart.0.count", "2"),
    ("metadata.ready", "2027-01-18"),
    ("metadata.week", "2027-W03"),
    ("metadata.way", "Left gate\r\nup the stairs"),
    ("metadata.price.amount", "12.50"),
    ("metadata.price.currency", "EUR"),
    ("metadata.mail", "ada@example.com"),
    ("metadata.call", "+49 30 1234-56"),
    ("metadata.plan", "https://example.com/plan"),
    ("metadata.scents", "oak"),
    ("metadata.scents", "wax"),
]

pytestmark = pytest.mark.usefixtures("csrf_off")


@pytest.fixture(autouse=True)
def _attributes(org: Org) -> None:
    org.define(*RULES)


def form(*others: tuple[str, str]) -> MultiDict[str, str]:
    changed = {name for name, _ in others}
    return MultiDict([*(pair for pair in FORM if pair[0] not in changed), *others])


def place(client: FlaskClient, *others: tuple[str, str], query: str = "") -> TestResponse:
    data = form(*others, ("do", "place"), ("status", "New"))
    return client.post(f"/orders/new?form={KEY}{query}", data=data)


def stored(client: FlaskClient, org: Org, answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 303, answer.text
    code = answer.location.split("/")[2]
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    found = client.get(f"/api/orders/{code}", headers=headers).json
    assert found is not None
    return dict(found["metadata"])


def sent(page: str) -> MultiDict[str, str]:
    """Return all fields of the order form as a browser sends them."""
    return MultiDict(list(read(page).first("#order-form")._fields()))


def test_the_form_sends_what_an_api_client_sends(staff_client: FlaskClient, org: Org) -> None:
    assert stored(staff_client, org, place(staff_client)) == VALUES


def test_each_kind_has_its_own_input(staff_client: FlaskClient) -> None:
    page = staff_client.get(f"/orders/new?form={KEY}").text
    types = {
        name: read(page).first(f'[name="metadata.{name}"]')["type"]
        for name in ("ready", "week", "mail", "call", "plan", "scents")
    }
    assert types == {
        "ready": "date", "week": "week", "mail": "email", "call": "tel", "plan": "url",
        "scents": "checkbox",
    }  # fmt: skip
    assert read(page).all('textarea[name="metadata.way"]')
    assert read(page).all('select[name="metadata.price.currency"][aria-label="Currency of Price"]')
    assert attributes(page, '[name="metadata.week"]', "pattern") == ["[0-9]{4}-W[0-9]{2}"]
    assert attributes(page, '[name="metadata.call"]', "placeholder") == ["+49 …"]
    assert [one.text for one in read(page).all("h3.group")] == ["On site"]
    assert read(page).first("#metadata-way-hint").text == "Which gate"


@pytest.mark.parametrize(
    ("key", "value", "typed"),
    [
        ("ready", "03/04/2027", [("metadata.ready", "03/04/2027")]),
        ("week", "2027-W53", [("metadata.week", "2027-W53")]),
        ("mail", "ada", [("metadata.mail", "ada")]),
        ("mail", "a\0b", [("metadata.mail", "a\0b")]),
        ("call", "none", [("metadata.call", "none")]),
        ("plan", "ftp://example.com", [("metadata.plan", "ftp://example.com")]),
        (
            "price",
            {"amount": "much", "currency": "EUR"},
            [("metadata.price.amount", "much"), ("metadata.price.currency", "EUR")],
        ),
        (
            "price",
            {"amount": "5", "currency": ""},
            [("metadata.price.amount", "5"), ("metadata.price.currency", "")],
        ),
        ("scents", ["oak", "mud"], [("metadata.scents", "oak"), ("metadata.scents", "mud")]),
    ],
)
@pytest.mark.one_database(reason="it is refused before the first statement that writes")
def test_form_and_api_report_the_same_error_at_the_same_path(
    staff_client: FlaskClient, org: Org, key: str, value: object, typed: list[tuple[str, str]]
) -> None:
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    order = {"cart": [{"configurationId": CHAIR, "count": 2}], "metadata": {**VALUES, key: value}}
    refused = staff_client.post("/api/orders", json=order, headers=headers)
    assert refused.status_code == 422
    assert refused.json is not None
    errors = [(error["path"], error["message"]) for error in refused.json["errors"]]
    assert [path for path, _ in errors] == [f"metadata.{key}"]
    answer = place(staff_client, *typed)
    assert answer.status_code == 422
    summary = read(answer.text).all("#summary li")
    assert [(one["data-path"], one.first(".message").text) for one in summary] == errors
    # The link leads to a field, which names the error.
    target = read(answer.text).first("#summary li a")["href"].removeprefix("#")
    assert read(answer.text).all(f"#{target}")
    assert read(answer.text).first(f"#{target}-error").text == errors[0][1]


def test_an_edit_that_touches_nothing_changes_nothing(staff_client: FlaskClient, org: Org) -> None:
    odd = {"ready": "soon", "price": "dear", "scents": ["wax", "oak"], "way": "a\r\nb"}
    address = f"/orders/{make_order(org, metadata={**VALUES, 'scents': ['oak']})['shortId']}/edit"
    plain = sent(staff_client.get(address).text)
    answer = staff_client.post(address, data=MultiDict([*plain.items(multi=True), ("do", "save")]))
    assert "No changes to save" in staff_client.get(answer.location).text
    # Values from before the attributes were defined stay as they are.
    with org.app.app_context():
        for one in defined.list_attributes(org.id):
            defined.remove_attribute(org.id, one.id)
    address = f"/orders/{make_order(org, metadata=odd)['shortId']}/edit"
    org.define(*RULES)
    page = staff_client.get(address).text
    assert attributes(page, '[name="metadata.ready"]', "type") == ["text"]
    fields = sent(page)
    fields["name"] = "Named"
    answer = staff_client.post(address, data=MultiDict([*fields.items(multi=True), ("do", "save")]))
    assert answer.status_code == 303
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    code = address.split("/")[2]
    found = staff_client.get(f"/api/orders/{code}", headers=headers).json
    assert found is not None
    assert (found["name"], found["metadata"]) == ("Named", odd)


def test_a_value_that_is_no_option_any_more_stays_ticked(
    staff_client: FlaskClient, org: Org
) -> None:
    code = make_order(org, metadata={"scents": ["oak", "tar"]})["shortId"]
    with org.app.app_context():
        [scents] = [one for one in defined.list_attributes(org.id) if one.rule.key == "scents"]
        defined.change_attribute(org.id, scents.id, replace(scents.rule, options=SCENTS[:1]))
    page = staff_client.get(f"/orders/{code}/edit").text
    assert "tar (no longer available)" in page
    assert sent(page).getlist("metadata.scents") == ["oak", "tar"]


def test_pages_show_values_and_labels_in_the_readers_language(
    staff_client: FlaskClient, org: Org
) -> None:
    code = make_order(org, metadata=VALUES)["shortId"]
    english = staff_client.get(f"/orders/{code}").text
    for shown in ("18 Jan 2027", "Week 3, 2027", "€12.50", "Oak, Wax", "Ready"):
        assert shown in english
    german = staff_client.get(f"/orders/{code}?lang=de").text
    for shown in ("18.01.2027", "KW 3, 2027", "12,50\xa0€", "Eiche, Wax", "Fertig"):
        assert shown in german
    form_page = staff_client.get(f"/orders/{code}/edit").text
    assert attributes(form_page, '[name="metadata.price.amount"]', "value") == ["12,50"]
    columns = "columns=name,metadata.price,metadata.ready"
    assert "12,50\xa0€" in staff_client.get(f"/orders?{columns}").text


def test_german_input_is_read_as_germans_write_it(staff_client: FlaskClient, org: Org) -> None:
    staff_client.get("/orders?lang=de")
    answer = place(
        staff_client, ("metadata.price.amount", "1.250,50"), ("metadata.ready", "18.1.2027")
    )
    metadata = stored(staff_client, org, answer)
    assert metadata["price"] == {"amount": "1250.50", "currency": "EUR"}
    assert metadata["ready"] == "2027-01-18"


def test_a_copy_leaves_out_what_belongs_to_one_order(staff_client: FlaskClient, org: Org) -> None:
    code = make_order(org, metadata=VALUES)["shortId"]
    page = staff_client.get(f"/orders/new?form={KEY}&from={code}").text
    fields = sent(page)
    assert fields["metadata.ready"] == ""
    assert fields["metadata.week"] == "2027-W03"
    assert fields.getlist("metadata.scents") == ["oak", "wax"]


def test_an_untouched_form_is_no_draft(staff_client: FlaskClient, org: Org, app: Flask) -> None:
    org.define(
        AttributeRule("deposit", "Deposit", Kind.MONEY, default={"amount": "5", "currency": "CHF"}),
        AttributeRule("extras", "Extras", Kind.MANY, SCENTS, default=["tar", "oak"]),
    )
    fields = sent(staff_client.get(f"/orders/new?form={KEY}").text)
    assert fields["metadata.deposit.currency"] == "CHF"
    assert fields.getlist("metadata.extras") == ["oak", "tar"]
    saved = staff_client.post(f"/orders/new/draft?form={KEY}", data=fields)
    assert saved.text == "0"
    fields["metadata.price.amount"] = "7"  # still neither a customer nor a product
    assert staff_client.post(f"/orders/new/draft?form={KEY}", data=fields).text == "0"
    fields["customerId"] = "C-7"
    assert staff_client.post(f"/orders/new/draft?form={KEY}", data=fields).text == "1"
    with app.app_context():
        assert drafts.find_draft(KEY, org.staff().actor) is not None


def test_an_export_is_imported_unchanged(
    admin_client: FlaskClient, staff_client: FlaskClient, org: Org, app: Flask
) -> None:
    make_order(org, metadata=VALUES)
    make_order(org, metadata={"price": {"amount": "1.250", "currency": "KWD"}, "scents": []})
    content = admin_client.get("/orders/export.csv").text
    [newest, first] = csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline=""))
    assert first["metadata.price"] == "12.50 EUR"
    assert first["metadata.scents"] == "oak, wax"
    assert newest["metadata.scents"] == "[]"
    address = matched(admin_client, content)
    work_off(app)
    admin_client.post(f"{address}/start", data={"mode": "all", "again": "y"})
    work_off(app)
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    found = admin_client.get("/api/orders", headers=headers).json
    assert found is not None
    metadata = [one["metadata"] for one in found["orders"]]
    assert len(metadata) == 4
    assert sum(one == VALUES for one in metadata) == 2
    kept = {"price": {"amount": "1.250", "currency": "KWD"}, "scents": []}
    assert sum(one == kept for one in metadata) == 2


def test_files_are_read_as_people_write_them(
    admin_client: FlaskClient, org: Org, app: Flask
) -> None:
    head = "name,configurationId,count,Fertig,Week,Price,Scents\n"
    good = f'a,{CHAIR},1,18.01.2027,KW 3/2027,"12,50 €",Eiche; Wax\n'
    bad = f"b,{CHAIR},1,03/04/2027,KW 60/2027,12 gold,oak; mud\n"
    address = matched(admin_client, head + good + bad)
    work_off(app)
    page = admin_client.get(address).text
    for message in (
        "A date, such as 2027-01-18.",
        "2027 has no week 60.",
        "An amount and a currency, such as 12.50 EUR.",
        "“mud” is not one of: oak, tar, wax.",
        "18 Jan 2027",
    ):
        assert message in page
    admin_client.post(f"{address}/start", data={"mode": "skip"})
    work_off(app)
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    found = admin_client.get("/api/orders", headers=headers).json
    assert found is not None
    assert [one["metadata"] for one in found["orders"]] == [
        {
            "ready": "2027-01-18",
            "week": "2027-W03",
            "price": {"amount": "12.50", "currency": "EUR"},
            "scents": ["oak", "wax"],
        }
    ]
