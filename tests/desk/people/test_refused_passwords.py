"""Passwords that are easy to guess are refused wherever one is chosen."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from orders.services.accounts import access, accounts, invitations, own_account, resets, setup
from orders.services.accounts.access import StaffMember
from orders.services.accounts.passwords import COMMON, PERSONAL
from orders.storage import database
from orders.storage.models.people import StaffAccount
from tests.actors import PASSWORD, Org, make_org
from tests.desk.people.test_setup import FORM
from tests.html import attributes, texts

pytestmark = [
    pytest.mark.one_database(reason="whether a password is accepted follows from its text"),
    pytest.mark.usefixtures("csrf_off"),
]
NAME, EMAIL, ORG = "Anders Oak", "k.larsson@desk.example", "Workshop"
OF_THE_NAME = "anders-oak-12"
GUESSED = {
    "password123": COMMON,
    OF_THE_NAME: PERSONAL,
    "K.Larsson@Desk": PERSONAL,
    "Workshop 2026": PERSONAL,
}
GOOD = "another battery horse"
Form = tuple[FlaskClient, str, dict[str, str]]  # the browser, where it sends to, other fields


def person(app: Flask, org: Org) -> StaffMember:
    with app.app_context():
        accounts.add_staff(org.id, email=EMAIL, role="sales", password=PASSWORD)
        member = access.sign_in(EMAIL, PASSWORD)
        assert member is not None
        own_account.change_own(member, name=NAME, preferences=member.preferences)
        return member


def admin_of(app: Flask, org: Org) -> FlaskClient:
    return org.sign_in(app.test_client(), org.admin())


def new_account(app: Flask) -> Form:
    typed = {"email": EMAIL, "role": "sales"}
    return admin_of(app, make_org(app, ORG)), "/settings/staff/new", typed


def set_by_an_admin(app: Flask) -> Form:
    org = make_org(app, ORG)
    return admin_of(app, org), f"/settings/staff/{person(app, org).id}/password", {}


def own(app: Flask) -> Form:
    org = make_org(app, ORG)
    browser = org.sign_in(app.test_client(), person(app, org))
    return browser, "/account/password", {"old_password": PASSWORD}


def reset_link(app: Flask) -> Form:
    org = make_org(app, ORG)
    member, admin, browser = person(app, org), org.admin(), app.test_client()
    with app.app_context():
        secret = resets.make_reset(org.id, member.id, by=admin.id).secret
    browser.get(f"/reset-password?link={secret}")
    return browser, "/reset-password", {}


def invitation(app: Flask) -> Form:
    org, browser = make_org(app, ORG), app.test_client()
    with app.app_context():
        secret = invitations.invite(org.id, email=EMAIL, role="sales").secret
    browser.get(f"/invitation?link={secret}")
    return browser, "/invitation", {"name": NAME}


def first_admin(app: Flask) -> Form:
    browser = app.test_client()
    with app.app_context():
        secret = setup.new_link().secret
    browser.get(f"/setup?token={secret}")
    return browser, "/setup", {**FORM, "org_name": ORG, "name": NAME, "email": EMAIL}


def passwords(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        rows = database.fetch_all(select(StaffAccount.email, StaffAccount.password_hash))
        return sorted((row.email, row.password_hash) for row in rows)


@pytest.mark.parametrize(
    "form", [new_account, set_by_an_admin, own, reset_link, invitation, first_admin]
)
def test_they_are_refused_at_their_field_and_not_stored(
    app: Flask, form: Callable[[Flask], Form]
) -> None:
    browser, path, typed = form(app)
    before = passwords(app)
    for password, refusal in GUESSED.items():
        if password == OF_THE_NAME and form is new_account:
            continue  # the admin enters no name
        answer = browser.post(path, data={**typed, "password": password})
        assert answer.status_code == 422, password
        assert attributes(answer.text, "[data-path]", "data-path") == ["password"]
        assert texts(answer.text, "[data-error-of=password]") == [refusal]
        assert passwords(app) == before
    assert browser.post(path, data={**typed, "password": GOOD}).status_code == 303
    assert passwords(app) != before
