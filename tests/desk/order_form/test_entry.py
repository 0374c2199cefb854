"""Entering an order by the form: rows without JavaScript, checks of one field, one order a form."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from werkzeug.test import TestResponse

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.inputs import Limits
from tests.actors import Org
from tests.bad_orders import CHAIR, good_form
from tests.conftest import StoredRows
from tests.html import attribute, read

KEY = "C" * 22
ADDRESS = f"/orders/new?form={KEY}"
HTMX = {"HX-Request": "true"}

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both"),
]


def rows(answer: TestResponse) -> list[tuple[str, str]]:
    """Read the rows of the cart on the page: ID and count."""
    fields = {one["name"]: one["value"] for one in read(answer.text).all("input[name][type=text]")}
    lines = [re.fullmatch(r"(cart\.[0-9]+)\.configurationId", name) for name in fields]
    return [(fields[line[0]], fields[f"{line[1]}.count"]) for line in lines if line]


TOO_MANY = "At most 2 lines; this has 3."


def allow_two_lines(app: Flask) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], limits=Limits(cart_lines=2))


def three_rows(**changes: str) -> dict[str, str]:
    form = {}
    for row, (reference, count) in enumerate([("AAA", "1"), ("BBB", "2"), ("CCC", "x")]):
        form[f"cart.{row}.configurationId"] = reference
        form[f"cart.{row}.count"] = count
    return {"name": "Kept", "extra.0.key": "k", "extra.0.value": "v", **form, **changes}


def test_each_form_has_its_own_address(staff_client: FlaskClient) -> None:
    first = staff_client.get("/orders/new").location
    second = staff_client.get("/orders/new").location
    assert re.fullmatch(r"/orders/new\?form=[A-Za-z0-9_-]{22}", first)
    assert first != second
    assert rows(staff_client.get(first)) == [("", "1")] * 3


@pytest.mark.parametrize("key", ["", "short", "A" * 23, "A" * 21 + "%0A", "<script>"])
def test_an_odd_key_gets_a_new_one(staff_client: FlaskClient, key: str) -> None:
    assert staff_client.get(f"/orders/new?form={key}").status_code == 302


def test_the_status_new_is_selected(staff_client: FlaskClient) -> None:
    assert '<option value="New" selected>' in staff_client.get(ADDRESS).text


class TestRowsWithoutJavaScript:
    def act(self, client: FlaskClient, action: str, **changes: str) -> TestResponse:
        answer = client.post(ADDRESS, data={**three_rows(**changes), "do": action})
        assert answer.status_code == 200
        assert 'value="Kept"' in answer.text
        assert 'value="v"' in answer.text
        return answer

    @pytest.mark.parametrize(
        ("action", "expected"),
        [
            ("stay", ["AAA", "BBB", "CCC"]),
            ("", ["AAA", "BBB", "CCC"]),
            ("add", ["AAA", "BBB", "CCC", ""]),
            ("up:1", ["BBB", "AAA", "CCC"]),
            ("up:0", ["AAA", "BBB", "CCC"]),
            ("down:1", ["AAA", "CCC", "BBB"]),
            ("down:2", ["AAA", "BBB", "CCC"]),
            ("duplicate:1", ["AAA", "BBB", "BBB", "CCC"]),
            ("remove:1", ["AAA", "CCC"]),
            ("remove:77", ["AAA", "BBB", "CCC"]),
            ("nonsense:x", ["AAA", "BBB", "CCC"]),
        ],
    )
    def test_each_button_keeps_everything_else(
        self, staff_client: FlaskClient, action: str, expected: list[str]
    ) -> None:
        shown = rows(self.act(staff_client, action))
        assert [reference for reference, _ in shown] == expected
        assert dict(shown)["CCC"] == "x"

    def test_equal_lines_are_merged_and_come_apart_again(self, staff_client: FlaskClient) -> None:
        form = three_rows(**{"cart.1.configurationId": "AAA", "cart.1.count": "4"})
        merged = staff_client.post(ADDRESS, data={**form, "do": "join:1"})
        assert rows(merged) == [("AAA", "5"), ("CCC", "x")]
        assert "Line 2 merged." in merged.text
        fields = read(merged.text).first("#order-form").fields()
        again = staff_client.post(ADDRESS, data={**fields, "do": "undo"})
        assert rows(again) == [("AAA", "1"), ("AAA", "4"), ("CCC", "x")]

    def test_removing_the_last_row_leaves_an_empty_one(self, staff_client: FlaskClient) -> None:
        form = {"cart.4.configurationId": "AAA", "cart.4.count": "3", "do": "remove:4"}
        assert rows(staff_client.post(ADDRESS, data=form)) == [("", "1")]

    def test_pasted_text_becomes_rows(self, staff_client: FlaskClient) -> None:
        pasted = self.act(staff_client, "paste", paste="X-1\t4\nX-2;5\r\nX-3\nbad line here\t\t")
        shown = rows(pasted)
        assert shown[3:6] == [("X-1", "4"), ("X-2", "5"), ("X-3", "1")]
        assert any(reference.startswith("bad line") for reference, _ in shown)

    def test_too_many_pasted_lines_stay_in_their_field(
        self, app: Flask, staff_client: FlaskClient
    ) -> None:
        allow_two_lines(app)
        data = {**three_rows(paste="A\t1\nB\t2\nC\t3"), "do": "paste"}
        answer = staff_client.post(ADDRESS, data=data)
        assert answer.status_code == 422
        assert read(answer.text).first("#paste-error").text == TOO_MANY
        assert attribute(answer.text, "#paste", "aria-invalid") == "true"
        assert ">A\t1\nB\t2\nC\t3</textarea>" in answer.text
        assert rows(answer) == [("AAA", "1"), ("BBB", "2"), ("CCC", "x")]

    def test_a_metadata_row_is_added(self, staff_client: FlaskClient) -> None:
        assert 'name="extra.1.key"' in self.act(staff_client, "add-extra").text

    def test_nothing_is_saved_by_a_row_button(
        self, staff_client: FlaskClient, stored_rows: StoredRows
    ) -> None:
        for action in ("stay", "add", "up:1", "remove:0", "paste"):
            staff_client.post(ADDRESS, data={**good_form(), "do": action})
        assert stored_rows()["orders"] == 0


class TestPlacing:
    def place(self, client: FlaskClient, address: str = ADDRESS, **changes: str) -> TestResponse:
        return client.post(address, data={**good_form(), **changes, "do": "place"})

    def test_placing_leads_to_the_page_with_the_code(self, staff_client: FlaskClient) -> None:
        answer = self.place(staff_client)
        assert answer.status_code == 303
        code = re.fullmatch(r"/orders/([0-9A-Z]{12})/placed", answer.location)
        assert code is not None
        page = staff_client.get(answer.location).text
        assert "-".join((code[1][:4], code[1][4:8], code[1][8:])) in page
        assert f"http://localhost/o/{code[1]}" in page
        another = read(page).first("a[href='/orders/new'][autofocus]")
        assert another.text.startswith("New order")

    def test_htmx_is_redirected_there_too(self, staff_client: FlaskClient) -> None:
        answer = staff_client.post(ADDRESS, data={**good_form(), "do": "place"}, headers=HTMX)
        assert answer.headers["HX-Redirect"].endswith("/placed")

    def test_the_same_form_twice_is_one_order(
        self, staff_client: FlaskClient, stored_rows: StoredRows
    ) -> None:
        assert self.place(staff_client).location == self.place(staff_client).location
        assert stored_rows()["orders"] == 1

    def test_the_form_reports_that_it_was_placed(self, staff_client: FlaskClient) -> None:
        self.place(staff_client)
        assert "This form was already placed as order" in staff_client.get(ADDRESS).text

    def test_the_same_form_with_other_content_is_refused_and_loses_nothing(
        self, staff_client: FlaskClient, stored_rows: StoredRows
    ) -> None:
        self.place(staff_client)
        again = self.place(staff_client, name="Another")
        assert again.status_code == 409
        assert "This was already placed as order" in again.text
        assert 'value="Another"' in again.text
        assert stored_rows()["orders"] == 1
        fresh = attribute(again.text, "form[action^='/orders/new?form=']", "action")
        assert fresh != ADDRESS
        assert self.place(staff_client, fresh, name="Another").status_code == 303
        assert stored_rows()["orders"] == 2

    def test_two_people_may_have_the_same_key(
        self, staff_client: FlaskClient, org: Org, other_org: Org, stored_rows: StoredRows
    ) -> None:
        stranger = other_org.sign_in(org.app.test_client())
        assert self.place(staff_client).location != self.place(stranger).location
        assert stored_rows()["orders"] == 2

    def test_what_is_typed_is_what_is_stored(self, staff_client: FlaskClient, org: Org) -> None:
        org.define(
            AttributeRule("weight", "Weight", Kind.NUMBER),
            AttributeRule("gift", "Gift", Kind.BOOLEAN),
            AttributeRule("note", "Note", Kind.TEXT, default="none"),
        )
        card = org.save("Oslo chair", "OSL-1")
        form = {
            "name": "Reception ☕", "customerId": "C-9", "status": "In Progress",
            "platform.platform": "shopify", "platform.id": "1001", "platform.storeName": "",
            "metadata.weight": "12.5", "metadata.gift": "y", "metadata.note": "",
            "extra.0.key": "po", "extra.0.value": "007", "extra.3.key": "", "extra.3.value": "",
            "cart.5.configurationId": " OSL-1 ", "cart.5.count": " 12 ",
            "cart.2.configurationId": card.short_id, "cart.2.count": "1",
            "cart.9.configurationId": CHAIR.upper(), "cart.9.count": "3",
            "cart.1.configurationId": "", "cart.1.count": "1", "do": "place",
        }  # fmt: skip
        location = staff_client.post(ADDRESS, data=form).location
        headers = {"Authorization": f"Bearer {org.private.secret}"}
        order = org.app.test_client().get(f"/api/orders/{location.split('/')[2]}", headers=headers)
        assert order.json is not None
        stored = {key: order.json[key] for key in ("name", "customerId", "status", "platform")}
        assert stored == {
            "name": "Reception ☕", "customerId": "C-9", "status": "In Progress",
            "platform": {"platform": "shopify", "id": "1001"},
        }  # fmt: skip
        assert order.json["metadata"] == {"weight": 12.5, "gift": True, "note": None, "po": "007"}
        assert order.json["cart"] == [
            {"configurationId": card.id, "count": 12},
            {"configurationId": card.id, "count": 1},
            {"configurationId": CHAIR, "count": 3},
        ]
        assert order.json["createdBy"] == org.staff().id

    def test_a_repeated_key_is_reported(self, staff_client: FlaskClient) -> None:
        answer = self.place(
            staff_client,
            **{
                "extra.0.key": "po",
                "extra.0.value": "1",
                "extra.1.key": "po",
                "extra.1.value": "2",
            },
        )
        assert answer.status_code == 422
        assert 'data-path="metadata.po"' in answer.text


class TestErrors:
    def test_errors_are_at_their_fields_and_in_the_summary(self, staff_client: FlaskClient) -> None:
        form = {**good_form(), "name": "x" * 256, "cart.0.count": "0", "do": "place"}
        page = staff_client.post(ADDRESS, data=form).text
        assert "<title>Error: New order" in page
        assert 'href="#name">Order name</a>' in page
        assert 'href="#cart-0-count">Quantity, line 1</a>' in page
        name = read(page).first("input#name")
        assert name["aria-invalid"] == "true"
        assert "autofocus" in name
        assert "A whole number" in read(page).first("#cart-0-count-error").text
        assert page.count(" autofocus") == 1
        assert "x" * 256 in page

    def test_markup_that_was_typed_is_shown_as_text(self, staff_client: FlaskClient) -> None:
        nasty = "<script>alert(1)</script>"
        form = {"name": nasty, "cart.0.configurationId": nasty, "extra.0.key": nasty, "do": "place"}
        page = staff_client.post(ADDRESS, data=form).text
        assert nasty not in page
        assert "&lt;script&gt;" in page

    @pytest.mark.parametrize(
        "typed", ["<i>\"&'", "%s %(row)s 100 %", "{{ line }}", "</textarea><b>"]
    )
    def test_the_fields_of_a_row_have_exactly_what_was_typed(
        self, staff_client: FlaskClient, typed: str
    ) -> None:
        names = [f"cart.0.{name}" for name in ("configurationId", "count", "metadata")]
        page = staff_client.post(ADDRESS, data={**dict.fromkeys(names, typed), "do": "stay"}).text
        assert page.count(f'value="{escape(typed)}"') == 2
        details = re.findall(r'name="cart\.0\.metadata"[^>]*>\n([^<]*)</textarea>', page)
        assert details == [escape(typed)]
        assert "<i>" not in page

    def test_the_product_of_a_row_is_shown_as_text(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        org.save("<b>Oslo</b> %s {{ card }}", 'OSL-"1"')
        form = {**good_form(), "cart.0.configurationId": 'OSL-"1"', "do": "stay"}
        page = staff_client.post(ADDRESS, data=form).text
        assert "<strong>&lt;b&gt;Oslo&lt;/b&gt; %s {{ card }}</strong>" in page
        assert '<span class="sku again">OSL-&#34;1&#34;</span>' in page
        options = "Wood: Oak · Legs: Brass"
        assert f'<span class="options" title="{options}">{options}</span>' in page

    def test_every_row_is_labelled_by_its_number(self, staff_client: FlaskClient) -> None:
        page = staff_client.post(ADDRESS, data={**three_rows(), "do": "up:2"}).text
        labels = re.findall(r'name="cart\.2\.[a-zA-Z]+"[^>]*aria-label="([^"]*)"', page)
        assert labels == [
            "Product, line 2", "Quantity, line 2",
            "Details of line 2, one “key: value” per line",
        ]  # fmt: skip
        buttons = re.findall(
            r'value="[a-z]+:2" class="act" title="[^"]*" aria-label="([^"]*)"', page
        )
        assert buttons == [
            "Details of line 2", "Move line 2 up", "Move line 2 down", "Duplicate line 2",
            "Remove line 2",
        ]  # fmt: skip


class TestChecks:
    def check(self, client: FlaskClient, field: str, **form: str) -> str:
        answer = client.post(
            "/orders/new/check", query_string={"field": field}, data={**good_form(), **form},
            headers=HTMX,
        )  # fmt: skip
        assert answer.status_code == 200
        return answer.text

    def test_a_check_returns_only_the_error_of_its_field(self, staff_client: FlaskClient) -> None:
        bad = {"name": "x" * 256, "cart.0.count": "0"}
        assert "At most 255 characters" in self.check(staff_client, "name", **bad)
        assert "A whole number" in self.check(staff_client, "cart.0.count", **bad)
        assert self.check(staff_client, "customerId", **bad).strip() == ""

    def test_a_reference_is_resolved(self, staff_client: FlaskClient, org: Org) -> None:
        card = org.save("Oslo chair", "OSL-CH-1")
        for typed in (card.id, card.id.upper(), card.short_id, "OSL-CH-1", " OSL-CH-1 "):
            answer = self.check(
                staff_client, "cart.0.configurationId", **{"cart.0.configurationId": typed}
            )
            assert "Oslo chair" in answer
            assert "Wood: Oak" in answer

    def test_an_unknown_uuid_is_a_hint_and_an_unknown_sku_an_error(
        self, staff_client: FlaskClient
    ) -> None:
        field = "cart.0.configurationId"
        assert "Not in your products. Kept as entered" in self.check(staff_client, field)
        assert 'class="error"' in self.check(staff_client, field, **{field: "NOPE-0001"})

    def test_another_orgs_sku_is_unknown(self, staff_client: FlaskClient, other_org: Org) -> None:
        other_org.save("Their chair", "THEIRS-1")
        field = "cart.0.configurationId"
        assert "Their chair" not in self.check(staff_client, field, **{field: "THEIRS-1"})

    def test_a_check_of_an_unknown_field_returns_nothing(self, staff_client: FlaskClient) -> None:
        for field in ("", "nonsense", "cart.99.count", "<b>", "cart.0.configurationId\0"):
            assert self.check(staff_client, field).strip() == ""

    def test_pasted_lines_come_back_as_rows_with_products(
        self, staff_client: FlaskClient, org: Org
    ) -> None:
        org.save("Oslo chair", "OSL-CH-1")
        answer = staff_client.post(
            "/orders/new/paste?first=40", data={"paste": "OSL-CH-1\t4\nNOPE-0001\t0"}, headers=HTMX
        )
        assert "<html" not in answer.text
        assert answer.text.count('<li class="line"') == 2
        assert 'name="cart.40.configurationId"' in answer.text
        assert "Oslo chair" in answer.text
        assert "A whole number" in answer.text

    def test_too_many_pasted_lines_are_an_error_at_their_field(
        self, app: Flask, staff_client: FlaskClient
    ) -> None:
        allow_two_lines(app)
        few, many = (
            staff_client.post("/orders/new/paste", data={"paste": "A\t1\n" * count}, headers=HTMX)
            for count in (2, 3)
        )
        assert few.text.count('<li class="line"') == 2
        assert "HX-Retarget" not in few.headers
        assert (many.status_code, read(many.text).first("span").text) == (200, TOO_MANY)
        assert many.headers["HX-Retarget"] == "#paste-error"
        assert many.headers["HX-Reswap"] == "innerHTML"


def test_a_sku_is_found_in_any_letters_but_another_spelling_of_its_own_wins(
    staff_client: FlaskClient, org: Org
) -> None:
    org.save("Oslo chair", "OSL-1")
    org.save("Oslo chair, small", "osl-1")
    org.save("Bergen lamp", "BRG-9")

    def shown(reference: str) -> str:
        form = {**good_form(), "cart.0.configurationId": reference}
        field = "cart.0.configurationId"
        return staff_client.post("/orders/new/check", query_string={"field": field}, data=form).text

    assert "Bergen lamp" in shown("brg-9")
    assert "small" in shown("osl-1")
    assert "small" not in shown("OSL-1")
    either = shown("Osl-1")  # both match
    assert "<strong>" not in either
    assert [one.strings()[0] for one in read(either).all("[value^='pick:0:']")] == [
        "Oslo chair", "Oslo chair, small",
    ]  # fmt: skip


def test_a_value_without_a_key_is_reported_at_the_key(
    staff_client: FlaskClient, stored_rows: StoredRows
) -> None:
    form = {**good_form(), "extra.0.key": " ", "extra.0.value": "KW 49", "do": "place"}
    answer = staff_client.post(ADDRESS, data=form)
    assert answer.status_code == 422
    assert '<a href="#extra-0-key">Key, row 1</a>' in answer.text
    assert 'value="KW 49"' in answer.text
    assert stored_rows()["orders"] == 0


@pytest.mark.parametrize(
    ("rule", "ticked", "expected"),
    [
        (AttributeRule("gift", "Gift", Kind.BOOLEAN), False, {}),
        (AttributeRule("gift", "Gift", Kind.BOOLEAN), True, {"gift": True}),
        (AttributeRule("gift", "Gift", Kind.BOOLEAN, required=True), False, {"gift": False}),
        (AttributeRule("gift", "Gift", Kind.BOOLEAN, default=True), False, {"gift": False}),
    ],
)
def test_an_unticked_box_means_no_only_for_required_attributes(
    staff_client: FlaskClient,
    org: Org,
    rule: AttributeRule,
    ticked: bool,
    expected: dict[str, bool],
) -> None:
    org.define(rule)
    form = {**good_form(), "do": "place", **({"metadata.gift": "y"} if ticked else {})}
    form.pop("metadata.finish")
    placed = staff_client.post(ADDRESS, data=form)
    assert placed.status_code == 303
    headers = {"Authorization": f"Bearer {org.private.secret}"}
    code = placed.location.split("/")[-2]
    order = staff_client.get(f"/api/orders/{code}", headers=headers).json
    assert order is not None
    assert order["metadata"] == expected


def test_only_a_uuid_is_reported_as_kept(staff_client: FlaskClient) -> None:
    form = {**three_rows(), "cart.0.configurationId": CHAIR, "do": "stay"}
    assert (
        staff_client.post(ADDRESS, data=form).text.count("Not in your products. Kept as entered")
        == 1
    )


class TestTeamNote:
    def test_the_note_is_added_with_the_order_and_shown_only_to_the_team(
        self, staff_client: FlaskClient, org: Org, client: FlaskClient
    ) -> None:
        form = {**good_form(), "note": " Call before\r\ndelivery ", "do": "place"}
        placed = staff_client.post(ADDRESS, data=form)
        assert placed.status_code == 303
        code = placed.location.split("/")[2]
        assert "Call before\ndelivery" in staff_client.get(f"/orders/{code}").text
        assert "Call before" not in client.get(f"/o/{code}").text
        token = {"Authorization": f"Bearer {org.private.secret}"}
        assert "Call before" not in client.get(f"/api/orders/{code}", headers=token).text

    def test_a_note_that_is_too_long_is_reported_at_its_field(
        self, staff_client: FlaskClient, stored_rows: StoredRows
    ) -> None:
        form = {**good_form(), "note": "x" * 2001, "do": "place"}
        answer = staff_client.post(ADDRESS, data=form)
        assert answer.status_code == 422
        assert (
            'href="#note">Note for the team</a>: <span class="message">At most 2,000' in answer.text
        )
        assert stored_rows()["orders"] == 0


class TestOriginalOrganization:
    ORIGIN = "reseller-7"

    def placed(self, client: FlaskClient, origin: str) -> str:
        """Place an order with this origin and return the page of the order."""
        answer = client.post(ADDRESS, data={**good_form(), "originOrgId": origin, "do": "place"})
        assert answer.status_code == 303, answer.text
        code = re.findall(r"[0-9A-Z]{12}", answer.location)[0]
        return f"/orders/{code}"

    def test_it_is_a_field_of_a_new_order(self, staff_client: FlaskClient) -> None:
        page = read(staff_client.get(ADDRESS).text)
        assert page.first("label[for=originOrgId]").text.strip() == "Original organization"
        shown = staff_client.get(self.placed(staff_client, self.ORIGIN)).text
        assert "Original organization" in shown
        assert self.ORIGIN in shown

    def test_an_empty_one_is_the_own_org(self, staff_client: FlaskClient) -> None:
        shown = staff_client.get(self.placed(staff_client, "")).text
        assert "Original organization" not in shown

    def test_it_is_copied_but_never_changed(self, staff_client: FlaskClient) -> None:
        order = self.placed(staff_client, self.ORIGIN)
        assert "originOrgId" not in staff_client.get(f"{order}/edit").text
        code = order.rpartition("/")[2]
        copy = staff_client.get(f"/orders/new?from={code}", follow_redirects=True).text
        assert attribute(copy, "[name=originOrgId]", "value") == self.ORIGIN

    def test_a_long_one_is_refused_at_its_field(self, staff_client: FlaskClient) -> None:
        sent = {**good_form(), "originOrgId": "x" * 256, "do": "place"}
        answer = staff_client.post(ADDRESS, data=sent)
        assert answer.status_code == 422
        error = read(answer.text).first("#originOrgId-error")
        assert "At most 255 characters" in error.text
