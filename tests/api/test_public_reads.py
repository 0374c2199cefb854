"""Contract: what public tokens read of orders that they did not create."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.attributes import Applies, AttributeRule, Kind
from orders.services.accounts import access, orgs, tokens
from orders.services.orders.lookup import MAX_TRIES
from tests.actors import DOMAINS, Org
from tests.api.calls import Answer, Api
from tests.html import attributes
from tests.html import read as read_page

NUMBER = "Größe 4711"
SENT = {"Customer-Id": "gr%C3%B6%C3%9Fe-4711"}
PAGE = access.Origin("shop.example", None)


def ask_for_customer_id(app: Flask, org: Org, check: str = "customerId") -> None:
    with app.app_context():
        orgs.change_customer_page(org.id, customer_check=check, accent="", contact="", language="")


@pytest.fixture
def placed(api: Api, org: Org) -> dict[str, object]:
    """An order that the org's private token created, with everything that must not leak."""
    org.define(
        AttributeRule("day", "Day", Kind.TEXT, visible_to_customer=True),
        AttributeRule("engraving", "E", Kind.TEXT, applies=Applies.LINE, visible_to_customer=True),
    )
    chair = org.save("Oslo chair", "OSL-1")
    line = {
        "configurationId": chair.id, "count": 2, "metadata": {"engraving": "A.B.", "x": "HIDDEN"},
    }  # fmt: skip
    body = {
        "name": "HIDDEN", "customerId": NUMBER, "platform": {"id": "HIDDEN"}, "cart": [line],
        "metadata": {"day": "Monday", "note": "HIDDEN"}, "derivative": {"net": "HIDDEN"},
        "originOrgId": "HIDDEN",
    }  # fmt: skip
    made: dict[str, object] = api.create(body).json
    return made


def read(api: Api, reference: object, **headers: str) -> Answer:
    return api.call("GET", f"/orders/{reference}", headers=headers)


WITHHELD: dict[str, object] = {
    "originOrgId": None, "name": None, "customerId": None, "platform": {}, "metadata": {},
    "derivative": {}, "cart": [], "items": [], "createdAt": None, "updatedAt": None,
    "createdBy": "", "deletedAt": None, "canceledAt": None, "cancelReason": None, "warnings": [],
}  # fmt: skip


class TestAnOrgThatAsksForTheCustomerId:
    def test_of_other_orders_the_status_is_read_and_after_the_verification_what_customers_see(
        self, app: Flask, api: Api, public_api: Api, org: Org, placed: dict[str, object]
    ) -> None:
        code = placed["shortId"]
        assert read(public_api, code).json == placed  # the org asks for the code alone
        ask_for_customer_id(app, org)
        shown = {name: placed[name] for name in ("id", "shortId", "orgId", "status")}
        for reference in (code, placed["id"]):
            assert read(public_api, reference).json == shown | WITHHELD
        for sent in ("4711", "", "%"):
            refused = read(public_api, code, **{"Customer-Id": sent})
            assert refused.status_code == 422
            assert [error["path"] for error in refused.json["errors"]] == ["Customer-Id"]
        unlocked = read(public_api, code, **SENT)
        line = {**placed["cart"][0], "metadata": {"engraving": "A.B."}}  # type: ignore[index]
        content = {
            **shown, **WITHHELD, "cart": [line], "metadata": {"day": "Monday"},
            "createdAt": placed["createdAt"], "updatedAt": placed["updatedAt"],
        }  # fmt: skip
        assert unlocked.json == content
        again = read(public_api, code, **{"If-None-Match": unlocked.headers["ETag"]})
        assert (again.status_code, again.json["cart"]) == (200, [])
        assert read(api, code).json == placed

    def test_lines_that_may_be_read_have_their_configuration(
        self, app: Flask, public_api: Api, org: Org, placed: dict[str, object]
    ) -> None:
        ask_for_customer_id(app, org)
        path = f"/orders/{placed['shortId']}?fullConfiguration=true"
        assert public_api.call("GET", path).json["cart"] == []
        [line] = public_api.call("GET", path, headers=SENT).json["cart"]
        assert line["configuration"]["metadata"]["name"] == "Oslo chair"

    def test_its_own_orders_those_of_its_predecessors_and_open_carts_are_read_in_full(
        self, app: Flask, api: Api, public_api: Api, org: Org, placed: dict[str, object]
    ) -> None:
        ask_for_customer_id(app, org)
        cart = placed["cart"]
        mine = public_api.create({"customerId": "C", "name": "Mine", "cart": cart}).json
        open_cart = api.create({"customerId": "C", "name": "Open", "status": "List"}).json
        with app.app_context():
            old = org.public.id
            for _ in range(2):
                made = tokens.add_token(
                    org.id, name="n", is_private=False, allowed=DOMAINS, succeeds=old
                )
                old = made.id
            stranger = tokens.add_token(org.id, name="s", is_private=False, allowed=DOMAINS)
        for secret, name in ((made.secret, "Mine"), (stranger.secret, None)):
            page = Api(public_api.client, org.id, "", secret, dict(public_api.headers))
            page.headers["Authorization"] = f"Bearer {secret}"
            assert read(page, mine["shortId"]).json["name"] == name
            assert read(page, open_cart["shortId"]).json == open_cart
            changed = page.call("PUT", f"/orders/{open_cart['id']}", {"name": "Open"})
            assert changed.json == open_cart
            assert page.call("PUT", f"/orders/{placed['id']}", {"name": "x"}).status_code == 403
        assert read(public_api, mine["id"]).json == mine

    def test_lists_follow_the_same_rule_and_reveal_nothing_by_filters_and_sorts(
        self, app: Flask, public_api: Api, org: Org, placed: dict[str, object]
    ) -> None:
        ask_for_customer_id(app, org)
        mine = public_api.create({"customerId": NUMBER, "cart": placed["cart"]}).json
        codes = [("shortId", str(one["shortId"])) for one in (placed, mine)]

        def listed(*more: tuple[str, str], **headers: str) -> dict[str, list[object]]:
            answer = public_api.call("GET", "/orders", query=codes + list(more), headers=headers)
            assert answer.status_code == 200
            return {one["shortId"]: one["cart"] for one in answer.json["orders"]}

        hidden, own = placed["shortId"], mine["shortId"]
        assert listed() == listed(("status", "New")) == {hidden: [], own: mine["cart"]}
        assert len(listed(**SENT)[str(hidden)]) == 1
        assert listed(**{"Customer-Id": "wrong"})[str(hidden)] == []
        for revealing in (
            ("customerId", NUMBER), ("createdFrom", "2020-01-01"), ("sort", "customerId"),
            ("sort", "createdAt"), ("originOrgId", "HIDDEN"), ("platform", '{"id":"HIDDEN"}'),
        ):  # fmt: skip
            assert str(hidden) not in listed(revealing), revealing
        query = [*codes, ("perPage", "1")]
        first = public_api.call("GET", "/orders", query=query).json
        assert first["sort"] == "shortId"

    def test_tries_are_those_of_the_customers_page(
        self, app: Flask, public_api: Api, org: Org, placed: dict[str, object]
    ) -> None:
        ask_for_customer_id(app, org)
        app.config["WTF_CSRF_ENABLED"] = False
        code = placed["shortId"]
        for number in range(MAX_TRIES):
            if number % 2:
                public_api.client.post(f"/o/{code}/open", data={"number": "x"})
            else:
                assert read(public_api, code, **{"Customer-Id": "x"}).status_code == 422
        refused = read(public_api, code, **SENT)
        assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
        assert 3500 <= int(refused.headers["Retry-After"]) <= 3600
        assert read(public_api, code).status_code == 200
        query = {"shortId": str(code)}
        [one] = public_api.call("GET", "/orders", query=query, headers=SENT).json["orders"]
        assert one["cart"] == []


@pytest.mark.one_database(reason="the setting's SQL is that of other settings")
def test_an_org_chooses_what_they_read(
    app: Flask, public_api: Api, org: Org, placed: dict[str, object]
) -> None:
    def choose(public_reads: str) -> None:
        with app.app_context():
            orgs.change_org(
                org.id, name="W", is_strict=False, may_public_list=False, public_reads=public_reads
            )

    def customer_and_lines() -> tuple[object, int]:
        order = read(public_api, placed["shortId"]).json
        return order["customerId"], len(order["cart"])

    choose("customer")
    assert customer_and_lines() == (None, 1)  # the customer's page asks for nothing, either
    ask_for_customer_id(app, org)
    assert customer_and_lines() == (None, 0)
    choose("full")
    assert customer_and_lines() == (NUMBER, 1)
    choose("")
    assert customer_and_lines() == (None, 0)
    ask_for_customer_id(app, org, "none")
    assert customer_and_lines() == (NUMBER, 1)


@pytest.mark.usefixtures("csrf_off")
@pytest.mark.one_database(reason="the setting's SQL is that of other settings")
def test_an_admin_chooses_it_in_the_settings(
    public_api: Api, admin_client: FlaskClient, placed: dict[str, object]
) -> None:
    page = "/settings/organization"
    for chosen, number in (("full", NUMBER), ("customer", None), ("full", NUMBER), ("", NUMBER)):
        form = read_page(admin_client.get(page).text).first("form.card").fields()
        answer = admin_client.post(page, data={**form, "public_reads": chosen})
        assert (answer.status_code, answer.location) == (303, page)
        shown = read_page(admin_client.get(page).text).first("form.card").fields()
        assert shown["public_reads"] == chosen
        assert read(public_api, placed["shortId"]).json["customerId"] == number
    refused = admin_client.post(page, data={**form, "public_reads": "everything"})
    assert refused.status_code == 422
    assert attributes(refused.text, "[data-path]", "data-path") == ["public_reads"]
