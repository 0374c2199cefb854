"""Drafts and templates at the desk, each offered only to its person."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import AttributeRule, Kind
from tests.actors import Org
from tests.bad_orders import good_form
from tests.conftest import StoredRows
from tests.desk.test_pages import make_order
from tests.html import attribute, read, texts

KEY, OTHER_KEY = "D" * 22, "E" * 22
DRAFT = f"/orders/new/draft?form={KEY}"

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(
        reason="pages; tests/services/orders/test_drafts.py tests the SQL on both"
    ),
]


def typed(**changes: str) -> dict[str, str]:
    return {
        "name": "Oak table", "customerId": "C-7", "status": "In Cart",
        "cart.4.configurationId": "OSL-1", "cart.4.count": "twelve",
        "cart.4.metadata": "Engraving: Für Anna", "extra.0.key": "room", "extra.0.value": "7",
        "draft_version": "0", "page": "first", **changes,
    }  # fmt: skip


def test_a_draft_comes_back_complete(staff_client: FlaskClient) -> None:
    answer = staff_client.post(DRAFT, data=typed())
    assert (answer.status_code, answer.text) == (200, "1")
    offered = staff_client.get("/orders/new", follow_redirects=True).text
    assert texts(offered, f"a[href='/orders/new?form={KEY}'] .what") == ["Oak table"]
    assert "1 line," in offered
    page = staff_client.get(f"/orders/new?form={KEY}").text
    for shown in (
        'value="Oak table"', 'value="C-7"', '<option value="In Cart" selected>', 'value="OSL-1"',
        'value="twelve"', "Engraving: Für Anna</textarea>", 'value="room"', 'value="7"',
        'name="draft_version" value="1"', "Your draft from",
    ):  # fmt: skip
        assert shown in page, shown


def test_nothing_typed_is_no_draft(staff_client: FlaskClient) -> None:
    blank = {"status": "New", "cart.0.configurationId": " ", "cart.0.count": "1", "name": ""}
    assert staff_client.post(DRAFT, data=blank).text == "0"
    assert "not placed yet" not in staff_client.get("/orders/new", follow_redirects=True).text


def test_a_draft_begins_with_a_customer_or_a_product(staff_client: FlaskClient) -> None:
    neither = typed(customerId=" ", **{"cart.4.configurationId": ""})
    assert staff_client.post(DRAFT, data=neither).text == "0"
    page = staff_client.post(f"/orders/new?form={KEY}", data={**neither, "do": "add"}).text
    assert 'name="draft_version" value="0"' in page
    assert staff_client.post(DRAFT, data=typed(customerId="")).text == "1"
    # Once it has neither any more, it is not offered, and its page still saves it.
    assert staff_client.post(DRAFT, data={**neither, "draft_version": "1"}).text == "2"
    address = f"/orders/new?form={KEY}"
    assert address not in staff_client.get("/orders/new", follow_redirects=True).text
    assert 'value="Oak table"' in staff_client.get(address).text
    assert staff_client.post(DRAFT, data=typed(draft_version="2")).text == "3"
    assert address in staff_client.get("/orders/new", follow_redirects=True).text


def test_what_is_wrong_is_checked_again_when_a_draft_opens(
    staff_client: FlaskClient, org: Org
) -> None:
    org.define(AttributeRule("finish", "Finish", Kind.TEXT, required=True))
    staff_client.post(DRAFT, data=typed(customerId="c" * 256))
    page = read(staff_client.get(f"/orders/new?form={KEY}").text)
    # Not that something is missing: it is not filled in yet.
    wrong = [one["id"] for one in page.all("[aria-invalid=true]")]
    assert wrong == ["customerId", "cart-4-configurationId", "cart-4-count"]
    assert page.first("[autofocus]")["id"] == "customerId"
    assert page.all("#summary") == []
    org.save("Oslo chair", "OSL-1")
    staff_client.post(DRAFT, data=typed(draft_version="1", **{"cart.4.count": "12"}))
    page = read(staff_client.get(f"/orders/new?form={KEY}").text)
    assert page.all("[aria-invalid=true]") == []


def test_two_pages_with_one_draft_do_not_overwrite_each_other(staff_client: FlaskClient) -> None:
    staff_client.post(DRAFT, data=typed())
    other = typed(name="Ash", draft_version="1", page="second")
    assert staff_client.post(DRAFT, data=other).text == "2"
    answer = staff_client.post(DRAFT, data=typed(name="Elm", draft_version="1"))
    assert answer.status_code == 409
    assert "changed in another window" in answer.text
    assert 'value="Ash"' in staff_client.get(f"/orders/new?form={KEY}").text


def test_without_javascript_every_button_saves_a_draft(staff_client: FlaskClient) -> None:
    answer = staff_client.post(f"/orders/new?form={KEY}", data={**typed(), "do": "add"})
    assert 'name="draft_version" value="1"' in answer.text
    refused = staff_client.post(
        f"/orders/new?form={KEY}", data={**typed(draft_version="1", name="Ash"), "do": "place"}
    )
    assert refused.status_code == 422
    assert 'name="draft_version" value="2"' in refused.text
    assert 'value="Ash"' in staff_client.get(f"/orders/new?form={KEY}").text


def test_placing_the_order_ends_its_draft(
    staff_client: FlaskClient, stored_rows: StoredRows
) -> None:
    form = {**good_form(), "page": "first"}
    staff_client.post(DRAFT, data=form)
    placed = staff_client.post(f"/orders/new?form={KEY}", data={**form, "do": "place"})
    assert placed.status_code == 303
    assert stored_rows()["orders"] == 1
    assert "not placed yet" not in staff_client.get("/orders/new", follow_redirects=True).text
    assert (
        "This form was already placed as order" in staff_client.get(f"/orders/new?form={KEY}").text
    )
    assert staff_client.post(DRAFT, data=form).text == "0"


def test_a_discarded_draft_can_be_opened_again(staff_client: FlaskClient) -> None:
    staff_client.post(DRAFT, data=typed())
    answer = staff_client.post(f"/orders/drafts/{KEY}/discard", data={"here": OTHER_KEY})
    assert answer.location == f"/orders/new?form={OTHER_KEY}&discarded={KEY}"
    page = staff_client.get(answer.location).text
    assert "not placed yet" not in page
    assert f'href="/orders/new?form={KEY}">Restore draft' in page
    assert 'value="Oak table"' in staff_client.get(f"/orders/new?form={KEY}").text


def test_people_see_only_their_own_drafts(
    app: Flask, staff_client: FlaskClient, org: Org, other_org: Org
) -> None:
    staff_client.post(DRAFT, data=typed())
    for stranger in (
        org.sign_in(app.test_client(), org.admin()),
        other_org.sign_in(app.test_client()),
    ):
        assert "Oak table" not in stranger.get("/orders/new", follow_redirects=True).text
        assert "Oak table" not in stranger.get(f"/orders/new?form={KEY}").text
        stranger.post(f"/orders/drafts/{KEY}/discard")
    assert "Oak table" in staff_client.get("/orders/new", follow_redirects=True).text


@pytest.mark.usefixtures("org")
def test_no_draft_is_saved_without_a_session(client: FlaskClient) -> None:
    assert client.post(DRAFT, data=typed()).status_code in {302, 303, 401}
    assert client.post(DRAFT, data=typed(), headers={"HX-Request": "true"}).status_code == 401


def test_no_draft_is_saved_with_an_odd_key(staff_client: FlaskClient) -> None:
    assert staff_client.post("/orders/new/draft?form=short", data=typed()).status_code == 400


@pytest.mark.parametrize("value", ["-1", "x", "9" * 40, "\N{ARABIC-INDIC DIGIT ONE}"])
def test_an_odd_version_is_ignored(staff_client: FlaskClient, value: str) -> None:
    assert staff_client.post(DRAFT, data=typed(draft_version=value)).text == "1"


def test_nul_is_kept_in_the_draft_and_reported(staff_client: FlaskClient) -> None:
    answer = staff_client.post(
        f"/orders/new?form={KEY}", data={**typed(name="a\0b", customerId="\0"), "do": "place"}
    )
    assert answer.status_code == 422


class TestTemplates:
    def save(self, client: FlaskClient, name: str = "Weekly shelf") -> str:
        answer = client.post(
            f"/orders/new?form={KEY}", data={**typed(), "templateName": name, "do": "template"}
        )
        assert answer.status_code == 200, answer.text
        assert "Template saved. The order is not placed yet" in answer.text
        page = client.get(f"/orders/new?form={KEY}").text
        return attribute(page, "a[href^='/orders/new?template=']", "href").partition("=")[2]

    def test_a_new_order_begins_with_the_template(
        self, staff_client: FlaskClient, admin_client: FlaskClient
    ) -> None:
        template = self.save(staff_client)
        answer = admin_client.get(f"/orders/new?template={template}")
        assert f"template={template}" in answer.location
        page = admin_client.get(answer.location).text
        assert 'value="Oak table"' in page
        assert "Engraving: Für Anna</textarea>" in page
        assert 'name="draft_version" value="0"' in page

    def test_a_missing_name_is_reported_at_its_field(self, staff_client: FlaskClient) -> None:
        answer = staff_client.post(
            f"/orders/new?form={KEY}", data={**typed(), "templateName": " ", "do": "template"}
        )
        assert answer.status_code == 422
        assert 'href="#templateName">Template name</a>' in answer.text
        assert 'value="Oak table"' in answer.text

    def test_only_the_org_can_remove_its_template(
        self, app: Flask, staff_client: FlaskClient, other_org: Org
    ) -> None:
        template = self.save(staff_client)
        stranger = other_org.sign_in(app.test_client())
        assert stranger.post(f"/orders/templates/{template}/remove").status_code == 404
        assert stranger.get(f"/orders/new?form={KEY}&template={template}").status_code == 404
        assert staff_client.post(f"/orders/templates/{template}/remove").status_code == 303
        assert (
            staff_client.get(f"/orders/new?form={OTHER_KEY}&template={template}").status_code == 404
        )


def test_repeating_an_order_keeps_typed_lines_and_no_customer_alone(
    staff_client: FlaskClient, org: Org
) -> None:
    chair = org.save("Oslo chair", "OSL-1")
    cart = [{"configurationId": chair.id, "count": 2}]
    code = make_order(org, customerId="C-7", cart=cart)["shortId"]
    address = f"/orders/new?from={code}&left={KEY}"
    staff_client.post(DRAFT, data={"customerId": "C-7", "status": "New", "page": "first"})
    again = staff_client.get(address)
    assert again.location == f"/orders/new?form={KEY}&from={code}"
    page = staff_client.get(again.location).text
    assert 'value="OSL-1"' in page
    assert 'name="draft_version" value="1"' in page
    assert "that you had typed" not in page
    staff_client.post(DRAFT, data=typed(draft_version="1"))
    page = staff_client.get(address, follow_redirects=True).text
    assert "Draft saved with the line that you had typed." in page
    assert f'<a href="/orders/new?form={KEY}">Back to the draft</a>' in page
    # What was typed beside a customer is kept, too.
    staff_client.post(DRAFT, data={"customerId": "C-7", "name": "Hall", "draft_version": "2"})
    page = staff_client.get(address, follow_redirects=True).text
    assert "Draft saved with what you had typed." in page
    for odd in ("x", OTHER_KEY):
        answer = staff_client.get(f"/orders/new?from={code}&left={odd}", follow_redirects=True)
        assert "that you had typed" not in answer.text
