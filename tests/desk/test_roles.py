"""What each role can do: a table, and a walk over every view of the desk with every role."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.routing import Rule

from orders.domain.permissions import PERMISSIONS, ROLES, Permission, may
from orders.interfaces.http.resumed import pack
from orders.services.accounts.access import StaffMember
from orders.storage import database
from orders.storage.models.people import StaffAccount
from tests.actors import PASSWORD, Org
from tests.bad_orders import good_form
from tests.conftest import StoredRows
from tests.html import read

ANYBODY, OWN, READ, ENTER, SETTINGS = "anybody", "own", "read", "enter", "settings"
WHO = {
    ANYBODY: ("signed out", "viewer", "sales", "admin"),
    OWN: ("viewer", "sales", "admin"),
    READ: ("viewer", "sales", "admin"),
    ENTER: ("sales", "admin"),
    SETTINGS: ("admin",),
}
# The permission of every view of the desk. A test fails until a new view is added here.
TABLE = {
    ANYBODY: """
        GET /                       GET /sign-in                POST /sign-in
        POST /sign-out              GET /sign-in/code           POST /sign-in/code
        GET /invitation             POST /invitation            GET /forgot-password
        POST /forgot-password       GET /reset-password         POST /reset-password
        GET /setup                  POST /setup
        GET /sign-in/company        GET /sign-in/company/back
    """,
    OWN: """
        GET /account                POST /account/preferences   POST /account/password
        GET /account/preferences    GET /account/password
        GET /account/sessions/end   POST /account/sessions/end
        GET /account/sessions/<session_id>/end
        POST /account/sessions/<session_id>/end
        GET /account/company/disconnect                         POST /account/company/disconnect
        GET /account/passkeys       POST /account/passkeys
        GET /account/passkeys/new   POST /account/passkeys/new
        GET /account/passkeys/<passkey_id>/remove
        POST /account/passkeys/<passkey_id>/remove
        GET /account/second-factor  POST /account/second-factor GET /account/second-factor/qr.svg
        GET /account/second-factor/codes                        GET /account/second-factor/off
        POST /account/second-factor/codes                       POST /account/second-factor/off
    """,
    READ: """
        GET /orders                 GET /orders/<reference>     GET /orders/<reference>/placed
        GET /orders/<reference>/qr.svg
        GET /orders/<reference>/print                           GET /orders/<reference>.pdf
        GET /orders/print           GET /orders/print.pdf       GET /go
        GET /orders/export.csv      GET /orders/export.xlsx     POST /orders/columns
        GET /configurations         GET /configurations/<reference>
        GET /configurations/<reference>/picture
        GET /configurations/<reference>/files/<path:key>
        GET /docs/api/requests      GET /checklist
        GET /customers              GET /customers/show         GET /customers/export.csv
    """,
    ENTER: """
        GET /orders/new             POST /orders/new            POST /orders/new/draft
        POST /orders/new/check      POST /orders/new/paste      GET /orders/new/configurations
        GET /orders/new/customers   POST /orders/drafts/<key>/discard
        POST /orders/new/totals
        POST /orders/new/customer   POST /orders/new/read-back
        POST /orders/templates/<template_id>/remove
        GET /orders/<reference>/edit                            POST /orders/<reference>/edit
        POST /orders/<reference>/edit/open                      POST /orders/<reference>/edit/draft
        POST /orders/<reference>/edit/discard
        POST /orders/<reference>/status                         POST /orders/<reference>/bin
        POST /orders/<reference>/restore                        POST /orders/<reference>/link
        POST /orders/<reference>/cancel                         POST /orders/<reference>/reopen
        POST /orders/<reference>/notes
        POST /orders/<reference>/notes/<note_id>/delete         POST /checklist
        POST /orders/bulk           POST /orders/changes/<change_id>/undo
        POST /orders/views          POST /orders/views/<view_id>
        GET /customers/new          POST /customers/new         GET /customers/edit
        POST /customers/edit        POST /customers/delete      POST /customers/restore
        GET /customers/import       POST /customers/import      POST /customers/import/start
        GET /customers/import/sample.csv
        GET /orders/import          POST /orders/import         GET /orders/import/sample.csv
        GET /orders/import/<import_id>
        GET /orders/import/<import_id>/columns
        POST /orders/import/<import_id>/columns
        POST /orders/import/<import_id>/read
        POST /orders/import/<import_id>/start
        POST /orders/import/<import_id>/cancel
        POST /orders/import/<import_id>/carry-on
        POST /orders/import/<import_id>/undo
        GET /orders/import/<import_id>/errors.csv
        GET /orders/import/<import_id>/result.csv
    """,
    SETTINGS: """
        GET /settings
        GET /settings/organization  POST /settings/organization
        GET /settings/customers                                 POST /settings/customers
        GET /settings/customers/wording                         POST /settings/customers/wording
        GET /settings/customers/logo                            POST /settings/customers/logo
        POST /settings/customers/logo/remove
        GET /settings/staff         GET /settings/staff/new     POST /settings/staff/new
        GET /settings/staff/invite  POST /settings/staff/invite
        GET /settings/staff/invitations/<invitation_id>/again
        POST /settings/staff/invitations/<invitation_id>/again
        POST /settings/staff/invitations/<invitation_id>/withdraw
        GET /settings/staff/<staff_id>
        GET /settings/staff/<staff_id>/role                     POST /settings/staff/<staff_id>/role
        GET /settings/staff/<staff_id>/password
        POST /settings/staff/<staff_id>/password
        GET /settings/staff/<staff_id>/disable
        POST /settings/staff/<staff_id>/disable
        GET /settings/staff/<staff_id>/enable
        POST /settings/staff/<staff_id>/enable
        GET /settings/staff/<staff_id>/sessions/end
        POST /settings/staff/<staff_id>/sessions/end
        GET /settings/staff/<staff_id>/reset-link
        POST /settings/staff/<staff_id>/reset-link
        GET /settings/staff/<staff_id>/second-factor/reset
        POST /settings/staff/<staff_id>/second-factor/reset
        GET /settings/tokens        GET /settings/tokens/new    POST /settings/tokens/new
        GET /settings/tokens/<token_id>                         POST /settings/tokens/<token_id>
        GET /settings/tokens/<token_id>/revoke
        POST /settings/tokens/<token_id>/revoke
        GET /settings/attributes    GET /settings/attributes/new
        POST /settings/attributes/new
        GET /settings/attributes/<attribute_id>
        POST /settings/attributes/<attribute_id>
        POST /settings/attributes/<attribute_id>/move
        GET /settings/attributes/<attribute_id>/remove
        POST /settings/attributes/<attribute_id>/remove
        GET /settings/erase         POST /settings/erase
        GET /settings/export.json
        GET /settings/audit         GET /settings/audit.csv
        GET /settings/webhooks      GET /settings/webhooks/new  POST /settings/webhooks/new
        GET /settings/webhooks/<webhook_id>                     POST /settings/webhooks/<webhook_id>
        GET /settings/webhooks/<webhook_id>/secret
        POST /settings/webhooks/<webhook_id>/secret
        GET /settings/webhooks/<webhook_id>/roll
        POST /settings/webhooks/<webhook_id>/roll
        POST /settings/webhooks/<webhook_id>/bin
        POST /settings/webhooks/<webhook_id>/test
        POST /settings/webhooks/<webhook_id>/restore
        POST /settings/webhooks/<webhook_id>/deliveries/<delivery_id>/again
        GET /configurations/import  POST /configurations/import
        GET /configurations/import/sample.csv
        GET /configurations/import/samples
        POST /configurations/import/samples
        GET /configurations/import/samples/remove
        POST /configurations/import/samples/remove
        GET /configurations/new     POST /configurations/new
        GET /configurations/<reference>/edit
        POST /configurations/<reference>/edit
        POST /configurations/<reference>/retire
        POST /configurations/<reference>/restore
    """,
}
NOBODY = "00000000-0000-4000-8000-000000000000"
Route = tuple[str, str]  # method and rule


def asked_for() -> dict[Route, str]:
    """Return the permission of each route, by the table."""
    pairs = {}
    for needed, text in TABLE.items():
        words = text.split()
        for method, rule in zip(words[::2], words[1::2], strict=True):
            assert (method, rule) not in pairs
            pairs[method, rule] = needed
    return pairs


def routes(app: Flask) -> dict[Route, Rule]:
    return {
        (method, rule.rule): rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("desk.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def address(app: Flask, rule: Rule) -> str:
    """Return the address of a rule with unknown IDs."""
    with app.test_request_context():
        return rule.build(dict.fromkeys(rule.arguments, NOBODY))[1]  # type: ignore[index]  # it can be built


def person(app: Flask, org: Org, role: str) -> StaffMember:
    if role == "admin":
        return org.admin()
    if role == "viewer":
        org.staff()
        with app.app_context():
            change = update(StaffAccount).where(StaffAccount.email == org.email)
            database.write(lambda connection: connection.execute(change.values(role=role)).rowcount)
    return org.staff()


def test_every_view_is_in_the_table(app: Flask) -> None:
    assert set(asked_for()) == set(routes(app))


def test_roles_only_add_to_each_other() -> None:
    assert set(PERMISSIONS) == set(ROLES)
    assert PERMISSIONS["viewer"] < PERMISSIONS["sales"] < PERMISSIONS["admin"]
    assert not may("boss", Permission.READ)


@pytest.mark.usefixtures("csrf_off")
@pytest.mark.one_database(reason="roles are checked before any SQL of a view")
@pytest.mark.parametrize("role", ["viewer", "sales", "admin"])
def test_each_role_can_do_exactly_what_the_table_allows(app: Flask, org: Org, role: str) -> None:
    who = person(app, org, role)
    for (method, rule), needed in asked_for().items():
        browser = org.sign_in(app.test_client(), who)
        path = address(app, routes(app)[method, rule])
        for headers in ({}, {"HX-Request": "true"}):
            answer = browser.open(path, method=method, headers=headers, buffered=True)
            is_refused = answer.status_code == 403
            assert is_refused == (role not in WHO[needed]), f"{role}: {method} {path}"
            assert answer.status_code < 500
            if is_refused and not headers:
                assert (
                    "You can view orders, but not" in answer.text
                    or "Only admins can view and change settings. Ask an admin in your team"
                    in answer.text
                )


@pytest.mark.usefixtures("csrf_off")
@pytest.mark.one_database(reason="roles are checked before any SQL of a view")
def test_nobody_gets_in_without_a_session(app: Flask, org: Org) -> None:
    for (method, rule), needed in asked_for().items():
        path = address(app, routes(app)[method, rule])
        answer = app.test_client().open(path, method=method)
        asks = answer.status_code == 401 or (answer.location or "").startswith("/sign-in?next=")
        may_answer_itself = needed == ANYBODY
        assert asks != may_answer_itself or path == "/sign-in/code", f"{method} {path}"
        piece = app.test_client().open(path, method=method, headers={"HX-Request": "true"})
        assert may_answer_itself or piece.status_code == 401, f"{method} {path}"


@pytest.mark.one_database(reason="the token is checked before any SQL of a view")
def test_every_form_is_protected(app: Flask, org: Org) -> None:
    for rule in app.url_map.iter_rules():  # also those of customers and of the setup
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            browser = org.sign_in(app.test_client(), org.admin())
            answer = browser.open(address(app, rule), method=method)
            # The order form is rendered again with everything that was typed.
            is_order_form = rule.rule == "/orders/new"
            assert answer.status_code == (422 if is_order_form else 400), f"{method} {rule}"


@pytest.mark.usefixtures("csrf_off")
class TestViewer:
    @pytest.fixture
    def viewing(self, app: Flask, org: Org) -> FlaskClient:
        return org.sign_in(app.test_client(), person(app, org, "viewer"))

    def test_sees_orders_and_no_links_to_forms(
        self, app: Flask, org: Org, viewing: FlaskClient
    ) -> None:
        code = self.place(app, org)
        pages = ("/", "/orders", f"/orders/{code}", f"/orders/{code}/placed", "/configurations")
        for path in pages:
            page = viewing.get(path)
            assert page.status_code == 200
            assert "data-reads-only" in page.text
            assert "/settings" not in page.text
            # Not even one that the style sheet would hide.
            ways = read(page.text).attributes("href", "action")
            assert not [way for way in ways if way.endswith(("/edit", "/status", "/bin", "/notes"))]
            assert not [way for way in ways if way.endswith(("/cancel", "/reopen"))]
            assert not [way for way in ways if "/orders/new" in way or "/orders/import" in way]

    def place(self, app: Flask, org: Org) -> str:
        """Place an order as the admin and return its code."""
        browser = org.sign_in(app.test_client(), org.admin())
        placed = browser.post(f"/orders/new?form={'A' * 22}", data={**good_form(), "do": "place"})
        return str(placed.location).split("/")[2]

    def test_is_refused_with_a_sentence_and_nothing_is_stored(
        self, viewing: FlaskClient, stored_rows: StoredRows
    ) -> None:
        before = stored_rows()
        answer = viewing.post("/orders/new", data={**good_form(), "do": "place"})
        assert answer.status_code == 403
        assert (
            "You can view orders, but not create or change anything. Ask an admin "
            "for a different role"
        ) in answer.text
        assert stored_rows() == before

    def test_cannot_resume_an_order_after_the_sign_in(
        self, app: Flask, org: Org, stored_rows: StoredRows
    ) -> None:
        person(app, org, "viewer")
        order = pack(good_form().items())
        form = {"resumed": order, "email": org.email, "password": PASSWORD, "next": "/orders/new"}
        answer = app.test_client().post("/sign-in", data=form)
        assert answer.status_code == 403
        assert (
            "You can view orders, but not create or change anything. Ask an admin "
            "for a different role"
        ) in answer.text
        assert stored_rows()["orders"] == 0
