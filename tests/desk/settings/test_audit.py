"""The audit log: what is recorded by whom, the page of the admins, and the file."""

import csv
import io
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from orders.domain.attributes import AttributeRule, Kind
from orders.services.accounts import acting, attributes, audit, invitations, orgs, sessions, tokens
from orders.services.accounts.acting import ActorKind, act_as
from orders.services.accounts.audit import AuditFilter, ListedEvent
from orders.services.customers import customers
from orders.services.webhooks import webhooks
from orders.storage import database
from tests.actors import PASSWORD, Org
from tests.html import read, texts

ADDRESS = "/settings/audit"


def events(org: Org) -> list[ListedEvent]:
    return list(audit.list_audit(org.id, AuditFilter()).rows)


def test_changes_are_recorded_with_their_author(app: Flask, org: Org) -> None:
    admin, actor = org.admin(), org.actor()
    with app.app_context():
        before, doer = len(events(org)), acting.begin_request()
        act_as(ActorKind.TOKEN, org.private.id)
        made = tokens.add_token(org.id, name="Shop", is_private=True)
        tokens.revoke_token(made.id)
        tokens.revoke_token(made.id)
        key = attributes.add_attribute(org.id, AttributeRule("wood", "Wood", Kind.TEXT))
        attributes.remove_attribute(org.id, key)
        orgs.change_org(org.id, name="Works", is_strict=True)
        invitations.invite(org.id, email="new@example.com", role="sales", by=admin.id)
        limits = app.config["SETTINGS"].limits
        raw = {"address": "https://example.com/secret", "topic": "order.created", "filter": {}}
        hook = webhooks.create(raw, actor=actor, limits=limits, allow_private=True)
        webhooks.bin_webhook(hook.webhook.id, org.id)
        customers.create({"customerId": "anna"}, actor=actor, limits=limits)
        customers.remove("anna", actor=actor)
        sessions.record_failed_try(admin.email)
        found = events(org)[:-before]
        acting.end_request(doer)
    assert [(one.kind, one.detail) for one in reversed(found)] == [
        ("Token created", "Shop"),
        ("Token revoked", "Shop"),
        ("Attribute added", "wood"),
        ("Attribute removed", "wood"),
        ("Settings changed", "name: Workshop → Works; is_strict: False → True"),
        ("Invitation sent", "sales"),
        ("Webhook created", "example.com"),
        ("Webhook deleted", "example.com"),
        ("Customer deleted", ""),
        ("Sign-in failed", ""),
    ]
    assert {one.by_id for one in found} == {org.private.id}


def test_rows_are_never_changed(app: Flask, org: Org) -> None:
    with app.app_context(), pytest.raises(DBAPIError):
        database.execute(text("UPDATE staff_event SET detail = 'x'"))


@pytest.mark.one_database(reason="rendering; test_changes_are_recorded reads on both")
def test_admins_search_and_export(admin_client: FlaskClient, app: Flask, org: Org) -> None:
    admin = org.admin()
    shown = read(admin_client.get("/settings/tokens/new").text).first("form.card").fields()
    sent = {**shown, "name": "=Shop", "kind": "private"}
    assert admin_client.post("/settings/tokens/new", data=sent).status_code == 200
    page = admin_client.get(f"{ADDRESS}?q=%3Dshop&kind=TOKEN_CREATED&by={admin.id}").text
    assert texts(page, "tbody td")[1:] == ["Token created", admin.email, "=Shop"]
    assert "No matching events." in admin_client.get(f"{ADDRESS}?to=2026-01-01").text
    assert admin_client.get(f"{ADDRESS}?from=soon").status_code == 422
    answer = admin_client.get("/settings/audit.csv?kind=TOKEN_CREATED&q=%3Dshop")
    [row] = csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))
    assert (row["event"], row["byId"], row["detail"]) == ("Token created", admin.id, "'=Shop")
    assert "Audit log exported" in admin_client.get(f"{ADDRESS}?kind=AUDIT_EXPORTED").text


@pytest.mark.one_database(reason="as above")
def test_a_stranger_fails_to_sign_in(client: FlaskClient, app: Flask, org: Org) -> None:
    email = org.staff().email
    with app.app_context():
        doer = acting.begin_request()
        sessions.record_failed_try(email)
        acting.end_request(doer)
        found = events(org)[0]
    assert (found.kind, found.about, found.by_kind) == ("Sign-in failed", email, "unknown")
    assert found.by_id == ""


@pytest.mark.usefixtures("csrf_off")
def test_a_wrong_password_is_by_a_stranger_and_a_sign_in_by_its_person(
    app: Flask, org: Org
) -> None:
    member, admin = org.staff(), org.admin()
    browser = org.sign_in(app.test_client(), admin)  # of a colleague who is still signed in
    wrong = {"email": member.email, "password": "wrong"}
    assert browser.post("/sign-in", data=wrong).status_code == 422
    right = {**wrong, "password": PASSWORD}
    assert browser.post("/sign-in", data=right).status_code == 303
    ends = time.monotonic() + 10
    by: dict[str, tuple[ActorKind, str]] = {}
    while "Sign-in failed" not in by:
        assert time.monotonic() < ends
        with app.app_context():
            by = {one.kind: (one.by_kind, one.by_id) for one in events(org)}
    assert by["Sign-in failed"] == (ActorKind.UNKNOWN, "")
    assert by["Signed in"] == (ActorKind.STAFF, member.id)
