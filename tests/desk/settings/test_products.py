"""Products by hand at the desk: adding, changing, duplicating, retiring, and the grid."""

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from orders.interfaces.desk.forms import new_key
from orders.services.catalog import configuration_queries
from orders.storage import database, tables
from tests.actors import Org
from tests.api.calls import Api
from tests.desk.settings.test_configurations import save_whole, saved
from tests.html import Part, read
from tests.uploads import GIF, KIND, PDF, PNG, Form

pytestmark = [
    pytest.mark.usefixtures("csrf_off"),
    pytest.mark.one_database(reason="the SQL is that of services, whose tests run on both"),
]
FILLED = {
    "metadata.name": "Oslo chair",
    "metadata.sku": "OSL-9",
    "option.0.key": "Wood",
    "option.0.value": "Oak",
    "option.1.key": "Felt pads",
    "option.1.value": ":= true",
    "option.2.key": "",
    "option.2.value": "",
    "detail.0.key": "range",
    "detail.0.value": "Oslo",
    "productId": "E5D536EC-e89c-46fc-8773-7e54ba70517a",
    "productVersion": "v2",
    "customerId": "C-1042",
}
HUGE = PNG[:16] + (10_000).to_bytes(4) * 2 + PNG[24:]


@pytest.fixture
def api(org: Org, client: FlaskClient) -> Api:
    secret = org.private.secret
    headers = {"Authorization": f"Bearer {secret}"}
    return Api(client, org.id, org.private.id, secret, headers)


def form_of(page: TestResponse) -> Part:
    return read(page.text).first("#product-form")


def send(
    client: FlaskClient, address: str, fields: dict[str, str], picture: bytes | None = None
) -> TestResponse:
    form = Form()
    for name, text in fields.items():
        form.text(name, text)
    if picture is not None:
        kind = "gif" if picture == GIF else "png"
        form.file("thumbnail", f"shot.{kind}", picture, f"image/{kind}")
    return client.post(address, data=form.body(), content_type=KIND)


def add(client: FlaskClient, picture: bytes | None = None, *, sku: str = "OSL-9") -> str:
    """Add a product by the form, and return its ID."""
    form = form_of(client.get("/configurations/new")).fields()
    answer = send(client, "/configurations/new", {**form, **FILLED, "metadata.sku": sku}, picture)
    assert answer.status_code == 303, answer.text
    return answer.location.rpartition("/")[2]


def row_of(app: Flask, configuration_id: str) -> Any:  # noqa: ANN401 - a row
    with app.app_context():
        where = tables.configuration.c.id == configuration_id
        return database.fetch_one(select(tables.configuration).where(where))


def errors_on(answer: TestResponse) -> dict[str, str]:
    """Return path and message of each error of the page, which must be refused."""
    assert answer.status_code == 422, answer.status_code
    page = read(answer.text)
    assert page.first("title").text.startswith("Error:")
    for link in page.all("#summary a"):
        assert page.has(link["href"])
    return {one["data-path"]: one.first(".message").text for one in page.all("#summary li")}


class TestAdding:
    def test_a_product_is_stored_as_the_api_would_store_it(
        self, app: Flask, org: Org, admin_client: FlaskClient, api: Api
    ) -> None:
        made = add(admin_client, PNG)
        body = api.client.get(f"/api/configurations/{made}", headers=api.headers).json
        assert body is not None
        assert body["variant"] == {"Wood": "Oak", "Felt pads": True}
        assert body["metadata"] == {"name": "Oslo chair", "sku": "OSL-9", "range": "Oslo"}
        assert body["productId"] == FILLED["productId"].lower()
        assert (body["productVersion"], body["customerId"]) == ("v2", "C-1042")
        assert body["attachments"] == {"thumbnail": "shot.png"}
        assert "/api/files/hash/" in body["thumbnail"]
        assert body["createdBy"] == org.admin().id
        assert (body["identifier"], body["sceneGraphState"]) == (None, None)
        page = admin_client.get(f"/configurations/{made}").text
        assert "“Oslo chair” is added." in page
        assert admin_client.get(read(page).first("img.large")["src"]).data == PNG
        assert "OSL-9" in admin_client.get("/configurations?q=oak+oslo").text

    def test_a_form_that_is_sent_twice_adds_one(
        self, app: Flask, admin_client: FlaskClient
    ) -> None:
        form = form_of(admin_client.get("/configurations/new")).fields() | FILLED
        both = [send(admin_client, "/configurations/new", form, PNG) for _ in range(2)]
        assert both[0].location == both[1].location
        assert saved(app) == 1

    def test_errors_are_those_of_the_api_at_their_fields(
        self, app: Flask, admin_client: FlaskClient, api: Api
    ) -> None:
        bad = {
            "productId": "chair", "productVersion": "v" * 256, "option.1.key": "Wood",
            "option.2.key": "broken", "option.2.value": "a\0b", "detail.0.value": "x\0",
        }  # fmt: skip
        errors = errors_on(send(admin_client, "/configurations/new", {**FILLED, **bad}, PDF))
        form = {
            "variant": '{"Wood": "Oak", "Wood": true, "broken": "a\\u0000b"}',
            "metadata": '{"name": "Oslo chair", "range": "x\\u0000"}',
            "productId": "chair", "productVersion": "v" * 256,
        }  # fmt: skip
        data: dict[str, Any] = {**form, "thumbnail": (io.BytesIO(PDF), "shot.png")}
        answer = api.client.post("/api/configurations", data=data, headers=api.headers)
        assert answer.json is not None
        assert {one["path"]: one["message"] for one in answer.json["errors"]} == errors
        assert set(errors) == {
            "variant.Wood", "variant.broken", "metadata.range", "productId", "productVersion",
            "thumbnail",
        }  # fmt: skip
        assert saved(app) == 0

    def test_what_json_cannot_say_is_an_error_of_its_row(
        self, app: Flask, admin_client: FlaskClient
    ) -> None:
        bad = {
            "metadata.name": " ", "metadata.sku": "", "option.0.key": " ",
            "detail.0.value": ":= {", "detail.1.key": "", "detail.1.value": "lost",
            "productId": "x",
        }  # fmt: skip
        answer = send(admin_client, "/configurations/new", {**FILLED, **bad})
        assert set(errors_on(answer)) == {
            "metadata.name", "option.0.key", "detail.0.value", "detail.1.key", "productId",
        }  # fmt: skip
        fields = form_of(answer).fields()
        assert (fields["detail.0.value"], fields["option.0.value"]) == (":= {", "Oak")
        assert saved(app) == 0

    @pytest.mark.parametrize(
        ("picture", "message"),
        [
            (PDF, "The content of this file is not image/png."),
            (b"", "This file is empty."),
            (HUGE, "At most 40,000,000 pixels; this picture has 10,000 × 10,000."),  # noqa: RUF001
            (PNG.ljust(10_485_761), "At most 10,485,760 bytes; this has 10,485,761."),
        ],
    )
    def test_a_bad_picture_is_refused(
        self, app: Flask, admin_client: FlaskClient, picture: bytes, message: str
    ) -> None:
        answer = send(admin_client, "/configurations/new", FILLED, picture)
        assert errors_on(answer) == {"thumbnail": message}
        assert saved(app) == 0

    def test_rows_are_added_and_removed_without_scripts(
        self, app: Flask, admin_client: FlaskClient
    ) -> None:
        fields = form_of(admin_client.get("/configurations/new")).fields()
        assert "option.2.key" in fields
        fields |= FILLED | {"do": "add:option"}
        page = send(admin_client, "/configurations/new", fields)
        assert page.status_code == 200
        assert read(page.text).first("[autofocus]")["name"] == "option.3.key"
        again = form_of(page).fields() | {"do": "remove:option:0"}
        page = send(admin_client, "/configurations/new", again)
        left = form_of(page).fields()
        assert "option.0.key" not in left
        assert (left["option.1.key"], left["metadata.name"]) == ("Felt pads", "Oslo chair")
        assert left["key"] == fields["key"]
        for odd in ("remove:option:99", "remove:option:0:1", "x", "add:", "add:other"):
            assert send(admin_client, "/configurations/new", {**left, "do": odd}).status_code == 200
        assert saved(app) == 0

    def test_only_admins_see_the_buttons(
        self, org: Org, staff_client: FlaskClient, admin_client: FlaskClient
    ) -> None:
        made = add(admin_client)
        for path in ("", f"/{made}"):
            ways = read(staff_client.get(f"/configurations{path}").text).attributes(
                "href", "action"
            )
            assert not [
                way for way in ways if way.endswith(("configurations/new", "/edit", "/retire"))
            ]
        assert staff_client.get("/configurations/new").status_code == 403
        assert staff_client.post(f"/configurations/{made}/retire").status_code == 403


class TestEditing:
    def test_the_form_without_changes_changes_nothing(
        self, app: Flask, org: Org, admin_client: FlaskClient
    ) -> None:
        made = save_whole(app, org)
        before = row_of(app, made)
        address = f"/configurations/{made}/edit"
        assert (
            send(admin_client, address, form_of(admin_client.get(address)).sent()).status_code
            == 303
        )
        assert row_of(app, made) == before

    @pytest.mark.one_database(reason="what the form does with odd values is the subject")
    def test_odd_keys_and_values_survive_an_edit(
        self, app: Flask, admin_client: FlaskClient, api: Api
    ) -> None:
        odd = {
            "variant": {"a\nb": 1, " x ": "y", "": 2, "n": 1.5, "deep": {"k": [None, " t\r\n "]},
                        "u": "4f9d6f0e-50a6-4ab5-8d0c-7d5e3a9c8f11", ":=": "=1", "e": ""},
            "metadata": {"z": 1, "SKU": "OSL-5", "name": " Oslo\r\nchair", "lines": "a\nb"},
        }  # fmt: skip
        made = api.client.post("/api/configurations", json=odd, headers=api.headers).json
        assert made is not None
        address = f"/configurations/{made['id']}/edit"
        fields = form_of(admin_client.get(address)).sent()
        assert fields["metadata.sku"] == "OSL-5"
        assert send(admin_client, address, fields | {"metadata.sku": "OSL-6"}).status_code == 303
        row = row_of(app, made["id"])
        assert list(row.variant.items()) == list(made["variant"].items())
        assert list(row.metadata.items()) == list((made["metadata"] | {"SKU": "OSL-6"}).items())
        assert (row.sku, row.product_name) == ("OSL-6", " Oslo\r\nchair")

    def test_search_names_sku_and_etag_follow(
        self, app: Flask, org: Org, admin_client: FlaskClient, api: Api
    ) -> None:
        made = save_whole(app, org)
        path = f"/api/configurations/{made}"
        before = api.client.get(path, headers=api.headers)
        address = f"/configurations/{made}/edit"
        fields = form_of(admin_client.get(address)).fields()
        fields |= {
            "metadata.name": "Bergen stool", "metadata.sku": "BER-1", "option.0.value": "Birke",
        }  # fmt: skip
        assert send(admin_client, address, fields).status_code == 303
        after = api.client.get(path, headers=api.headers)
        assert before.json is not None
        assert after.json is not None
        assert before.headers["ETag"] != after.headers["ETag"]
        assert after.json["updatedAt"] > before.json["updatedAt"]
        changed = {name for name in after.json if after.json[name] != before.json[name]}
        assert changed == {"metadata", "variant", "updatedAt"}
        assert after.json["metadata"]["note"] == "<b>"
        assert after.json["variant"]["asset"] == {"assetId": "x"}
        for words, is_found in (("bergen birke", True), ("oslo", False), ("eiche", False)):
            page = admin_client.get("/configurations", query_string={"q": words}).text
            assert (made in page) is is_found
        for sku, status in (("BER-1", 201), ("OSL-1", 422)):
            placed = place(admin_client, sku)
            assert (placed.status_code == 303) is (status == 201)

    def test_the_picture_is_replaced_and_removed(
        self, app: Flask, org: Org, admin_client: FlaskClient
    ) -> None:
        made = save_whole(app, org)
        address = f"/configurations/{made}/edit"
        first = read(admin_client.get(f"/configurations/{made}").text).first("img.large")["src"]
        old = row_of(app, made).thumbnail
        stored_before = stored_files(app)
        assert send(admin_client, address, fields_of(admin_client, made), GIF).status_code == 303
        second = read(admin_client.get(f"/configurations/{made}").text).first("img.large")["src"]
        # Browsers keep a picture for a day.
        assert first != second
        picture = admin_client.get(second)
        assert (picture.data, picture.mimetype) == (GIF, "image/gif")
        assert picture.headers["Cache-Control"] == "private, max-age=86400"
        bare = admin_client.get(second.partition("?")[0])
        assert bare.headers["Cache-Control"] == "private, max-age=600"
        assert row_of(app, made).thumbnail != old
        assert len(stored_files(app)) == len(stored_before)
        fields = fields_of(admin_client, made) | {"removesPicture": "y"}
        assert send(admin_client, address, fields).status_code == 303
        row = row_of(app, made)
        assert (row.thumbnail, "thumbnail" in row.attachments) == (None, False)
        assert "plan.pdf" in row.attachments
        assert admin_client.get(f"/configurations/{made}/picture").status_code == 404
        assert len(stored_files(app)) == len(stored_before) - 1

    def test_a_refused_edit_leaves_no_file_behind(
        self, app: Flask, org: Org, admin_client: FlaskClient
    ) -> None:
        made = save_whole(app, org)
        before = (row_of(app, made), stored_files(app))
        fields = fields_of(admin_client, made)
        bad = send(admin_client, f"/configurations/{made}/edit", fields | {"productId": "x"}, GIF)
        assert set(errors_on(bad)) == {"productId"}
        stale = send(admin_client, f"/configurations/{made}/edit", fields | {"version": "x"}, GIF)
        assert stale.status_code == 409
        assert (row_of(app, made), stored_files(app)) == before

    def test_two_people_do_not_overwrite_each_other(
        self, app: Flask, org: Org, admin_client: FlaskClient
    ) -> None:
        made = save_whole(app, org)
        address = f"/configurations/{made}/edit"
        mine, theirs = fields_of(admin_client, made), fields_of(admin_client, made)
        theirs["metadata.name"], mine["customerId"] = "Theirs", "C-7"
        assert send(admin_client, address, theirs).status_code == 303
        refused = send(admin_client, address, mine)
        assert refused.status_code == 409
        assert row_of(app, made).product_name == "Theirs"
        again = form_of(refused).fields()
        assert again["customerId"] == "C-7"
        assert send(admin_client, address, again).status_code == 303
        assert row_of(app, made).customer_id == "C-7"

    def test_products_of_others_do_not_exist(
        self, org: Org, other_org: Org, admin_client: FlaskClient
    ) -> None:
        theirs = other_org.save("Chair", "X-1").id
        for path in ("edit", "retire", "restore"):
            answer = admin_client.post(f"/configurations/{theirs}/{path}", data=FILLED)
            assert answer.status_code == 404
        assert admin_client.get(f"/configurations/new?copy={theirs}").status_code == 404


class TestDuplicating:
    def test_a_copy_has_options_details_and_the_picture(
        self, app: Flask, org: Org, admin_client: FlaskClient
    ) -> None:
        made = save_whole(app, org)
        address = f"/configurations/new?copy={made}"
        page = admin_client.get(address)
        form = form_of(page)
        assert form["action"] == address
        fields = form.fields()
        # A SKU should name one product only.
        assert fields["metadata.sku"] == ""
        fields |= {"metadata.sku": "OSL-2"}
        answer = send(admin_client, address, fields)
        copy = row_of(app, answer.location.rpartition("/")[2])
        original = row_of(app, made)
        assert copy.variant == original.variant
        assert copy.metadata == {**original.metadata, "sku": "OSL-2"}
        assert (copy.identifier, copy.scene_graph_state) == (None, None)
        assert copy.short_id != original.short_id
        assert copy.thumbnail != original.thumbnail
        assert admin_client.get(f"/configurations/{copy.id}/picture").data == PNG
        # The file is its own: the original's can be removed.
        removed = fields_of(admin_client, made) | {"removesPicture": "y"}
        send(admin_client, f"/configurations/{made}/edit", removed)
        assert admin_client.get(f"/configurations/{copy.id}/picture").data == PNG

    def test_the_picture_is_left_out_on_request(
        self, app: Flask, org: Org, admin_client: FlaskClient
    ) -> None:
        made = save_whole(app, org)
        address = f"/configurations/new?copy={made}"
        fields = form_of(admin_client.get(address)).fields()
        del fields["copiesPicture"]
        answer = send(admin_client, address, fields)
        assert row_of(app, answer.location.rpartition("/")[2]).thumbnail is None


class TestRetiring:
    def test_a_retired_product_is_not_offered(
        self, app: Flask, org: Org, admin_client: FlaskClient
    ) -> None:
        made = org.save("Oslo chair", "OSL-1").id
        answer = admin_client.post(f"/configurations/{made}/retire", follow_redirects=True)
        assert "“Oslo chair” is retired." in answer.text
        for path in ("/orders/new/configurations?q=oslo", "/configurations?q=oslo"):
            assert "OSL-1" not in admin_client.get(path).text
        pasted = admin_client.post("/orders/new/paste", data={"paste": "OSL-1\t3"})
        assert "No product has this ID" in pasted.text or "error" in pasted.text
        assert place(admin_client, "OSL-1").status_code == 422
        assert "OSL-1" in admin_client.get("/configurations?retired=1").text

        answer = admin_client.post(f"/configurations/{made}/restore", follow_redirects=True)
        assert "“Oslo chair” is restored." in answer.text
        assert "OSL-1" in admin_client.get("/orders/new/configurations?q=oslo").text
        assert place(admin_client, "OSL-1").status_code == 303

    def test_orders_keep_it_and_say_so(self, org: Org, admin_client: FlaskClient, api: Api) -> None:
        card = org.save("Oslo chair", "OSL-1")
        lines = [{"configurationId": card.id, "count": 2},
                 {"configurationId": card.short_id, "count": 1}]  # fmt: skip
        order = api.client.post("/api/orders", json={"cart": lines}, headers=api.headers).json
        assert order is not None
        admin_client.post(f"/configurations/{card.id}/retire")
        code = order["shortId"]
        page = read(admin_client.get(f"/orders/{code}").text)
        assert [one.text for one in page.all(".retired")] == ["Retired"] * 2
        edit = read(admin_client.get(f"/orders/{code}/edit").text)
        assert len(edit.all(".line .retired")) == 2
        fields = edit.first("#order-form").sent() | {"name": "Hall", "do": "save"}
        assert admin_client.post(f"/orders/{code}/edit", data=fields).status_code == 303
        after = api.client.get(f"/api/orders/{code}", headers=api.headers).json
        assert after is not None
        assert after["name"] == "Hall"
        assert after["cart"] == order["cart"]

    def test_a_form_that_was_open_meanwhile_can_be_saved(
        self, org: Org, admin_client: FlaskClient, api: Api
    ) -> None:
        card = org.save("Oslo chair", "OSL-1")
        lines = [{"configurationId": card.id, "count": 2}]
        order = api.client.post("/api/orders", json={"cart": lines}, headers=api.headers).json
        assert order is not None
        address = f"/orders/{order['shortId']}/edit"
        fields = read(admin_client.get(address).text).first("#order-form").sent()
        assert fields["cart.0.configurationId"] == "OSL-1"
        admin_client.post(f"/configurations/{card.id}/retire")
        fields |= {"cart.0.count": "3", "do": "save"}
        assert admin_client.post(address, data=fields).status_code == 303
        path = f"/api/orders/{order['id']}"
        after = api.client.get(path, headers=api.headers).json
        assert after is not None
        assert [(one["configurationId"], one["count"]) for one in after["cart"]] == [(card.id, 3)]

    def test_the_api_shows_no_difference(
        self, org: Org, admin_client: FlaskClient, api: Api
    ) -> None:
        card = org.save("Oslo chair", "OSL-1")
        path = f"/api/configurations/{card.id}"
        before = api.client.get(path, headers=api.headers)
        admin_client.post(f"/configurations/{card.id}/retire")
        after = api.client.get(path, headers=api.headers)
        assert after.json == before.json
        assert after.headers["ETag"] == before.headers["ETag"]
        listed = api.client.get("/api/configurations?sku=OSL-1", headers=api.headers).json
        assert listed is not None
        assert listed["count"] == 1
        for reference in (card.id, card.short_id):
            lines = [{"configurationId": reference, "count": 1}]
            answer = api.client.post("/api/orders", json={"cart": lines}, headers=api.headers)
            assert answer.status_code == 201

    def test_the_sku_is_free_for_a_successor(
        self, app: Flask, org: Org, admin_client: FlaskClient
    ) -> None:
        old = org.save("Oslo chair", "OSL-1").id
        new = add(admin_client, sku="OSL-1")
        assert "Another product has the same SKU" in admin_client.get(f"/configurations/{new}").text
        admin_client.post(f"/configurations/{old}/retire")
        assert "the same SKU" not in admin_client.get(f"/configurations/{new}").text
        placed = place(admin_client, "OSL-1")
        assert placed.status_code == 303
        with app.app_context():
            found = configuration_queries.find_configuration(new, org.id)
            assert configuration_queries.list_uses(found, most=1).count == 1


@pytest.mark.one_database(reason="rendering is the subject")
def test_the_grid_is_remembered_in_the_address(org: Org, admin_client: FlaskClient) -> None:
    for number in range(51):
        org.save(f"Oslo {number}", f"OSL-{number}")
    page = read(admin_client.get("/configurations?view=grid&q=oslo").text)
    assert len(page.all(".grid li")) == 50
    assert not page.has("table")
    assert page.first("[rel=next]")["href"] == "/configurations?q=oslo&view=grid&page=2"
    assert page.first(".search [name=view]")["value"] == "grid"
    ways = {one.text: one["href"] for one in page.all(".switch a")}
    assert ways == {
        "Current": "/configurations?q=oslo&view=grid",
        "Retired": "/configurations?q=oslo&view=grid&retired=1",
        "Table": "/configurations?q=oslo",
        "Pictures": "/configurations?q=oslo&view=grid",
    }
    assert [one.text for one in page.all(".switch [aria-current]")] == ["Current", "Pictures"]


def fields_of(client: FlaskClient, configuration_id: str) -> dict[str, str]:
    return form_of(client.get(f"/configurations/{configuration_id}/edit")).sent()


def place(client: FlaskClient, sku: str) -> TestResponse:
    """Place an order for one piece by the form."""
    fields = {"cart.0.configurationId": sku, "cart.0.count": "1", "status": "New", "do": "place"}
    return client.post(f"/orders/new?form={new_key()}", data=fields)


def stored_files(app: Flask) -> list[str]:
    folder = app.extensions["files"]._folder
    return sorted(str(place) for place in folder.rglob("*") if place.is_file())
