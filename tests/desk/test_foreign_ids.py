"""IDs of another org in queries and fields reveal and change nothing: a walk over all routes."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from orders.domain.inputs import Limits
from orders.services.accounts import checks
from orders.services.customers import customers
from orders.services.files import new_name
from orders.services.orders import notes
from orders.storage import database, tables
from orders.storage.org_rows import belongs_to
from orders.storage.table_copies import copied_tables
from tests.actors import Org
from tests.api.conftest import caller
from tests.bad_orders import good_form
from tests.desk.test_roles import Route, routes
from tests.html import read
from tests.test_other_orgs import CART, UNKNOWN, ids_in, pairs, said, unknown_like, without_ids

pytestmark = [
    pytest.mark.one_database(reason="the same conditions on both"),
    pytest.mark.usefixtures("csrf_off", "one_request_id"),
]
NEW, SECRET = "N" * 22, "Hidden hall"
LINE = "cart.0.configurationId={configuration}&cart.0.count=1"
SHORT = "cart.0.configurationId={short}&cart.0.count=1"
# Fields with another value each time.
AT_RANDOM = {"csrf_token", "key", "page", "draft_version"}
# For each route, queries, which begin with "?", and forms that ask for something of another org.
# A form behind a query is sent to the address with that query.
GIVEN: dict[str, tuple[str, ...]] = {
    "GET /orders": (
        "?view={view_id}", "?creator={staff_id}", "?creator={token_id}", "?done={change_id}",
        "?q={order}", "?q={order_id}", "?q={customer}",
    ),
    "GET /orders/export.csv": ("?creator={staff_id}", "?creator={token_id}", "?q={order}"),
    "GET /orders/print": ("?codes={order}", "?codes={order_id}"),
    "GET /orders/print.pdf": ("?codes={order}", "?codes={order_id}"),
    "POST /orders/bulk": (
        "do=status&set=Complete&order={order}.1", "do=bin&scope=page&seen={order}.1",
        "do=restore&order={order}.1", "do=row.{order}.Complete&seen={order}.1",
        "do=status&set=Complete&scope=all&state=q%3D{order}", "do=&state=view%3D{view_id}",
    ),
    "POST /orders/columns": ("column=name&state=view%3D{view_id}",),
    "POST /orders/views": ("name=Mine&key=k&state=view%3D{view_id}",),
    "POST /orders/views/<view_id>": ("do=save&shared=y&name=Own&state=view%3D{view_id}",),
    "GET /orders/new": (
        f"?form={NEW}&from={{order}}", f"?form={NEW}&template={{template_id}}",
        f"?form={NEW}&customer={{customer}}", f"?form={NEW}&left={{draft}}", "?form={draft}",
        "?form={placed}", f"?form={NEW}&discarded={{draft}}",
    ),
    "POST /orders/new": (
        f"?form={NEW} do=stay&customerId={{customer}}&{LINE}", f"?form={NEW} do=place&{SHORT}",
        f"?form={NEW} do=fill&customerId={{customer}}", f"?form={NEW} do=pick:0:{{short}}&{SHORT}",
        "?form={placed} do=stay&name=x", "?form={draft} do=stay&name=x",
    ),
    "POST /orders/new/draft": ("?form={draft} customerId={customer}", f"?form={{placed}} {LINE}"),
    "POST /orders/new/check": (
        f"?field=cart.0.configurationId {LINE}", f"?field=cart.0.configurationId {SHORT}",
        "?field=name name=x&version=1&order={order}",
    ),
    "POST /orders/new/paste": ("paste={configuration}%091", "paste={short}%091"),
    "POST /orders/new/customer": ("customerId={customer}", "customerId={customer}&order={order}"),
    "POST /orders/new/read-back": (f"customerId={{customer}}&order={{order}}&{LINE}",),
    "GET /orders/new/configurations": ("?q={short}",),
    "GET /orders/new/customers": ("?q={customer}",),
    "POST /orders/<reference>/edit": (
        f"do=stay&version=1&customerId={{customer}}&{LINE}", f"do=save&version=1&{SHORT}",
    ),
    "GET /go": ("?q={order}", "?q={order_id}", "?q={customer}", "?q={short}"),
    "GET /configurations": ("?q={short}",),
    "GET /configurations/new": ("?copy={configuration}", "?copy={short}"),
    "POST /configurations/new": (
        "?copy={configuration} copiesPicture=y&metadata.name=x&customerId={customer}",
    ),
    "GET /customers": ("?q={customer}",),
    "GET /customers/show": ("?id={customer}",),
    "POST /customers/new": ("customerId={deleted}&name=x",),
    "GET /customers/edit": ("?id={customer}",),
    "POST /customers/edit": ("?id={customer} name=x&version=1",),
    "POST /customers/delete": ("?id={customer}",),
    "POST /customers/restore": ("record={record_id}",),
    "POST /customers/import/start": ("token={file}",),
    "GET /docs/api/requests": ("?token={token_id}",),
    "GET /settings/export.json": ("?id={customer}",),
    "GET /settings/erase": ("?id={customer}",),
    "POST /settings/erase": ("?id={customer}",),
    "GET /settings/audit": ("?by={staff_id}", "?by={token_id}"),
    "GET /settings/audit.csv": ("?by={staff_id}", "?by={token_id}"),
    "GET /settings/attributes": ("?moved={attribute_id}&direction=up",),
    "POST /settings/staff/<staff_id>/sessions/end": ("session={session_id}",),
    "POST /settings/tokens/new": ("name=x&kind=private&succeeds={token_id}",),
}  # fmt: skip
# What all other routes take. A test fails until a new route is here or above.
TAKES = {
    "nothing": """
        GET /                       GET /account                GET /account/company/disconnect
        POST /account/company/disconnect                        GET /account/passkeys
        GET /account/passkeys/new   POST /account/passkeys/new  GET /account/preferences
        GET /account/second-factor  GET /account/second-factor/codes
        GET /account/second-factor/off                          GET /account/second-factor/qr.svg
        GET /account/sessions/end   GET /checklist              GET /configurations/import
        GET /configurations/import/sample.csv                   GET /configurations/import/samples
        GET /configurations/import/samples/remove               GET /customers/export.csv
        GET /customers/import       GET /customers/import/sample.csv
        GET /orders/import          GET /orders/import/sample.csv
        GET /settings               GET /settings/attributes/new
        GET /settings/customers     GET /settings/customers/logo
        GET /settings/customers/wording                         GET /settings/organization
        GET /settings/staff         GET /settings/staff/invite  GET /settings/staff/new
        GET /settings/tokens        GET /settings/tokens/new    GET /settings/webhooks
        GET /settings/webhooks/new  POST /settings/customers/logo/remove
        GET /forgot-password        GET /setup                  POST /sign-out
    """,
    "what is in its path": """
        GET /account/passkeys/<passkey_id>/remove
        POST /account/passkeys/<passkey_id>/remove
        GET /account/sessions/<session_id>/end
        POST /account/sessions/<session_id>/end
        GET /configurations/<reference>
        GET /configurations/<reference>/edit
        GET /configurations/<reference>/files/<path:key>
        GET /configurations/<reference>/picture
        POST /configurations/<reference>/restore
        POST /configurations/<reference>/retire
        GET /orders/<reference>     GET /orders/<reference>.pdf GET /orders/<reference>/edit
        GET /orders/<reference>/placed                          GET /orders/<reference>/print
        GET /orders/<reference>/qr.svg                          POST /orders/<reference>/edit/open
        POST /orders/<reference>/notes/<note_id>/delete
        POST /orders/changes/<change_id>/undo
        GET /orders/import/<import_id>
        GET /orders/import/<import_id>/columns
        GET /orders/import/<import_id>/errors.csv
        GET /orders/import/<import_id>/result.csv
        POST /orders/import/<import_id>/cancel
        POST /orders/import/<import_id>/carry-on
        POST /orders/import/<import_id>/undo
        GET /settings/attributes/<attribute_id>
        GET /settings/attributes/<attribute_id>/remove
        POST /settings/attributes/<attribute_id>/remove
        GET /settings/staff/<staff_id>                          GET /settings/staff/<staff_id>/role
        GET /settings/staff/<staff_id>/disable
        POST /settings/staff/<staff_id>/disable
        GET /settings/staff/<staff_id>/enable
        POST /settings/staff/<staff_id>/enable
        GET /settings/staff/<staff_id>/password
        GET /settings/staff/<staff_id>/reset-link
        POST /settings/staff/<staff_id>/reset-link
        GET /settings/staff/<staff_id>/second-factor/reset
        POST /settings/staff/<staff_id>/second-factor/reset
        GET /settings/staff/<staff_id>/sessions/end
        GET /settings/staff/invitations/<invitation_id>/again
        POST /settings/staff/invitations/<invitation_id>/again
        POST /settings/staff/invitations/<invitation_id>/withdraw
        GET /settings/tokens/<token_id>
        GET /settings/tokens/<token_id>/revoke
        POST /settings/tokens/<token_id>/revoke
        GET /settings/webhooks/<webhook_id>
        POST /settings/webhooks/<webhook_id>/bin
        POST /settings/webhooks/<webhook_id>/deliveries/<delivery_id>/again
        POST /settings/webhooks/<webhook_id>/restore
        GET /settings/webhooks/<webhook_id>/roll
        POST /settings/webhooks/<webhook_id>/roll
        GET /settings/webhooks/<webhook_id>/secret
        POST /settings/webhooks/<webhook_id>/secret
        POST /settings/webhooks/<webhook_id>/test
    """,
    "texts and choices": """
        POST /account/preferences   POST /account/sessions/end  POST /checklist
        GET /customers/new
        POST /configurations/<reference>/edit
        POST /configurations/import/samples
        POST /configurations/import/samples/remove
        POST /orders/<reference>/bin                            POST /orders/<reference>/cancel
        POST /orders/<reference>/edit/discard                   POST /orders/<reference>/link
        POST /orders/<reference>/notes                          POST /orders/<reference>/reopen
        POST /orders/<reference>/restore                        POST /orders/<reference>/status
        POST /orders/import/<import_id>/columns
        POST /orders/import/<import_id>/read
        POST /orders/import/<import_id>/start
        POST /orders/new/totals
        POST /settings/attributes/<attribute_id>
        POST /settings/attributes/<attribute_id>/move
        POST /settings/attributes/new
        POST /settings/customers    POST /settings/customers/wording
        POST /settings/organization POST /settings/staff/<staff_id>/role
        POST /settings/staff/invite POST /settings/staff/new
        POST /settings/tokens/<token_id>
        POST /settings/webhooks/<webhook_id>
        POST /settings/webhooks/new
    """,
    "a file": """
        POST /configurations/import POST /customers/import      POST /orders/import
        POST /settings/customers/logo
    """,
    "a proof of who one is": """
        POST /account/passkeys      GET /account/password       POST /account/password
        POST /account/second-factor POST /account/second-factor/codes
        POST /account/second-factor/off
        POST /forgot-password       GET /invitation             POST /invitation
        GET /reset-password         POST /reset-password        POST /setup
        GET /sign-in                POST /sign-in               GET /sign-in/code
        POST /sign-in/code          GET /sign-in/company        GET /sign-in/company/back
        POST /settings/staff/<staff_id>/password
    """,
    "a form that a route above renders later": """
        POST /orders/<reference>/edit/draft
        POST /orders/drafts/<key>/discard
        POST /orders/templates/<template_id>/remove
    """,
    "what GET /orders/export.csv takes": "GET /orders/export.xlsx",
}


def named(*texts: str) -> list[Route]:
    words = " ".join(texts).split()
    return list(zip(words[::2], words[1::2], strict=True))


def test_every_route_is_declared(app: Flask) -> None:
    declared = named(*GIVEN, *TAKES.values())
    assert len(declared) == len(set(declared))
    assert set(declared) == set(routes(app))


@pytest.fixture
def foreign(app: Flask, org: Org) -> dict[str, str]:
    """IDs of what another org has, by the names that GIVEN uses."""
    api = caller(app.test_client(), org, org.private)
    ids = ids_in(app, org, api)
    api.call("POST", "/customers", {"customerId": "F-0815", "name": SECRET})
    order = api.create({"cart": CART, "customerId": "F-0815", "name": SECRET}).json
    product = org.save(SECRET, "HID-1")
    placed = {**good_form(), "do": "place", "name": SECRET}
    org.sign_in(app.test_client()).post(f"/orders/new?form={'P' * 22}", data=placed)
    with app.app_context():
        actor, file = org.staff().actor, new_name(org.id)
        app.extensions["files"].put(file, f"customerId,name\nF-1,{SECRET}\n".encode())
        raw = {"customerId": "F-9999", "name": SECRET}
        record = customers.create(raw, actor=actor, limits=Limits())
        customers.remove("F-9999", actor=actor)
    more = {
        "order": order["shortId"], "order_id": order["id"], "customer": "F-0815",
        "configuration": product.id, "short": product.short_id, "placed": "P" * 22,
        "file": file.rpartition("/")[2], "record_id": record.id, "deleted": "F-9999",
    }  # fmt: skip
    return {name: one[0] for name, one in ids.items()} | more


def rows_of(app: Flask, org: Org) -> dict[str, list[str]]:
    """Return all rows of an org, by table."""
    counted = {tables.rate_count, tables.setup}
    with app.app_context(), database.read() as connection:
        return {
            table.name: sorted(
                str(tuple(row))
                for row in connection.execute(select(table).where(belongs_to(table, org.id)))
            )
            for table in copied_tables()
            if table not in counted
        }


def filled(path: str, ids: dict[str, list[str]]) -> str:
    """Return a rule with IDs in the places of its parameters."""
    names = re.findall("<([a-z_]+)>", path)
    for name, one in pairs(path, names, ids)[0][0].items() if names else ():
        path = path.replace(f"<{name}>", one)
    return path


def answer_to(browser: FlaskClient, method: str, path: str, given: str) -> TestResponse:
    """Send a query and fields; return the page to which that leads."""
    query, _, fields = given.partition(" ") if given.startswith("?") else ("", "", given)
    data = MultiDict(parse_qsl(fields, keep_blank_values=True)) if fields else None
    return browser.open(path + query, method=method, data=data, follow_redirects=True)


def shown(answer: TestResponse, ids: Mapping[str, str]) -> tuple[object, ...]:
    """Return what an answer says, also in fields, without the IDs that were sent."""
    fields = read(answer.text).all("main [name][value]") if "<main" in answer.text else []
    values = [without_ids(one["value"], ids) for one in fields if one["name"] not in AT_RANDOM]
    return (*said(answer, ids), values)


@pytest.fixture
def own(app: Flask, other_org: Org) -> dict[str, list[str]]:
    """IDs of what the org has that asks."""
    return ids_in(app, other_org, caller(app.test_client(), other_org, other_org.private), "others")


@pytest.fixture
def stranger(app: Flask, other_org: Org) -> FlaskClient:
    """The browser of an admin of the org that asks."""
    return other_org.sign_in(app.test_client(), other_org.admin())


def test_they_reveal_and_change_nothing(
    app: Flask, org: Org, stranger: FlaskClient, foreign: dict[str, str],
    own: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(checks, "readable_password", lambda: "suggested")
    unknown = {name: unknown_like(one) for name, one in foreign.items()} | {"file": "0" * 40}
    before = rows_of(app, org)
    for route, texts in GIVEN.items():
        method, path = route.split()
        for text in texts:
            answers = []
            for ids in (foreign, unknown):
                used = {name: one for name, one in ids.items() if f"{{{name}}}" in text}
                answer = answer_to(stranger, method, filled(path, own), text.format(**used))
                assert answer.status_code < 500, (route, text)
                assert SECRET not in answer.text, (route, text)
                answers.append(shown(answer, used))
            assert answers[0] == answers[1], (route, text)
    assert rows_of(app, org) == before


def test_nor_do_they_in_an_address_below_what_is_ones_own(
    app: Flask, org: Org, stranger: FlaskClient, foreign: dict[str, str], own: dict[str, list[str]]
) -> None:
    with app.app_context():
        note = notes.add_note(foreign["order"], "Yard gate", actor=org.staff().actor)
    order, webhook = f"/orders/{own['orders'][1]}", f"/settings/webhooks/{own['webhook_id'][0]}"
    before = rows_of(app, org)
    for path, known in (
        (f"{order}/notes/{{}}/delete", note),
        (f"{webhook}/deliveries/{{}}/again", foreign["delivery_id"]),
    ):
        sent = {known: path.format(known), UNKNOWN: path.format(UNKNOWN)}
        answers = [said(stranger.post(address), {"id": one}) for one, address in sent.items()]
        assert answers[0] == answers[1], path
    assert rows_of(app, org) == before


def test_a_form_that_another_org_has_sent_places_an_order_of_ones_own(
    app: Flask, org: Org, stranger: FlaskClient, foreign: dict[str, str]
) -> None:
    before = rows_of(app, org)
    sent = {**good_form(), "do": "place", "name": "Mine"}
    placed = stranger.post(f"/orders/new?form={foreign['placed']}", data=sent)
    assert placed.status_code == 303
    page = stranger.get(placed.location).text
    assert "Mine" in page
    assert SECRET not in page
    assert rows_of(app, org) == before
