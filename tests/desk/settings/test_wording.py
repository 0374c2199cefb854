"""An org's own words for the steps of an order, in the settings."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.domain.errors import InvalidInput, NotFound
from orders.services.accounts import customer_wording
from orders.services.accounts.orgs import find_customer_page
from tests.actors import Org
from tests.html import attribute, texts

PAGE = "/settings/customers"
ADDRESS = f"{PAGE}/wording"

pytestmark = pytest.mark.usefixtures("csrf_off")


def stored(app: Flask, org: Org) -> object:
    with app.app_context():
        return customer_wording.find_wording(org.id)[0]


def test_words_are_stored_and_shown_with_the_defaults_in_their_language(
    app: Flask, admin_client: FlaskClient, org: Org
) -> None:
    page = admin_client.get(PAGE).text
    assert attribute(page, "[name='de.in_progress']", "placeholder") == "In Produktion"
    assert attribute(page, "[name='en.complete']", "placeholder") == "Ready"
    assert attribute(page, "[name='en.complete']", "value") == ""
    sent = {"en.complete": " Shipped ", "de.complete": "Verschickt", "de.new": "  "}
    assert admin_client.post(ADDRESS, data=sent).location == PAGE
    assert stored(app, org) == {"en": {"complete": "Shipped"}, "de": {"complete": "Verschickt"}}
    page = admin_client.get(PAGE).text
    assert "Words saved." in page
    assert attribute(page, "[name='de.complete']", "value") == "Verschickt"
    # Empty fields use the defaults again.
    admin_client.post(ADDRESS, data={"en.complete": "Shipped"})
    assert stored(app, org) == {"en": {"complete": "Shipped"}}


@pytest.mark.parametrize("text", ["x" * 41, "a\0b", "two\nlines"])
@pytest.mark.one_database(reason="it is refused before the first statement that writes")
def test_invalid_words_are_reported_at_their_fields_and_nothing_is_saved(
    app: Flask, admin_client: FlaskClient, org: Org, text: str
) -> None:
    answer = admin_client.post(ADDRESS, data={"de.new": text, "en.new": "Thanks"})
    assert answer.status_code == 422
    assert "<title>Error: Customer page" in answer.text
    assert texts(answer.text, "#de-new-error")[0]
    assert attribute(answer.text, "[name='en.new']", "value") == "Thanks"
    assert stored(app, org) == {}


def test_two_admins_do_not_overwrite_each_other(
    app: Flask, admin_client: FlaskClient, org: Org
) -> None:
    with app.app_context():
        version = customer_wording.find_wording(org.id)[1]
    admin_client.post(ADDRESS, data={"en.new": "Thanks", "version": version})
    refused = admin_client.post(ADDRESS, data={"en.new": "Got it", "version": version})
    assert refused.status_code == 409
    assert "Someone else changed this in the meantime." in refused.text
    assert stored(app, org) == {"en": {"new": "Thanks"}}
    # The words and the other settings of the page have versions of their own.
    with app.app_context():
        page = find_customer_page(org.id)
    assert admin_client.post(
        PAGE, data={"customer_check": "none", "version": page.version}
    ).location == PAGE  # fmt: skip
    assert stored(app, org) == {"en": {"new": "Thanks"}}


def test_another_org_keeps_its_words(
    app: Flask, admin_client: FlaskClient, org: Org, other_org: Org
) -> None:
    admin_client.post(ADDRESS, data={"en.new": "Thanks"})
    assert stored(app, other_org) == {}


@pytest.mark.parametrize(
    ("language", "step", "text"),
    [("de", "new", "\ud800"), ("xx", "new", "Thanks"), ("de", "shipped", "Thanks")],
)
@pytest.mark.one_database(reason="it is refused before the first statement")
def test_the_service_refuses_what_no_form_sends(
    app: Flask, org: Org, language: str, step: str, text: str
) -> None:
    with app.app_context(), pytest.raises(InvalidInput) as refused:
        customer_wording.change_wording(org.id, {language: {step: text}})
    assert [error.path for error in refused.value.errors] == [f"{language}.{step}"]


def test_words_of_an_unknown_org_are_not_found(app: Flask) -> None:
    with app.app_context(), pytest.raises(NotFound):
        customer_wording.change_wording("unknown", {})


def test_phone_mail_and_zone_are_stored_and_checked(
    app: Flask, admin_client: FlaskClient, org: Org
) -> None:
    good = {
        "phone": " +49 30 1234 ", "email": "a@b.example", "time_zone": "Europe/Berlin",
        "customer_check": "none",
    }  # fmt: skip
    assert admin_client.post(PAGE, data=good).location == PAGE
    with app.app_context():
        page = find_customer_page(org.id)
    assert (page.phone, page.email, page.time_zone) == (
        "+49 30 1234", "a@b.example", "Europe/Berlin"
    )  # fmt: skip
    for name, bad in (("phone", "call me"), ("phone", "1\0"), ("email", "a@"), ("email", "x" * 300),
                      ("time_zone", "Mars/Base")):  # fmt: skip
        answer = admin_client.post(PAGE, data={**good, name: bad})
        assert answer.status_code == 422
        assert f'id="{name}-error" data-error-of="{name}"><svg' in answer.text
    with app.app_context():
        assert find_customer_page(org.id) == page


def test_the_settings_show_the_address_of_the_look_up_page(
    app: Flask, admin_client: FlaskClient, client: FlaskClient, org: Org, other_org: Org
) -> None:
    with app.app_context():
        key = find_customer_page(org.id).key
    assert f'href="http://localhost/find?org={key}"' in admin_client.get(PAGE).text
    assert texts(client.get(f"/find?org={key}").text, ".brand") == ["Workshop"]
