"""The customer page shows the org's name, accent color, logo and contact."""

import hashlib

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.services.accounts import orgs
from tests.actors import Org
from tests.customer.conftest import CODE, Clock, PlaceOrder
from tests.uploads import PNG

LINE = {"configurationId": "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11", "count": 1}
HASH = hashlib.sha256(PNG).hexdigest()


def set_theme(
    app: Flask, org: Org, *, accent: str = "#ff9900", contact: str = "+49 30 1234"
) -> None:
    with app.app_context():
        orgs.change_customer_page(
            org.id, customer_check="none", accent=accent, contact=contact, language=""
        )
        orgs.set_logo(
            org.id, file_name="logo.png", declared_type="image/png", content=PNG,
            store=app.extensions["files"],
        )  # fmt: skip


def test_a_plain_page_has_the_orgs_name(
    client: FlaskClient, org: Org, place_order: PlaceOrder
) -> None:
    place_order(cart=[LINE])
    text = client.get(f"/o/{CODE}").text
    assert "<title>Order 0110-ABCD-EF10 – Workshop</title>" in text  # noqa: RUF001
    assert "/o/look/" not in text
    assert "/o/logo/" not in text
    assert "by Shortorder" in text


def test_a_themed_page_has_color_logo_and_contact(
    app: Flask, client: FlaskClient, org: Org, place_order: PlaceOrder
) -> None:
    place_order(cart=[LINE])
    set_theme(app, org, contact="<b>Ask</b> us")
    text = client.get(f"/o/{CODE}").text
    assert 'href="/o/look/ff9900.css"' in text
    assert f'src="/o/logo/{HASH}"' in text
    assert "Questions? &lt;b&gt;Ask&lt;/b&gt; us" in text
    assert org.id not in text


def test_other_orgs_and_the_search_form_are_not_themed(
    app: Flask, client: FlaskClient, org: Org, other_org: Org, place_order: PlaceOrder
) -> None:
    place_order(cart=[LINE])
    set_theme(app, other_org)
    for path in ("/find", f"/o/{CODE}"):
        assert "ff9900" not in client.get(path).text


class TestStyleSheet:
    def test_anyone_may_cache_it_forever(self, client: FlaskClient) -> None:
        answer = client.get("/o/look/ff9900.css")
        assert answer.mimetype == "text/css"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.text.startswith(":root { --brand: #ff9900;")
        assert "Accept-Language" not in answer.vary
        assert "Set-Cookie" not in client.get("/o/look/ff9900.css?lang=de").headers

    def test_the_preview_style_applies_to_the_preview_only(self, client: FlaskClient) -> None:
        assert client.get("/o/look/ff9900/preview.css").text.startswith(".preview {")

    @pytest.mark.parametrize(
        "odd", ["fff", "FF9900", "gggggg", "ff9900;", "%23ff9900", "ff99001", "ff990\n", "%00"]
    )
    @pytest.mark.one_database(reason="no statement runs for such an address")
    def test_anything_but_six_digits_is_not_found(self, client: FlaskClient, odd: str) -> None:
        for path in (f"/o/look/{odd}.css", f"/o/look/{odd}/preview.css"):
            answer = client.get(path)
            assert answer.status_code == 404
            assert answer.headers["Cache-Control"] == "no-store"


class TestLogo:
    def test_it_is_sent_safely_and_cached_forever(
        self, app: Flask, client: FlaskClient, org: Org
    ) -> None:
        set_theme(app, org)
        answer = client.get(f"/o/logo/{HASH}")
        assert (answer.data, answer.mimetype) == (PNG, "image/png")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize("odd", ["x", HASH[:-1], HASH.upper(), "0" * 64, "%00", "..%2f"])
    def test_other_hashes_are_not_found(
        self, app: Flask, client: FlaskClient, org: Org, clock: Clock, odd: str
    ) -> None:
        set_theme(app, org)
        assert client.get(f"/o/logo/{odd}").status_code == 404

    def test_a_missing_file_is_404(self, app: Flask, client: FlaskClient, org: Org) -> None:
        set_theme(app, org)
        with app.app_context():
            logo = orgs.find_logo(HASH)
            app.extensions["files"].discard([logo.stored_as])
        assert client.get(f"/o/logo/{HASH}").status_code == 404

    def test_two_orgs_may_have_the_same_logo(
        self, app: Flask, client: FlaskClient, org: Org, other_org: Org
    ) -> None:
        set_theme(app, org)
        set_theme(app, other_org)
        with app.app_context():
            orgs.remove_logo(org.id, store=app.extensions["files"])
        assert client.get(f"/o/logo/{HASH}").data == PNG
