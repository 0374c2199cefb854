"""The settings of the customers' pages: color, contact, language, verification, logo."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from orders.domain.permissions import CustomerCheck
from orders.services.accounts import orgs
from orders.services.accounts.orgs import MAX_LOGO, CustomerPage
from orders.services.catalog import configurations
from tests.actors import Org
from tests.domain.test_pictures import VALID, big
from tests.uploads import GIF, JPEG, KIND, PDF, PNG, SVG, WEBP, Form

PAGE = "/settings/customers"
SENT = {
    "accent": "#F90", "contact": " +49 30 1234 ", "language": "de", "customer_check": "customerId"
}  # fmt: skip


def stored(app: Flask, org: Org) -> CustomerPage:
    with app.app_context():
        return orgs.find_customer_page(org.id)


def send(client: FlaskClient, **changed: str) -> TestResponse:
    return client.post(PAGE, data={**SENT, **changed})


def send_logo(client: FlaskClient, content: bytes, name: str, kind: str) -> TestResponse:
    body = Form().file("logo", name, content, kind).body()
    return client.post(f"{PAGE}/logo", data=body, content_type=KIND)


@pytest.mark.usefixtures("csrf_off")
class TestCustomerPages:
    def test_a_change_is_confirmed_and_stored(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        answer = send(admin_client)
        assert (answer.status_code, answer.location) == (303, PAGE)
        found = stored(app, org)
        assert (found.accent, found.contact, found.language, found.check) == (
            "#ff9900", "+49 30 1234", "de", CustomerCheck.CUSTOMER_ID,
        )  # fmt: skip
        page = admin_client.get(PAGE).text
        assert "Customer page saved" in page
        assert 'value="#ff9900"' in page
        assert '<option value="de" selected>Deutsch' in page
        assert "/o/look/ff9900/preview.css" in page
        assert "#ff9900 has a contrast of 2.0 on our light background" in page
        assert "In the light theme, text uses #" in page

    def test_empty_fields_are_allowed(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        send(admin_client)
        send(admin_client, accent=" ", contact="", customer_check="none")
        found = stored(app, org)
        assert (found.accent, found.contact, found.check) == (None, None, CustomerCheck.NONE)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("accent", "red"), ("accent", "#12345"), ("accent", "#fff;}"), ("accent", "a\0b"),
            ("contact", "x" * 256), ("contact", "two\nlines"), ("contact", "a\0b"),
            ("language", "xx"), ("language", "../de"), ("customer_check", "password"),
            ("customer_check", ""),
        ],
    )  # fmt: skip
    @pytest.mark.one_database(reason="it is refused before the first statement that writes")
    def test_invalid_values_are_reported_at_their_fields_and_not_saved(
        self, app: Flask, admin_client: FlaskClient, org: Org, field: str, value: str
    ) -> None:
        answer = send(admin_client, **{field: value})
        assert answer.status_code == 422
        assert "<title>Error: Customer page" in answer.text
        assert f'id="{field}-error" data-error-of="{field}"><svg' in answer.text
        assert stored(app, org) == CustomerPage(org.id, "Workshop")
        # The other admin's change is still there.
        assert field == "contact" or "+49 30 1234" in answer.text

    def test_two_admins_do_not_overwrite_each_other(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        version = stored(app, org).version
        send(admin_client, version=version)
        refused = send(admin_client, accent="#000", version=version)
        assert refused.status_code == 409
        assert "Someone else changed this in the meantime." in refused.text
        assert stored(app, org).accent == "#ff9900"

    def test_another_org_is_not_changed(
        self, app: Flask, admin_client: FlaskClient, other_org: Org
    ) -> None:
        send(admin_client)
        send_logo(admin_client, PNG, "a.png", "image/png")
        assert stored(app, other_org) == CustomerPage(other_org.id, "Another workshop")

    def test_a_reload_of_a_form_leads_to_its_page(self, admin_client: FlaskClient) -> None:
        for form in ("wording", "logo"):
            assert admin_client.get(f"{PAGE}/{form}").location == PAGE


GOOD: dict[str, tuple[bytes, str, str]] = {
    "PNG": (PNG, "a.png", "image/png"),
    "JPEG": (JPEG, "a.jpg", "image/jpeg"),
    "WebP": (WEBP, "a.webp", "image/webp"),
    "undeclared": (PNG, "logo", "application/octet-stream"),
}
BAD: dict[str, tuple[bytes, str, str]] = {
    "nothing": (b"", "", ""),
    "empty": (b"", "a.png", "image/png"),
    "SVG": (SVG, "a.svg", "image/svg+xml"),
    "SVG that says PNG": (SVG, "a.png", "image/png"),
    "PNG that says SVG": (PNG, "a.svg", "image/svg+xml"),
    "GIF": (GIF, "a.gif", "image/gif"),
    "PDF": (PDF, "a.pdf", "application/pdf"),
    "a page": (b"<script>alert(1)</script>", "a.png", "text/html"),
    "too large": (PNG + b"\0" * MAX_LOGO, "a.png", "image/png"),
    "too many pixels": (big(VALID["png"][1]), "a.png", "image/png"),
    "too large for any body": (PNG + b"\0" * 2_000_000, "a.png", "image/png"),
}


@pytest.mark.usefixtures("csrf_off")
class TestLogo:
    @pytest.mark.parametrize("sent", GOOD.values(), ids=GOOD)
    def test_pictures_are_accepted(
        self, app: Flask, admin_client: FlaskClient, org: Org, sent: tuple[bytes, str, str]
    ) -> None:
        assert send_logo(admin_client, *sent).location == PAGE
        logo = stored(app, org).logo
        assert logo is not None
        assert app.extensions["files"].get(logo.stored_as) == sent[0]
        page = admin_client.get(PAGE).text
        assert "Logo saved." in page
        assert f"/o/logo/{logo.sha256}" in page

    @pytest.mark.parametrize("sent", BAD.values(), ids=BAD)
    @pytest.mark.one_database(reason="it is refused before the first statement that writes")
    def test_everything_else_is_refused_at_the_field(
        self, app: Flask, admin_client: FlaskClient, org: Org, sent: tuple[bytes, str, str]
    ) -> None:
        answer = send_logo(admin_client, *sent)
        assert answer.status_code == 422
        assert 'id="logo-error" data-error-of="logo"><svg' in answer.text
        assert stored(app, org).logo is None
        assert files(app) == []

    def test_a_new_logo_replaces_the_old_one_and_leaves_no_file(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        send_logo(admin_client, PNG, "a.png", "image/png")
        send_logo(admin_client, JPEG, "b.jpg", "image/jpeg")
        logo = stored(app, org).logo
        assert logo is not None
        assert files(app) == [logo.stored_as]
        answer = admin_client.post(f"{PAGE}/logo/remove")
        assert answer.location == PAGE
        assert stored(app, org).logo is None
        assert files(app) == []
        assert admin_client.post(f"{PAGE}/logo/remove").location == PAGE

    def test_the_colour_stays_when_the_logo_changes_and_the_other_way_round(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        send(admin_client)
        send_logo(admin_client, PNG, "a.png", "image/png")
        assert stored(app, org).accent == "#ff9900"
        send(admin_client, accent="#000000")
        assert stored(app, org).logo is not None

    def test_the_logo_is_not_deleted_by_the_cleanup(
        self, app: Flask, admin_client: FlaskClient, org: Org
    ) -> None:
        send_logo(admin_client, PNG, "a.png", "image/png")
        store = app.extensions["files"]
        with app.app_context():
            store.put(f"{org.id}/left-over", b"x")
            in_two_days = datetime.now(UTC) + timedelta(days=2)
            assert configurations.sweep_files(store, now=in_two_days) == 1
        logo = stored(app, org).logo
        assert logo is not None
        assert store.get(logo.stored_as) == PNG


def files(app: Flask) -> list[Any]:
    """Return the names of all files in the store."""
    return list(app.extensions["files"].names_before(datetime.now(UTC) + timedelta(days=1)))
